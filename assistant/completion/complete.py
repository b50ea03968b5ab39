"""From a file and a cursor to a suggestion: window, prompt, engine, cuts. The one path that every front uses."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.completion.alternative_start import Beginning
from assistant.completion.asking import SURE, Asking
from assistant.completion.block_headers import missing_head
from assistant.completion.filters import MISSING_HEAD, SECOND_CHOICE, SURER_ALONE
from assistant.completion.filters.draft import Hole
from assistant.completion.indentation import statement_place, sure_indentation
from assistant.completion.prompt import Finds, lay_prompt, without_others
from assistant.completion.shape import Shape, decide_shape
from assistant.completion.syntax import read_syntax
from assistant.engine.protocol import CancelToken, Engine
from assistant.prompts.fim import FimPrompt
from assistant.retrieval.search.window import Budget, CountTokens, Window, room_for_prompt, take_blocks
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

    ``without``: names of FILTERS that are left out. ``heal``: whether the piece of a word at the cursor is left to
    the model, where the engine can do that. ``confidence``: the least probability that the model gives the tokens of a
    suggestion, on average (the geometric mean, 0 to 1), with which that is shown unasked; 0 shows all.
    """

    without: frozenset[str] = frozenset()
    heal: bool = True
    confidence: float = 0.0


_USUAL = Options()

ALTERNATIVES = 5
"""How many likely tokens an explanation names for each place."""
_OTHERS = 3
"""How many are kept in mind for each place, for where nothing is left of the likeliest."""


def complete(
    engine: Engine,
    request: CompleteRequest,
    cancel: CancelToken,
    budget: Budget | None = None,
    options: Options = _USUAL,
    retriever: Retriever | None = None,
) -> Generator[Event]:
    """Yield the events of one completion: Started, Progress and Delta, then one Finished or Failed.

    Deltas are what may be shown already; the texts in Finished are what counts. A cursor outside of the text is Failed.
    Without a ``retriever`` the model sees the open file alone; so does one whose format has no place for others.
    """
    started = time.perf_counter()
    if not 0 <= request.cursor <= len(request.text):
        yield Failed(request.id, "The cursor lies outside of the text.", "invalid_request")
        return
    info = engine.info
    before, after = request.text[: request.cursor], request.text[request.cursor :]
    hole = _find_hole(request, before, after, options)
    laid = lay_prompt(
        request,
        family=info.family,
        room=room_for_prompt(info.context_length, request.max_tokens or hole.shape.max_tokens),
        budget=budget or Budget(),
        count=_counter(engine),
        heals=options.heal and info.heals,
        finds=retriever,
    )
    local = info.heals  # a server is asked once: not each of them goes on with a text that was begun
    place = statement_place(hole.syntax) if options.heal and local else None
    heads = place is not None and MISSING_HEAD not in options.without
    asking = Asking(
        engine,
        hole,
        cancel,
        control=laid.fim.stop_tokens,
        without=options.without,
        beginning=Beginning(sure_indentation(place) or ""),
        place=place if heads else None,
        head=missing_head(place, after) if heads else None,
        tries=local and SECOND_CHOICE not in options.without,
        explain=request.explain,
    )
    generate = _generate_request(
        request, hole.shape, laid.fim, take_blocks(request.text, laid.window), others=_OTHERS if asking.tries else 0
    )
    context_ms = (time.perf_counter() - started) * 1000
    both_ways = local and laid.others.files and hole.auto and request.n == 1 and SURER_ALONE not in options.without
    answer = yield from asking.ask(generate, laid, hold_below=SURE if both_ways else -math.inf)
    if answer is None:
        return
    if both_ways and answer.is_unsure and not cancel.cancelled:
        alone = without_others(laid, request, info.family)
        other = yield from asking.ask(generate, alone, silent=True)
        if other is not None and other.is_surer_than(answer):
            laid, answer = alone, other.with_cost_of(answer).named(SURER_ALONE, explain=request.explain)
        elif other is not None:
            answer = answer.with_cost_of(other)
    if retriever is not None:
        retriever.learn(answer.event)
    pieces = (*laid.others.pieces, _piece(engine, request, laid.window))
    event = answer.event
    timings = replace(event.timings, context_ms=context_ms, total_ms=(time.perf_counter() - started) * 1000)
    whole = replace(answer.whole, timings=timings, context=pieces, note=event.note or laid.fim.note)
    yield replace(whole, device=info.device, dtype=info.dtype)


def _find_hole(request: CompleteRequest, before: str, after: str, options: Options) -> Hole:
    syntax = read_syntax(before, after, request.path)
    auto = request.trigger != "manual"
    shape = decide_shape(syntax, "auto" if auto else "manual")
    least = math.log(options.confidence) if options.confidence > 0 else -math.inf
    return Hole(syntax, shape, auto, least)


def _counter(engine: Engine) -> CountTokens:
    def count(lines: Sequence[str]) -> list[int]:
        return engine.count_tokens([Text(line) for line in lines])

    return count


def _generate_request(
    request: CompleteRequest, shape: Shape, fim: FimPrompt, nearby: tuple[str, ...], others: int
) -> GenerateRequest:
    params = Params(
        max_tokens=request.max_tokens or shape.max_tokens,
        temperature=request.temperature,
        n=request.n,
        logprobs=ALTERNATIVES if request.explain else others,
    )
    return GenerateRequest(request.id, fim.prompt, params, fim.stop_tokens, nearby=nearby, adapter=request.adapter)


def _piece(engine: Engine, request: CompleteRequest, window: Window) -> ContextPiece:
    tokens = engine.count_tokens([Text(window.prefix), Text(window.suffix)])
    return ContextPiece(request.path or "", (window.first_line, window.last_line), sum(tokens), "this file")
