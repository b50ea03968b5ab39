"""From a file and a cursor to a suggestion: window, prompt, engine, cuts. The one path that every front uses."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Protocol

from assistant.completion.shape import Shape, decide_shape
from assistant.completion.trim import Trimmer
from assistant.context.window import Budget, CountTokens, Window, fit_budget, room_for_prompt, take_blocks, take_window
from assistant.engine.protocol import CancelToken, Engine
from assistant.prompts.fim import FimPrompt, infill_prompt, takes_files
from assistant.retrieval.retrieve import Retrieved
from assistant.types import (
    Choice,
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


class Retriever(Protocol):
    """What finds help in the rest of the repository: ``assistant.retrieval.retriever.IndexRetriever``."""

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return pieces of other places for the prompt, in at most ``room`` tokens."""
        ...

    def learn(self, finished: Finished) -> None:
        """Take note of how long a request took."""
        ...


def complete(
    engine: Engine,
    request: CompleteRequest,
    cancel: CancelToken,
    budget: Budget | None = None,
    retriever: Retriever | None = None,
) -> Iterator[Event]:
    """Yield the events of one completion: Started, Progress and Delta, then one Finished or Failed.

    Deltas are what may be shown already; the texts in Finished are what counts. A cursor outside of the text is Failed.
    Without a ``retriever`` the model sees the open file alone; so does one whose format has no place for others.
    """
    started = time.perf_counter()
    if not 0 <= request.cursor <= len(request.text):
        yield Failed(request.id, "The cursor lies outside of the text.", "invalid_request")
        return
    before, after = request.text[: request.cursor], request.text[request.cursor :]
    shape = decide_shape(before, after, "manual" if request.trigger == "manual" else "auto")
    room = room_for_prompt(engine.info.context_length, request.max_tokens or shape.max_tokens)
    fitting = fit_budget(budget or Budget(), room)
    window = take_window(request.text, request.cursor, fitting, _counter(engine))
    others = Retrieved()
    if retriever is not None and takes_files(engine.info.family):
        spare = max(room - fitting.prefix - fitting.suffix, 0)
        others = retriever.retrieve(request, window, spare, _counter(engine))
    fim = infill_prompt(
        engine.info.family,
        window.prefix,
        window.suffix,
        path=request.path,
        repository=_repository_name(request),
        files=others.files,
    )
    generate = _generate_request(request, shape, fim, take_blocks(request.text, window))
    context_ms = (time.perf_counter() - started) * 1000
    trimmers = [Trimmer(shape, before, after) for _ in range(request.n)]
    ours = CancelToken(parent=cancel)
    for event in engine.generate(generate, ours):
        match event:
            case Delta(index=index, text=text):
                shown = trimmers[index].feed(text)
                if all(trimmer.done for trimmer in trimmers):
                    ours.cancel()
                # Without text too: whoever advances this may want to pause it, or to end it, after each token.
                yield replace(event, text=shown) if shown else Delta(request.id, index, "")
            case Finished():
                if retriever is not None:
                    retriever.learn(event)
                pieces = (*others.pieces, _piece(engine, request, window))
                yield _finish(event, trimmers, fim.note, pieces, context_ms, (time.perf_counter() - started) * 1000)
            case Started() | Progress() | Failed():
                yield event


def _counter(engine: Engine) -> CountTokens:
    def count(lines: Sequence[str]) -> list[int]:
        return engine.count_tokens([Text(line) for line in lines])

    return count


def _repository_name(request: CompleteRequest) -> str | None:
    return PurePath(request.workspace).name if request.workspace else None


def _generate_request(
    request: CompleteRequest, shape: Shape, fim: FimPrompt, nearby: tuple[str, ...]
) -> GenerateRequest:
    params = Params(
        max_tokens=request.max_tokens or shape.max_tokens,
        temperature=request.temperature,
        n=request.n,
        logprobs=0,
    )
    return GenerateRequest(request.id, fim.prompt, params, fim.stop_tokens, nearby=nearby)


def _piece(engine: Engine, request: CompleteRequest, window: Window) -> ContextPiece:
    tokens = engine.count_tokens([Text(window.prefix), Text(window.suffix)])
    return ContextPiece(request.path or "", (window.first_line, window.last_line), sum(tokens), "this file")


def _finish(
    event: Finished,
    trimmers: Sequence[Trimmer],
    note: str,
    pieces: tuple[ContextPiece, ...],
    context_ms: float,
    total_ms: float,
) -> Finished:
    """Return the engine's last event with the cuts applied; alternatives without text or said twice are dropped."""
    choices: list[Choice] = []
    fired: list[str] = []
    for choice in event.choices:
        trimmer = trimmers[choice.index]
        text = trimmer.finish(unfinished=choice.reason == "length")
        fired += [name for name in trimmer.fired if name not in fired]
        reason = "stop" if trimmer.done else choice.reason
        if choice.index == 0 or (text and all(text != other.text for other in choices)):
            choices.append(replace(choice, text=text, reason=reason))
    return replace(
        event,
        choices=tuple(replace(choice, index=index) for index, choice in enumerate(choices)),
        timings=replace(event.timings, context_ms=context_ms, total_ms=total_ms),
        context=pieces,
        filters=tuple(fired),
        note=event.note or note,
    )
