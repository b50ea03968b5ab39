"""Load a model folder into an engine."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from assistant.engine.decode import warm_up
from assistant.engine.device import choose_device, choose_dtype, is_out_of_memory, release_memory
from assistant.engine.local import LocalEngine
from assistant.engine.protocol import Engine, EngineInfo
from assistant.engine.quiet import quietly
from assistant.engine.tokenizer import Tokenizer
from assistant.errors import ModelError, OutOfMemory


def load_engine(folder: Path, device: str = "auto", progress: Callable[[float], None] | None = None) -> Engine:
    """Load the model in ``folder`` onto a device; ``progress`` gets numbers from 0 to 1.

    Raises InputError for a device that is not there, ModelError where the folder is incomplete or
    damaged, OutOfMemory where the device has no room for the model.
    """
    tell = progress or _tell_nobody
    record = _read_record(folder)
    place = choose_device(device)
    dtype = choose_dtype(place)
    tell(0.02)
    with quietly(lambda what, done, total: tell(0.15 + 0.8 * done / max(total, 1)) if "weights" in what else None):
        tokenizer = Tokenizer.load(folder)
        tell(0.15)
        model = _load_model(folder, place, dtype)
    info = EngineInfo(
        model=str(record["id"]),
        family=str(record.get("family", "none")),
        device=place.type,
        dtype=str(dtype).removeprefix("torch."),
        context_length=_context_length(record, model.config),
        parameters=int(record.get("parameters") or model.num_parameters()),
    )
    tell(1.0)
    return LocalEngine(model, tokenizer, info, _end_ids(model, tokenizer))


def _tell_nobody(_share: float) -> None:
    """Ignore progress that nobody asked for."""


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if not isinstance(record["id"], str):
            raise TypeError("its id is no text")
    except FileNotFoundError:
        raise ModelError(f"There is no installed model in {folder}; see `grafter models list`.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / 'model.json'} cannot be read ({error}); remove the model and fetch it.") from None
    return record


def _load_model(folder: Path, place: torch.device, dtype: torch.dtype) -> Any:
    factory: Any = AutoModelForCausalLM
    try:
        model, found = factory.from_pretrained(
            str(folder),
            dtype=dtype,
            device_map=None if place.type == "cpu" else {"": place},
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        if not found["missing_keys"]:
            warm_up(model.eval())
    except Exception as error:  # noqa: BLE001  (the libraries raise whatever a damaged folder makes them meet)
        no_room = is_out_of_memory(error)
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    else:
        if missing := sorted(found["missing_keys"]):
            raise ModelError(
                f"The model in {folder} is incomplete: {len(missing)} weights are missing, the first is {missing[0]}; "
                "remove the model and fetch it again."
            )
        return model
    if no_room:
        release_memory(place)
        raise OutOfMemory(
            f"The model does not fit into the free memory of the {place.type}; close other programs, choose a smaller "
            "model, or start with --device cpu."
        )
    raise ModelError(f"The model in {folder} cannot be loaded ({reason}); remove it and fetch it again.")


def _context_length(record: dict[str, Any], config: Any) -> int:
    """Return the number of tokens that the model was made for; what the record says goes first."""
    text_config = config.get_text_config(decoder=True)
    return int(record.get("context_length") or getattr(text_config, "max_position_embeddings", None) or 2048)


def _end_ids(model: Any, tokenizer: Tokenizer) -> frozenset[int]:
    """Return every token with which the model's own files say that a text ends."""
    named = (model.generation_config.eos_token_id, model.config.eos_token_id, tokenizer.end_id)
    ids: set[int] = set()
    for each in named:
        ids.update(each if isinstance(each, list) else () if each is None else (each,))
    return frozenset(ids)
