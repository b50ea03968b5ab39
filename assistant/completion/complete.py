"""From a file and a cursor to a suggestion: window, prompt, engine, cuts. The one path that every front uses."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.completion.filters import SECOND_CHOICE
from assistant.completion.filters.draft import Hole
from assistant.completion.indentation import sure_indentation
from assistant.completion.prompt import Finds, lay_prompt
from assistant.completion.second_choice import Beginning, second_choice
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
    Prompt,
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
    fim, window = laid.fim, laid.window
    indented = Beginning(sure_indentation(hole.syntax) if options.heal and info.heals else "")
    # A server is asked once: not each of them goes on with a text that was begun.
    tries = info.heals and SECOND_CHOICE not in options.without
    generate = replace(
        _generate_request(request, hole.shape, fim, take_blocks(request.text, window), others=_OTHERS if tries else 0),
        begin=laid.begin + indented.text,
    )
    context_ms = (time.perf_counter() - started) * 1000
    control = fim.stop_tokens
    suggestions = Suggestions(hole, request.n, control, options.without)
    event = yield from _write(engine, generate, suggestions, cancel, indented)
    if event is None:
        return
    whole = suggestions.finish(event, explain=request.explain)
    if tries and suggestions.cut_away and not cancel.cancelled:
        other = second_choice(event.choices[0], control)
        if other is not None:
            suggestions = Suggestions(hole, 1, control, options.without)
            going_on = _going_on(generate, fim.prompt, laid.begin, other)
            again = yield from _write(engine, going_on, suggestions, cancel, other, silent=True)
            if again is None:
                return
            event = _added(event, again)
            whole = suggestions.finish(event, explain=request.explain, fired=(*whole.filters, SECOND_CHOICE))
    if retriever is not None:
        retriever.learn(event)
    pieces = (*laid.others.pieces, _piece(engine, request, window))
    timings = replace(event.timings, context_ms=context_ms, total_ms=(time.perf_counter() - started) * 1000)
    whole = replace(whole, timings=timings, context=pieces, note=event.note or fim.note)
    yield replace(whole, device=info.device, dtype=info.dtype)


def _write(
    engine: Engine,
    generate: GenerateRequest,
    suggestions: Suggestions,
    cancel: CancelToken,
    beginning: Beginning,
    *,
    silent: bool = False,
) -> Generator[Event, None, Finished | None]:
    """Have the model go on from ``beginning`` into ``suggestions``, and yield what happens; return the last event.

    None where that was Failed, which was yielded. ``silent``: it is the second time for this request, so that its start
    is not told again, nor text, which would seem to go on with what was shown before.
    """
    ours = CancelToken(parent=cancel)
    for index in range(generate.params.n):
        suggestions.feed(index, beginning.text, beginning.tokens)
    for event in engine.generate(generate, ours):
        match event:
            case Delta(index=index, text=text):
                tokens = [beginning.moved(token) for token in event.logprobs]
                shown = suggestions.feed(index, text, tokens)
                if suggestions.done:
                    ours.cancel()
                # Without text too: whoever advances this may want to pause it, or to end it, after each token. The
                # tokens come once, with the last event: only then it is certain what of them is shown.
                yield Delta(generate.id, index, "" if silent else shown)
            case Finished():
                return replace(event, choices=tuple(map(beginning.with_rest, event.choices)))
            case Failed():
                yield event
                return None
            case Started() | Progress():
                if not silent:
                    yield event
    return None


def _going_on(generate: GenerateRequest, prompt: Prompt, begin: str, beginning: Beginning) -> GenerateRequest:
    """Return the same request for one answer, as if the model had written ``beginning`` already."""
    params = replace(generate.params, n=1, max_tokens=max(generate.params.max_tokens - len(beginning.tokens), 1))
    return replace(generate, prompt=Prompt((*prompt.parts, Text(begin + beginning.text))), params=params, begin="")


def _added(first: Finished, second: Finished) -> Finished:
    """Return the second of two answers to one request, with the time and the tokens of both."""
    before, after = first.timings, second.timings
    timings = replace(
        after, prefill_ms=before.prefill_ms + after.prefill_ms, decode_ms=before.decode_ms + after.decode_ms
    )
    return replace(
        second,
        prompt_tokens=first.prompt_tokens,
        cached_tokens=first.cached_tokens,
        generated_tokens=first.generated_tokens + second.generated_tokens,
        guessed_tokens=first.guessed_tokens + second.guessed_tokens,
        accepted_tokens=first.accepted_tokens + second.accepted_tokens,
        timings=timings,
        note=first.note or second.note,
    )


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
