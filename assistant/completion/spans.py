"""Which token each character of a suggestion came from, and what the filters took away or put there."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from assistant.types import Span, TokenLogprob

_Letter = tuple[str, int | None, bool]
"""A character, where in the written text it comes from (None: nowhere), and whether it was kept."""


def cut_spans(written: str, text: str, tokens: Sequence[TokenLogprob]) -> tuple[Span, ...]:
    """Return ``text`` as spans of the tokens of ``written``, and between and behind them what was left out of it.

    Filters shorten what a model wrote, indent its lines anew, and close brackets at its end; nothing else is expected.
    The spans that were kept, joined, are ``text`` in every case.
    """
    starts = [token.start for token in tokens]

    def token_of(place: int | None) -> int | None:
        found = bisect_right(starts, place) - 1 if place is not None else -1
        return found if found >= 0 else None

    traced = ((letter, token_of(place), kept) for letter, place, kept in _trace(written, text))
    return tuple(
        Span("".join(letter for letter, *_ in group), token, kept)
        for (token, kept), group in itertools.groupby(traced, key=lambda each: each[1:])
    )


def mean_logprob(written: str, text: str, tokens: Sequence[TokenLogprob]) -> float | None:
    """Return the mean log-probability of the tokens that ``text`` is made of; None where none is known."""
    if tokens and written.startswith(text):  # as it mostly is: no need to trace each character
        ends = itertools.chain((token.start for token in tokens[1:]), (len(written),))
        own = [one.logprob for one, end in zip(tokens, ends, strict=True) if one.start < min(end, len(text))]
        return sum(own) / len(own) if own else None
    taken = {span.token for span in cut_spans(written, text, tokens) if span.kept and span.token is not None}
    return sum(tokens[each].logprob for each in taken) / len(taken) if taken else None


def _trace(written: str, text: str) -> Iterator[_Letter]:
    here = there = 0  # in the written text, and in what is left of it
    while there < len(text):
        if there == 0 or text[there - 1] == "\n":
            old, new = _indentation(written, here), _indentation(text, there)
            yield from _indent(old, new, here)
            here, there = here + len(old), there + len(new)
            if there == len(text):
                break
        if written[here : here + 1] != text[there]:
            break
        yield text[there], here, True
        here, there = here + 1, there + 1
    yield from ((letter, None, True) for letter in text[there:])
    yield from ((letter, place, False) for place, letter in enumerate(written[here:], here))


def _indent(old: str, new: str, start: int) -> Iterator[_Letter]:
    """Yield the blanks that a line begins with: as they were, or made anew from those that the model wrote."""
    if not new:
        yield from ((letter, place, False) for place, letter in enumerate(old, start))
        return
    for number, letter in enumerate(new):
        yield letter, start + min(number, len(old) - 1) if old else None, True


def _indentation(text: str, start: int) -> str:
    end = start
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return text[start:end]
