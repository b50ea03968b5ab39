"""The files of a repository as the scope table shows them: rows out of ``--files --json``, filtered and overruled."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SECRETS = frozenset({"secret"})
"""Reasons that only an explicit trust overrules."""

FIXED = frozenset({"binary", "link", "special", "unreadable", "held out"})
"""Reasons that nothing overrules: there is no text to learn, or it has to judge."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file, whether the rules keep it, and why not. ``reason`` is a code, ``detail`` a sentence or empty."""

    path: str
    bytes: int
    kept: bool
    reason: str
    detail: str
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """What is held out: what the latest commits added (``commits``), or files."""

    kind: str = "files"
    base: str = ""
    base_date: str = ""
    head: str = ""
    head_date: str = ""
    commits: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided against the rules, as paths."""

    keep: frozenset[str] = field(default_factory=frozenset)
    drop: frozenset[str] = field(default_factory=frozenset)
    trusted: frozenset[str] = field(default_factory=frozenset)

    def decide(self, row: FileRow, kept: bool, *, trust: bool = False) -> Choices:
        """Return the choices with ``row`` kept or dropped; what the rules say anyway is no choice."""
        path = row.path
        keep, drop = self.keep - {path}, self.drop - {path}
        trusted = self.trusted | {path} if trust and kept else self.trusted - {path}
        if kept != rules_keep(row):
            keep, drop = (keep | {path}, drop) if kept else (keep, drop | {path})
        return Choices(keep, drop, trusted)

    def keeps(self, row: FileRow) -> bool:
        """Return whether the file is learned from."""
        if row.path in self.drop:
            return False
        return row.path in self.keep or rules_keep(row)


def rules_keep(row: FileRow) -> bool:
    """Return what the rules alone say of a file that a person may have decided on when the list was made."""
    return row.kept != row.overruled


def needs_trust(row: FileRow) -> bool:
    """Return whether the file may hold a secret, so that keeping it has to be said twice."""
    return row.reason in SECRETS and not rules_keep(row)


def is_fixed(row: FileRow) -> bool:
    """Return whether nobody can decide on the file."""
    return row.reason in FIXED and not rules_keep(row)


def read_files(answer: Mapping[str, Any]) -> tuple[list[FileRow], Split]:
    """Return the rows and the split of what ``--files --json`` printed; entries without a path are left out."""
    rows = [
        FileRow(
            path=str(entry["path"]),
            bytes=int(entry.get("bytes") or 0),
            kept=bool(entry.get("kept")),
            reason=str(entry.get("reason") or ""),
            detail=str(entry.get("detail") or ""),
            overruled=bool(entry.get("overruled")),
        )
        for entry in answer.get("files") or ()
        if isinstance(entry, dict) and entry.get("path")
    ]
    told = answer.get("split")
    known = {field.name for field in dataclasses.fields(Split)}
    split = Split(**{name: value for name, value in told.items() if name in known and value is not None}) if isinstance(
        told, dict
    ) else Split()  # fmt: skip
    return rows, split


def reasons(rows: Iterable[FileRow], choices: Choices) -> list[tuple[str, int]]:
    """Return the reasons for which files are left out with their counts, the most frequent first."""
    counts = Counter(row.reason for row in rows if row.reason and not choices.keeps(row))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def matching(rows: Sequence[FileRow], choices: Choices, text: str, which: str) -> list[int]:
    """Return the places of the rows to show. ``which``: "", "kept", "dropped", "overruled" or a reason's code."""
    words = text.casefold().split()
    found = []
    for place, row in enumerate(rows):
        kept = choices.keeps(row)
        if which == "kept":
            shown = kept
        elif which == "dropped":
            shown = not kept
        elif which == "overruled":
            shown = kept != rules_keep(row)
        else:
            shown = not which or (row.reason == which and not kept)
        if shown and all(word in row.path.casefold() for word in words):
            found.append(place)
    return found
