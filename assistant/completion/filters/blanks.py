"""Blanks at the beginning of lines: said twice, or of another kind than the file's."""

from __future__ import annotations

import re

from assistant.completion.syntax import Syntax

_LEADING = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_LOOK_IN = 4000
_TAB = 4


def file_indents_with_tabs(syntax: Syntax) -> bool | None:
    """Return whether the lines around the cursor are indented with tabs; None where none of them is indented."""
    near = syntax.before[-_LOOK_IN:].partition("\n")[2] if len(syntax.before) > _LOOK_IN else syntax.before
    blanks = [found[1] for found in _LEADING.finditer(f"{near}\n{syntax.after[:_LOOK_IN]}")]
    if syntax.line and not syntax.line.strip():
        blanks.append(syntax.line)
    if not blanks:
        return None
    tabs = sum(each.startswith("\t") for each in blanks)
    return 2 * tabs > len(blanks)


def retab(line: str, tabs: bool | None) -> str:
    """Return a line indented in the file's way, a tab for four columns; tabs with spaces after them align something."""
    bare = line.lstrip(" \t")
    blanks = line[: len(line) - len(bare)]
    if tabs is None or not blanks:
        return line
    if not tabs:
        return blanks.expandtabs(_TAB) + bare
    if "\t" in blanks and " \t" not in blanks:
        return line
    width = len(blanks.expandtabs(_TAB))
    return "\t" * (width // _TAB) + " " * (width % _TAB) + bare
