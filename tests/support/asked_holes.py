"""Holes with marks, made up."""

from collections.abc import Sequence

from assistant.measure.evaluate.ask import Answer
from assistant.measure.repository.ask import Asked, mark
from assistant.repository.holes import Hole
from assistant.repository.spans import Kind
from assistant.types import ContextPiece

TRUTH = "compute(value)"
_PIECE = ContextPiece("src/other.py", (3, 9), 120, "defines compute")


def make_hole(number: int, kind: Kind = "line", language: str = "python", truth: str = TRUTH) -> Hole:
    before, after = f"def f_{number}(value):\n    return ", "\n\n\nlast = 1\n"
    text = before + truth + after
    return Hole(f"src/f_{number}.py", language, kind, text, len(before), len(before) + len(truth), 2, 11)


def make_asked(
    number: int, base: bool, retrieval: bool, kind: Kind = "line", language: str = "python", ms: float = 100.0
) -> Asked:
    """Return a hole that each arm has right or not; retrieval takes twice as long."""
    hole = make_hole(number, kind, language)
    texts = {"base": TRUTH if base else "compute(", "retrieval": TRUTH if retrieval else "other"}
    marks = {
        name: mark(hole, Answer(text, ms * (1 + at), 100 * (1 + at), 0, 4, 80.0, 40.0, context=(_PIECE,) * at))
        for at, (name, text) in enumerate(texts.items())
    }
    return Asked(hole, marks)


def make_many(both: int, only_base: int, only_retrieval: int, neither: int, kind: Kind = "line") -> list[Asked]:
    """Return so many holes of each sort."""
    sorts: Sequence[tuple[int, bool, bool]] = (
        (both, True, True), (only_base, True, False), (only_retrieval, False, True), (neither, False, False),
    )  # fmt: skip
    return [
        make_asked(10_000 * at + n, one, two, kind) for at, (count, one, two) in enumerate(sorts) for n in range(count)
    ]
