"""Rows taken from a folder of source files: so many of each language, all kinds of holes, the same ones for a seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from assistant.errors import InputError
from assistant.languages import find_language, parsed_languages
from assistant.measure.evaluate.data import Row
from assistant.repository.cursor_holes import HOLE_KINDS, CursorHole, HoleKind, find_cursor_holes
from assistant.repository.exclusions import reason_of_content, reason_of_name
from assistant.repository.spans import code_language
from assistant.repository.walk import decode

LEAST_BYTES, MOST_BYTES = 1_000, 24_000
"""The plain prompt holds the whole file: one of 24 kB has about 7,000 tokens."""
_FIRST_LINE = 200
_MOST_FILES = 100
"""So many of a language are read for the holes; a quick choice is more than enough of a large folder."""


@dataclass(frozen=True, slots=True)
class HoleRow:
    """A row with what its figures are grouped by."""

    row: Row
    language: str
    kind: HoleKind


def hole_rows(folder: Path, count: int, seed: int = 0, languages: Collection[str] = ()) -> list[HoleRow]:
    """Return ``count`` holes of each language, or of those named, by language and in the order in which they came.

    A folder's files are grouped by the two folders that they lie in below it (the language and the package, as ``make
    hole-sources`` lays them), and each group has its turn. Raises InputError where there is no hole, or a language is
    not known.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; 'make hole-sources' fetches sources into build/sources.")
    if unknown := sorted(set(languages) - set(parsed_languages())):
        raise InputError(f"'{unknown[0]}' is no language with a grammar; there are {', '.join(parsed_languages())}.")
    files = source_files(folder, seed)
    wanted = sorted(files.keys() & set(languages) if languages else files)
    rows = [row for language in wanted for row in _of_language(folder, language, files[language], count, seed)]
    if not rows:
        raise InputError(f"{folder} has no file with holes in {_named(languages)}.")
    return rows


def holes_of(path: str, text: str, language: str, *, comments: bool = False) -> list[HoleRow]:
    """Return a row for each hole of one file."""
    return [_row(path, text, language, hole) for hole in find_cursor_holes(path, text, comments=comments)]


def _named(languages: Collection[str]) -> str:
    return ", ".join(sorted(languages)) or "a language that can be parsed"


def source_files(folder: Path, seed: int) -> dict[str, list[str]]:
    """Return the files of each language, as paths below the folder, in the order in which they are read."""
    groups: defaultdict[str, defaultdict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or not LEAST_BYTES <= path.stat().st_size <= MOST_BYTES:
            continue
        name = path.relative_to(folder).as_posix()
        if reason_of_name(path.name) is not None:
            continue
        language = code_language(name, "" if find_language(name) is not None else _first_line(path))
        if language is not None:
            groups[language][path.relative_to(folder).parts[:-1][:2]].append(name)
    found: dict[str, list[str]] = {}
    for language, by_group in groups.items():
        ranked = [sorted(names, key=lambda name: _rank(seed, name)) for names in by_group.values()]
        turns = chain.from_iterable(zip_longest(*ranked))
        found[language] = [name for name in turns if name is not None][:_MOST_FILES]
    return found


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_FIRST_LINE).decode("utf-8", "replace")


def _of_language(folder: Path, language: str, names: Sequence[str], count: int, seed: int) -> list[HoleRow]:
    """Return holes of the kinds in turn, and of each kind from as many files as there are."""
    by_kind: defaultdict[HoleKind, list[list[HoleRow]]] = defaultdict(list)
    for name in names:
        of_file: defaultdict[HoleKind, list[HoleRow]] = defaultdict(list)
        for row in holes_of(name, read_source(folder / name), language):
            of_file[row.kind].append(row)
        for kind, rows in of_file.items():
            by_kind[kind].append(sorted(rows, key=lambda row: _rank(seed, row.row.id)))
    waiting = {kind: _spread(by_kind[kind], at) for at, kind in enumerate(HOLE_KINDS)}
    return list(_in_turn(waiting.values(), count))


def _spread(files: Sequence[Sequence[HoleRow]], at: int) -> Iterator[HoleRow]:
    """Yield one of each file, then another one of each; each kind begins at another file."""
    begin = at * len(files) // len(HOLE_KINDS)
    turns = zip_longest(*files[begin:], *files[:begin])
    return (row for row in chain.from_iterable(turns) if row is not None)


def _in_turn(kinds: Iterable[Iterator[HoleRow]], count: int) -> Iterator[HoleRow]:
    left = list(kinds)
    taken = 0
    while left and taken < count:
        for rows in list(left):
            row = next(rows, None)
            if row is None:
                left.remove(rows)
            elif taken < count:
                taken += 1
                yield row


def read_source(path: Path) -> str:
    """Return the text of a file with line feeds; nothing of one that is no text, or not written by a person."""
    data = path.read_bytes()
    return "" if reason_of_content(data) else decode(data).replace("\r\n", "\n")


def _row(path: str, text: str, language: str, hole: CursorHole) -> HoleRow:
    column = hole.start - text.rfind("\n", 0, hole.start) - 1
    row = Row(
        id=f"{path}:{hole.line}:{column}:{hole.end - hole.start}:{hole.kind}",
        prompt=text[: hole.start],
        suffix=text[hole.end :],
        solution=text[hole.start : hole.end],
        path=path,
    )
    return HoleRow(row, language, hole.kind)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
