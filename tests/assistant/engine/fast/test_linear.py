import pytest
import torch

from assistant.engine.fast.linear import Embedding, Linear, Scratch, pack_int4, unpack_int4
from assistant.engine.fast.quantised import round_rows

GENERATOR = torch.Generator().manual_seed(3)


@pytest.fixture(autouse=True)
def same_numbers():
    """Draw the same numbers in each test, whichever ran before it."""
    GENERATOR.manual_seed(3)


@pytest.fixture
def weight():
    return torch.randn(96, 128, generator=GENERATOR) * 0.05


@pytest.mark.parametrize(
    ("bits", "group", "limit"), [(16, 32, 1e-6), (8, 32, 0.02), (4, 32, 0.12), (4, 64, 0.14), (4, 128, 0.16)]
)
@pytest.mark.parametrize("bias", [False, True])
def test_the_product_is_as_near_as_the_bits_allow(weight, bits, group, limit, bias):
    b = torch.randn(96, generator=GENERATOR) if bias else None
    linear = Linear(weight, b, bits, group, scratch=Scratch())
    for rows in (1, 4, 8):
        x = torch.randn(rows, 128, generator=GENERATOR)
        exact = torch.nn.functional.linear(x, weight, b)
        error = (linear.few(x) - exact).norm() / exact.norm()
        assert error < limit
        assert bits == 16 or error > 1e-5  # it was packed indeed


def test_many_rows_go_through_the_full_weights(weight):
    x = torch.randn(9, 128, generator=GENERATOR)
    torch.testing.assert_close(Linear(weight, None, 4, 32, scratch=Scratch())(x), x @ weight.T)


def test_values_on_a_grid_of_sixteen_come_back_exactly():
    quanta = torch.randint(0, 16, (32, 64), generator=GENERATOR)
    quanta[:, ::32], quanta[:, 1::32] = 0, 15  # each group of 32 spans its whole grid
    weight = (quanta - 8) * 0.25 + 0.5
    x = torch.randn(2, 64, generator=GENERATOR)
    half = x.bfloat16().float()  # the numbers that the kernel sees
    torch.testing.assert_close(
        Linear(weight, None, 4, 32, scratch=Scratch()).few(x), half @ weight.T, atol=1e-2, rtol=1e-2
    )


def test_the_bias_is_not_written_over(weight):
    bias = torch.ones(96)
    linear = Linear(weight, bias, 8, scratch=Scratch())
    x = torch.zeros(1, 128)
    linear.few(x)
    linear.few(x)
    assert torch.equal(bias, torch.ones(96))
    assert torch.equal(linear.few(x), torch.ones(1, 96))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("outputs", [33, 300, 320])
@pytest.mark.parametrize(("inputs", "limit"), [(100, 1e-5), (104, 1e-5), (112, 0.02), (80, 0.02), (96, 0.15)])
def test_sizes_that_the_kernels_cannot_take_get_more_bits(inputs, limit, outputs, bits):
    weight = torch.randn(outputs, inputs, generator=GENERATOR)
    for rows in (1, 3):
        x = torch.randn(rows, inputs, generator=GENERATOR)
        error = (Linear(weight, None, bits, 32, scratch=Scratch()).few(x) - x @ weight.T).norm() / (x @ weight.T).norm()
        assert error < limit


def test_rows_of_zeros_stay_zeros():
    zeros = torch.zeros(32, 64)
    rows = round_rows(zeros)
    for part in (rows.values, rows.scales, *pack_int4(zeros, 32)):
        assert torch.isfinite(part.float()).all()
    assert torch.equal(Linear(zeros, None, 4, 32, scratch=Scratch()).few(torch.ones(1, 64)), torch.zeros(1, 32))
    assert torch.equal(Linear(zeros, None, 8, scratch=Scratch()).few(torch.ones(1, 64)), torch.zeros(1, 32))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("outputs", "inputs"), [(128, 96), (192, 32), (320, 64), (80, 64)])
@pytest.mark.parametrize("rows", [5, 50])
def test_one_copy_of_the_weights_gives_the_same_product_for_few_rows_and_many(outputs, inputs, bits, rows):
    weight = torch.randn(outputs, inputs, generator=GENERATOR).bfloat16()
    x = torch.randn(rows, inputs, generator=GENERATOR).bfloat16()
    both, one = (
        Linear(weight, None, bits, 32, scratch=Scratch()),
        Linear(weight, None, bits, 32, scratch=Scratch(), lean=True),
    )
    if bits == 8 or outputs % 64 == 0:  # else it is packed in more bits
        torch.testing.assert_close(one(x), both.few(x), atol=0.05, rtol=0.05)
    torch.testing.assert_close(one(x), one.few(x), atol=0.05, rtol=0.05)
    assert one.nbytes < both.nbytes / 2


def test_what_is_unpacked_is_what_was_packed():
    quanta = torch.randint(0, 16, (128, 64), generator=GENERATOR)
    quanta[:, ::32], quanta[:, 1::32] = 0, 15
    weight = (quanta - 8) * 0.25 + 0.5
    room = torch.empty(weight.numel())
    torch.testing.assert_close(unpack_int4(*pack_int4(weight, 32), room), weight, atol=1e-2, rtol=1e-2)


def test_scratch_is_shared_and_grows():
    scratch = Scratch()
    small = scratch.take(10, torch.float32)
    assert scratch.take(5, torch.float32).data_ptr() == small.data_ptr()
    assert scratch.take(20, torch.float32).shape == (20,)
    assert scratch.take(20, torch.bfloat16).dtype == torch.bfloat16


def test_a_lean_embedding_is_nearly_the_whole_one():
    table = torch.randn(50, 32, generator=GENERATOR)
    whole, lean = Embedding(table, table.dtype), Embedding(table, table.dtype, lean=True)
    torch.testing.assert_close(lean([3, 49, 3]), whole([3, 49, 3]), atol=0.03, rtol=0.03)
    assert lean.nbytes < whole.nbytes / 3


def test_weights_stored_in_half_the_bytes_are_multiplied_in_full_precision():
    weight = torch.randn(96, 128, generator=GENERATOR).bfloat16()
    x = torch.randn(40, 128, generator=GENERATOR)
    for bits in (16, 4):
        linear = Linear(weight, None, bits, 32, scratch=Scratch())
        torch.testing.assert_close(linear(x), x @ weight.float().T)
    torch.testing.assert_close(Linear(weight, None, 16, scratch=Scratch()).few(x[:2]), x[:2] @ weight.float().T)
    assert Embedding(weight, torch.float32)([1]).dtype == torch.float32
