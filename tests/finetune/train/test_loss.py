import pytest
import torch
from torch.nn import functional

from finetune.train import loss
from finetune.train.loss import weighted_loss


@pytest.mark.parametrize("every", [1, 2, 14])
@pytest.mark.parametrize("words", [1, 3, 16, 50, 90])
@pytest.mark.parametrize("rows", [4, 100])
def test_values_and_gradients_are_those_of_plain_cross_entropy(
    words: int, every: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "_ROWS", rows)
    torch.manual_seed(0)
    hidden = torch.randn(13, 8, dtype=torch.float32, requires_grad=True)
    output, targets = torch.randn(50, 8), torch.randint(0, 50, (13,))
    weights = torch.rand(13) * 4 * (torch.arange(1, 14) % every == 0)
    plain = (functional.cross_entropy(hidden @ output.T, targets, reduction="none") * weights).sum()
    (expected,) = torch.autograd.grad(plain * 0.25, hidden)
    ours = weighted_loss(hidden, output, targets, weights, words)
    (found,) = torch.autograd.grad(ours * 0.25, hidden)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_bfloat16_keeps_the_loss_in_float32() -> None:
    torch.manual_seed(0)
    hidden, output = torch.randn(40, 64).bfloat16().requires_grad_(), torch.randn(300, 64).bfloat16()
    targets, weights = torch.randint(0, 300, (40,)), torch.ones(40)
    plain = functional.cross_entropy((hidden @ output.T).float(), targets, reduction="sum")
    ours = weighted_loss(hidden, output, targets, weights, 7)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, plain, rtol=1e-4, atol=0)
    (expected,), (found,) = torch.autograd.grad(plain, hidden), torch.autograd.grad(ours, hidden)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)


def test_nothing_to_foresee_costs_nothing() -> None:
    empty = torch.empty(0, dtype=torch.long)
    hidden = torch.empty(0, 4, requires_grad=True)
    nothing = weighted_loss(hidden, torch.randn(9, 4), empty, torch.empty(0))
    nothing.backward()
    assert float(nothing.detach()) == 0.0


def test_without_gradients_the_loss_is_the_same() -> None:
    torch.manual_seed(0)
    hidden, output, targets = torch.randn(5, 8), torch.randn(50, 8), torch.randint(0, 50, (5,))
    with torch.no_grad():
        ours = weighted_loss(hidden, output, targets, torch.ones(5), 7)
    torch.testing.assert_close(ours, functional.cross_entropy(hidden @ output.T, targets, reduction="sum"))


def test_a_logit_far_above_those_before_it_takes_all() -> None:
    hidden, output = torch.ones(1, 1, requires_grad=True), torch.tensor([[-500.0], [0.0], [500.0]])
    ours = weighted_loss(hidden, output, torch.tensor([2]), torch.ones(1), 1)
    ours.backward()
    assert float(ours.detach()) == 0.0
    assert float(hidden.grad) == 0.0
