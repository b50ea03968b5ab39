"""The end of a suggestion against what stands right of the cursor: said twice, replaced, or left unbalanced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.completion.brackets import brackets_of, open_brackets
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.syntax import Syntax, surplus_bracket

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "\"'`"
# What editors put right of the cursor by themselves, and what ends a line after it.
_RIGHT_OF_CURSOR = set(")]}\"'`;:, \t")


def closes_outside(hole: Hole, kept: Sequence[str], line: str) -> bool:
    """Return whether a whole line, below the first, closes what is closed already: it belongs to what stands below."""
    return bool(kept) and not hole.syntax.line_suffix.strip() and has_surplus(hole, [*kept, line])


def has_surplus(hole: Hole, kept: Sequence[str]) -> bool:
    """Return whether these lines close a bracket that is not theirs to close."""
    text = "\n".join(kept)[len(hole.syntax.line) :]
    return surplus_bracket(text, hole.syntax) is not None


def repeats_suffix(hole: Hole, draft: Draft) -> Draft:
    """Drop the end of a suggestion that repeats what stands right of the cursor."""
    suffix, body = hole.syntax.line_suffix.strip(), draft.text.rstrip()
    for size in range(min(len(suffix), len(body)), 0, -1):
        if body.endswith(suffix[:size]) and _is_overlap(hole.syntax, body, suffix, size):
            return replace(draft, text=body[: len(body) - size])
    return draft


def replaces_suffix(hole: Hole, draft: Draft) -> Draft:
    """Take the place of closing brackets right of the cursor that the suggestion closes itself, in its middle.

    Only where nothing else stands there: ``foo(|)`` becomes ``foo(a).bar()``, and ``foo(|) + 1`` keeps its end.
    """
    suffix = hole.syntax.line_suffix.rstrip()
    if not suffix or hole.syntax.in_text or not set(suffix) <= _RIGHT_OF_CURSOR:
        return draft
    if surplus_bracket(draft.text, hole.syntax) is None:
        return draft
    for size in range(1, len(suffix) + 1):
        closed = replace(hole.syntax, closable=hole.syntax.closable + _opened_for(suffix[:size]))
        if surplus_bracket(draft.text, closed) is None:
            return replace(draft, replaces=size)
    return draft


def surplus_closing(hole: Hole, draft: Draft) -> Draft:
    """Cut a suggestion before a bracket that closes what is closed already."""
    place = None if draft.replaces else surplus_bracket(draft.text, hole.syntax)
    return draft if place is None else repeats_suffix(hole, replace(draft, text=draft.text[:place].rstrip()))


def unclosed_before_suffix(hole: Hole, draft: Draft) -> Draft:
    """Close the brackets that a suggestion opened, where the ones right of the cursor belong to something else."""
    suffix = hole.syntax.line_suffix.strip()
    if not suffix or draft.cut_short or hole.syntax.in_text or draft.replaces or "\n" in draft.text:
        return draft
    missing = open_brackets(draft.text, hole.syntax.language)
    if not missing or suffix[0] not in _CLOSING.values():
        return draft
    return replace(draft, text=draft.text.rstrip() + "".join(_CLOSING[bracket] for bracket in reversed(missing)))


def _is_overlap(syntax: Syntax, body: str, suffix: str, size: int) -> bool:
    """Return whether the last ``size`` characters of ``body`` are those of ``suffix``, and not only look like them."""
    head, overlap = body[: len(body) - size], suffix[:size]
    if _splits_word(head, overlap) or _splits_word(overlap, suffix[size:]):
        return False
    if overlap[0] in _QUOTES:
        return head.count(overlap[0]) % 2 == 0 if not syntax.in_text else overlap[0] not in head
    if syntax.in_text:
        return True
    # A closing bracket that the suggestion itself opened belongs to it.
    closes = any(bracket in _CLOSING.values() for _, bracket in brackets_of(overlap, syntax.language))
    if not closes:
        return True
    surplus = surplus_bracket(body, syntax)
    return surplus is not None and surplus >= len(head)


def _splits_word(left: str, right: str) -> bool:
    return bool(left and right) and _is_word(left[-1]) and _is_word(right[0])


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _opened_for(closing: str) -> str:
    """Return the opening brackets that these closing ones close, the innermost last."""
    opening = {close: open_ for open_, close in _CLOSING.items()}
    return "".join(opening[letter] for letter in reversed(closing) if letter in opening)
