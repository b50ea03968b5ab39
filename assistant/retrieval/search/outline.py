"""The open file in short: what lies outside of the window, as the lines that say what is there.

It stands before the window and stays as it was first made while somebody types in the window, so that the KV cache
keeps it and all that follows.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assistant.languages import Language, find_language
from assistant.repository.outline import Entry, read_outline
from assistant.repository.parsing import parse_within
from assistant.retrieval.search.query import NAME
from assistant.retrieval.search.window import STEP_LINES, THIS_FILE, CountTokens, Window

OUTLINE = "outline"
"""What this is called where it is left out to measure what it is worth."""
IN_SHORT = f"{THIS_FILE}, in short"
"""Why it is in the prompt, as people are told."""
OWN = frozenset({THIS_FILE, IN_SHORT})
"""Why what is in the prompt is there that is no other place."""
_SECONDS = 0.3
"""Text that is no code of its language can take long to parse; then there is none."""
_MOST_CHARACTERS = 2_000_000
# More would not fit, and counting takes time.
_MOST_COUNTED = 160
_MOST_KEPT = 32
_FIRST_CHARS = 200
_CALLED = frozenset({"function", "method", "constructor"})
_VALUES = frozenset({"attribute", "field", "property", "variable", "constant"})


@dataclass(frozen=True, slots=True)
class Outline:
    """``text`` is whole lines; the lines of the file that it is about go from ``first_line`` to ``last_line``."""

    text: str
    first_line: int
    last_line: int
    tokens: int


class Outlines:
    """Makes outlines, and remembers the last ones."""

    def __init__(self) -> None:
        self._made: OrderedDict[bytes, Outline | None] = OrderedDict()
        self._lock = threading.Lock()

    def take(
        self, text: str, cursor: int, path: str | None, window: Window, budget: int, count: CountTokens
    ) -> Outline | None:
        """Return the outline of ``text`` around ``window`` in at most ``budget`` tokens; None where there is none.

        It is the one that was made before where all that lies outside of the window is the same. The lower edge of the
        window moves in steps from the end of the file, as its upper edge does from the beginning.
        """
        record = find_language(path, text[:_FIRST_CHARS]) if path else None
        if record is None or record.grammar is None or budget <= 0 or len(text) > _MOST_CHARACTERS:
            return None
        lines = text.split("\n")
        below = max(len(lines) - window.last_line, 0) // STEP_LINES * STEP_LINES
        last = len(lines) - below
        if window.first_line == 1 and not below:
            return None
        key = _digest((record.name, str(budget)), lines[: window.first_line - 1], lines[last:])
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        around = _Around(window.first_line, last, text.count("\n", 0, cursor) + 1, _names(window))
        made = make_outline(text, record, around, budget, count)
        with self._lock:
            self._made[key] = made
            if len(self._made) > _MOST_KEPT:
                self._made.popitem(last=False)
        return made


class _Around(NamedTuple):
    """What is in the prompt anyway: lines ``first`` to ``last``, the cursor's ``line``, the names in the window."""

    first: int
    last: int
    line: int
    names: frozenset[str]

    def has(self, entry: Entry) -> bool:
        return entry.last_line >= self.first and entry.first_line <= self.last

    def is_in(self, entry: Entry) -> bool:
        return entry.first_line <= self.line <= entry.end_line


def _digest(said: Iterable[str], *parts: Sequence[str]) -> bytes:
    digest = hashlib.blake2b("\0".join(said).encode(), digest_size=16)
    for part in parts:
        digest.update(b"\0\0" + "\n".join(part).encode("utf-8", "surrogatepass"))
    return digest.digest()


def _names(window: Window) -> frozenset[str]:
    return frozenset(NAME.findall(window.prefix)) | frozenset(NAME.findall(window.suffix))


def make_outline(text: str, record: Language, around: _Around, budget: int, count: CountTokens) -> Outline | None:
    """Return the outline of a file in a language with a grammar, the likeliest lines first taken, in its own order."""
    source = text.encode("utf-8", "replace")
    tree = parse_within(record.name, source, _SECONDS)
    entries = read_outline(record.name, source, tree) if tree is not None else ()
    wanted = [
        number
        for _, number in sorted((worth, number) for number, worth in enumerate(_worths(entries, around)) if worth)
    ]
    marks = _marks(record)
    taken = _fitting(entries, wanted[:_MOST_COUNTED], marks, budget, count)
    while taken:
        kept = sorted({each for number in taken for each in (number, *_outer(entries, number))})
        said = "".join(f"{row}\n" for row in [*_rows(entries, kept, marks), marks.alone])
        tokens = count([said])[0]
        if tokens <= budget:
            lines = [entries[number] for number in kept]
            return Outline(said, min(each.first_line for each in lines), max(each.last_line for each in lines), tokens)
        taken.pop()  # marks and brackets came to more than was counted
    return None


# How likely lines are to be needed, the likeliest first.
_ENCLOSING, _ATTRIBUTES, _NEAR_MEMBERS, _USED, _MEMBERS, _TOP_LEVEL, _OTHER_MEMBERS = range(7)


def _worths(entries: Sequence[Entry], around: _Around) -> list[tuple[int, int] | None]:
    """Return for each entry how likely it is needed (the least number first); None: it stands in the window, or cannot.

    What is local to a function that is not the cursor's is seen by nobody.
    """
    enclosing = {number for number, entry in enumerate(entries) if around.is_in(entry)}
    inner = [entries[number] for number in enclosing]
    owners = {
        name for each in inner for name in (*(each.names if each.kind not in _CALLED else ()), each.owner) if name
    }
    found: list[tuple[int, int] | None] = []
    for number, entry in enumerate(entries):
        if around.has(entry) or _is_local(entries, number, enclosing):
            found.append(None)
            continue
        tier = _ENCLOSING if number in enclosing else _tier(entries, entry, owners, around.names)
        found.append((tier, abs(entry.first_line - around.line)))
    return found


def _is_local(entries: Sequence[Entry], number: int, enclosing: set[int]) -> bool:
    if entries[number].kind == "attribute":
        return False
    return any(entries[each].kind in _CALLED and each not in enclosing for each in _outer(entries, number))


def _outer(entries: Sequence[Entry], number: int) -> list[int]:
    """Return the entries around one, the innermost first."""
    found: list[int] = []
    inside = entries[number].inside
    while inside is not None:
        found.append(inside)
        inside = entries[inside].inside
    return found


def _tier(entries: Sequence[Entry], entry: Entry, owners: set[str], names: frozenset[str]) -> int:
    used = not names.isdisjoint(entry.names)
    outer = entry.inside
    while outer is not None and entries[outer].kind in _CALLED:
        outer = entries[outer].inside
    holder = entries[outer] if outer is not None else None
    if entry.owner in owners or (holder is not None and not owners.isdisjoint(holder.names)):
        if entry.kind in _VALUES or entry.kind == "constructor":
            return _ATTRIBUTES
        return _NEAR_MEMBERS if used else _MEMBERS
    if used:
        return _USED
    return _TOP_LEVEL if holder is None or holder.kind in _TRANSPARENT else _OTHER_MEMBERS


_BRACKETS = ")]}"
_TRANSPARENT = frozenset({"group", "namespace", "module"})


class _Marks(NamedTuple):
    """What tells that something is left out: ``inline`` in a row, ``alone`` as a row. ``closed``: code may follow."""

    inline: str
    alone: str
    closed: bool


def elision_marks(record: Language) -> frozenset[str]:
    """Return the comments that tell in this language that something is left out; none where it has no comments."""
    marks = _marks(record)
    return frozenset((marks.inline, marks.alone)) - {_NO_COMMENT}


_NO_COMMENT = "..."


def _marks(record: Language) -> _Marks:
    line, block = record.comments.line, record.comments.block
    if block:
        begin, end = block[0]
        inline = f"{begin} ... {end}"
        return _Marks(inline, f"{line[0]} ..." if line else inline, closed=True)
    return (
        _Marks(f"{line[0]} ...", f"{line[0]} ...", closed=False)
        if line
        else _Marks(_NO_COMMENT, _NO_COMMENT, closed=True)
    )


def _fitting(
    entries: Sequence[Entry], wanted: Sequence[int], marks: _Marks, budget: int, count: CountTokens
) -> list[int]:
    """Return the first of ``wanted`` that fit together with the entries around each."""
    needed = list(dict.fromkeys(each for number in wanted for each in (number, *_outer(entries, number))))
    costs = dict(zip(needed, count([_cost(entries[each], marks) for each in needed]), strict=True))
    left = budget - count([marks.alone + "\n"])[0]
    kept: set[int] = set()
    taken: list[int] = []
    for number in wanted:
        new = {number, *_outer(entries, number)} - kept
        cost = sum(costs[each] for each in new)
        if cost <= left:
            kept |= new
            left -= cost
            taken.append(number)
    return taken


def _cost(entry: Entry, marks: _Marks) -> str:
    """Return what is counted for an entry."""
    return "".join(f"{row}\n" for row in _folded(entry, marks))


def _blanks(entry: Entry) -> str:
    return entry.header[: len(entry.header) - len(entry.header.lstrip())]


def _rows(entries: Sequence[Entry], kept: Sequence[int], marks: _Marks) -> list[str]:
    """Return the rows of the entries that are kept, each with its members in it and a mark for what is left out."""
    members: dict[int | None, list[int]] = {}
    for number in kept:
        members.setdefault(entries[number].inside, []).append(number)
    everything: dict[int | None, int] = {}
    for entry in entries:
        everything[entry.inside] = everything.get(entry.inside, 0) + 1

    def rows_of(number: int) -> list[str]:
        entry = entries[number]
        within = members.get(number, [])
        if not within:
            return _folded(entry, marks)
        # An attribute that is assigned under a condition stands as if it were not.
        blanks = min((_blanks(entries[each]) for each in within), key=len)
        inside = [
            blanks + row.lstrip() if entries[each].kind == "attribute" else row
            for each in within
            for row in rows_of(each)
        ]
        whole = entry.kind not in _CALLED and len(within) == everything[number]
        mark = [] if whole else [blanks + marks.alone]
        return [entry.header, *inside, *mark, *([entry.closer] if entry.closer else [])]

    return [row for number in members.get(None, ()) for row in rows_of(number)]


def _folded(entry: Entry, marks: _Marks) -> list[str]:
    """Return an entry without what is in it."""
    if not entry.elides:
        return [entry.header]
    if entry.closer and (marks.closed or entry.closer.strip()[0] in _BRACKETS):
        inline = f" {marks.inline} " if marks.closed else "..."
        return [f"{entry.header}{inline}{entry.closer.strip()}"]
    commented = not marks.closed and marks.alone.removesuffix("...") in entry.header
    gap = " " if marks.closed else "  "
    header = entry.header if commented else f"{entry.header}{gap}{marks.inline}"
    return [header, *([entry.closer] if entry.closer else [])]
