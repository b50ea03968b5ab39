"""The output layer and the loss in pieces: never more than some rows of logits exist, and none outlives its piece.

The output layer is frozen, so the gradient by the hidden states is all that backward needs, and it is known as soon as
the logits are: the forward pass takes it while it has them, and keeps nothing else.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch

_PIECE_BYTES = 64 << 20
"""Float32 logits of a piece take about as much."""


class _WeightedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, rows: int
    ) -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        wanted = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if wanted else None
        for first in range(0, len(hidden), rows):
            piece = slice(first, first + rows)
            logits = (hidden[piece] @ output.T).float()
            highest = logits.amax(1, keepdim=True)
            chosen = logits.gather(1, targets[piece, None])
            powers = logits.sub_(highest).exp_()
            sums = powers.sum(1, keepdim=True)
            weight = weights[piece, None]
            total += ((sums.log() + highest - chosen) * weight).sum()
            if gradient is not None:
                powers.mul_(weight / sums)
                powers.scatter_add_(1, targets[piece, None], -weight)
                gradient[piece] = powers.to(output.dtype) @ output
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0], None, None, None, None


def weighted_loss(
    hidden: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, rows: int = 0
) -> torch.Tensor:
    """Return the sum of ``weights`` times the nats that ``targets`` cost, a float32 scalar.

    ``hidden`` has the shape (n, size), ``output`` (vocabulary, size), ``targets`` and ``weights`` (n,); ``rows`` is how
    many rows a piece has, 0: what keeps a piece small. Rows of weight 0, such as other places in front of a sample,
    cost no time.
    """
    counted = weights.nonzero().squeeze(1)
    if len(counted) < len(weights):
        hidden, targets, weights = hidden[counted], targets[counted], weights[counted]
    rows = rows or max(_PIECE_BYTES // (4 * len(output)), 16)
    return _WeightedLoss.apply(hidden, output, targets, weights.float(), rows)  # pyright: ignore[reportReturnType]
