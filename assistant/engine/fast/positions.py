"""Where tokens stand: the rotations of queries and keys, and who may see whom."""

from __future__ import annotations

import math

import torch

from assistant.engine.fast.shape import Shape


def pair_order(size: int) -> torch.Tensor:
    """Return the order, shape (size,), that brings number i next to i + size / 2: these are rotated together."""
    half = size // 2
    return torch.stack((torch.arange(half), torch.arange(half) + half), dim=1).reshape(-1)


def frequencies(shape: Shape) -> torch.Tensor:
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


def turns(frequencies: torch.Tensor, start: int, end: int) -> torch.Tensor:
    """Return the rotations of positions from ``start`` to ``end``, shape (positions, pairs), complex."""
    angles = torch.outer(torch.arange(start, end, dtype=torch.float32), frequencies)
    return torch.polar(torch.ones_like(angles), angles)


def turn(x: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Rotate neighbouring pairs of ``x`` (tokens, heads, head size) by ``turns`` (tokens, 1 or heads, pairs).

    The result is float32.
    """
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)


def mask(before: int, tokens: int, window: int, dtype: torch.dtype) -> torch.Tensor | None:
    """Return what each of ``tokens`` may see after ``before`` others; None where plain causality says it.

    The mask is added to scores: 0 or minus infinity, shape (tokens, before + tokens).
    """
    if before == 0 and tokens <= window:
        return None
    hidden = torch.full((tokens, before + tokens), float("-inf"), dtype=dtype)
    mask = hidden.triu(diagonal=before + 1)
    return mask if before + tokens <= window else mask + hidden.tril_(diagonal=before - window)
