"""Products with frozen matrices that read one input, forwards and backwards."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


class Frozen:
    """Matrices of shape (outputs, inputs) with the same inputs; nothing is learned in them."""

    def __init__(self, layers: list[Any]) -> None:
        """``layers`` are linear layers; they keep their weights, since FSDP gathers them there."""
        self._layers = layers

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the products for ``x`` of shape (rows, inputs), each of shape (rows, outputs)."""
        return [functional.linear(x, layer.weight, layer.bias) for layer in self._layers]

    def backward(self, grads: list[torch.Tensor]) -> torch.Tensor:
        """Return the gradient by the input, shape (rows, inputs), given those by the products."""
        total = grads[0] @ self._layers[0].weight
        for grad, layer in zip(grads[1:], self._layers[1:], strict=True):
            total.addmm_(grad, layer.weight)
        return total
