"""A model folder as transformers' own model: what the fast path does not know, and everything on a graphics card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from assistant.engine.fast.packing import MissingWeightError


def load_pretrained(folder: Path, place: torch.device, dtype: torch.dtype) -> Any:
    """Return the model, ready to run. Raises MissingWeightError, and whatever a damaged folder gives the library."""
    from transformers import AutoModelForCausalLM  # noqa: PLC0415  (seconds that the fast path does not need)

    factory: Any = AutoModelForCausalLM
    model, found = factory.from_pretrained(
        str(folder),
        dtype=dtype,
        device_map=None if place.type == "cpu" else {"": place},
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    if missing := sorted(found["missing_keys"]):
        raise MissingWeightError(missing[0])
    return model.eval()
