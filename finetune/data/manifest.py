"""What data/ of a run holds, with hashes: manifest.json, a line for each file, and the holes that are held out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from assistant.errors import InputError
from assistant.repository.holes import Hole
from assistant.system import jsonl
from assistant.system.disk import hash_file
from assistant.system.files import replacing, write_file
from finetune.data.files import FileRow, Judged

FORMAT = 1
MANIFEST, FILES = "manifest.json", "files.jsonl"
SETS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SetInfo:
    """A set of samples: how many, how many tokens, and the SHA-256 of its file."""

    samples: int
    tokens: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the data of a run is made of.

    ``base`` and ``head`` are commit ids, empty where files were held out: then ``held`` names those. ``learned`` are
    the paths that are learned from; ``SampleSet.files`` are places in it. ``reasons`` counts the dropped files.
    ``drop`` are learned files that the trainer found to be none of this model's language, by their loss: it skips them.
    """

    repository: str
    name: str
    kind: Literal["commits", "files"]
    base: str
    base_date: str
    head: str
    head_date: str
    commits: int
    note: str
    seed: int
    family: str
    length: int
    wanted_tokens: int
    files: int
    learned: tuple[str, ...]
    held: tuple[str, ...]
    reasons: Mapping[str, int]
    sets: Mapping[str, SetInfo]
    validation_holes: int
    test_holes: int
    hashes: Mapping[str, str]
    """The SHA-256 of each of the other files of data/."""
    versions: Mapping[str, str]
    drop: tuple[str, ...] = field(default=())
    format: int = FORMAT


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json. Raises OSError."""
    write_file(folder / MANIFEST, json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Return what ``write_manifest`` wrote. Raises InputError where it cannot be read or is of another version."""
    try:
        table = cast("dict[str, Any]", json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        sets = {name: SetInfo(**each) for name, each in table.pop("sets").items()}
        lists: dict[str, Any] = {name: tuple(table.pop(name)) for name in ("learned", "held", "drop")}
        manifest = Manifest(**table, **lists, sets=sets)
        if manifest.format != FORMAT:
            raise ValueError("it is of another version")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"The data in {folder} cannot be read ({error}); start a new run.") from None
    return manifest


def drop_files(folder: Path, paths: Iterable[str]) -> Manifest:
    """Note which learned files the trainer is to skip, for their loss is far too high; others are noted no more.

    Raises InputError, OSError; the manifest is whole either way.
    """
    manifest = read_manifest(folder)
    wanted = frozenset(paths)
    changed = dataclasses.replace(manifest, drop=tuple(path for path in manifest.learned if path in wanted))
    write_manifest(folder, changed)
    return changed


def verify(folder: Path, manifest: Manifest) -> None:
    """Raise InputError where a file of data/ is missing or is not what it was when it was made."""
    wanted = {f"{name}.safetensors": info.sha256 for name, info in manifest.sets.items()} | dict(manifest.hashes)
    for name, digest in wanted.items():
        try:
            same = hash_file(folder / name) == digest
        except OSError:
            same = False
        if not same:
            raise InputError(f"{folder / name} is missing or damaged; start a new run.")


def write_files(path: Path, judged: Judged) -> None:
    """Write a JSON line for each file, with the SHA-256 of the text of those that are learned. Raises OSError."""
    with replacing(path) as stream:
        for row in judged.rows:
            table = row.to_json()
            if row.kept:
                table["sha256"] = hashlib.sha256(judged.texts[row.path].encode("utf-8", "replace")).hexdigest()
            stream.write(jsonl.encode(table))


def read_files(path: Path) -> list[FileRow]:
    """Return the rows that ``write_files`` wrote. Raises InputError."""
    names = {each.name for each in dataclasses.fields(FileRow)}
    return [FileRow(**{name: row[name] for name in names}) for row in _rows(path)]


def write_holes(path: Path, holes: Sequence[Hole]) -> None:
    """Write a JSON line for each hole, its file's whole text with it. Raises OSError."""
    with replacing(path) as stream:
        for hole in holes:
            stream.write(jsonl.encode(dataclasses.asdict(hole)))


def read_holes(path: Path) -> list[Hole]:
    """Return the holes that ``write_holes`` wrote, in their order. Raises InputError."""
    try:
        return [Hole(**row) for row in _rows(path)]
    except TypeError as error:
        raise InputError(f"{path} cannot be read ({error}); start a new run.") from None


def count_reasons(rows: Iterable[FileRow]) -> dict[str, int]:
    """Return how many files were dropped for each reason, the commonest first."""
    counts = Counter(row.reason for row in rows if not row.kept)
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return jsonl.read_all(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); start a new run.") from None
