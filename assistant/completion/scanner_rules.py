"""What a scan looks for in each language, by its record: brackets, and what begins and ends that is no code."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from assistant.languages import Language, Quoted

PAIRS = {")": "(", "]": "[", "}": "{"}
"""The bracket that each closing one closes."""
CLOSING = {opening: closing for closing, opening in PAIRS.items()}
"""The bracket that closes each opening one."""
# What ends a text that begins with a bracket, and the other way round.
ENDS = {**CLOSING, "<": ">"}
BEGINS = {**PAIRS, ">": "<"}
# One character between quotes; a ' in front of anything else stands alone (lifetimes, digits, primes).
_CHARACTER = r"(?:(?<!\w)|(?<=\b[LuUb])|(?<=\bu8))'(?:\\[^\n]{1,8}?|[^'\\\n])'"
# What is quoted so in a language that nobody knows: no apostrophes.
_PLAIN = r"(?<!\w)'[^'\n]*'(?!\w)"
# `in` of a case or the end of a branch, and the pattern of the next: one or several, each a word or a string.
WORD = r"""(?:\\.|"[^"\n]*"|'[^'\n]*'|\$\{[^}\n]*\}|\[[^\]\n]*\]|[^\s()|;&"'#])+"""
BEFORE_CASE = r"(?:\s|(?<=\s)\#[^\n]*\n)*"
_PATTERN = rf"\(?[ \t]*{WORD}(?:[ \t]*\|[ \t]*{WORD})*[ \t]*\)"
HERE = Quoted("", "", long=True, escape="")
"""A text on lines of its own, as a heredoc is."""


class Rules(NamedTuple):
    """What is looked for: by ``code`` in code itself, where whole strings are passed by, by ``inserted`` in strings."""

    code: re.Pattern[str]
    inserted: re.Pattern[str]
    quoted: dict[str, tuple[Quoted, re.Pattern[str]]]
    here: re.Pattern[str] | None
    counted: dict[str, Quoted]
    known: bool


@functools.cache
def rules_of(record: Language | None) -> Rules:
    """Return what finds the next sign of code that counts: a group with a name for each kind."""
    quoted = {f"q{number}": one for number, one in enumerate(_quoted(record))}
    parts: list[str] = []
    here = record.here if record else ""
    if record and record.preprocessor:
        parts.append(r"\#[ \t]*(?P<branch>if|el|endif)")
    if record and record.cases:
        parts += [rf"\bin\b{BEFORE_CASE}{_PATTERN}", rf";(?:;&?|&){BEFORE_CASE}{_PATTERN}"]
    if record and record.skips:
        parts.append(record.skips)
    if here:
        parts.append(f"(?P<here>{_unnamed(here)})")
    begin = len(parts)
    parts += [f"(?P<{name}>{_unnamed(one.begin)})" for name, one in quoted.items()]
    wholes = [_whole(one) for one in quoted.values()]
    if record is None or record.fences:
        parts.append(_PLAIN)
    if has_characters(record):
        parts.append(_CHARACTER)
    parts.append(r"(?P<bracket>[()\[\]{}])")
    begins = {name: (one, re.compile(one.begin, re.MULTILINE)) for name, one in quoted.items()}
    counted = {one.nests: one for one in quoted.values() if one.counts and one.nests}
    signs = {sign for part in parts for sign in part if not sign.isspace() and not sign.isalnum()} | {"_"}
    letters = {found[1] for part in parts if (found := re.match(r"(?:\(\?P<\w+>)?\\b([a-z])", part))}
    # Most letters begin nothing: they are passed by at once.
    first = f"(?=[{re.escape(''.join(sorted(signs | letters)))}])"
    passing = [each for pair in zip(wholes, parts[begin:], strict=False) for each in pair if each]
    code = [*parts[:begin], *passing, *parts[begin + len(wholes) :]]
    return Rules(
        code=re.compile(f"{first}(?:{'|'.join(code)})", re.MULTILINE),
        inserted=re.compile(f"{first}(?:{'|'.join(parts)})", re.MULTILINE),
        quoted=begins,
        here=re.compile(here) if here else None,
        counted=counted,
        known=record is not None and not record.fences,
    )


def _whole(quoted: Quoted) -> str:
    """Return a pattern for all of a piece that is no code, where it holds nothing that matters; else nothing."""
    if quoted.inserts or quoted.nests or quoted.counts or quoted.skips or "{}" in quoted.end:
        return ""
    begin, escape = _unnamed(quoted.begin), re.escape(quoted.escape)
    if not quoted.end:
        return "" if quoted.long or escape else rf"(?:{begin})[^\n]*+(?=\n)"
    first, rest = re.escape(quoted.end[0]), re.escape(quoted.end[1:])
    parts = [
        rf"[^{first}{escape}{'' if quoted.long else chr(92) + 'n'}]++",
        rf"{escape}[\s\S]" if escape else "",
        rf"{first}(?!{rest})" if rest else "",
    ]
    return rf"(?:{begin})(?:{'|'.join(filter(None, parts))})*+{first}{rest}"


def _quoted(record: Language | None) -> list[Quoted]:
    """Return all that is no code in a language: block comments, strings of its own forms, line comments, plain ones."""
    if record is None:
        return [Quoted('"', '"')]
    comments = record.comments
    found = [
        Quoted(re.escape(begin), end, long=True, escape="", nests=begin if comments.nests else "")
        for begin, end in comments.block
    ]
    found += record.quoted
    found += [Quoted(_line_comment(mark, record), "", escape="") for mark in comments.line]
    for quote in sorted(record.quotes, key=len, reverse=True):
        found.append(Quoted(quote, quote, long=len(quote) > 1 or record.long_quotes))
    return found


def has_characters(record: Language | None) -> bool:
    """Return whether ``'`` begins no string in a language."""
    return record is None or not ("'" in record.quotes or any(one.end == "'" for one in record.quoted))


def _line_comment(mark: str, record: Language) -> str:
    comments = record.comments
    others = [re.escape(other) for other in comments.not_comments if other.startswith(mark)]
    none_of = f"(?!{'|'.join(others)})" if others else ""
    # What may stand before a comment that must not be inside of a word.
    alone = r"(?<![^\s;&|()])" if comments.alone else ""
    return f"{alone}{none_of}{re.escape(mark)}"


def _unnamed(pattern: str) -> str:
    """Return a pattern without groups of its own."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\((?!\?)", r"\1(?:", pattern) if "(" in pattern else pattern


def here_end(tag: str) -> re.Pattern[str]:
    """Return what finds the line that ends a text on lines of its own."""
    return re.compile(rf"^[ \t]*(?P<end>{re.escape(tag)})\b", re.MULTILINE)


@functools.lru_cache(maxsize=512)
def inside(quoted: Quoted, end: str) -> re.Pattern[str]:
    """Return what finds the next thing in a string that is more than a letter."""
    if quoted is HERE:
        return here_end(end)
    opening = BEGINS.get(end, "") if "{}" in quoted.end else ""
    nested = quoted.nests or opening
    parts = [
        quoted.skips,
        rf"{re.escape(quoted.escape)}."
        if quoted.escape and not any(x[0] == quoted.escape for x in quoted.inserts)
        else "",
        f"(?P<insert>{'|'.join(map(re.escape, quoted.inserts))})" if quoted.inserts else "",
        rf"{re.escape(quoted.escape)}." if quoted.escape and any(x[0] == quoted.escape for x in quoted.inserts) else "",
        f"(?P<nested>{re.escape(nested)})" if nested else "",
        f"(?P<end>{re.escape(end)})" if end else "",
        "" if quoted.long else r"(?P<line>\n)",
    ]
    return re.compile("|".join(filter(None, parts)) or r"(?!)", re.DOTALL)
