"""Whole-number products against the same sums in 64-bit integers, and the model that runs on them."""

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from assistant.engine.fast import integer
from assistant.engine.fast.integer import IntegerMatrix, weight_limit
from assistant.engine.fast.linear import Linear, Scratch
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.quantised import round_rows
from assistant.engine.fast.shape import read_shape
from assistant.engine.local import load

pytestmark = pytest.mark.skipif(
    torch.backends.quantized.engine not in ("x86", "fbgemm"), reason="FBGEMM is for x86 processors"
)
GENERATOR = torch.Generator().manual_seed(5)


@pytest.fixture(autouse=True)
def same_numbers():
    """Draw the same numbers in each test, whichever ran before it."""
    GENERATOR.manual_seed(5)


def turn(numbers):
    """Return whole numbers with each block of 64 turned by Hadamard's matrix: exact, since it divides by eight."""
    pair = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    matrix = pair
    for _ in range(5):
        matrix = torch.kron(matrix, pair)
    return (numbers.view(-1, 64) @ matrix / 8).view(numbers.shape)


def exact(weight, x):
    """Return the product as the class says that it is rounded, in 64-bit whole numbers."""
    if weight.shape[1] % 64 == 0:
        weight, x = turn(weight), turn(x)
    rounded = round_rows(weight, weight_limit())
    largest = x.abs().amax(1, keepdim=True).clamp_min(1e-9)
    steps = (x / largest * 127).round().long()
    return (steps @ rounded.values.long().T).double() * rounded.scales.double() * largest / 127


@pytest.mark.parametrize(("outputs", "inputs"), [(64, 96), (96, 128), (33, 40), (1, 16), (128, 192)])
def test_sums_are_those_of_whole_numbers(outputs, inputs):
    weight = torch.randint(-200, 201, (outputs, inputs), generator=GENERATOR).float()
    matrix = IntegerMatrix(weight)
    for rows in (1, 3, 40):
        x = torch.randint(-30, 31, (rows, inputs), generator=GENERATOR).float()
        torch.testing.assert_close(matrix(x).double(), exact(weight, x), rtol=1e-5, atol=1e-3)


def test_one_large_number_spoils_no_other():
    weight = torch.randn(96, 128, generator=GENERATOR) * 0.05
    x = torch.randn(20, 128, generator=GENERATOR)
    x[:, 7] = 60
    exactly = x @ weight.T
    error = (IntegerMatrix(weight)(x) - exactly).norm() / exactly.norm()
    rounded = torch.round(x / x.abs().amax(1, keepdim=True) * 127) * x.abs().amax(1, keepdim=True) / 127
    assert error < 0.8 * (rounded @ weight.T - exactly).norm() / exactly.norm()


def test_the_largest_numbers_do_not_overflow():
    limit = weight_limit()
    weight = torch.full((32, 4096), float(limit))
    x = torch.ones(2, 4096)
    x[1] = -1
    product = IntegerMatrix(weight)(x)
    torch.testing.assert_close(product, limit * torch.tensor([4096.0, -4096.0])[:, None].expand(2, 32))
    product = IntegerMatrix(weight[:, :40])(x[:, :40])  # not turned: each number is the largest
    torch.testing.assert_close(product, limit * torch.tensor([40.0, -40.0])[:, None].expand(2, 32))


def test_a_row_is_the_same_whatever_stands_beside_it():
    matrix = IntegerMatrix(torch.randn(96, 128, generator=GENERATOR))
    x = torch.randn(9, 128, generator=GENERATOR)
    x[4] *= 1000
    x[5] = 0
    together = matrix(x)
    for row in range(9):
        assert torch.equal(together[row : row + 1], matrix(x[row : row + 1]))
    assert torch.equal(together[5], torch.zeros(96))


def test_it_serves_for_few_and_for_many_rows_and_adds_the_bias():
    weight, bias = torch.randn(96, 128, generator=GENERATOR) * 0.05, torch.randn(96, generator=GENERATOR)
    linear = Linear(weight, bias, 8, 32, scratch=Scratch(), integer=True)
    x = torch.randn(64, 128, generator=GENERATOR)
    torch.testing.assert_close(linear(x)[:2], linear.few(x[:2]), rtol=0, atol=0.05)
    error = linear(x) - torch.nn.functional.linear(x, weight, bias)
    assert 1e-5 < error.norm() / (x @ weight.T).norm() < 0.02
    assert linear.nbytes == 96 * 128 + 2 * 96


def test_what_was_quantised_already_is_rounded_once_more():
    weight = torch.randn(96, 128, generator=GENERATOR) * 0.05
    x = torch.randn(4, 128, generator=GENERATOR)
    again = IntegerMatrix(round_rows(weight))(x)
    assert (again - x @ weight.T).norm() / (x @ weight.T).norm() < 0.03


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_a_model_says_nearly_the_same_and_keeps_one_copy(lean, tied):
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=tied,
    )
    slow = Qwen2ForCausalLM(config).eval()
    shape = read_shape(config.to_dict())
    weights = slow.state_dict()
    model = FastModel(shape, weights.get, torch.float32, 8, 32, lean=lean, integer=True)
    ids = torch.randint(0, 300, (40,), generator=GENERATOR).tolist()
    cache = model.new_cache()
    got = torch.cat((model.read(ids[:36], cache, keep=8)[-1:], model.read(ids[36:], cache, keep=4)))
    with torch.inference_mode():
        wanted = slow(torch.tensor([ids])).logits[0, 35:]
    assert (got - wanted).norm() / wanted.norm() < 0.05
    matrices = [w for name, w in weights.items() if w.dim() == 2 and "embed" not in name and "lm_head" not in name]
    bytes_wide = sum(w.numel() + 2 * len(w) for w in matrices) + 300 * 64 + 2 * 300
    assert model.nbytes == bytes_wide + (300 * 64 + 2 * 300 if lean else 4 * 300 * 64)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_four_bits_write_and_bytes_read(bits, dtype):
    weight = torch.randn(96, 128, generator=GENERATOR) * 0.05
    bias = torch.randn(96, generator=GENERATOR)
    x = torch.randn(40, 128, generator=GENERATOR)
    linear = Linear(weight, bias, bits, 32, scratch=Scratch(), integer=True)
    alone = Linear(weight, bias, bits, 32, scratch=Scratch())
    exact = torch.nn.functional.linear(x, weight, bias)
    many = linear(x.to(dtype))
    assert many.dtype == dtype
    assert (many.float() - exact).norm() / exact.norm() < 0.02
    few = linear.few(x[:3].to(dtype))
    if bits == 4:
        assert torch.equal(few, alone.few(x[:3].to(dtype)))
    torch.testing.assert_close(few, many[:3], rtol=0, atol=0.3)
    assert linear.nbytes < alone.nbytes


def test_one_copy_in_four_bits_stays_one_copy():
    weight = torch.randn(128, 128, generator=GENERATOR) * 0.05
    lean = Linear(weight, None, 4, 32, scratch=Scratch(), lean=True, integer=True)
    assert lean.nbytes == Linear(weight, None, 4, 32, scratch=Scratch(), lean=True).nbytes


@pytest.mark.parametrize(
    ("capability", "can", "usable", "bits", "limit"),
    [
        ("AVX2", {"avx512_vnni"}, True, 8, 63),
        ("AVX512", {"avx512_vnni"}, True, 4, 127),
        ("AVX512", set(), True, 4, 63),
        ("AVX512", {"avx512_vnni", "amx_tile"}, False, 4, 127),
        ("DEFAULT", set(), False, 4, 63),
    ],
)
def test_the_processor_decides(monkeypatch, capability, can, usable, bits, limit):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(can, True), raising=False)
    assert integer.usable() is usable
    assert load._choose_bits("auto") == bits
    assert load._choose_bits(16) == 16
    assert weight_limit() == limit
