"""Prompts that other editors lay out in a family's own format, read back into the hole that they are about.

Continue and Twinny do not say what stands left and right of the cursor; they send a whole prompt with control tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.prompts.fim import FAMILIES, PREFIX, Family, SourceFile

# The name of the repository, in whatever spelling: some families know the token that their table does not use.
_REPOSITORY = re.compile(r"\s*<\W*repo\w*\W*>")


@dataclass(frozen=True, slots=True)
class LaidHole:
    """What a prompt says of a hole. ``path`` is that of the open file, empty where it is not given."""

    before: str
    after: str
    path: str = ""
    files: tuple[SourceFile, ...] = ()


def read_layout(family: str, prompt: str) -> LaidHole | None:
    """Return the hole of a prompt in the family's format; None for what is in no such format, or not wholly."""
    table = FAMILIES.get(family)
    if table is None:
        return None
    rest = prompt.removeprefix(table.bos) if table.bos else prompt
    slots: list[str] = []
    for item in table.layout:
        if not isinstance(item, str):
            continue
        if rest.count(item) != 1:
            return None
        piece, rest = rest.split(item)
        slots.append(piece)
    head, *texts = slots
    if not isinstance(table.layout[-1], str):
        texts.append(rest)
    elif rest.strip():
        return None
    order = [item for item in table.layout if not isinstance(item, str)]
    before, after = texts if order[0] is PREFIX else reversed(texts)
    if not head.strip():
        return _with_files_inside(table, before, after)
    found = _read_files(table, head)
    if found is None:
        return None
    *files, (path, text) = found
    if text.strip():
        files, path = found, ""
    return LaidHole(before, after, path, tuple(SourceFile(*each) for each in files))


def _with_files_inside(table: Family, before: str, after: str) -> LaidHole:
    """Return a hole whose prefix may begin with other files; the last of them is then the open one."""
    found = _read_files(table, before) if table.file and before.startswith(table.file) else None
    if found is None:
        return LaidHole(before, after)
    *files, (path, text) = found
    return LaidHole(text, after, path, tuple(SourceFile(*each) for each in files))


def _read_files(table: Family, text: str) -> list[tuple[str, str]] | None:
    """Return path and text of each file of a repository's format, with what stands before the first left out."""
    if not table.file or table.file not in text:
        return None
    head, *parts = text.split(table.file)
    if head.strip() and not _REPOSITORY.match(head):
        return None
    split = [part.partition("\n") for part in parts]
    return [(path.strip(), rest) for path, _, rest in split]
