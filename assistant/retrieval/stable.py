"""What was chosen before stays where it is while it is good enough, so that the KV cache keeps what it has read."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.context.window import CountTokens
from assistant.retrieval.pack import Piece, pack
from assistant.retrieval.rank import Ranked

# While what is there is worth this share of what would be best now, nothing moves.
STAY = 0.7
# Under this share most of it is about something else, and what is missing is not worth adding to it.
LEAVE = 0.3


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
    missing = [piece for piece in wanted if not any(_covers(one, piece.path, piece.text) for one in previous)]
    if worth >= LEAVE * best and spent + sum(piece.tokens for piece in missing) <= budget:
        return (*previous, *missing)
    return wanted


def _worth(pieces: Sequence[Piece], ranked: Sequence[Ranked]) -> float:
    """Return the scores of all candidates that the pieces hold."""
    return sum(each.score for each in ranked if any(_holds(piece, each) for piece in pieces))


def _holds(piece: Piece, ranked: Ranked) -> bool:
    candidate = ranked.candidate
    return any(_covers(piece, candidate.path, text) for text in (candidate.text, candidate.short) if text)


def _covers(piece: Piece, path: str, text: str) -> bool:
    # By text, not by lines: somebody who types above a piece moves its lines and leaves it what it is.
    return piece.path == path and text in piece.text
