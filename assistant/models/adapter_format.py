"""An adapter in peft's format: its two files, what they may say, and whether they fit a model. No weight is loaded.

Only LoRA on the products inside of a model's layers counts (also rsLoRA and DoRA): what those files say is all there
is to it. Everything in the format that would run code, replace parts of the model or change its weights beforehand is
refused by name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from assistant.errors import ModelError
from assistant.models.safetensors_header import TensorHeader, read_header

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

Method = Literal["lora", "rslora", "dora"]
MOST_RANK = 1024

_PREFIX = "base_model.model."
_PARTS = {
    ".lora_A.weight": "a",
    ".lora_B.weight": "b",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
}
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_MOST_CONFIG = 4_000_000
_PLAIN = re.compile(r"[A-Za-z0-9_.]+")

# What says nothing about the weights, or is read below.
_KNOWN = frozenset(
    {
        "peft_type",
        "task_type",
        "peft_version",
        "base_model_name_or_path",
        "revision",
        "inference_mode",
        "r",
        "lora_alpha",
        "lora_dropout",
        "target_modules",
        "exclude_modules",
        "use_rslora",
        "use_dora",
        "init_lora_weights",
        "layers_to_transform",
        "layers_pattern",
        "rank_pattern",
        "alpha_pattern",
        "megatron_core",
        "runtime_config",
        "loftq_config",
        "eva_config",
        "qalora_group_size",
    }
)
# The only value of each that leaves the adapter what this module reads.
_ONLY: Mapping[str, tuple[Any, ...]] = {"bias": ("none", None), "fan_in_fan_out": (False, None)}
# These begin by taking something out of the base's weights, which the adapter alone does not tell.
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga", "mica")


@dataclass(frozen=True, slots=True)
class LowRank:
    """The parts of one product's change by their names in the file; ``factor`` is alpha / r, or alpha / sqrt r."""

    a: str
    b: str
    magnitude: str | None
    factor: float
    rank: int


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """What an adapter's files say. ``changes`` are by the base's weight, such as ``model.layers.0.mlp.up_proj.weight``.

    ``base_hint`` is what the config calls its base: a word of whoever made it, no more.
    """

    method: Method
    rank: int
    changes: dict[str, LowRank]
    tensors: dict[str, TensorHeader]
    base_hint: str
    bytes: int


class AdapterError(ModelError):
    """An adapter that cannot be used, and why."""

    code = "adapter_error"


def read_adapter_files(folder: Path) -> AdapterFiles:
    """Return what the adapter in ``folder`` says. Raises AdapterError with one sentence for whatever is wrong."""
    config = _read_config(folder)
    path = folder / WEIGHTS
    try:
        tensors = read_header(path)
    except FileNotFoundError:
        raise AdapterError(_no_weights(folder)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AdapterError(f"The adapter's {WEIGHTS} is damaged: {reason}. Get the file again.") from None
    method: Method = "dora" if config.get("use_dora") else "rslora" if config.get("use_rslora") else "lora"
    changes = _changes(config, tensors)
    rank = max(change.rank for change in changes.values())
    return AdapterFiles(
        method, rank, changes, tensors, str(config.get("base_model_name_or_path") or ""), path.stat().st_size
    )


def check_fits(adapter: AdapterFiles, base: Mapping[str, tuple[int, ...]], model: str) -> None:
    """Raise AdapterError where a change has no weight in the base, or another shape; ``base`` are the base's shapes."""
    for name, change in adapter.changes.items():
        shape = base.get(name)
        if shape is None or len(shape) != 2:
            raise AdapterError(f"The adapter does not fit {model}: that has no product {name.removesuffix('.weight')}.")
        wanted = (adapter.tensors[change.b].shape[0], adapter.tensors[change.a].shape[1])
        if tuple(shape) != wanted:
            mine, its = (" x ".join(map(str, size)) for size in (wanted, shape))
            raise AdapterError(
                f"The adapter does not fit {model}: {name.removesuffix('.weight')} is {its} there, and {mine} here."
            )


def base_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a model folder, of quantised ones that of the full matrix.

    Raises ModelError where the folder is damaged.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    try:
        tensors: dict[str, TensorHeader] = {}
        for file in sorted(folder.glob("*.safetensors")):
            tensors |= read_header(file)
    except (OSError, ValueError) as error:
        raise ModelError(f"The model in {folder} is damaged ({error}); remove it and fetch it again.") from None
    for name, tensor in tensors.items():
        if name.endswith(".values") and len(tensor.shape) == 2:
            rows, columns = tensor.shape
            four = f"{name.removesuffix('.values')}.zeros" in tensors
            shapes[name.removesuffix(".values")] = (rows, 2 * columns if four else columns)
        else:
            shapes[name] = tensor.shape
    return shapes


def check_numbers(folder: Path, adapter: AdapterFiles) -> None:
    """Raise AdapterError where a weight is not a number, or endless: one of them makes every answer nonsense."""
    import numpy as np  # noqa: PLC0415  (nobody else here needs it)

    kinds: dict[str, Any] = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
    with (folder / WEIGHTS).open("rb") as stream:
        for name, tensor in adapter.tensors.items():
            stream.seek(tensor.start)
            data = stream.read(tensor.end - tensor.start)
            if tensor.dtype == "BF16":  # the upper half of float32: all bits of the exponent say "no number"
                sound = bool(np.all((np.frombuffer(data, np.uint16) & 0x7F80) != 0x7F80))
            else:
                sound = bool(np.all(np.isfinite(np.frombuffer(data, kinds[tensor.dtype]))))
            if not sound:
                raise AdapterError(f"The adapter is damaged: {name} holds values that are no numbers. Train it again.")


def _no_weights(folder: Path) -> str:
    try:
        pickles = sorted(file.name for file in folder.iterdir() if file.suffix in _PICKLES)
    except OSError:
        pickles = []
    if pickles:
        return (
            f"{folder} holds its weights as a pickle ({pickles[0]}), and reading one can run any code: Grafter does "
            "not. Save the adapter as safetensors."
        )
    return f"{folder} has no {WEIGHTS}, so it is no adapter in peft's format; give the folder that has one."


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise ValueError("it is no file")
        if path.stat().st_size > _MOST_CONFIG:
            raise ValueError("it is too long")
        table = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise TypeError("it holds no table")
    except FileNotFoundError:
        raise AdapterError(f"{folder} has no {CONFIG}, so it is no adapter in peft's format.") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AdapterError(f"The adapter's {CONFIG} cannot be read: {reason}.") from None
    config = cast("dict[str, Any]", table)
    _check_config(config)
    return config


def _check_config(config: dict[str, Any]) -> None:
    if config.get("auto_mapping"):
        raise AdapterError("The adapter names code of its own ('auto_mapping'), which Grafter never runs.")
    kind = config.get("peft_type")
    if kind != "LORA":
        raise AdapterError(f"The adapter is of the kind {str(kind)[:40]!r}; Grafter knows LoRA (also rsLoRA and DoRA).")
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        raise AdapterError(
            f"The adapter is for another task ({str(config['task_type'])[:40]!r}), not for writing text."
        )
    for name, value in config.items():
        if name in _ONLY:
            if value not in _ONLY[name]:
                raise AdapterError(f"The adapter's '{name}' is {str(value)[:40]!r}, which Grafter does not know.")
        elif name not in _KNOWN and value not in (None, False, [], {}, 0, ""):
            raise AdapterError(f"The adapter uses '{name[:60]}', which Grafter does not know.")
    _check_numbers_of(config)


def _check_numbers_of(config: dict[str, Any]) -> None:
    begins = config.get("init_lora_weights")
    if isinstance(begins, str) and begins.lower().startswith(_CHANGES_BASE):
        raise AdapterError(
            f"The adapter was begun by '{begins[:40]}', which changes the base's own weights; save it converted to "
            "plain LoRA (peft: path_initial_model_for_weight_conversion)."
        )
    _number(config.get("r"), "r", MOST_RANK)
    _number(config.get("lora_alpha"), "lora_alpha", 1e6)
    for name in ("rank_pattern", "alpha_pattern"):
        pattern: Any = config.get(name) or {}
        if not isinstance(pattern, dict):
            raise AdapterError(f"The adapter's '{name}' is no table.")
        for key, value in cast("dict[str, Any]", pattern).items():
            if not _PLAIN.fullmatch(_plain(key)):
                raise AdapterError(f"The adapter's '{name}' names modules by {key[:60]!r}; Grafter takes plain names.")
            _number(value, f"{name} of {key[:60]}", 1e6)


def _number(value: Any, name: str, most: float) -> None:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 < value <= most:
        raise AdapterError(f"The adapter's '{name}' is {str(value)[:40]!r}; it has to be a number up to {most:g}.")


def _changes(config: dict[str, Any], tensors: dict[str, TensorHeader]) -> dict[str, LowRank]:
    """Return the changes of the file's tensors, each whole and of sound shape."""
    parts: dict[str, dict[str, str]] = {}
    for name, tensor in tensors.items():
        ending = next((ending for ending in _PARTS if name.endswith(ending)), None)
        if ending is None or not name.startswith(_PREFIX):
            raise AdapterError(f"The adapter holds {name[:100]!r}, which is no part of LoRA on a product.")
        if tensor.dtype not in _FLOATS:
            raise AdapterError(
                f"The adapter's {name[:100]} is of the type {tensor.dtype}; it has to be floating point."
            )
        module = name.removeprefix(_PREFIX).removesuffix(ending)
        if ".layers." not in f".{module}":
            raise AdapterError(f"The adapter changes {module[:60]!r}; Grafter takes changes inside of the layers only.")
        parts.setdefault(module, {})[_PARTS[ending]] = name
    if not parts:
        raise AdapterError(f"The adapter's {WEIGHTS} is empty.")
    dora = bool(config.get("use_dora"))
    return {f"{module}.weight": _change(config, module, part, tensors, dora=dora) for module, part in parts.items()}


def _change(
    config: dict[str, Any], module: str, part: dict[str, str], tensors: dict[str, TensorHeader], *, dora: bool
) -> LowRank:
    wanted = {"a", "b", "magnitude"} if dora else {"a", "b"}
    if set(part) != wanted:
        raise AdapterError(f"The adapter is incomplete, or not what its {CONFIG} says, at {module[:100]}.")
    a, b = tensors[part["a"]].shape, tensors[part["b"]].shape
    if len(a) != 2 or len(b) != 2 or a[0] != b[1] or not 0 < a[0] <= MOST_RANK:
        raise AdapterError(f"The adapter's matrices at {module[:100]} do not fit together.")
    if dora and math.prod(tensors[part["magnitude"]].shape) != b[0]:
        raise AdapterError(f"The adapter's magnitudes at {module[:100]} do not fit.")
    rank = int(_of_module(config, "rank_pattern", module, config["r"]))
    if rank != a[0]:
        raise AdapterError(f"The adapter's rank at {module[:100]} is {a[0]}, and its {CONFIG} says {rank}.")
    alpha = float(_of_module(config, "alpha_pattern", module, config["lora_alpha"]))
    factor = alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
    return LowRank(part["a"], part["b"], part.get("magnitude"), factor, rank)


def _of_module(config: dict[str, Any], pattern: str, module: str, default: Any) -> Any:
    """Return the entry for a module, which is named whole or by its end.

    peft takes the keys as regular expressions; nothing from outside is run as one here.
    """
    table = cast("dict[str, Any]", config.get(pattern) or {})
    for key, value in table.items():
        plain = _plain(key)
        if module == plain or (module.endswith(f".{plain}") and not key.startswith("^")):
            return value
    return default


def _plain(key: str) -> str:
    """Return the module that a regular expression means which only escapes dots and holds to both ends."""
    return key.removeprefix("^").removesuffix("$").replace("\\.", ".")
