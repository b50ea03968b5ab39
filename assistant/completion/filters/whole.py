"""What is decided once a suggestion is whole: its unfinished end, what does not parse, what is not worth showing."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.completion.brackets import read_around
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.filters.lines import head_of_below, is_part_of_below
from assistant.completion.filters.repeats import begins_unit_below
from assistant.completion.filters.suffix_overlap import leaves_open
from assistant.completion.statements import is_aside, is_closing, record_of, standing
from assistant.completion.syntax import Syntax, breaks, errors_with, lacks_a_name, surplus_bracket, was_right

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


def takes_below(hole: Hole, draft: Draft) -> Draft | None:
    """Cut a statement whose head would take what stands below for its body, or for the rest of it.

    That may be what it is for: where the file has fewer errors with it, where what stands below is deeper or in braces
    without a head, and where it is an attribute of that.
    """
    if hole.syntax.line_suffix.strip() or hole.syntax.in_text:
        return draft
    text = draft.text
    while text.strip() and not _leaves_below(hole, text):
        text = text.rstrip().rpartition("\n")[0]
    return replace(draft, text=text) if text.strip() or not draft.text else None


def _leaves_below(hole: Hole, text: str) -> bool:
    """Return whether a text takes nothing of what stands below that is not meant for it."""
    syntax = hole.syntax
    found = standing(syntax, text)
    if found is None or found.crosses is None or found.errors < (syntax.errors or 0):
        return True
    if syntax.line.strip() and "\n" not in _first_bytes(text, found.crosses):
        return True
    lines, comments = f"{syntax.line}{text}".rstrip().split("\n"), record_of(syntax).comments
    below = next(iter(syntax.below), "").strip()
    is_attribute = (found.says_nothing or is_aside(lines[-1].strip(), comments)) and not is_aside(below, comments)
    return is_attribute or head_of_below(hole, lines) or is_part_of_below(hole, lines)


def _first_bytes(text: str, count: int) -> str:
    return text.encode("utf-8", "replace")[:count].decode("utf-8", "ignore")


def outer_blanks(hole: Hole, draft: Draft) -> Draft:
    """Drop blanks and line ends at the end, but those that alone part it from what stands right of the cursor."""
    stripped, suffix = draft.text.rstrip(), hole.syntax.line_suffix
    parted = not suffix.strip() or suffix[0].isspace()
    if "\n" in draft.text[len(stripped) :] or not stripped or (parted and not draft.replaces):
        return replace(draft, text=stripped)
    return draft


def broken_syntax(hole: Hole, draft: Draft) -> Draft | None:
    """Cut a suggestion after its last line with which the file parses as well as before; drop it where there is none.

    A file that has errors anyway tells nothing by having more of them: there it stays as it is. But a line that a mere
    name would make whole the suggestion has to make whole too, and what it opens is closed in any file.
    """
    if not draft.text or not _breaks(hole.syntax, draft.text, draft.replaces):
        return draft
    text = draft.text
    for _ in range(_MOST_CUTS):
        text = text.rpartition("\n")[0].rstrip()
        if not text:
            break
        if not _breaks(hole.syntax, text, draft.replaces):
            return replace(draft, text=text)
    lost = was_right(hole.syntax) or lacks_a_name(hole.syntax) or leaves_open(hole.syntax, draft.text)
    return None if lost else draft


def _breaks(syntax: Syntax, text: str, replaces: int) -> bool:
    """Return whether the file parses worse with a text, or no better where any name would do, or lacks a bracket."""
    if breaks(syntax, text, replaces):
        return True
    if not syntax.errors:
        return False
    return leaves_open(syntax, text) or (lacks_a_name(syntax) and errors_with(syntax, text, replaces) != 0)


def repeats_below_alone(hole: Hole, draft: Draft) -> Draft | None:
    """Drop the beginning of what stands below where other filters have left that at the end of a suggestion."""
    line = hole.syntax.line
    lines = f"{line}{draft.text}".split("\n")
    start = begins_unit_below(hole, lines) if draft.text.strip() else None
    if start is None:
        return draft
    text = "\n".join(lines[:start])[len(line) :].rstrip()
    return replace(draft, text=text) if text else None


def too_short(hole: Hole, draft: Draft) -> Draft | None:
    """Show no lone sign unasked: it is typed as quickly as it is read. What ends a block on its own line is none."""
    sign = draft.text.strip()
    if not hole.syntax.line.strip() and is_closing(sign, hole.syntax) and surplus_bracket(sign, hole.syntax) is None:
        return draft
    return None if hole.auto and len(sign) == 1 and not sign.isalnum() else draft


def low_confidence(hole: Hole, draft: Draft) -> Draft | None:
    """Show nothing unasked that the model itself holds for unlikely."""
    sure = draft.mean_logprob
    return None if hole.auto and sure is not None and sure < hole.least_logprob else draft
