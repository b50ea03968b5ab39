"""A few holes to look at: where one arm alone was right, where all were, and where none was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.measure.repository.ask import Asked, Mark

_ABOVE, _BELOW = 9, 3


def choose_examples(asked: Sequence[Asked], names: Sequence[str], most: int = 20) -> list[tuple[str, Asked]]:
    """Return holes with a word on why each was chosen, the telling ones first: good and bad, the first of each sort.

    ``names`` are the arms that they are sorted by; what others wrote does not count.
    Every arm gets its share of the holes that it alone has right, so that what harms is seen as well as what helps.
    """
    asked_by = {each.hole.id: each for each in asked}
    asked = [Asked(each.hole, {name: each.marks[name] for name in names}) for each in asked]
    sorts: list[tuple[str, list[Asked]]] = [
        (f"only {name} is right", _those(asked, lambda marks, name=name: _alone(marks, name)))
        for name in (*names[1:], names[0])
        if len(names) > 1
    ]
    sorts += [
        ("all are right", _those(asked, lambda marks: all(mark.exact for mark in marks.values()))),
        ("none is right, but near", _those(asked, lambda marks: _none(marks) and _nearest(marks) >= 0.5)),
        ("none is right", _those(asked, lambda marks: _none(marks) and _nearest(marks) < 0.5)),
    ]
    chosen: dict[int, int] = dict.fromkeys(range(len(sorts)), 0)
    while sum(chosen.values()) < most and any(chosen[at] < len(found) for at, (_, found) in enumerate(sorts)):
        for at, (_, found) in enumerate(sorts):
            if chosen[at] < len(found) and sum(chosen.values()) < most:
                chosen[at] += 1
    return [(why, asked_by[each.hole.id]) for at, (why, found) in enumerate(sorts) for each in found[: chosen[at]]]


def surroundings(asked: Asked) -> tuple[str, str, int]:
    """Return the lines above the hole with its own up to there, those below, and how many blanks all begin with."""
    above = "\n".join(asked.hole.before.split("\n")[-_ABOVE:])
    above = above[len(above) - len(above.lstrip("\n")) :] if above.strip() else above
    below = "\n".join(asked.hole.after.split("\n")[:_BELOW])
    lines = f"{above}{asked.hole.truth}{below}".split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    return above, below, min(indents, default=0)


def without_indent(text: str, blanks: int, *, whole: bool) -> str:
    """Return lines without so many of their first blanks; ``whole``: the first line is one from its beginning."""
    first, *rest = text.split("\n")
    cut = [_without(line, blanks) for line in rest]
    return "\n".join([_without(first, blanks) if whole else first, *cut])


def _without(line: str, blanks: int) -> str:
    return line[min(blanks, len(line) - len(line.lstrip(" "))) :]


def _those(asked: Sequence[Asked], wanted: Callable[[dict[str, Mark]], bool]) -> list[Asked]:
    return [each for each in asked if wanted(dict(each.marks))]


def _alone(marks: dict[str, Mark], name: str) -> bool:
    return [other for other, mark in marks.items() if mark.exact] == [name]


def _none(marks: dict[str, Mark]) -> bool:
    return not any(mark.exact for mark in marks.values())


def _nearest(marks: dict[str, Mark]) -> float:
    return max(mark.similarity for mark in marks.values())
