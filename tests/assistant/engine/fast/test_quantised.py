import pytest
import torch

from assistant.engine.fast.linear import Linear, Scratch
from assistant.engine.fast.quantised import Quantised, concatenate, copy, dequantise, quantise, take_rows

GENERATOR = torch.Generator().manual_seed(0)


@pytest.fixture(autouse=True)
def same_numbers():
    """Draw the same numbers in each test, whichever ran before it."""
    GENERATOR.manual_seed(0)


@pytest.fixture
def weight():
    return torch.randn(192, 256, generator=GENERATOR) * 0.02


@pytest.mark.parametrize(("bits", "group", "limit"), [(8, 32, 0.01), (4, 32, 0.1), (4, 64, 0.12), (4, 128, 0.14)])
def test_what_comes_back_is_near(weight, bits, group, limit):
    matrix = quantise(weight, bits, group, "rtn")
    matrix.check("w")
    assert (matrix.bits, matrix.shape) == (bits, weight.shape)
    assert matrix.group == (group if bits == 4 else 256)
    full = dequantise(matrix, torch.float32)
    assert (full - weight).norm() / weight.norm() < limit


@pytest.mark.parametrize("bits", [8, 4])
def test_a_quantised_matrix_multiplies_like_one_that_is_packed_when_loaded(weight, bits):
    matrix = quantise(weight, bits, 32, "rtn")
    x = torch.randn(40, 256, generator=GENERATOR).bfloat16()
    for lean in (False, True):
        packed = Linear(weight.bfloat16().float(), None, bits, 32, scratch=Scratch(), lean=lean)
        made = Linear(quantise(weight.bfloat16().float(), bits, 32, "rtn"), None, scratch=Scratch(), lean=lean)
        assert torch.equal(packed.few(x[:3]), made.few(x[:3]))
    full = dequantise(matrix, torch.float32)
    whole = Linear(matrix, None, scratch=Scratch())
    torch.testing.assert_close(whole(x).float(), x.float() @ full.T, atol=0.02, rtol=0.02)
    torch.testing.assert_close(whole.few(x[:2]).float(), x[:2].float() @ full.T, atol=0.02, rtol=0.02)


def test_rows_can_be_joined_reordered_and_copied(weight):
    first, second = quantise(weight, 4, 32, "rtn"), quantise(weight + 1, 4, 32, "rtn")
    both = dequantise(concatenate([first, second]), torch.float32)
    assert torch.equal(both[:192], dequantise(first, torch.float32))
    assert torch.equal(both[192:], dequantise(second, torch.float32))
    order = torch.arange(191, -1, -1)
    assert torch.equal(dequantise(take_rows(first, order), torch.float32), dequantise(first, torch.float32)[order])
    twin = copy(first)
    first.values.zero_()
    assert twin.values.any()


def test_half_quadratic_rounding_errs_less_where_a_few_weights_are_large():
    pytest.importorskip("torchao")
    torch.manual_seed(0)
    weight = torch.distributions.StudentT(3).sample((128, 256)) * 0.02
    errors = {}
    for method in ("rtn", "hqq"):
        full = dequantise(quantise(weight, 4, 64, method), torch.float32)
        errors[method] = (full - weight).abs().pow(0.7).mean()
    assert errors["hqq"] < errors["rtn"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: Quantised(m.values.to(torch.int16), m.scales, m.zeros),
        lambda m: Quantised(m.values[:-1], m.scales, m.zeros),
        lambda m: Quantised(m.values, m.scales[:, :-1], m.zeros),
        lambda m: Quantised(m.values, m.scales, m.zeros[:, :-1]),
        lambda m: Quantised(m.values, m.scales.float(), m.zeros),
        lambda m: Quantised(m.values, m.scales),
        lambda m: Quantised(m.values[:, :-16], m.scales, m.zeros),
    ],
)
def test_parts_that_do_not_fit_are_noticed(weight, spoil):
    with pytest.raises(ValueError, match=r"the parts of layer\.w do not fit"):
        spoil(quantise(weight, 4, 32, "rtn")).check("layer.w")
