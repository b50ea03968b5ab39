"""What the index answers with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SymbolHit:
    """A definition in a file of the workspace. Lines are 1-based and inclusive.

    ``path`` is relative to the workspace, with forward slashes. ``parent`` is the name of the class (or the like) that
    it is in, else empty. ``signature`` is one line; ``doc`` the first paragraph of its documentation, or empty.
    """

    path: str
    name: str
    kind: str
    parent: str
    signature: str
    doc: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class ReferenceHit:
    """Lines (from 1, ascending) of a file on which a name is used."""

    path: str
    name: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChunkHit:
    """A piece of a file: whole lines, 1-based and inclusive, and how well they match (higher is better)."""

    path: str
    first_line: int
    last_line: int
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many files and lines of a language the index holds; ``language`` None: files that have no grammar."""

    language: str | None
    files: int
    lines: int
