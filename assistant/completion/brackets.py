"""Brackets and quotes of a text that need no tree: which are code, which are open, which have a partner below."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from assistant.languages import Comments, Language, language_named

PAIRS = {")": "(", "]": "[", "}": "{"}
"""The bracket that each closing one closes."""
_NESTING = 100
"""So many open brackets are compared with the closing ones below: the innermost."""
_QUOTES = frozenset("\"'`")
# A string that has no end yet ends with its line.
_STRINGS = {
    '"': r'"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z)',
    "'": r"'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z)",
    "`": r"`(?:\\.|[^`\\])*(?:`|\Z)",
    '"""': r'"""(?:\\.|.)*?(?:"""|\Z)',
    "'''": r"'''(?:\\.|.)*?(?:'''|\Z)",
}
# Where ' encloses one character, or stands alone (lifetimes, apostrophes).
_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"
# What may stand before a comment that must not be inside of a word.
_ALONE = r"(?<![^\s;&|()])"
_BRACKET = r"[()\[\]{}]"


def brackets_of(text: str, language: str | None) -> Iterator[tuple[int, str]]:
    """Yield place and character of each bracket of code, none of those in comments and strings."""
    for found in _code(language_named(language)).finditer(text):
        if found[1]:
            yield found.start(), found[1]


@functools.cache
def _code(record: Language | None) -> re.Pattern[str]:
    """Return what finds comments and strings of a language, and in group 1 brackets outside of them.

    Of a language that nobody knows no comments are known either: what looks like one may be half of an address.
    """
    comments = record.comments if record else Comments()
    quotes = record.quotes if record else ('"',)
    parts = [rf"{re.escape(begin)}.*?(?:{re.escape(end)}|\Z)" for begin, end in comments.block]
    parts += [_line_comment(mark, comments) for mark in comments.line]
    parts += [_STRINGS[quote] for quote in sorted(quotes, key=len, reverse=True)]
    parts += [_CHARACTER] if "'" not in quotes else []
    return re.compile("|".join((*parts, f"({_BRACKET})")), re.DOTALL)


def _line_comment(mark: str, comments: Comments) -> str:
    others = [re.escape(other) for other in comments.not_comments if other.startswith(mark)]
    none_of = f"(?!{'|'.join(others)})" if others else ""
    return f"{_ALONE if comments.alone else ''}{none_of}{re.escape(mark)}[^\\n]*"


def closable_brackets(before: str, after: str, language: str | None) -> str:
    """Return the innermost open brackets that may be closed without taking them from a closing one in ``after``."""
    open_ = open_brackets(before, language)
    closing: list[str] = []
    depth: list[str] = []
    for _, bracket in brackets_of(after, language):
        if bracket not in PAIRS:
            depth.append(bracket)
        elif depth:
            depth.pop()
        else:
            closing.append(PAIRS[bracket])
    homes = _homes(open_, closing)
    return open_[len(open_) - homes.count(homes[0]) + 1 :]


def open_brackets(text: str, language: str | None) -> str:
    """Return the brackets that ``text`` opens and does not close."""
    found: list[str] = []
    for _, bracket in brackets_of(text, language):
        if bracket not in PAIRS:
            found.append(bracket)
        elif found and found[-1] == PAIRS[bracket]:
            found.pop()
    return "".join(found)


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


def open_quote(line: str, language: str | None) -> str:
    """Return the quote of a string on this line that has no end yet, or nothing."""
    *_, last = ["", *(found[0] for found in _code(language_named(language)).finditer(line))]
    quote = last[:1]
    is_open = line.endswith(last) and quote in _QUOTES and not last.startswith(3 * quote)
    return quote if is_open and (len(last) == 1 or last[-1] != quote) else ""
