"""Attention over fewer keys than queries have heads, without a copy of the keys for each head.

Heads that share keys become further rows of one product. transformers does so for one token; for several it repeats
the keys for every head, which for a long cache takes more memory traffic than all weights of a small model.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "grafter_sdpa"


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Return (rows, tokens, heads, width) for queries of (rows, heads, tokens, width), as transformers' own does.

    The mask, where there is one, has the shape (rows or 1, 1, tokens, keys).
    """
    rows, heads, tokens, width = query.shape
    shared = key.shape[1]
    special = options.get("position_bias") is not None or options.get("softcap") is not None
    if attention_mask is None or heads == shared or special:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    folded = query.reshape(rows, shared, heads // shared * tokens, width)
    mask = attention_mask.repeat(1, 1, heads // shared, 1)
    out = scaled_dot_product_attention(folded, key, value, attn_mask=mask, scale=scaling)
    return out.reshape(rows, heads, tokens, -1).transpose(1, 2).contiguous(), None


def use(model: Any) -> bool:
    """Make a model attend so; return False, and change nothing, where it does not attend by PyTorch's product."""
    if model.config._attn_implementation != "sdpa":  # noqa: SLF001  (there is no other way to ask)
        return False
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return True
