"""Attention within each sample of a packed row: no sample sees another, and no mask of all pairs is ever made."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface

from assistant.errors import ModelError
from finetune.train.rows import ROUND

NAME = "grafter_packed"


def packed_attention(  # noqa: PLR0913  (transformers names them)
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    borders: tuple[int, ...],
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **other: Any,
) -> tuple[torch.Tensor, None]:
    """Return (output of shape (1, tokens, heads, size), None), as transformers asks of an attention function.

    ``query`` has the shape (1, heads, tokens, size), ``key`` and ``value`` may have fewer heads. ``borders`` are the
    places where samples begin, and the end; they come through the model's own keyword arguments.
    """
    del module, attention_mask
    if other.get("softcap") is not None or other.get("s_aux") is not None:
        raise ModelError("Training does not know the caps or sinks in this model's attention; choose another.")
    parts: list[torch.Tensor] = []
    shared = query.shape[1] != key.shape[1]
    sizes = [end - first for first, end in itertools.pairwise(borders)]
    # Split, not sliced: the gradient of a slice is as large as the row, and most of it zeros.
    for q, k, v in zip(*(x.split(sizes, 2) for x in (query, key, value)), strict=True):
        size = q.shape[2]
        if q.device.type == "cpu" and size % ROUND:
            # What fills up comes last, where causal attention does not see it.
            q, k, v = (functional.pad(x, (0, 0, 0, -size % ROUND)) for x in (q, k, v))  # noqa: PLW2901
        mask = _band(q.shape[2], sliding_window, q.device)
        part = functional.scaled_dot_product_attention(
            q, k, v, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=shared
        )
        parts.append(part[:, :, :size].transpose(1, 2))
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1), None


def _band(size: int, window: int | None, device: torch.device) -> torch.Tensor | None:
    """Return which keys each query sees, bool of shape (size, size); None where the window is wider than the sample."""
    if window is None or window >= size:
        return None
    place = torch.arange(size, device=device)
    behind = place[:, None] - place[None]
    return (behind >= 0) & (behind < window)


AttentionInterface.register(NAME, packed_attention)
