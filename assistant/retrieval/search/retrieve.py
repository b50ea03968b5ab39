"""From a cursor to the pieces of the repository that go before the open file: look, fuse, pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.prompts.fim import SourceFile
from assistant.retrieval.index.hits import ChunkHit
from assistant.retrieval.index.source import Source
from assistant.retrieval.search import candidates as look
from assistant.retrieval.search.candidate import Candidate, Origin, Sources
from assistant.retrieval.search.excerpt import excerpt, lines_for
from assistant.retrieval.search.pack import MOST_PIECES, Piece, pack, render
from assistant.retrieval.search.query import Query, read_query
from assistant.retrieval.search.rank import Ranked, fuse, without_copies
from assistant.retrieval.search.skeleton import skeleton
from assistant.retrieval.search.window import CountTokens, Window
from assistant.types import CompleteRequest, ContextPiece

_SEARCHED = 24
_SEARCHED_WITH_TABS = 64
_SPARE = 4


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


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Other files for the prompt, in its order, and what each piece of them is; all empty where nothing helps."""

    files: tuple[SourceFile, ...] = ()
    pieces: tuple[ContextPiece, ...] = ()
    packed: tuple[Piece, ...] = ()
    """The same as it was packed, for the next request of the session."""


def retrieve(
    source: Source,
    request: CompleteRequest,
    window: Window,
    budget: int,
    count: CountTokens,
    *,
    sources: Sources | None = None,
    previous: Sequence[Piece] = (),
) -> Retrieved:
    """Return what of the repository helps at the cursor of ``request``, in at most ``budget`` tokens.

    ``previous`` are the pieces of the session's last request; they stay in their places while they are good enough.
    """
    query = read_query(window)
    if not query.names or budget <= 0:
        return Retrieved()
    found = _look(source, request, window, query, sources or Sources())
    lines = lines_for(budget)
    # One by one: what is not taken need not be taken apart.
    narrowed = (replace(each, candidate=excerpt(each.candidate, query, lines)) for each in fuse(found))
    ranked = without_copies(narrowed, query.block, MOST_PIECES + _SPARE)
    held = [piece for piece in previous if _still_holds(piece, source, request, window)]
    packed = arrange(held, ranked, budget, count)
    return Retrieved(render(packed), tuple(map(_describe, packed)), packed)


def _look(
    source: Source, request: CompleteRequest, window: Window, query: Query, sources: Sources
) -> dict[Origin, list[Candidate]]:
    """Return the candidates of each source that is on."""
    path = request.path
    found: dict[Origin, list[Candidate]] = {}
    if sources.definitions:
        found["definitions"] = _as_they_stand(look.from_definitions(source, query, path, window), request, window)
    tabs = [tab for tab in request.tabs if tab != path] if sources.tabs else []
    hits: Sequence[ChunkHit] = ()
    if sources.search or tabs:
        hits = source.search(query.words, _SEARCHED_WITH_TABS if tabs else _SEARCHED, path)
    alike = look.from_context_matches(hits, request.text if sources.same_file else "", path, window)
    found["tabs"] = look.from_tabs(alike, tabs)
    found["search"] = [each for each in alike if sources.on(each.origin)]
    if sources.recent:
        places = look.from_places(source, request.recent, query, path, window)
        found["recent"] = _as_they_stand(places, request, window)
    return found


def _as_they_stand(candidates: Sequence[Candidate], request: CompleteRequest, window: Window) -> list[Candidate]:
    """Return the candidates, those of the open file only where it says so now, outside of the window.

    The index may know the file as it was saved, with other lines and at other places.
    """
    kept: list[Candidate] = []
    for candidate in candidates:
        if candidate.path == request.path:
            at = request.text.find(candidate.text.removesuffix("\n"))
            first = request.text.count("\n", 0, at) + 1
            last = first + candidate.text.count("\n") - 1
            if at < 0 or (first <= window.last_line and last >= window.first_line):
                continue
            kept.append(replace(candidate, first_line=first, last_line=last))
        else:
            kept.append(candidate)
    return kept


def _still_holds(piece: Piece, source: Source, request: CompleteRequest, window: Window) -> bool:
    """Return whether a piece says what its file says, and not what the window has now."""
    if piece.short:
        symbols = source.symbols_of(piece.path)
        return any(skeleton(each, symbols) == piece.text for each in symbols if piece.text.startswith(each.signature))
    if piece.path == request.path:
        inside = piece.text in window.prefix or piece.text in window.suffix
        return piece.text.removesuffix("\n") in request.text and not inside
    return look.whole_lines(source.text_of(piece.path, piece.first_line, piece.last_line)) == piece.text


def _describe(piece: Piece) -> ContextPiece:
    why = f"{piece.why}, in short" if piece.short else piece.why
    return ContextPiece(piece.path, (piece.first_line, piece.last_line), piece.tokens, why)
