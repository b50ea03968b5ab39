"""Which places of a file are cut out to be learned: nearly all on its syntax tree, some anywhere."""

from __future__ import annotations

import random

from assistant.repository.spans import MOST_CHARS, Kind, Span, find_spans

TURN: tuple[Kind, ...] = ("line", "expression", "statement", "line", "argument", "body", "block")
"""The kinds in the order in which they are taken, again and again: as they are asked for later, and blocks."""
_LINES_FOR_ONE = 8
_MOST_LINES = 3
_LONGEST_LINE = 120


def syntax_spans(path: str, text: str) -> list[Span]:
    """Return the spans of a file's syntax tree; none where there is no grammar for it."""
    return find_spans(path, text, blocks=True)


def random_spans(path: str, text: str, seed: int) -> list[Span]:
    """Return spans from anywhere on a line to its end, to somewhere else on it, or to the end of one of the next two.

    There is one for each eight lines; the same ones for a seed. What they cut out is never blank.
    """
    draw = random.Random(f"{seed}:{path}")  # noqa: S311 - a choice, no secret
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    rows = [row for row, line in enumerate(lines) if line.strip() and len(line) <= _LONGEST_LINE]
    chosen = sorted(draw.sample(rows, -(-len(rows) // _LINES_FOR_ONE)))
    found: list[Span] = []
    for row in chosen:
        line = lines[row]
        indent = len(line) - len(line.lstrip())
        column = draw.randrange(indent, len(line.rstrip()))
        last = row
        ending = draw.random()
        if ending < 0.25:
            end = starts[row] + draw.randrange(column + 1, len(line) + 1)
        else:
            last = min(row + (draw.randrange(_MOST_LINES) if ending > 0.6 else 0), len(lines) - 1)
            end = starts[last] + len(lines[last].rstrip())
        start = starts[row] + column
        if text[start:end].strip() and end - start <= MOST_CHARS:
            found.append(Span("random", start, end, row + 1, text.count("\n", 0, end) + 1))
    return found
