"""The indentation that the next statement has to have, where the lines around an empty one leave no choice."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from assistant.completion.syntax import Syntax, closable_brackets

_LOOK_IN = 8000
_USUAL = "    "
_TRIPLE = ('"""', "'''")


def sure_indentation(syntax: Syntax) -> str:
    """Return the blanks that a statement of Python begins with on an empty line; none where several would do.

    After a line that begins a block it is one step deeper than that. Above a line that is deeper than the one before
    the cursor it is one step less than that line: what is missing there begins its block. Between a documentation and
    code of its block it is theirs.
    """
    if syntax.language != "python" or syntax.line or syntax.rest.strip() or syntax.in_text:
        return ""
    near = syntax.before[-_LOOK_IN:]
    if closable_brackets(near, "", syntax.language):
        return ""
    lines = [line for line in near.split("\n") if _is_code(line)]
    below = next(iter(syntax.below), "")
    step = _step([*lines, *syntax.below])
    above = lines[-1] if lines else ""
    if above.rstrip().endswith(":"):
        # Of a head over several lines only one that begins with its closing bracket tells where the head began.
        whole = above.lstrip().startswith((")", "]", "}")) or not _closes_more(above)
        return _blanks(above) + step if whole else ""
    deeper = _blanks(below)
    if above.rstrip().endswith(_TRIPLE) and _blanks(above) == deeper:
        return deeper
    if len(deeper.expandtabs(8)) > len(_blanks(above).expandtabs(8)):
        return deeper.removesuffix(step)
    return ""


def _step(lines: list[str]) -> str:
    """Return by what the bodies of these lines are mostly indented."""
    found = Counter(
        _blanks(body).removeprefix(_blanks(head))
        for head, body in pairwise(lines)
        if head.rstrip().endswith(":") and _blanks(body) != _blanks(head) and _blanks(body).startswith(_blanks(head))
    )
    return found.most_common(1)[0][0] if found else _USUAL


def _is_code(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and not bare.startswith("#")


def _closes_more(line: str) -> bool:
    return sum(map(line.count, ")]}")) > sum(map(line.count, "([{"))


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
