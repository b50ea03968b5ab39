"""From a file and a cursor to a suggestion: window, prompt, engine, cuts. The one path that every front uses."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.completion.alternative_start import AnswerStart
from assistant.completion.attempts import SURE, Answer, Asking, Attempt
from assistant.completion.block_headers import missing_header
from assistant.completion.filters import ALTERNATIVE_START, MISSING_HEADER, SURER_ALONE
from assistant.completion.filters.draft import Hole
from assistant.completion.indentation import statement_place, sure_indentation
from assistant.completion.line_ends import has_crlf, with_crlf, with_plain_ends
from assistant.completion.prompt import Finds, Laid, lay_prompt, without_others
from assistant.completion.shape import Shape, decide_shape
from assistant.completion.syntax import read_syntax
from assistant.engine.protocol import CancelToken, Lease
from assistant.retrieval.search.outline import IN_SHORT
from assistant.retrieval.search.window import THIS_FILE, Budget, CountTokens, room_for_prompt, take_blocks
from assistant.types import (
    CompleteRequest,
    ContextPiece,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    Params,
    Text,
)


class Retriever(Finds, Protocol):
    """What finds help in the rest of the repository: ``assistant.retrieval.search.retriever.IndexRetriever``."""

    def learn(self, finished: Finished) -> None:
        """Take note of how long a request took."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How suggestions are made, besides what a request asks.

    ``without``: names of FILTERS and PROMPT_PARTS that are left out. ``token_healing``: whether the piece of a word at
    the cursor is left to the model, where the engine can do that. ``confidence``: the least probability that the model
    gives the tokens of a suggestion, on average (the geometric mean, 0 to 1), with which that is shown unasked; 0 shows
    all.
    """

    without: frozenset[str] = frozenset()
    token_healing: bool = True
    confidence: float = 0.0


_USUAL = Options()

ALTERNATIVES = 5
"""How many likely tokens an explanation names for each place."""
_OTHERS = 3
"""How many are kept in mind for each place, for where nothing is left of the likeliest."""


def complete(
    model: Lease,
    request: CompleteRequest,
    cancel: CancelToken,
    budget: Budget | None = None,
    options: Options = _USUAL,
    retriever: Retriever | None = None,
) -> Generator[Event]:
    """Yield the events of one completion: Started, Progress and Delta, then one Finished or Failed.

    Deltas are what may be shown already; the texts in Finished are what counts. Their lines end as the file's do. A
    cursor outside of the text is Failed. Without a ``retriever`` the model sees the open file alone; so does one whose
    format has no place for others.
    """
    if not 0 <= request.cursor <= len(request.text):
        yield Failed(request.id, "The cursor lies outside of the text.", "invalid_request")
        return
    events = _complete(model, with_plain_ends(request), cancel, budget or Budget(), options, retriever)
    yield from map(with_crlf, events) if has_crlf(request) else events


def _complete(
    model: Lease,
    request: CompleteRequest,
    cancel: CancelToken,
    budget: Budget,
    options: Options,
    retriever: Retriever | None,
) -> Generator[Event]:
    """Do what ``complete`` does, for a text in which each line ends with a line feed alone."""
    started = time.perf_counter()
    info = model.info
    hole = _find_hole(request, options)
    laid = lay_prompt(
        request,
        family=info.family,
        room=room_for_prompt(info.context_length, request.max_tokens or hole.shape.max_tokens),
        budget=budget,
        count=_counter(model),
        token_healing=options.token_healing and info.token_healing,
        finds=retriever,
        without=options.without,
    )
    asking, attempt, alone = _plan(model, request, cancel, options, hole, laid)
    context_ms = (time.perf_counter() - started) * 1000
    best: Answer | None = None
    while attempt is not None:
        answer = yield from asking.ask(attempt, tells=best is None)
        if answer is None:
            break
        attempt = None if cancel.cancelled else asking.again(answer)
        if attempt is None:
            best = answer if best is None else best.or_surer(answer, explain=request.explain)
            if best.is_unsure and not cancel.cancelled:
                attempt, alone = alone, None
    if best is None:
        return
    if retriever is not None:
        retriever.learn(best.event)
    laid, event = best.attempt.prompt, best.event
    pieces = (*laid.others.pieces, *_own_pieces(model, request, laid))
    timings = replace(event.timings, context_ms=context_ms, total_ms=(time.perf_counter() - started) * 1000)
    whole = replace(best.whole, timings=timings, context=pieces, note=event.note or laid.fim.note)
    yield replace(whole, device=info.device, dtype=info.dtype)


def _plan(
    model: Lease, request: CompleteRequest, cancel: CancelToken, options: Options, hole: Hole, laid: Laid
) -> tuple[Asking, Attempt, Attempt | None]:
    """Return how to ask, with the first attempt and the one for where that is unsure: without other files."""
    info = model.info
    local = info.token_healing  # a server is asked once: not each of them goes on with a text that was begun
    place = statement_place(hole.syntax) if options.token_healing and local else None
    asks_headers = place is not None and MISSING_HEADER not in options.without
    header = missing_header(place, hole.syntax.after) if asks_headers else None
    tries = local and ALTERNATIVE_START not in options.without
    asking = Asking(
        model,
        _generate_request(request, hole.shape, laid, others=_OTHERS if tries else 0),
        hole,
        cancel,
        control=laid.fim.stop_tokens,
        without=options.without,
        place=place if asks_headers else None,
        tries=tries,
        explain=request.explain,
    )
    words, name = (header.words, MISSING_HEADER) if header else ((), "")
    first = Attempt(laid, AnswerStart(sure_indentation(place) or ""), words, name)
    if not (local and laid.others.files and hole.auto and request.n == 1) or SURER_ALONE in options.without:
        return asking, first, None
    alone = replace(first, prompt=without_others(laid, request, info.family))
    return asking, replace(first, hold_below=SURE), alone


def _find_hole(request: CompleteRequest, options: Options) -> Hole:
    before, after = request.text[: request.cursor], request.text[request.cursor :]
    syntax = read_syntax(before, after, request.path)
    auto = request.trigger != "manual"
    shape = decide_shape(syntax, "auto" if auto else "manual")
    least = math.log(options.confidence) if options.confidence > 0 else -math.inf
    limited = request.max_tokens is not None and request.max_tokens < shape.max_tokens
    return Hole(syntax, shape, auto, least, limited)


def _counter(model: Lease) -> CountTokens:
    def count(lines: Sequence[str]) -> list[int]:
        return model.count_tokens([Text(line) for line in lines])

    return count


def _generate_request(request: CompleteRequest, shape: Shape, laid: Laid, others: int) -> GenerateRequest:
    params = Params(
        max_tokens=request.max_tokens or shape.max_tokens,
        temperature=request.temperature,
        n=request.n,
        logprobs=ALTERNATIVES if request.explain else others,
    )
    fim, nearby = laid.fim, take_blocks(request.text, laid.window)
    return GenerateRequest(request.id, fim.prompt, params, fim.stop_tokens, nearby=nearby, adapter=request.adapter)


def _own_pieces(model: Lease, request: CompleteRequest, laid: Laid) -> tuple[ContextPiece, ...]:
    """Return what of the open file is in the prompt, as it stands there: the file in short, the window."""
    path, window, outline = request.path or "", laid.window, laid.outline
    tokens = model.count_tokens([Text(window.prefix), Text(window.suffix)])
    around = ContextPiece(path, (window.first_line, window.last_line), sum(tokens), THIS_FILE)
    if outline is None:
        return (around,)
    return ContextPiece(path, (outline.first_line, outline.last_line), outline.tokens, IN_SHORT), around
