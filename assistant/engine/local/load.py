"""Load a model folder into an engine: the fast path on a processor, recorded steps on CUDA, else transformers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from assistant.config import Bits, BitsChoice
from assistant.engine.decoding.decode import warm_up
from assistant.engine.decoding.decoder import Decoder, Loaded
from assistant.engine.device import choose_device, choose_dtype, is_out_of_memory, release_memory
from assistant.engine.fast import integer
from assistant.engine.fast.load import GROUP, load_fast
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.packing import MissingWeightError
from assistant.engine.fast.quantised import GROUPS
from assistant.engine.fast.shape import Shape, read_shape
from assistant.engine.local.adapting import Adapting, FastAdapting, InPlace
from assistant.engine.local.engine import LocalEngine
from assistant.engine.local.pretrained import load_pretrained
from assistant.engine.memory import give_back
from assistant.engine.model_folder import context_length, read_json, read_record
from assistant.engine.protocol import EngineInfo, FindAdapter
from assistant.engine.quiet import quietly
from assistant.engine.tokenizer import Tokenizer
from assistant.errors import ModelError, OutOfMemory

_CACHE_SHARE = 1 / 32
_CACHE_MOST = 256 << 20

_LOG = logging.getLogger(__name__)


def load_engine(
    folder: Path,
    device: str = "auto",
    progress: Callable[[float], None] | None = None,
    bits: BitsChoice = "auto",
    *,
    lean: bool = False,
    find_adapter: FindAdapter | None = None,
) -> LocalEngine:
    """Load the model in ``folder`` onto a device; ``progress`` gets numbers from 0 to 1.

    ``bits`` says how finely the weights are read for each new token (16: as they are; auto: what is quickest on a
    processor, and what fits on a CUDA card; other devices know 16 only); a quantised model has its own, and is for
    processors only. ``lean`` keeps, on a processor, only what was packed so, and unpacks it for prompts: less than half
    the memory, and slower to read. ``find_adapter`` finds the adapters that requests name. Raises InputError for a
    device that is not there, ModelError where the folder is incomplete or damaged or the bits cannot be had,
    OutOfMemory where the device has no room for the model.
    """
    tell = progress or _tell_nobody
    record = read_record(folder)
    quantised = _read_quantisation(folder, record)
    place = choose_device("cpu" if quantised and device == "auto" else device)
    if quantised and place.type != "cpu":
        raise ModelError(
            f"{record['id']} is quantised for processors; start it with --device cpu, or take {quantised.base} on the "
            f"{place.type}."
        )
    packing = Packing(quantised.bits, lean, quantised.group) if quantised else Packing(bits, lean)
    dtype = choose_dtype(place)
    tell(0.02)
    config = read_json(folder / "config.json")
    context = context_length(record, config)
    heard = quietly(lambda what, done, total: tell(0.15 + 0.8 * done / max(total, 1)) if "weights" in what else None)
    with heard, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(Tokenizer.load, folder)  # a second of one core
        tell(0.15)
        loaded = _load_decoder(folder, config, place, dtype, packing, context, lambda share: tell(0.15 + 0.8 * share))
        tokenizer = reading.result()
    number = str(dtype).removeprefix("torch.")
    give_back()
    info = EngineInfo(
        model=str(record["id"]),
        family=str(record.get("family", "none")),
        device=place.type,
        dtype=number if loaded.bits == 16 else f"{number}, {loaded.bits}-bit weights",
        context_length=loaded.context,
        parameters=int(record.get("parameters") or 0),
    )
    tell(1.0)
    decoder, adapting = _adapting(loaded, folder)
    ends = _end_ids(folder, config, tokenizer)
    return LocalEngine(decoder, tokenizer, info, ends, _cache_bytes(place), adapting, find_adapter)


def _adapting(loaded: Loaded, folder: Path) -> tuple[Decoder, Adapting | None]:
    """Return the decoder without an adapter, and what changes it by one."""
    if isinstance(loaded.decoder, FastModel):
        return loaded.decoder, FastAdapting(loaded.decoder, folder)
    if loaded.model is None:
        return loaded.decoder, None
    place = InPlace(loaded.decoder, loaded.model, folder)
    return place.base, place


@dataclass(frozen=True, slots=True)
class Packing:
    """How the weights are kept; see load_engine."""

    bits: BitsChoice
    lean: bool
    group: int = GROUP


@dataclass(frozen=True, slots=True)
class _Quantisation:
    """How the files of a quantised model keep its weights, and which model it was made of."""

    bits: Bits
    group: int
    base: str


def _choose_bits(wanted: BitsChoice) -> Bits:
    if wanted != "auto":
        return wanted
    return 8 if integer.writes_best() else 4


def _cache_bytes(place: torch.device) -> int:
    """Return how much memory the KV caches of recent prompts may take."""
    whole = torch.cuda.get_device_properties(place).total_memory if place.type == "cuda" else None
    return min(_CACHE_MOST, int((whole or psutil.virtual_memory().total) * _CACHE_SHARE))


def _tell_nobody(_share: float) -> None:
    """Ignore progress that nobody asked for."""


def _read_quantisation(folder: Path, record: dict[str, Any]) -> _Quantisation | None:
    said = record.get("quantisation")
    if said is None:
        return None
    try:
        bits, group, base = said["bits"], said["group"], str(said["base"])
        if bits not in (8, 4) or group not in GROUPS:
            raise ValueError("its quantisation is of no known kind")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder / 'model.json'} cannot be read ({error}); remove the model and make it.") from None
    return _Quantisation(bits, group, base)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model folder and how its weights are to be decoded; ``shape`` is our own path's, or says why it cannot."""

    folder: Path
    config: dict[str, Any]
    place: torch.device
    dtype: torch.dtype
    packing: Packing
    context: int
    shape: Shape | str
    tell: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class DecodePath:
    """A way to decode: which folders and devices it takes, and how it is loaded."""

    name: str
    takes: Callable[[Wanted], bool]
    load: Callable[[Wanted], Loaded]


def _load_captured(wanted: Wanted) -> Loaded:
    from assistant.engine.gpu.load import load_on_card  # noqa: PLC0415  (imports transformers' models)

    bits = wanted.packing.bits
    return load_on_card(wanted.folder, wanted.config, wanted.place, wanted.dtype, bits, wanted.context)


def _load_fast(wanted: Wanted) -> Loaded:
    assert isinstance(wanted.shape, Shape)  # noqa: S101  (it takes nothing else)
    packing, bits = wanted.packing, _choose_bits(wanted.packing.bits)
    options: Any = {"group": packing.group, "lean": packing.lean, "integer": integer.usable()}
    decoder = load_fast(wanted.folder, wanted.shape, wanted.dtype, bits, wanted.tell, **options)
    return Loaded(decoder, bits, wanted.context)


def _load_transformers(wanted: Wanted) -> Loaded:
    from assistant.engine.decoding.transformers_decoder import TransformersDecoder  # noqa: PLC0415  (as above)

    _LOG.info("The model goes through transformers: %s.", wanted.shape)
    model = load_pretrained(wanted.folder, wanted.place, wanted.dtype)
    return Loaded(TransformersDecoder(model), 16, wanted.context, model)


PATHS: tuple[DecodePath, ...] = (
    DecodePath("recorded steps", lambda wanted: wanted.place.type == "cuda", _load_captured),
    DecodePath("fast", lambda wanted: isinstance(wanted.shape, Shape), _load_fast),
    DecodePath("transformers", lambda _wanted: True, _load_transformers),
)
"""Every way to decode; the first that takes a model is its own."""


def _load_decoder(
    folder: Path,
    config: dict[str, Any],
    place: torch.device,
    dtype: torch.dtype,
    packing: Packing,
    context: int,
    tell: Callable[[float], None],
) -> Loaded:
    shape = read_shape(config) if place.type == "cpu" else f"it runs on the {place.type}"
    wanted = Wanted(folder, config, place, dtype, packing, context, shape, tell)
    try:
        loaded = next(path for path in PATHS if path.takes(wanted)).load(wanted)
        warm_up(loaded.decoder)
    except ModelError:
        raise
    except MissingWeightError as error:
        raise ModelError(
            f"The model in {folder} is incomplete: the weight {error} is missing; remove the model and fetch it again."
        ) from None
    except Exception as error:  # noqa: BLE001  (the libraries raise whatever a damaged folder makes them meet)
        no_room = is_out_of_memory(error)
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    else:
        return loaded
    if no_room:
        release_memory(place)
        raise OutOfMemory(
            f"The model does not fit into the free memory of the {place.type}; close other programs, choose a smaller "
            "model, or start with --device cpu."
        )
    raise ModelError(f"The model in {folder} cannot be loaded ({reason}); remove it and fetch it again.")


def _end_ids(folder: Path, config: dict[str, Any], tokenizer: Tokenizer) -> frozenset[int]:
    """Return every token with which the model's own files say that a text ends."""
    generation = folder / "generation_config.json"
    named = [config.get("eos_token_id"), tokenizer.end_id]
    if generation.exists():
        named.append(read_json(generation).get("eos_token_id"))
    ids: set[int] = set()
    for each in named:
        ids.update(each if isinstance(each, list) else () if each is None else (each,))
    return frozenset(ids)
