"""Quicker and smaller ways through a layer: each computes what peft and transformers compute, and keeps less of it.

A projection with LoRA is one function: no copy of activations or weights in float32; projections that read the same
input are taken together and keep it once; what is cheap to compute again (the MLP's gated product, the matrices in the
number type of the input) is not kept. What is not plain LoRA (DoRA, dropout, a base in 4 bits) stays as peft does it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional


class _Frozen:
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


class _Projections(torch.autograd.Function):
    """Several projections of one input: ``y_i = frozen_i(x) + x (s B_i A_i)'``.

    ``x`` has the shape (..., inputs), ``y_i`` (..., outputs of i), A_i (rank, inputs) and B_i (outputs of i, rank).
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, frozen: Any, scales: Any, *pairs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flat = x.reshape(-1, x.shape[-1])
        downs, ups = _cast(pairs, x.dtype)
        small = flat @ torch.cat(downs).T
        outputs = frozen.forward(flat)
        for y, low, up, scale in zip(outputs, small.split([len(a) for a in downs], 1), ups, scales, strict=True):
            y.addmm_(low, up.T, alpha=scale)
        ctx.save_for_backward(x, small, *pairs)
        ctx.frozen, ctx.scales = frozen, scales
        return tuple(y.view(*x.shape[:-1], y.shape[-1]) for y in outputs)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[Any, ...]:
        x, small, *pairs = ctx.saved_tensors
        flat = x.reshape(-1, x.shape[-1])
        return _backward(ctx, flat, small, pairs, [grad.reshape(-1, grad.shape[-1]) for grad in grads], x.shape)


def _backward(
    ctx: Any, flat: torch.Tensor, small: torch.Tensor, pairs: Any, grads: list[torch.Tensor], shape: torch.Size
) -> tuple[Any, ...]:
    gx, weights = projections_backward(
        ctx.frozen, ctx.scales, flat, small, pairs, grads, want_input=ctx.needs_input_grad[0]
    )
    return (None if gx is None else gx.view(shape), None, None, *weights)


def projections_backward(
    frozen: Any,
    scales: Any,
    flat: torch.Tensor,
    small: torch.Tensor,
    pairs: Any,
    grads: list[torch.Tensor],
    *,
    want_input: bool,
) -> tuple[torch.Tensor | None, list[torch.Tensor]]:
    """Return the gradient by the input, (rows, inputs), and by A and B of each projection, those in float32.

    ``flat`` has the shape (rows, inputs), ``small`` (rows, the sum of all ranks): the input times each A. ``pairs`` are
    A of shape (rank, inputs) and B (outputs, rank) in turn, ``grads`` (rows, outputs) of each projection. Without
    ``want_input`` the first is None.
    """
    downs, ups = _cast(pairs, flat.dtype)
    ranks = [len(down) for down in downs]
    lows = [(grad @ up).mul_(scale) for grad, up, scale in zip(grads, ups, scales, strict=True)]
    low = torch.cat(lows, 1)
    gx = frozen.backward(grads).addmm_(low, torch.cat(downs)) if want_input else None
    ga = (low.T @ flat).split(ranks)
    gb = [(grad.T @ part).mul_(s) for grad, part, s in zip(grads, small.split(ranks, 1), scales, strict=True)]
    both = [each.to(pairs[0].dtype) for pair in zip(ga, gb, strict=True) for each in pair]
    return gx, both


def _cast(pairs: Any, dtype: torch.dtype) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    made = [weight.to(dtype) for weight in pairs]
    return made[0::2], made[1::2]


class _Mlp(torch.autograd.Function):
    """The gated MLP whole: what is kept are its input and the two wide products, not their gated product.

    ``x`` and the result have the shape (..., size); the wide products (rows, inner size).
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, wide: Any, narrow: Any, scales: Any, *pairs: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])
        downs, ups = _cast(pairs, x.dtype)
        small = flat @ torch.cat(downs[:2]).T
        gate, up = wide.forward(flat)
        for y, low, b, scale in zip((gate, up), small.split([len(a) for a in downs[:2]], 1), ups, scales, strict=False):
            y.addmm_(low, b.T, alpha=scale)
        inner = functional.silu(gate).mul_(up)
        least = inner @ downs[2].T
        (y,) = narrow.forward(inner)
        y.addmm_(least, ups[2].T, alpha=scales[2])
        ctx.save_for_backward(x, small, gate, up, least, *pairs)
        ctx.wide, ctx.narrow, ctx.scales = wide, narrow, scales
        return y.view(x.shape)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[Any, ...]:
        x, small, gate, up, least, *pairs = ctx.saved_tensors
        flat = x.reshape(-1, x.shape[-1])
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        act = functional.silu(gate)
        inner = act * up
        g_inner, last = projections_backward(
            ctx.narrow, ctx.scales[2:], inner, least, pairs[4:], [grad], want_input=True
        )
        assert g_inner is not None  # noqa: S101  (for the type checker)
        del inner
        g_up = act.mul_(g_inner)
        g_gate = torch.ops.aten.silu_backward(g_inner.mul_(up), gate)
        gx, first = projections_backward(
            ctx.wide, ctx.scales[:2], flat, small, pairs[:4], [g_gate, g_up], want_input=ctx.needs_input_grad[0]
        )
        return (None if gx is None else gx.view(x.shape), None, None, None, *first, *last)


class _Sharing:
    """Projections that are called one after the other with the same input: the first call computes all of them."""

    def __init__(self, layers: list[Any]) -> None:
        self._layers = layers
        self._frozen = _Frozen([layer.base_layer for layer in layers])
        self._input: torch.Tensor | None = None
        self._left: dict[int, torch.Tensor] = {}

    def __call__(self, number: int, x: torch.Tensor) -> torch.Tensor:
        if self._input is not x or number not in self._left:
            made = _Projections.apply(x, self._frozen, _scales(self._layers), *_pairs(self._layers))
            self._input, self._left = x, dict(enumerate(made))  # pyright: ignore[reportArgumentType]
        y = self._left.pop(number)
        if not self._left:
            self._input = None
        return y


def _pairs(layers: list[Any]) -> list[torch.Tensor]:
    return [part["default"].weight for layer in layers for part in (layer.lora_A, layer.lora_B)]


def _scales(layers: list[Any]) -> tuple[float, ...]:
    return tuple(float(layer.scaling["default"]) for layer in layers)


class _Caller:
    """Stands for the forward of one of the projections that share an input."""

    def __init__(self, sharing: _Sharing, number: int) -> None:
        self._sharing, self._number = sharing, number

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self._sharing(self._number, x)


class _MlpCaller:
    """Stands for the forward of a gated MLP."""

    def __init__(self, gate: Any, up: Any, down: Any) -> None:
        self._layers = [gate, up, down]
        self._wide, self._narrow = _Frozen([gate.base_layer, up.base_layer]), _Frozen([down.base_layer])

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        layers = self._layers
        return _Mlp.apply(x, self._wide, self._narrow, _scales(layers), *_pairs(layers))  # pyright: ignore[reportReturnType]


class _Norm(torch.autograd.Function):
    """RMSNorm with a frozen weight: what is kept is its input and one number a row.

    ``x`` and the result have the shape (..., size), the weight (size,), the number of each row (..., 1).
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        # The norm of a row is summed up in float32 without a copy of the row.
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        inverse = norm.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, inverse)
        return (x * inverse.to(x.dtype)).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, None, None]:
        x, weight, inverse = ctx.saved_tensors
        grad = grads[0] * weight
        along = (grad * x).sum(-1, keepdim=True, dtype=torch.float32)
        along.mul_(inverse.pow(3)).div_(-x.shape[-1])
        return grad.mul_(inverse.to(x.dtype)).addcmul_(x, along.to(x.dtype)), None, None


class _NormCaller:
    """Stands for the forward of an RMSNorm."""

    def __init__(self, norm: Any, eps: float) -> None:
        self._norm, self._eps = norm, eps

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return _Norm.apply(x, self._norm.weight, self._eps)  # pyright: ignore[reportReturnType]


def fuse(model: nn.Module) -> int:
    """Replace what can be computed quicker in a model that peft has wrapped; return how many places.

    What is not as these functions know it is left as it is.
    """
    count = 0
    for module in list(model.modules()):
        known: Any = module
        if _is_gated(known):
            known.forward = _MlpCaller(known.gate_proj, known.up_proj, known.down_proj)
            count += 1
        elif all(_is_plain(getattr(known, name, None)) for name in ("q_proj", "k_proj", "v_proj")):
            sharing = _Sharing([known.q_proj, known.k_proj, known.v_proj])
            for number, layer in enumerate((known.q_proj, known.k_proj, known.v_proj)):
                layer.forward = _Caller(sharing, number)
            if _is_plain(getattr(known, "o_proj", None)):
                known.o_proj.forward = _Caller(_Sharing([known.o_proj]), 0)
            count += 1
        elif type(module).__name__.endswith("RMSNorm") and _is_plain_norm(known):
            known.forward = _NormCaller(known, float(known.variance_epsilon))
            count += 1
    return count


def _is_plain(layer: Any) -> bool:
    """Return whether a layer is plain LoRA without dropout over an ordinary matrix."""
    base = getattr(layer, "base_layer", None)
    return (
        type(base) is nn.Linear
        and list(getattr(layer, "lora_A", {})) == ["default"]
        and not layer.lora_variant
        and isinstance(layer.lora_dropout["default"], nn.Identity)
        and not layer.lora_bias["default"]
        and not layer.fan_in_fan_out
    )


def _is_gated(module: Any) -> bool:
    names = ("gate_proj", "up_proj", "down_proj")
    layers = [getattr(module, name, None) for name in names]
    act = getattr(module, "act_fn", None)
    return all(_is_plain(layer) for layer in layers) and type(act).__name__ in ("SiLU", "SiLUActivation")


def _is_plain_norm(norm: Any) -> bool:
    """Return whether a norm multiplies by its weight alone (Gemma's adds 1 to it first), by trying it."""
    if not hasattr(norm, "variance_epsilon") or getattr(norm, "weight", None) is None:
        return False
    x = torch.linspace(-2, 2, norm.weight.numel(), dtype=norm.weight.dtype, device=norm.weight.device)[None]
    ours = _NormCaller(norm, float(norm.variance_epsilon))(x)
    return bool(torch.allclose(ours.float(), norm(x).float(), rtol=0.02, atol=0.02))
