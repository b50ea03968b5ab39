"""The end of a suggestion against what stands right of the cursor: said twice, replaced, or left unbalanced.

What stands there begins as deep in brackets and strings as the cursor is: only where the suggestion has closed all that
it opened, and nothing else, can it be at that text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from assistant.completion.brackets import are_closed_below, open_of
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.scanner import Scanned, is_text, scan
from assistant.completion.scanner_rules import CLOSING, PAIRS
from assistant.completion.syntax import Syntax, scan_written, surplus_bracket

# What editors put right of the cursor by themselves, and what ends a line after it.
_RIGHT_OF_CURSOR = set(")]}\"'`;:, \t")
_TOKEN = re.compile(r"\w+|[!=]==?|[-=]>|[<>+\-*/%&|^]=|&&|\|\||::|\+\+|--|\*\*|\.\.\.?|\S")
_BEGIN_VALUES = "_$@!~([{\"'`"
_END_VALUES = "_$)]}\"'`;"
_JOIN_PARTS = frozenset({"||", "&&", "|", "&", "+", "*", ",", "and", "or"})
_QUOTES = ('"', "'", "`")
# So many tokens of it, a word among them, are no accident in the middle of a line.
_SURE = 3


class _Token(NamedTuple):
    text: str
    place: int


def closes_outside(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a whole line, below the first, closes what is closed already: it belongs to what stands below."""
    return bool(kept) and not hole.syntax.line_suffix.strip() and has_surplus(hole, [*kept, line])


def has_surplus(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether these lines close a bracket that is not theirs to close."""
    text = "\n".join(kept)[len(hole.syntax.line) :]
    return surplus_bracket(text, hole.syntax) is not None


def repeats_suffix(hole: Hole, draft: Draft) -> Draft:
    """Drop the end of a suggestion that repeats what stands right of the cursor, token by token."""
    suffix = [token.text for token in _tokens(hole.syntax.line_suffix)]
    if not suffix or draft.replaces or _ends_a_string(hole.syntax):
        return draft
    written = list(_tokens(draft.text))
    for number, token in enumerate(written):
        if _repeats([each.text for each in written[number:]], suffix) and _is_level(hole.syntax, draft.text, token):
            return replace(draft, text=draft.text[: token.place])
    return draft


def replaces_suffix(hole: Hole, draft: Draft) -> Draft:
    """Take the place of closing brackets and a quote right of the cursor that the suggestion closes in its middle.

    Only where nothing else stands there: ``foo(|)`` becomes ``foo(a).bar()``, and ``foo(|) + 1`` keeps its end.
    """
    suffix = hole.syntax.line_suffix.rstrip()
    place = _leaves(hole.syntax, draft.text)
    if not suffix or place is None or not set(suffix) <= _RIGHT_OF_CURSOR:
        return draft
    for size in range(max(1, _same(draft.text[place:], suffix)), len(suffix) + 1):
        closed = replace(hole.syntax, closable=hole.syntax.closable + _opened_for(suffix[:size]))
        if surplus_bracket(draft.text, closed) is None:
            return replace(draft, replaces=size)
    return draft


def surplus_closing(hole: Hole, draft: Draft) -> Draft:
    """Cut a suggestion before what closes a bracket or a string that is closed already."""
    place = None if draft.replaces else _leaves(hole.syntax, draft.text)
    return draft if place is None else repeats_suffix(hole, replace(draft, text=draft.text[:place].rstrip()))


def unclosed_before_suffix(hole: Hole, draft: Draft) -> Draft:
    """Close the brackets that a suggestion opened, where the ones right of the cursor belong to something else."""
    syntax, suffix = hole.syntax, hole.syntax.line_suffix.strip()
    if not suffix or draft.cut_short or "\n" in draft.text:
        return draft
    scanned = scan_written(draft.text, syntax)
    missing = open_of(scanned.brackets)
    if not missing or is_text(scanned.state, syntax.language):
        return draft
    alone = suffix[0] in PAIRS and not syntax.in_text and not _are_closed_right(syntax, draft.text, missing)
    if not draft.replaces and not alone:
        return draft
    return replace(draft, text=draft.text.rstrip() + "".join(CLOSING[bracket] for bracket in reversed(missing)))


def leaves_open(syntax: Syntax, text: str) -> bool:
    """Return whether a suggestion opens a bracket that neither it nor anything right of the cursor or below closes."""
    scanned = scan_written(text, syntax)
    missing = open_of(scanned.brackets)
    return bool(missing) and not _are_closed_right(syntax, text, missing)


def _tokens(text: str) -> Iterator[_Token]:
    return (_Token(found[0], found.start()) for found in _TOKEN.finditer(text))


def _repeats(written: Sequence[str], suffix: Sequence[str]) -> bool:
    """Return whether these tokens are the beginning of ``suffix``, or begin as it does in a way that is no accident."""
    if written == suffix[: len(written)]:
        return True
    sure = suffix[:_SURE]
    begins_alike = len(sure) == _SURE and written[:_SURE] == sure and any(each[0].isalpha() for each in sure)
    return begins_alike and not _leads_up_to(written[-1], suffix[0]) and not _is_another_part(written, suffix)


def _is_another_part(written: Sequence[str], suffix: Sequence[str]) -> bool:
    """Return whether both are parts of one expression, by a sign that joins any number, and name different things."""
    differ = next(((one, other) for one, other in zip(written, suffix, strict=False) if one != other), None)
    return suffix[0] in _JOIN_PARTS and differ is not None and all(each[0].isalpha() for each in differ)


def _leads_up_to(last: str, first: str) -> bool:
    """Return whether a suggestion ends with a sign that joins it to the value that stands right of the cursor.

    Then it is no beginning of that, however alike: ``!row.id || |!row.begin``.
    """
    return (first[0].isalnum() or first[0] in _BEGIN_VALUES) and not (last[0].isalnum() or last[0] in _END_VALUES)


def _ends_a_string(syntax: Syntax) -> bool:
    """Return whether the quote right of the cursor ends a string that is still to be begun."""
    suffix = syntax.line_suffix
    if syntax.in_text or not suffix.startswith(_QUOTES):
        return False
    return scan(suffix, syntax.language, syntax.inside).state != syntax.inside


def _is_level(syntax: Syntax, text: str, token: _Token) -> bool:
    """Return whether a suggestion is at a token in the same brackets and the same string as the cursor is."""
    scanned = scan_written(text[: token.place], syntax)
    return scanned.left is None and scanned.state == syntax.inside and _closed_and_opened(scanned) == ([], [])


def _closed_and_opened(scanned: Scanned) -> tuple[list[str], list[str]]:
    """Return which brackets, by the opening ones, are closed though they stand before, and which are left open."""
    closed: list[str] = []
    opened: list[str] = []
    for _, sign in scanned.brackets:
        if sign in CLOSING:
            opened.append(sign)
        elif sign in PAIRS and opened and opened[-1] == PAIRS[sign]:
            opened.pop()
        elif sign in PAIRS:
            closed.append(PAIRS[sign])
    return closed, opened


def _ends_as_deep(syntax: Syntax, text: str) -> bool:
    """Return whether all that a suggestion closes is open again in its end, so that what stands right of it fits."""
    scanned = scan_written(text, syntax)
    closed, opened = _closed_and_opened(scanned)
    around = [*syntax.opened[len(syntax.opened) - len(closed) :]]
    return scanned.state == syntax.inside and opened == around == closed[::-1]


def _are_closed_right(syntax: Syntax, text: str, brackets: str) -> bool:
    """Return whether what stands right of the cursor closes what the suggestion left open."""
    return _ends_as_deep(syntax, text) or are_closed_below(brackets, syntax.opened, syntax.closing)


def _leaves(syntax: Syntax, text: str) -> int | None:
    """Return where a suggestion closes a bracket, or a string right of the cursor, that is not its to close."""
    places = [surplus_bracket(text, syntax)]
    if syntax.quote and syntax.line_suffix.startswith(syntax.quote):
        places.append(scan_written(text, syntax).left)
    place = min((each for each in places if each is not None), default=None)
    return None if place is None or _ends_as_deep(syntax, text) else place


def _same(text: str, suffix: str) -> int:
    """Return how many characters of ``suffix`` a text begins with."""
    return next(
        (place for place, pair in enumerate(zip(text, suffix, strict=False)) if pair[0] != pair[1]),
        min(len(text), len(suffix)),
    )


def _opened_for(closing: str) -> str:
    """Return the opening brackets that these closing ones close, the innermost last."""
    return "".join(PAIRS[letter] for letter in reversed(closing) if letter in PAIRS)
