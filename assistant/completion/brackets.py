"""Which brackets of a text are open, and which of them have a partner below."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from assistant.completion.scanner import (
    BRANCH,
    CHARACTER,
    END_BRANCH,
    OTHER_BRANCH,
    Inside,
    Scanned,
    State,
    is_character,
    is_comment,
    is_text,
    lead,
    scan,
    start_state,
)
from assistant.completion.scanner_rules import PAIRS

Bracket = tuple[int, str]
"""Place and sign of a bracket; ``#if`` and its like have signs, too."""
_NESTING = 100
"""So many open brackets are compared with the closing ones below: the innermost."""
# What is open left of the cursor does not count right of it.
_UNBRACKETED = str.maketrans("([{", "...")
_BRANCHES = (BRANCH, OTHER_BRANCH, END_BRANCH)


def brackets_of(text: str, language: str | None) -> Iterator[Bracket]:
    """Yield place and character of each bracket of code, none of those in comments and strings."""
    return (found for found in scan(text, language).brackets if found[1] not in _BRANCHES)


@dataclass(frozen=True, slots=True)
class Around:
    """What the text on both sides says of a cursor.

    ``inside`` is what it stands inside of; ``quote`` ends a string that began on its line; ``in_text`` says that it is
    in a comment or a string. ``opened`` are the brackets that are open, ``closing`` those that what is right of the
    cursor closes and does not open; ``closable`` the open ones that nothing there closes, the innermost last.
    """

    inside: State
    quote: str
    in_text: bool
    closable: str
    opened: str
    closing: str


def read_around(before: str, after: str, language: str | None) -> Around:
    """Return what the text on both sides says of the cursor between."""
    row = before.rfind("\n") + 1
    above = _above(before[:row], after, language)
    line = scan(before[row:], language, above.state, after)
    if is_character(before[row:], after, line.state, language):
        line = replace(line, state=(*line.state, CHARACTER))
    quote = _quote(above.state, line.state, language)
    inside, tail = line.state, after
    if quote:
        inside, tail = inside[:-1], _behind(quote, after)
    begun = "" if line.state else lead(before, language).translate(_UNBRACKETED)
    closing = _closing(_below(begun, tail, language, inside))
    open_ = open_of((*above.brackets, *line.brackets))
    homes = _homes(open_, closing)
    return Around(
        inside=line.state,
        quote=quote,
        in_text=is_text(line.state, language),
        closable=open_[len(open_) - homes.count(homes[0]) + 1 :],
        opened=open_,
        closing="".join(closing),
    )


@functools.lru_cache(maxsize=16)
def _above(text: str, after: str, language: str | None) -> Scanned:
    """Return the scan of the lines above a cursor's: kept, since with most keys only the line itself changes."""
    return scan(text, language, start_state(text + after, language), after)


@functools.lru_cache(maxsize=16)
def _below(begun: str, text: str, language: str | None, state: State) -> tuple[Bracket, ...]:
    brackets = scan(begun + text, language, state).brackets
    return tuple((place - len(begun), sign) for place, sign in brackets if place >= len(begun))


def _quote(above: State, state: State, language: str | None) -> str:
    """Return what ends a string that began on the line between two states, or nothing."""
    top = state[-1] if len(state) > len(above) else None
    return top.end if isinstance(top, Inside) and is_text(state, language) and not is_comment(state, language) else ""


def _behind(quote: str, after: str) -> str:
    """Return the text right of the cursor without the end of the string that the cursor is in."""
    end = after.find(quote, 0, after.find("\n") + 1 or len(after))
    return after[end + len(quote) :] if end >= 0 else after


def are_closed_below(brackets: str, opened: str, closing: str) -> bool:
    """Return whether some of these brackets, open after those of ``opened``, have a partner in ``closing``."""
    return _homes(opened + brackets, list(closing))[0] > _homes(opened, list(closing))[0]


def closable_brackets(before: str, after: str, language: str | None) -> str:
    """Return the innermost open brackets that may be closed without taking them from a closing one in ``after``."""
    open_, closing = open_brackets(before, language), _closing(scan(after, language).brackets)
    homes = _homes(open_, closing)
    return open_[len(open_) - homes.count(homes[0]) + 1 :]


@functools.lru_cache(maxsize=256)
def open_brackets(text: str, language: str | None) -> str:
    """Return the brackets that ``text`` opens and does not close."""
    return open_of(scan(text, language).brackets)


def open_of(brackets: Iterable[Bracket]) -> str:
    """Return those of the brackets that are opened and not closed; of the parts of an ``#if`` the last one counts."""
    found: list[str] = []
    branches: list[list[str]] = []
    for _, sign in brackets:
        if sign == BRANCH:
            branches.append([*found])
        elif sign in _BRANCHES:
            if branches and sign == OTHER_BRANCH:
                found = [*branches[-1]]
            elif branches:
                branches.pop()
        elif sign not in PAIRS:
            found.append(sign)
        elif found and found[-1] == PAIRS[sign]:
            found.pop()
    return "".join(found)


def _closing(brackets: Iterable[Bracket]) -> list[str]:
    """Return what the brackets close that they do not open themselves, as the opening ones.

    Of the parts of an ``#if`` the first counts, or that in which they begin.
    """
    closing: list[str] = []
    depth: list[str] = []
    skipped = 0
    for _, sign in brackets:
        if skipped:
            skipped += (sign == BRANCH) - (sign == END_BRANCH)
        elif sign in _BRANCHES:
            skipped = int(sign == OTHER_BRANCH)
        elif sign not in PAIRS:
            depth.append(sign)
        elif depth:
            depth.pop()
        else:
            closing.append(PAIRS[sign])
    return closing


def _homes(open_: str, closing: list[str]) -> list[int]:
    """Return how many closing brackets (by the opening ones they want) have an open one, for each number closed before.

    The first number is with all open, the next with the innermost closed. Those without one close what is still to be
    written at the cursor, so as few as possible are left so: the longest common subsequence of both.
    """
    wanted = closing[:_NESTING]
    row = [0] * (len(wanted) + 1)
    homes = [0]
    for bracket in open_[-_NESTING:]:
        outer, row = row, [0] * (len(wanted) + 1)
        for place in reversed(range(len(wanted))):
            row[place] = outer[place + 1] + 1 if wanted[place] == bracket else max(outer[place], row[place + 1])
        homes.append(row[0])
    return homes[::-1]
