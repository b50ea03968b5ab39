"""What was chosen before stays where it is while it is good enough, so that the KV cache keeps what it has read."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.retrieval.search.pack import Piece, pack
from assistant.retrieval.search.rank import Ranked
from assistant.retrieval.search.window import CountTokens

# While what is there is worth this share of what would be best now, nothing moves.
STAY = 0.5
# Under this share most of it is about something else, and what is missing is not worth adding to it.
LEAVE = 0.2
# A piece of which so much is there is not missing.
_THERE = 0.3


def arrange(previous: Sequence[Piece], ranked: Sequence[Ranked], budget: int, count: CountTokens) -> tuple[Piece, ...]:
    """Return the pieces of the prompt in order, given those of the last one that still hold.

    While those are good enough they stay as they are; else what is missing comes after them, where all before it is
    in the cache already; and where that is too much for the budget everything is chosen anew.
    """
    wanted = pack(ranked, budget, count)
    if not previous or not wanted:
        return wanted
    worth = _worth(previous, ranked)
    best = _worth(wanted, ranked)
    spent = sum(piece.tokens for piece in previous)
    if worth >= STAY * best and spent <= budget:
        return tuple(previous)
    missing = [piece for piece in wanted if _share(previous, piece.path, piece.text) < _THERE]
    if worth >= LEAVE * best and spent + sum(piece.tokens for piece in missing) <= budget:
        return (*previous, *missing)
    return wanted


def _worth(pieces: Sequence[Piece], ranked: Sequence[Ranked]) -> float:
    """Return the scores of all candidates, each by the share of it that the pieces hold."""
    return sum(each.score * max(_share(pieces, each.candidate.path, text) for text in _texts(each)) for each in ranked)


def _texts(ranked: Ranked) -> list[str]:
    return [text for text in (ranked.candidate.text, ranked.candidate.short) if text]


def _share(pieces: Sequence[Piece], path: str, text: str) -> float:
    """Return which share of the text's lines the pieces of its file hold.

    By text, not by number: somebody who types above a piece moves its lines and leaves it what it is.
    """
    there = {line for piece in pieces if piece.path == path for line in piece.text.split("\n")}
    lines = [line for line in text.split("\n") if line.strip()]
    return sum(line in there for line in lines) / max(len(lines), 1)
