"""What a run learns from, how, and for how long: one frozen record, kept as config.json in the run's folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from assistant.errors import InputError
from assistant.names import check_adapter_name
from finetune.limits import fault_of_type, fault_of_value, wanted

Preset = Literal["quick", "normal", "thorough"]
Method = Literal["lora", "dora", "rslora"]
Device = Literal["auto", "cuda", "mps", "xpu", "cpu"]
Precision = Literal["auto", "bf16", "fp16", "fp32"]


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which code is learned, and which is held out to judge by.

    ``since`` is a date or a revision: what came after it is held out; None: the least that is enough. ``keep`` and
    ``drop`` are files, folders and patterns (relative to the repository, see ``finetune.data.choices``) that a person
    decided on, whatever the rules say; ``keep`` never brings a file back in which a secret was found unless it is in
    ``trusted``.
    """

    since: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    holes: int = 200
    """Holes that the four arms are asked for in the end."""
    validation_holes: int = 60
    """Holes on which the best checkpoint and the adapter's strength are chosen; none of them is among the others."""
    library_holes: int = 100
    """Holes of Python's own library that tell what was forgotten; 0: none are asked."""
    retrieval_share: float = 0.5
    """Share of fill-in samples that have other places of the repository in front, as the editor would put them."""
    retrieval_tokens: int = 512
    random_share: float = 0.1
    """Share of the holes that are cut anywhere, not on the syntax tree."""
    plain_share: float = 0.2
    """Share of samples that are a file's text from its beginning, without a hole."""
    middle_weight: float = 4.0
    """Weight of a token of the hole in the loss; other tokens of the file count 1, those of other places 0."""
    scan_secrets: bool = True
    drop_strange: bool = True
    """Whether files are left out whose loss says that they are no code to the base model."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How the adapter is trained. ``length`` counts tokens of a packed row, ``batch`` rows of a step on one process."""

    method: Method = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    rate: float = 3e-4
    weight_decay: float = 0.0
    warmup: int = 10
    """Steps over which the rate rises; afterwards it falls by a cosine to a tenth."""
    length: int = 1024
    batch: int = 1
    accumulate: int = 1
    clip: float = 1.0
    steps: int = 0
    """Optimizer steps in all; 0: as many as the minutes allow."""
    minutes: float = 30.0
    evaluate_every: int = 0
    """Steps between two looks at the held-out loss; 0: ten looks in a run."""
    patience: int = 4
    """Looks without a better held-out loss after which training ends."""
    precision: Precision = "auto"
    checkpointing: bool | None = None
    """Whether activations are computed again instead of kept; None: where memory asks for it."""
    load_in_4bit: bool = False
    """QLoRA: the base in 4 bits by bitsandbytes, on CUDA."""
    optimizer_8bit: bool = False
    processes: int = 1
    strategy: Literal["auto", "ddp", "fsdp", "zero2", "zero3"] = "auto"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All of a run. ``repository`` is an absolute path, ``model`` the id of an installed model."""

    repository: str
    model: str
    name: str
    """What the adapter will be called."""
    seed: int = 0
    device: Device = "auto"
    threads: int = 0
    activate: bool = True
    """Whether the adapter is switched on where the verdict says that it helps."""
    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


PRESETS: dict[Preset, tuple[TrainConfig, DataConfig]] = {
    "quick": (
        TrainConfig(minutes=10.0, rank=8, alpha=16),
        DataConfig(holes=80, validation_holes=40, library_holes=40),
    ),
    "normal": (TrainConfig(), DataConfig()),
    "thorough": (TrainConfig(minutes=120.0, rank=32, alpha=64, rate=2e-4), DataConfig()),
}
"""How each preset trains, and how much is held out: the proof of a quick run is to be quick too."""


def change(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """Return the config with fields of its data or training changed, each as ``name=value``. Raises InputError.

    ``true`` and ``false`` are the values of switches. Lists of paths are not changed this way.
    """
    for text in settings:
        name, _, value = text.partition("=")
        part = next((each for each in ("data", "train") if name in _HINTS[each]), None)
        if part is None:
            names = ", ".join(sorted({*_HINTS["data"], *_HINTS["train"]}))
            raise InputError(f"There is no setting {name!r}; there are {names}.")
        changed = dataclasses.replace(getattr(config, part), **{name: _value(name, value, _HINTS[part][name])})
        config = dataclasses.replace(config, **{part: changed})
    return config


def _value(name: str, text: str, hint: Any) -> object:
    """Return what ``text`` means for a field of this type."""
    choices = get_args(hint)
    try:
        if get_origin(hint) is Literal:
            return choices[choices.index(text)]
        if hint is bool or bool in choices:
            return {"true": True, "false": False}[text.lower()]
        return hint(text) if hint in (int, float) else text
    except (ValueError, KeyError):
        raise InputError(f"{name} cannot be {text[:80]!r}; it takes {wanted(hint)}.") from None


_HINTS: dict[str, dict[str, Any]] = {
    part: {name: hint for name, hint in get_type_hints(kind).items() if get_origin(hint) is not tuple}
    for part, kind in (("data", DataConfig), ("train", TrainConfig))
}


def to_json(config: RunConfig) -> str:
    """Return the text of config.json."""
    return json.dumps(dataclasses.asdict(config), indent=1) + "\n"


def from_json(text: str, where: str = "The run's config.json") -> RunConfig:
    """Return the config that ``to_json`` wrote.

    ``where`` it was read is named in the sentence where it cannot be. Raises InputError where a field is unknown,
    missing, or of another type; ``check`` looks at the values.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{where} is not JSON; start a new run.") from None
    if not isinstance(table, dict):
        raise InputError(f"{where} holds no object; start a new run.")
    fields = dict(cast("dict[str, Any]", table))
    data, train = fields.pop("data", {}), fields.pop("train", {})
    try:
        config = RunConfig(**fields, data=_data(data), train=TrainConfig(**train))
    except (TypeError, AttributeError) as error:
        raise InputError(f"{where} does not fit this version ({error}); start a new run.") from None
    try:
        _check_types(config)
    except InputError as error:
        raise InputError(f"{where} cannot be used: {error}") from None
    return config


def read_config(run: Path) -> RunConfig:
    """Return the config of a run's folder. Raises InputError."""
    try:
        return from_json((run / "config.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The run in {run} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _data(table: dict[str, Any]) -> DataConfig:
    lists: dict[str, Any] = {
        name: tuple(cast("list[Any]", value)) for name, value in table.items() if isinstance(value, list)
    }
    return DataConfig(**(table | lists))


def check(config: RunConfig) -> None:
    """Raise InputError with one sentence for the first value that cannot be."""
    _check_types(config)
    for _, name, value, _ in _values(config):
        if said := fault_of_value(name, value):
            raise InputError(said)
    check_adapter_name(config.name)


def _check_types(config: RunConfig) -> None:
    for where, name, value, hint in _values(config):
        if said := fault_of_type(f"{where}{name}", value, hint):
            raise InputError(said)


def _values(config: RunConfig) -> Iterator[tuple[str, str, object, Any]]:
    """Yield each setting: the part that it is in, with a dot, its name, its value, and its type."""
    for where, part in (("", config), ("data.", config.data), ("train.", config.train)):
        for name, hint in _TYPES[type(part)].items():
            if not dataclasses.is_dataclass(hint):
                yield where, name, getattr(part, name), hint


_TYPES: dict[type, dict[str, Any]] = {kind: get_type_hints(kind) for kind in (RunConfig, DataConfig, TrainConfig)}
