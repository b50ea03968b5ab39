"""Which language a file is of: by its name, by a pattern of names, or by its first line."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from assistant.languages.record import Language
from assistant.languages.table import RECORDS

# `#!/usr/bin/env -S A=1 python3 -u` and `#!/bin/sh`: the program is what counts, without its version.
_FIRST_LINE = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?)?([A-Za-z+_-]+)")


class _Registry:
    def __init__(self, records: Iterable[Language]) -> None:
        self.by_name = {record.name: record for record in records}
        self._index()

    def _index(self) -> None:
        records = self.by_name.values()
        self._files = {file: record for record in records for file in record.files if "*" not in file}
        self._patterns = [(file, record) for record in records for file in record.files if "*" in file]
        self._endings = {ending: record for record in records for ending in record.endings}
        self._programs = {program: record for record in records for program in record.programs}

    def find(self, path: str, text: str) -> Language | None:
        written = PurePosixPath(path.replace("\\", "/")).name
        name = written.lower()
        found = (
            self._files.get(written)
            or self._files.get(name)
            or next(
                (record for pattern, record in self._patterns if fnmatchcase(name, pattern)),
                self._endings.get(PurePosixPath(name).suffix),
            )
        )
        if found is None and text.startswith("#!") and (program := _FIRST_LINE.match(text)):
            found = self._programs.get(program[1].lower())
        return found

    @contextmanager
    def with_language(self, record: Language) -> Generator[None]:
        before = self.by_name
        self.by_name = {**before, record.name: record}
        self._index()
        try:
            yield
        finally:
            self.by_name = before
            self._index()


_REGISTRY = _Registry(RECORDS)
with_language = _REGISTRY.with_language
"""Knows one more language (or another record of one) inside of a ``with`` block."""


def find_language(path: str, text: str = "") -> Language | None:
    """Return the record of a file's language by its name, else by its first line; None for what nobody knows."""
    return _REGISTRY.find(path, text)


def language_of(path: str, text: str = "") -> str | None:
    """Return the name of a file's language where there is a grammar for it, else None."""
    found = find_language(path, text)
    return found.name if found is not None and found.grammar is not None else None


def language_called(name: str) -> Language | None:
    """Return the record that a file's name or path, a language's own name, or the alias of its lexer means, or None."""
    known = _REGISTRY.by_name.get(name.lower())
    if known is None:
        known = next((record for record in _REGISTRY.by_name.values() if name and record.lexer == name), None)
    return known or find_language(name)


def language_named(name: str | None) -> Language | None:
    """Return the record of a language by its name, or None."""
    return _REGISTRY.by_name.get(name) if name else None


def parsed_languages() -> tuple[str, ...]:
    """Return the names of the languages that have a grammar."""
    return tuple(name for name, record in _REGISTRY.by_name.items() if record.grammar is not None)
