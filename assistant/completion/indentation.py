"""The indentation that the next statement has to have, where the lines around an empty one leave no choice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.completion.brackets import closable_brackets
from assistant.completion.syntax import Syntax

_LOOK_IN = 8000
_USUAL = "    "
_TRIPLE = ('"""', "'''")


_CLAUSES = re.compile(r"(?:else|elif|except|finally)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines around an empty one where a statement of Python may stand.

    ``lines`` are those of code above, ``above`` the last of them; ``below`` the next line of code; ``step`` is by what
    bodies are indented; ``given`` are the blanks left of the cursor.
    """

    lines: Sequence[str]
    below: str
    step: str
    given: str

    @property
    def above(self) -> str:
        """The line above."""
        return self.lines[-1] if self.lines else ""


def statement_place(syntax: Syntax) -> Place | None:
    """Return the lines around the cursor; None where it is not on an empty line on which a statement may begin."""
    if syntax.language != "python" or syntax.line.strip() or syntax.line_suffix.strip() or syntax.in_text:
        return None
    near = syntax.before[-_LOOK_IN:]
    if closable_brackets(near, "", syntax.language):
        return None
    lines = [line for line in near.split("\n") if _is_code(line)]
    below = next(filter(_is_code, syntax.below), "")
    near = [blanks for blanks in map(blanks_of, (syntax.line, *lines[-1:], below)) if blanks]
    return Place(lines, below, _step_like(near[0] if near else "", _step([*lines, *syntax.below])), syntax.line)


def sure_indentation(place: Place | None) -> str | None:
    """Return the blanks that a statement begins with; None where several would do, or where some are there already.

    After a line that begins a block it is one step deeper than that. Above a line that is deeper than the one before
    the cursor it is that of the one before: what is missing there begins a block beside it. Above another clause of a
    block it is that of the block's last line. Between a documentation and code of its block it is theirs.
    """
    if place is None or place.given:
        return None
    above, below, step = place.above, place.below, place.step
    if above.rstrip().endswith(":"):
        # Of a head over several lines only one that begins with its closing bracket tells where the head began.
        whole = above.lstrip().startswith((")", "]", "}")) or not _closes_more(above)
        return blanks_of(above) + step if whole else None
    deeper = blanks_of(below)
    if above.rstrip().endswith(_TRIPLE) and blanks_of(above) == deeper:
        return deeper
    if depth_of(below) > depth_of(above):
        return blanks_of(above)
    if _CLAUSES.match(below.lstrip()) and blanks_of(above) == deeper + step:
        return blanks_of(above)
    return None


def _step(lines: list[str]) -> str:
    """Return by what the bodies of these lines are mostly indented."""
    found = Counter(
        blanks_of(body).removeprefix(blanks_of(header))
        for header, body in pairwise(lines)
        if header.rstrip().endswith(":") and depth_of(body) > depth_of(header) and body.startswith(blanks_of(header))
    )
    return found.most_common(1)[0][0] if found else _USUAL


def _step_like(blanks: str, step: str) -> str:
    """Return the step of a file where it goes with the blanks of the lines here: Python takes no mixture of both."""
    if blanks and ("\t" in blanks) != ("\t" in step):
        return "\t" if "\t" in blanks else _USUAL
    return step


def _is_code(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and not bare.startswith("#")


def _closes_more(line: str) -> bool:
    return sum(map(line.count, ")]}")) > sum(map(line.count, "([{"))


def blanks_of(line: str) -> str:
    """Return what a line is indented with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def depth_of(line: str) -> int:
    """Return by how many columns a line is indented."""
    return len(blanks_of(line).expandtabs(8))
