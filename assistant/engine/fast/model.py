"""The transformer itself: reading many tokens at once, and one token of each row at a time."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from assistant.config import Bits
from assistant.engine.fast.cache import FastCache
from assistant.engine.fast.linear import Linear
from assistant.engine.fast.shape import Shape

ReadTensor = Callable[[str], torch.Tensor | None]
"""The weight of a name, or None where the model has none."""


class MissingWeightError(Exception):
    """The files lack the weight of this name."""


@dataclass(slots=True)
class Norm:
    """RMSNorm, or LayerNorm where there is a bias."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    eps: float
    rms: bool

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension."""
        if self.rms:
            return functional.rms_norm(x, self.weight.shape, self.weight, self.eps)
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


@dataclass(slots=True)
class Layer:
    """One block. ``qkv`` holds queries, keys and values in this order; ``up`` holds gate and up where gated."""

    before_attention: Norm
    qkv: Linear
    query_norm: Norm | None
    key_norm: Norm | None
    out: Linear
    before_forward: Norm
    up: Linear
    down: Linear


class FastModel:
    """A decoder-only transformer of one of the known shapes, on the CPU.

    Rotary positions turn pairs of neighbouring numbers: the rows of queries and keys are reordered for that at
    loading, which leaves their products as they were.
    """

    def __init__(
        self,
        shape: Shape,
        read: ReadTensor,
        dtype: torch.dtype,
        bits: Bits,
        group: int,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Take the weights from ``read``, pack them, and tell ``progress`` from 0 to 1."""
        self.shape = shape
        self.device = torch.device("cpu")
        self.dtype = dtype
        self._read = read
        self._bits: Bits = bits
        self._group = group
        self._order = _pair_order(shape.head_size)
        self.embedding = self._tensor("model.embed_tokens.weight")
        self.layers: list[Layer] = []
        for index in range(shape.layers):
            self.layers.append(self._layer(index))
            if progress:
                progress((index + 1) / (shape.layers + 1))
        self.norm = self._norm("model.norm")
        head = self.embedding if shape.tied else self._tensor("lm_head.weight")
        self.head = Linear(head, None, bits, group)
        self._activation = _activation(shape.activation)
        self._frequencies = _frequencies(shape)
        self._turns = _turns(self._frequencies, 0, 1024)

    # --- running -----------------------------------------------------------------------

    def new_cache(self) -> FastCache:
        """Return an empty cache of one row."""
        return FastCache(self.shape.layers, self.shape.kv_heads, self.shape.head_size, self.dtype)

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: FastCache) -> torch.Tensor:
        """Read tokens into a cache of one row; return the logits after the last, shape (vocabulary,)."""
        hidden = self._run(torch.tensor([list(ids)]), cache)
        return self.head(self.norm(hidden[-1:]))[0]

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], cache: FastCache) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        return self.head(self.norm(self._run(torch.tensor(tokens)[:, None], cache)))

    def _run(self, ids: torch.Tensor, cache: FastCache) -> torch.Tensor:
        """Return the last hidden states of ``ids`` (rows, tokens), shape (rows * tokens, hidden)."""
        rows, tokens = ids.shape
        cache.reserve(tokens)
        turns = self._turns_for(cache.length, tokens)
        mask = _mask(cache.length, tokens, self.dtype)
        x = functional.embedding(ids.reshape(-1), self.embedding)
        for index, layer in enumerate(self.layers):
            attended = self._attend(layer.qkv(layer.before_attention(x)), layer, index, rows, turns, mask, cache)
            x = x + layer.out(attended)
            y = layer.up(layer.before_forward(x))
            if self.shape.gated:
                gate, up = y.chunk(2, dim=-1)
                y = self._activation(gate).mul_(up)
            else:
                y = self._activation(y)
            x = x + layer.down(y)
        cache.advance(tokens)
        return x

    def _attend(
        self,
        qkv: torch.Tensor,
        layer: Layer,
        index: int,
        rows: int,
        turns: torch.Tensor,
        mask: torch.Tensor | None,
        cache: FastCache,
    ) -> torch.Tensor:
        """Return the attention's result, shape (rows * tokens, heads * head size)."""
        shape = self.shape
        heads = qkv.view(rows, -1, shape.heads + 2 * shape.kv_heads, shape.head_size)
        tokens = heads.shape[1]
        turning, values = heads.split([shape.heads + shape.kv_heads, shape.kv_heads], dim=2)
        if layer.query_norm and layer.key_norm:
            queries, keys = turning.split([shape.heads, shape.kv_heads], dim=2)
            turning = torch.cat((layer.query_norm(queries), layer.key_norm(keys)), dim=2)
        turned = _turn(turning, turns).transpose(1, 2)
        queries, keys = turned.split([shape.heads, shape.kv_heads], dim=1)
        keys, values = cache.write(index, keys, values.transpose(1, 2))
        if tokens == 1:
            # One query for each head: the heads that share a key are rows of one product, and nothing is masked.
            grouped = queries.reshape(rows, shape.kv_heads, shape.heads // shape.kv_heads, shape.head_size)
            return functional.scaled_dot_product_attention(grouped, keys, values).reshape(rows, -1)
        out = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=mask is None, enable_gqa=shape.heads != shape.kv_heads
        )
        return out.transpose(1, 2).reshape(rows * tokens, -1)

    def _turns_for(self, start: int, tokens: int) -> torch.Tensor:
        """Return the rotations of the positions from ``start`` on, shape (tokens, 1, head size / 2), complex."""
        if start + tokens > len(self._turns):
            self._turns = _turns(self._frequencies, 0, 2 * (start + tokens))
        return self._turns[start : start + tokens, None]

    # --- loading -----------------------------------------------------------------------

    def _tensor(self, name: str) -> torch.Tensor:
        tensor = self._read(name)
        if tensor is None:
            raise MissingWeightError(name)
        return tensor.to(self.dtype)

    def _maybe(self, name: str) -> torch.Tensor | None:
        tensor = self._read(name)
        return None if tensor is None else tensor.to(self.dtype)

    def _norm(self, name: str) -> Norm:
        return Norm(self._tensor(f"{name}.weight"), self._maybe(f"{name}.bias"), self.shape.eps, self.shape.rms_norm)

    def _head_norm(self, name: str) -> Norm | None:
        if not self.shape.head_norm:
            return None
        return Norm(self._tensor(f"{name}.weight")[self._order].contiguous(), None, self.shape.eps, rms=True)

    def _linear(self, *names: str, heads: Sequence[int] = ()) -> Linear:
        """Return one product for several matrices with the same input; ``heads`` says which are to be turned."""
        weights = [self._tensor(f"{name}.weight") for name in names]
        biases = [self._maybe(f"{name}.bias") for name in names]
        for place in heads:
            weights[place] = self._reorder(weights[place])
            biases[place] = self._reorder(biases[place]) if biases[place] is not None else None
        known = [bias for bias in biases if bias is not None]
        bias = torch.cat(known) if known else None
        weight = torch.cat(weights) if len(weights) > 1 else weights[0]
        return Linear(weight, bias, self._bits, self._group)

    def _reorder(self, tensor: torch.Tensor | None) -> Any:
        """Put the two numbers of each rotated pair next to each other in every head."""
        assert tensor is not None  # noqa: S101  (for the type checker)
        return tensor.view(-1, self.shape.head_size, *tensor.shape[1:])[:, self._order].reshape(tensor.shape)

    def _layer(self, index: int) -> Layer:
        at = f"model.layers.{index}"
        gated = self.shape.gated
        up = ("gate_proj", "up_proj") if gated else ("c_fc",)
        return Layer(
            before_attention=self._norm(f"{at}.input_layernorm"),
            qkv=self._linear(*(f"{at}.self_attn.{name}_proj" for name in "qkv"), heads=(0, 1)),
            query_norm=self._head_norm(f"{at}.self_attn.q_norm"),
            key_norm=self._head_norm(f"{at}.self_attn.k_norm"),
            out=self._linear(f"{at}.self_attn.o_proj"),
            before_forward=self._norm(f"{at}.post_attention_layernorm"),
            up=self._linear(*(f"{at}.mlp.{name}" for name in up)),
            down=self._linear(f"{at}.mlp.{'down_proj' if gated else 'c_proj'}"),
        )


def _pair_order(size: int) -> torch.Tensor:
    """Return the order that brings number i next to number i + size / 2, which are rotated together."""
    half = size // 2
    return torch.stack((torch.arange(half), torch.arange(half) + half), dim=1).reshape(-1)


def _frequencies(shape: Shape) -> torch.Tensor:
    """Return the angle for each position step of each pair, shape (head size / 2,)."""
    rope = shape.rope
    steps = torch.arange(0, shape.head_size, 2, dtype=torch.float32) / shape.head_size
    plain = 1.0 / (float(rope["rope_theta"]) ** steps)
    if rope["rope_type"] == "linear":
        return plain / float(rope["factor"])
    if rope["rope_type"] == "llama3":  # long waves are slowed down, short ones stay, with a slope between
        factor, old = float(rope["factor"]), float(rope["original_max_position_embeddings"])
        low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
        waves = 2 * math.pi / plain
        slope = ((old / waves - low) / (high - low)).clamp(0, 1)
        return (1 - slope) * plain / factor + slope * plain
    return plain


def _turns(frequencies: torch.Tensor, start: int, end: int) -> torch.Tensor:
    angles = torch.outer(torch.arange(start, end, dtype=torch.float32), frequencies)
    return torch.polar(torch.ones_like(angles), angles)


def _turn(x: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Rotate neighbouring pairs of ``x`` (rows, tokens, heads, head size) by ``turns`` (tokens, 1, pairs)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


def _mask(before: int, tokens: int, dtype: torch.dtype) -> torch.Tensor | None:
    """Return what each of ``tokens`` may see after ``before`` others; None where plain causality says it."""
    if tokens == 1 or before == 0:
        return None
    hidden = torch.full((tokens, before + tokens), float("-inf"), dtype=dtype)
    return hidden.triu_(diagonal=before + 1)


def _activation(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if name == "silu":
        return functional.silu
    if name == "gelu":
        return functional.gelu
    return lambda x: functional.gelu(x, approximate="tanh")
