"""What a layer is made of: its norms, its products with matrices, and which modules' matrices each product joins."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch.nn import functional

from assistant.engine.fast.shape import Shape


class Norm:
    """RMSNorm, or LayerNorm where there is a bias."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, eps: float, *, rms: bool) -> None:
        """Take ``weight`` and ``bias`` of shape (numbers,)."""
        self._weight = weight
        self._bias = bias
        self._eps = eps
        self._rms = rms
        self._twice = torch.cat((weight, weight)) if rms else weight

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension of ``x``, shape (..., numbers); the shape stays."""
        if self._rms:
            return functional.rms_norm(x, self._weight.shape, self._weight, self._eps)
        return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Do the same for ``x`` of shape (rows, numbers), in fewer operations where there are few rows.

        PyTorch has a kernel of its own for LayerNorm alone. The mean of numbers and their negatives is zero and their
        variance the mean square, so that LayerNorm of both is RMSNorm of each.
        """
        if not self._rms:
            return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)
        both = functional.layer_norm(torch.cat((x, -x), 1), self._twice.shape, self._twice, None, self._eps)
        return both[:, : x.shape[1]].contiguous()


class Multiplies(Protocol):
    """A product with a matrix: Linear, or one that adds something to it."""

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        ...

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), many rows."""
        ...

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), few rows."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """One product of a layer: the modules whose matrices it joins, and which of them are turned by positions."""

    part: Literal["qkv", "out", "up", "down"]
    modules: tuple[str, ...]
    turned: tuple[int, ...] = ()


@dataclass(slots=True)
class Layer:
    """One block. ``qkv`` holds queries, keys and values in this order; ``up`` holds gate and up where gated."""

    before_attention: Norm
    qkv: Multiplies
    query_norm: Norm | None
    key_norm: Norm | None
    out: Multiplies
    before_forward: Norm
    up: Multiplies
    down: Multiplies


def products_of(shape: Shape, index: int) -> tuple[Product, ...]:
    """Return the products of layer ``index``."""
    at = f"model.layers.{index}"
    up = ("gate_proj", "up_proj") if shape.gated else ("c_fc",)
    return (
        Product("qkv", tuple(f"{at}.self_attn.{name}_proj" for name in "qkv"), turned=(0, 1)),
        Product("out", (f"{at}.self_attn.o_proj",)),
        Product("up", tuple(f"{at}.mlp.{name}" for name in up)),
        Product("down", (f"{at}.mlp.{'down_proj' if shape.gated else 'c_proj'}",)),
    )
