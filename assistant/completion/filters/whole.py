"""What is decided once a suggestion is whole: its unfinished end, what does not parse, what is not worth showing."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.completion.brackets import read_around
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.syntax import breaks, was_right

_MOST_CUTS = 8
_LAST_WORD = re.compile(r"[\w$]+\Z")
# A comma, a dot or a binary operator at the end, behind something that it joins: no assignment, no opening bracket.
_LEADS_ON = re.compile(r"(?<=[\w)\]}\"'`])\s*(?:[,.?]|->|::|\?\.|&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%&|^<>]|\s)\s*\Z")


def unfinished_line(hole: Hole, draft: Draft) -> Draft:
    """Drop a line in whose middle the model was stopped, where whole ones stand before it; else its last word."""
    whole, _, last = draft.text.rpartition("\n")
    if not draft.cut_short or not last.strip():
        return draft
    return replace(draft, text=whole if whole.strip() else _without_last_word(hole, draft.text))


def _without_last_word(hole: Hole, text: str) -> str:
    """Return a line without the word in which it was cut, and without what only leads on to that, an operator."""
    left = _LAST_WORD.sub("", text)
    if not left.strip() and not hole.syntax.line.strip():
        return ""
    if hole.syntax.in_text or read_around(hole.syntax.before + left, "", hole.syntax.language).in_text:
        return left.rstrip()
    return _LEADS_ON.sub("", left)


def outer_blanks(hole: Hole, draft: Draft) -> Draft:
    """Drop blanks and line ends at the end, but those that alone part it from what stands right of the cursor."""
    stripped, suffix = draft.text.rstrip(), hole.syntax.line_suffix
    parted = not suffix.strip() or suffix[0].isspace()
    if "\n" in draft.text[len(stripped) :] or not stripped or (parted and not draft.replaces):
        return replace(draft, text=stripped)
    return draft


def broken_syntax(hole: Hole, draft: Draft) -> Draft | None:
    """Cut a suggestion after its last line with which the file parses as well as before; drop it where there is none.

    A file that has errors anyway tells nothing by having more of them: there it stays as it is.
    """
    if not draft.text or not breaks(hole.syntax, draft.text, draft.replaces):
        return draft
    text = draft.text
    for _ in range(_MOST_CUTS):
        text = text.rpartition("\n")[0].rstrip()
        if not text:
            break
        if not breaks(hole.syntax, text, draft.replaces):
            return replace(draft, text=text)
    return None if was_right(hole.syntax) else draft


def too_short(hole: Hole, draft: Draft) -> Draft | None:
    """Show no lone sign unasked: it is typed as quickly as it is read."""
    sign = draft.text.strip()
    return None if hole.auto and len(sign) == 1 and not sign.isalnum() else draft


def low_confidence(hole: Hole, draft: Draft) -> Draft | None:
    """Show nothing unasked that the model itself holds for unlikely."""
    sure = draft.mean_logprob
    return None if hole.auto and sure is not None and sure < hole.least_logprob else draft
