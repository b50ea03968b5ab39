"""What a model's config.json says of its shape, where it is one that the fast path knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "starcoder2"})
_ROPES = frozenset({"default", "linear", "llama3"})
_ACTIVATIONS = frozenset({"silu", "gelu", "gelu_pytorch_tanh"})


NO_WINDOW = 1 << 30


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes and kinds of the parts of a decoder-only transformer.

    ``gated``: the feed-forward is down(act(gate) * up), else down(act(up)). ``rms_norm`` tells
    RMSNorm from LayerNorm. ``head_norm``: queries and keys are normalised for each head. ``window``: how many tokens
    back each one sees, itself included.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    eps: float
    activation: str
    gated: bool
    rms_norm: bool
    head_norm: bool
    tied: bool
    window: int
    rope: dict[str, Any]


def read_shape(config: dict[str, Any]) -> Shape | str:
    """Return the shape, or in a few words why this model has to go through transformers."""
    rope = _rope(config)
    if reason := _obstacle(config, rope):
        return reason
    kind = config["model_type"]
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    return Shape(
        layers=int(config["num_hidden_layers"]),
        hidden=hidden,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_size=int(config.get("head_dim") or hidden // heads),
        vocabulary=int(config["vocab_size"]),
        eps=float(config.get("rms_norm_eps") or config.get("norm_epsilon") or 1e-6),
        activation=str(config.get("hidden_act", "silu")),
        gated=kind != "starcoder2",
        rms_norm=kind != "starcoder2",
        head_norm=kind == "qwen3",
        tied=bool(config.get("tie_word_embeddings", kind == "starcoder2")),
        window=_window(config) or NO_WINDOW,
        rope=rope,
    )


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    """Return how positions turn; older files spread that over several keys."""
    rope = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    rope.setdefault("rope_theta", config.get("rope_theta", 10000.0))
    rope["rope_type"] = rope.get("rope_type") or rope.get("type") or "default"
    return rope


def _window(config: dict[str, Any]) -> int:
    """Return how many tokens back each one sees; 0 where it sees all."""
    kind, window = config.get("model_type"), int(config.get("sliding_window") or 0)
    slides = config.get("use_sliding_window", kind not in {"qwen2", "qwen3"})
    return window if slides and window < config.get("max_position_embeddings", 0) else 0


def _obstacle(config: dict[str, Any], rope: dict[str, Any]) -> str:
    """Return what the fast path does not know of this model; empty when it knows all."""
    kind = config.get("model_type")
    turned = float(rope.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1.0)
    activation = config.get("hidden_act", "silu")
    checks = (
        (kind not in FAMILIES, f"its architecture '{kind}' is not one of {', '.join(sorted(FAMILIES))}"),
        (_window(config) and kind in {"qwen2", "qwen3"}, "some of its layers see only a window"),
        (config.get("quantization_config"), "its weights are quantised in a format of their own"),
        (rope["rope_type"] not in _ROPES, f"its positions are scaled by '{rope['rope_type']}'"),
        (turned != 1.0, "its positions turn only a part of each head"),
        (activation not in _ACTIVATIONS, f"its activation is '{activation}'"),
    )
    return next((reason for found, reason in checks if found), "")
