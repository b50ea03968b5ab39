"""The optimizer of the adapter's weights, its rate over time, and its state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from assistant.errors import InputError
from finetune.config import TrainConfig

_LEAST_RATE = 0.1


def make_optimizer(weights: Mapping[str, torch.nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """Return AdamW over these weights. Raises InputError where one of 8 bits cannot be had."""
    options: dict[str, Any] = {"lr": config.learning_rate, "betas": (0.9, 0.999), "weight_decay": config.weight_decay}
    parameters = list(weights.values())
    if not config.optimizer_8bit:
        return torch.optim.AdamW(parameters, **options)
    if any(weight.device.type != "cuda" for weight in parameters):
        raise InputError("An optimizer of 8 bits needs a CUDA card; turn it off.")
    try:
        from bitsandbytes.optim import AdamW8bit  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError("An optimizer of 8 bits needs bitsandbytes; install it, or turn it off.") from None
    return AdamW8bit(parameters, **options)


def rate_at(step: int, steps: int, config: TrainConfig) -> float:
    """Return the rate of step ``step`` (the first is 1) of ``steps``: a rise, then a cosine down to a tenth."""
    rise = min(config.warmup, max(steps // 10, 1))
    if step <= rise:
        return config.learning_rate * step / rise
    share = min((step - rise) / max(steps - rise, 1), 1.0)
    return config.learning_rate * (_LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))


def flatten_state(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the optimizer's memory as tensors by name (``0.exp_avg``), to be kept as safetensors.

    Both moments have the shape of their weight, the count of steps the shape (); those of 8 bits also have scales.
    """
    flat: dict[str, torch.Tensor] = {}
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            flat[f"{number}.{name}"] = value if isinstance(value, torch.Tensor) else torch.tensor(value)
    return {name: value.detach().cpu().contiguous() for name, value in flat.items()}


def restore_state(optimizer: torch.optim.Optimizer, flat: Mapping[str, torch.Tensor]) -> None:
    """Give the optimizer the memory that ``flatten_state`` returned, with its names and shapes.

    Raises ValueError where it does not fit.
    """
    whole = optimizer.state_dict()
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    whole["state"] = state
    optimizer.load_state_dict(whole)
