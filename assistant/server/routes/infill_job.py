"""The job behind llama.cpp's ``/infill``: window, prompt with the editor's own chunks, engine, cuts.

Editors that speak this protocol send chunks of other files and a limit in milliseconds, which ``/grafter/complete``
has no place for; what ends a suggestion is the same code.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.completion.filters.draft import Hole
from assistant.completion.shape import decide_shape
from assistant.completion.suggest import Suggestions
from assistant.completion.syntax import read_syntax
from assistant.engine.protocol import CancelToken, Lease
from assistant.prompts.fim import SourceFile, infill_prompt
from assistant.retrieval.search.window import Budget, fit_budget, room_for_prompt, take_window
from assistant.server.schemas import InfillBody
from assistant.types import Delta, Event, Finished, GenerateRequest, Params, Text

# Tokens of the open file, and of all chunks of other files together: what a processor reads in about two seconds.
_BUDGET = Budget(prefix=1024, suffix=256)
_EXTRA_TOKENS = 2048
_MAX_CHARS_PER_TOKEN = 16


def infill(request_id: str, body: InfillBody, params: Params, model: Lease, cancel: CancelToken) -> Iterator[Event]:
    """Yield the events of one request; the texts in Finished have the cuts applied."""
    before, after = body.input_prefix + body.prompt, body.input_suffix
    room = room_for_prompt(model.info.context_length, params.max_tokens)
    budget = fit_budget(_BUDGET, room)

    def count(lines: Sequence[str]) -> list[int]:
        return model.count_tokens([Text(line) for line in lines])

    window = take_window(before + after, len(before), budget, count)
    chunks = [SourceFile(extra.filename, extra.text) for extra in body.input_extra]
    files = _latest(chunks, min(_EXTRA_TOKENS, room - budget.prefix - budget.suffix), model)
    fim = infill_prompt(model.info.family, window.prefix, window.suffix, files=files)
    syntax = read_syntax(before, after, None)
    suggestions = Suggestions(Hole(syntax, decide_shape(syntax, "manual"), auto=False), params.n, fim.stop_tokens)
    ours = CancelToken(cancel)
    limit = _TimeLimit(body.t_max_predict_ms, params.n)
    for event in model.generate(GenerateRequest(request_id, fim.prompt, params, fim.stop_tokens), ours):
        match event:
            case Delta(index=index, text=text):
                shown = suggestions.feed(index, text, event.logprobs)
                if suggestions.done or limit.reached(index, text):
                    ours.cancel()
                # Without text too: whoever advances this may want to pause it, or to end it, after each token.
                yield replace(event, text=shown) if shown else Delta(request_id, index, "")
            case Finished():
                yield replace(suggestions.finish(event), note=event.note or fim.note)
            case _:
                yield event


class _TimeLimit:
    """llama.cpp's rule: the time counts from the first token, and ends only what has a whole line."""

    def __init__(self, milliseconds: int, n: int) -> None:
        self._seconds = milliseconds / 1000
        self._without_line = set(range(n))
        self._began: float | None = None

    def reached(self, index: int, text: str) -> bool:
        now = time.perf_counter()
        self._began = self._began or now
        if "\n" in text:
            self._without_line.discard(index)
        return self._seconds > 0 and not self._without_line and now - self._began > self._seconds


def _latest(chunks: Sequence[SourceFile], room: int, model: Lease) -> list[SourceFile]:
    """Return the last chunks, which editors send last because they are the newest, that fit ``room`` tokens."""
    kept: list[SourceFile] = []
    for chunk in reversed(chunks):
        # What cannot fit, whatever the tokenizer, is not worth counting.
        if len(chunk.text) > room * _MAX_CHARS_PER_TOKEN:
            break
        room -= model.count_tokens([Text(f"{chunk.path}\n{chunk.text}")])[0]
        if room < 0:
            break
        kept.append(chunk)
    return kept[::-1]
