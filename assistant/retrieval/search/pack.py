"""Candidates into a budget of tokens, and as files in the order in which the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assistant.prompts.fim import SourceFile
from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.rank import Ranked
from assistant.retrieval.search.window import CountTokens

# A whole definition may take this share of the budget; a longer one is told in short.
_SHARE_OF_ONE = 1 / 3
# The control token before the path, the line end after it, the empty line between two pieces.
_TOKENS_AROUND = 3
MOST_PIECES = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of one file that go into the prompt, or (``short``) a definition told in few lines.

    ``tokens`` counts the text with what stands around it. Lines are 1-based and inclusive.
    """

    path: str
    first_line: int
    last_line: int
    text: str
    tokens: int
    why: str
    score: float
    short: bool = False


def pack(ranked: Sequence[Ranked], budget: int, count: CountTokens) -> tuple[Piece, ...]:
    """Return what fits into ``budget`` tokens, the best first served, in the order of the prompt.

    No line of a file is taken twice. Pieces of one file stand together in the order of their lines, and neighbours
    become one; the file with the best piece stands last, next to the hole.
    """
    ranked = ranked[: 2 * MOST_PIECES]
    sizes = _sizes(ranked, count)
    left = budget
    taken: list[Piece] = []
    for each in ranked:
        piece = _choose(each, taken, sizes, min(left, budget), budget, count)
        if piece is not None:
            taken.append(piece)
            left -= piece.tokens
        if len(taken) == MOST_PIECES:
            break
    return _ordered(taken)


def render(pieces: Sequence[Piece]) -> tuple[SourceFile, ...]:
    """Return the pieces as files, in their order; those of one file that follow each other share its path."""
    return tuple(
        SourceFile(path, "\n".join(piece.text for piece in group))
        for path, group in groupby(pieces, key=lambda piece: piece.path)
    )


def _sizes(ranked: Sequence[Ranked], count: CountTokens) -> dict[str, int]:
    """Return the tokens of every text and path that may be taken, counted in one call."""
    texts = dict.fromkeys(
        text for each in ranked for text in (each.candidate.text, each.candidate.short, each.candidate.path) if text
    )
    return dict(zip(texts, count(list(texts)), strict=True))


def _choose(
    ranked: Ranked, taken: Sequence[Piece], sizes: dict[str, int], left: int, budget: int, count: CountTokens
) -> Piece | None:
    """Return the candidate as a piece of at most ``left`` tokens: whole, without lines that are taken, or in short."""
    candidate = ranked.candidate
    around = sizes[candidate.path] + _TOKENS_AROUND
    free = _without_taken(candidate, taken)
    if free is None:
        return None
    tokens = around + (sizes[free.text] if free is candidate else count([free.text])[0])
    short = candidate.short if free is candidate else ""
    limit = min(left, int(budget * _SHARE_OF_ONE)) if short else left
    if tokens <= limit:
        return Piece(free.path, free.first_line, free.last_line, free.text, tokens, free.why, ranked.score)
    if short and around + sizes[short] <= min(left, tokens):
        where = (candidate.path, candidate.first_line, candidate.last_line)
        return Piece(*where, short, around + sizes[short], candidate.why, ranked.score, short=True)
    return None


def _without_taken(candidate: Candidate, taken: Sequence[Piece]) -> Candidate | None:
    """Return the candidate without lines that a piece has already; None where that leaves nothing, or two parts."""
    first, last = candidate.first_line, candidate.last_line
    for piece in taken:
        if piece.path != candidate.path or piece.last_line < first or last < piece.first_line:
            continue
        if piece.first_line <= first:
            first = piece.last_line + 1
        elif piece.last_line >= last:
            last = piece.first_line - 1
        else:
            return None
        if first > last:
            return None
    if (first, last) == (candidate.first_line, candidate.last_line):
        return candidate
    lines = candidate.text.splitlines(keepends=True)[first - candidate.first_line : last - candidate.first_line + 1]
    text = "".join(lines)
    return replace(candidate, first_line=first, last_line=last, text=text) if text.strip() else None


def _ordered(taken: Sequence[Piece]) -> tuple[Piece, ...]:
    best: dict[str, float] = {}
    for piece in taken:
        best[piece.path] = max(piece.score, best.get(piece.path, 0.0))
    ordered = sorted(taken, key=lambda piece: (best[piece.path], piece.path, piece.first_line))
    joined: list[Piece] = []
    for piece in ordered:
        if joined and _touch(joined[-1], piece):
            joined[-1] = _join(joined[-1], piece)
        else:
            joined.append(piece)
    return tuple(joined)


def _touch(first: Piece, second: Piece) -> bool:
    follows = first.path == second.path and first.last_line + 1 == second.first_line
    return follows and not first.short and not second.short


def _join(first: Piece, second: Piece) -> Piece:
    better = first if first.score >= second.score else second
    return replace(
        first,
        last_line=second.last_line,
        text=first.text + second.text,
        tokens=first.tokens + second.tokens,
        why=better.why,
        score=better.score,
    )
