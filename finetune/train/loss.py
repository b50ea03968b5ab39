"""The output layer and the loss in tiles: logits of some rows and some words at a time, none of which is kept.

The output layer is frozen, so the gradient by the hidden states is all that backward needs. It is a mean of the output
layer's rows by probability, and is summed up word after word as FlashAttention (Dao et al. 2022) sums up values: beside
the highest logit so far, by which both sums are corrected when a higher one comes.
"""

from __future__ import annotations

from typing import Any

import torch

_ROWS, _WORDS = 2048, 2048


class _WeightedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, words: int
    ) -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for first in range(0, len(hidden), _ROWS):
            rows = slice(first, first + _ROWS)
            weight = weights[rows, None]
            nats, mean = _tiled(hidden[rows], output, targets[rows, None], words, wants_mean=gradient is not None)
            total += (nats * weight).sum()
            if gradient is not None and mean is not None:
                gradient[rows] = mean.sub_(output[targets[rows]]).mul_(weight)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0], None, None, None, None


def _tiled(
    hidden: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, words: int, *, wants_mean: bool
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the nats that ``targets`` cost, shape (n, 1), and the mean row of the output layer, (n, size); float32."""
    count = len(hidden)
    highest = hidden.new_full((count, 1), -torch.inf, dtype=torch.float32)
    sums, chosen = torch.zeros_like(highest), torch.zeros_like(highest)
    mean = hidden.new_zeros(hidden.shape, dtype=torch.float32) if wants_mean else None
    # Fresh memory for each tile would cost more time than what is computed in it.
    tile = hidden.new_empty(count * min(words, len(output)))
    powers = torch.empty_like(tile, dtype=torch.float32)
    for first in range(0, len(output), words):
        part = output[first : first + words]
        logits, power = (x[: count * len(part)].view(count, -1) for x in (tile, powers))
        torch.mm(hidden, part.T, out=logits)
        power.copy_(logits)
        here = (targets >= first) & (targets < first + len(part))
        place = (targets - first).clamp_(0, len(part) - 1)
        chosen = torch.where(here, power.gather(1, place), chosen)
        higher = torch.maximum(highest, power.amax(1, keepdim=True))
        power.sub_(higher).exp_()
        correction = highest.sub_(higher).exp_()
        sums.mul_(correction).add_(power.sum(1, keepdim=True))
        if mean is not None:
            mean.mul_(correction).add_(logits.copy_(power) @ part)
        highest = higher
    return sums.log().add_(highest).sub_(chosen), None if mean is None else mean.div_(sums)


def weighted_loss(
    hidden: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, words: int = _WORDS
) -> torch.Tensor:
    """Return the sum of ``weights`` times the nats that ``targets`` cost, float32 of shape ().

    ``hidden`` has the shape (n, size), ``output`` (vocabulary, size), ``targets`` and ``weights`` (n,); a tile has
    ``words`` words of the vocabulary.
    """
    return _WeightedLoss.apply(hidden, output, targets, weights.float(), words)  # pyright: ignore[reportReturnType]
