"""From a file and a cursor to a suggestion: window, prompt, engine, cuts. The one path that every front uses."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.completion.filters.draft import Hole
from assistant.completion.prompt import Finds, lay_prompt
from assistant.completion.shape import Shape, decide_shape
from assistant.completion.suggest import Suggestions
from assistant.completion.syntax import read_syntax
from assistant.context.window import Budget, CountTokens, Window, room_for_prompt, take_blocks
from assistant.engine.protocol import CancelToken, Engine
from assistant.prompts.fim import FimPrompt
from assistant.types import (
    CompleteRequest,
    ContextPiece,
    Delta,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    Params,
    Progress,
    Started,
    Text,
)


class Retriever(Finds, Protocol):
    """What finds help in the rest of the repository: ``assistant.retrieval.retriever.IndexRetriever``."""

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
    fim, window = laid.fim, laid.window
    generate = replace(
        _generate_request(request, hole.shape, fim, take_blocks(request.text, window)),
        begin=laid.begin,
    )
    context_ms = (time.perf_counter() - started) * 1000
    suggestions = Suggestions(hole, request.n, fim.stop_tokens, options.without)
    ours = CancelToken(parent=cancel)
    for event in engine.generate(generate, ours):
        match event:
            case Delta(index=index, text=text):
                shown = suggestions.feed(index, text, event.logprobs)
                if suggestions.done:
                    ours.cancel()
                # Without text too: whoever advances this may want to pause it, or to end it, after each token. The
                # tokens come once, with the last event: only then it is certain what of them is shown.
                yield Delta(request.id, index, shown)
            case Finished():
                if retriever is not None:
                    retriever.learn(event)
                pieces = (*laid.others.pieces, _piece(engine, request, window))
                timings = replace(event.timings, context_ms=context_ms, total_ms=(time.perf_counter() - started) * 1000)
                whole = suggestions.finish(event, explain=request.explain)
                whole = replace(whole, timings=timings, context=pieces, note=event.note or fim.note)
                yield replace(whole, device=info.device, dtype=info.dtype)
            case Started() | Progress() | Failed():
                yield event


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
    request: CompleteRequest, shape: Shape, fim: FimPrompt, nearby: tuple[str, ...]
) -> GenerateRequest:
    params = Params(
        max_tokens=request.max_tokens or shape.max_tokens,
        temperature=request.temperature,
        n=request.n,
        logprobs=ALTERNATIVES if request.explain else 0,
    )
    return GenerateRequest(request.id, fim.prompt, params, fim.stop_tokens, nearby=nearby, adapter=request.adapter)


def _piece(engine: Engine, request: CompleteRequest, window: Window) -> ContextPiece:
    tokens = engine.count_tokens([Text(window.prefix), Text(window.suffix)])
    return ContextPiece(request.path or "", (window.first_line, window.last_line), sum(tokens), "this file")
