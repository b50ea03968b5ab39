"""What else a model might have begun with, where nothing was left of what it wrote."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.completion.filters.commented import begins_comment
from assistant.completion.syntax import Syntax
from assistant.languages import language_named
from assistant.types import Choice, TokenLogprob

_NEAR = 4000
"""So many characters on each side of the cursor show whether a file has lines of comment."""
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""Stands for bytes that are a part of a character only."""


@dataclass(frozen=True, slots=True)
class AnswerStart:
    """How an answer begins before the model goes on: its characters, and the tokens that the model spelled them with.

    None are there for what it was only held to.
    """

    text: str
    tokens: tuple[TokenLogprob, ...] = ()

    def moved(self, token: TokenLogprob) -> TokenLogprob:
        """Return a token of what follows with its place in the whole answer."""
        return replace(token, start=token.start + len(self.text))

    def continued_by(self, rest: Choice) -> Choice:
        """Return the whole answer, given what the model wrote after this."""
        return replace(rest, text=self.text + rest.text, logprobs=(*self.tokens, *map(self.moved, rest.logprobs)))


def alternative_start(first: Choice, control: Sequence[str] = (), syntax: Syntax | None = None) -> AnswerStart | None:
    """Return the likeliest start with which the first line would not be the one that ``first`` has.

    One token of that line is another one of those that came next there (``TokenLogprob.top``), and those before it are
    the same: of all such starts the one that the model holds for most likely. None where no token had an
    alternative. A start that the first line of ``first`` has too, or of blanks alone, is none; nor is one with a
    spelling of ``control``; nor is a comment instead of code, where ``syntax`` shows no such lines around the cursor.
    """
    first_line = first.text[: _line_end(first.text)]
    best: AnswerStart | None = None
    best_sum = -math.inf
    before = 0.0
    for place, (token, shown) in enumerate(_shown(first)):
        if token.start > len(first_line):
            break
        for text, logprob in token.top:
            begun = _instead(text, token, shown)
            if begun is None or text in control or before + logprob <= best_sum:
                continue
            whole = first.text[: token.start] + begun
            if whole.strip() and not _begins_alike(first_line, whole) and not _only_comments(first_line, whole, syntax):
                other = replace(token, text=text, logprob=logprob)
                best, best_sum = AnswerStart(whole, (*first.logprobs[:place], other)), before + logprob
        before += token.logprob
    return best


def _shown(choice: Choice) -> Iterator[tuple[TokenLogprob, str]]:
    """Yield each token with the characters of the answer that are its own."""
    starts = [*(token.start for token in choice.logprobs), len(choice.text)]
    for token, (start, end) in zip(choice.logprobs, pairwise(starts), strict=True):
        yield token, choice.text[start:end]


def _instead(other: str, token: TokenLogprob, shown: str) -> str | None:
    """Return what ``other`` would have put into the answer in the place of a token; None where that cannot be told.

    A token may begin with what the answer was held to begin with, which is no part of it.
    """
    held = token.text.removesuffix(shown)
    if _NO_CHARACTER in other + token.text or other == token.text or not other.startswith(held):
        return None
    return other.removeprefix(held) or None


def _begins_alike(line: str, other: str) -> bool:
    """Return whether the first line of ``other`` is this one, or may become it."""
    end = _line_end(other)
    return line == other[:end] if end < len(other) else line.startswith(other)


def _only_comments(first_line: str, whole: str, syntax: Syntax | None) -> bool:
    """Return whether a start is a comment where the answer was none, in a file without lines of comment."""
    record = language_named(syntax.language) if syntax else None
    if record is None or syntax is None or syntax.line.strip() or syntax.in_text:
        return False
    if not begins_comment(whole.strip(), record.comments) or begins_comment(first_line.strip(), record.comments):
        return False
    near = f"{syntax.before[-_NEAR:]}\n{syntax.after[:_NEAR]}".split("\n")
    return not any(begins_comment(line.strip(), record.comments) for line in near)


def _line_end(text: str) -> int:
    """Return where the first line of a text ends that has other than blanks in it; else where the text does."""
    blanks = len(text) - len(text.lstrip())
    end = text.find("\n", blanks)
    return len(text) if end < 0 else end
