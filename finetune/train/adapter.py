"""The adapter's weights under peft's own names, so that what is kept is what peft and others read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from finetune.train.model import Trainee


def adapter_tensors(trainee: Trainee) -> dict[str, torch.Tensor]:
    """Return copies of the adapter's weights on the processor, by the names of peft's file.

    A matrix ``lora_A`` has the shape (rank, inputs) and ``lora_B`` (outputs, rank); DoRA adds magnitudes (outputs,).
    """
    from peft import get_peft_model_state_dict  # noqa: PLC0415  (seconds)

    table = get_peft_model_state_dict(trainee.peft, save_embedding_layers=False)
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in table.items()}


def put_adapter(trainee: Trainee, tensors: Mapping[str, torch.Tensor]) -> None:
    """Give the model these weights, with the names and shapes of ``adapter_tensors``. Raises ValueError for others."""
    from peft import set_peft_model_state_dict  # noqa: PLC0415

    before = adapter_tensors(trainee)
    if {name: value.shape for name, value in tensors.items()} != {name: v.shape for name, v in before.items()}:
        raise ValueError("the adapter was made for another model or another rank")
    set_peft_model_state_dict(trainee.peft, dict(tensors))


def adapter_config(trainee: Trainee) -> dict[str, Any]:
    """Return what adapter_config.json says, with nothing of this machine in it."""
    config = trainee.peft.peft_config["default"]
    table = {name: _plain(value) for name, value in config.to_dict().items()}
    return table | {"inference_mode": True, "base_model_name_or_path": None}


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    return value.value if hasattr(value, "value") and not isinstance(value, dict) else value
