"""The job behind a hole that another editor asks for: through the window's own path, or by the model alone (``raw``).

Other editors insert what they get at the cursor and replace nothing; they show it when it is whole. So the answer is an
insertion, and its text is given out in one piece when no filter can change it any more.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.completion.complete import Options
from assistant.completion.statements import is_whole
from assistant.completion.syntax import Syntax, read_syntax, surplus_bracket
from assistant.engine.protocol import CancelToken, Lease
from assistant.prompts.fim import NOTE_FILES_DROPPED, SourceFile, infill_prompt, takes_files
from assistant.retrieval.search.window import Budget, fit_budget, room_for_prompt, take_window
from assistant.server.blank_lines import blank_line_indentation
from assistant.server.file_names import find_path
from assistant.server.laid_prompts import read_layout
from assistant.server.sent_files import MOST_TOKENS, latest
from assistant.server.suggesting import Suggesting, with_params
from assistant.types import (
    Choice,
    CompleteRequest,
    Delta,
    Event,
    Finished,
    GenerateRequest,
    Params,
    Text,
)

# Of the open file where the model is asked alone: what a processor reads in about two seconds.
_BUDGET = Budget(prefix=1024, suffix=256)


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole as another editor describes it.

    ``files`` are pieces of other files, the newest last. ``indent`` is how many blanks or tabs its line begins with,
    where the editor says so; editors leave them out of ``before`` where there is nothing else on the line.
    """

    before: str
    after: str
    path: str = ""
    workspace: str | None = None
    files: tuple[SourceFile, ...] = ()
    indent: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of it: a request that only sends other files."""
        return not (self.before or self.after)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a hole is to be filled; ``max_tokens`` None lets the place decide. ``line_seconds`` ends what has a line."""

    id: str
    params: Params
    max_tokens: int | None
    trigger: str = "auto"
    adapter: str | None = None
    line_seconds: float = 0.0


class Filling:
    """One hole on its way through the window's path."""

    def __init__(self, gap: Gap, asked: Asked) -> None:
        self._crlf = "\r\n" in gap.before or "\r\n" in gap.after
        before, after = (text.replace("\r\n", "\n") for text in (gap.before, gap.after))
        self._path = find_path(gap.path, gap.workspace, before, after)
        self._blanks = blank_line_indentation(before, after, self._path, gap.indent)
        self._before, self._after = before + self._blanks, after
        self._gap, self._asked = gap, asked

    def request(self) -> CompleteRequest:
        """Return what the window would ask."""
        asked = self._asked
        return CompleteRequest(
            asked.id,
            self._before + self._after,
            len(self._before),
            path=self._path,
            workspace=self._gap.workspace,
            trigger="manual" if asked.trigger == "manual" else "auto",
            n=asked.params.n,
            max_tokens=asked.max_tokens,
            temperature=asked.params.temperature,
            adapter=asked.adapter,
        )

    def run(self, suggesting: Suggesting, options: Options, model: Lease, cancel: CancelToken) -> Iterator[Event]:
        """Yield the events of the request; text comes just before the last one, whole."""
        ours = CancelToken(cancel)
        limit = _TimeLimit(self._asked.line_seconds, self._asked.params.n, self._is_whole)
        sampled = with_params(model, self._sampling)
        for event in suggesting.suggest(self.request(), options, sampled, ours, files=self._gap.files):
            match event:
                case Delta(index=index, text=text):
                    if limit.reached(index, text):
                        ours.cancel()
                    # Without text too: whoever advances this may want to pause it, or to end it, after each token.
                    yield Delta(event.request_id, index, "")
                case Finished():
                    choices = tuple(self._inserted(limit.kept(choice)) for choice in event.choices)
                    yield from (Delta(event.request_id, each.index, each.text) for each in choices if each.text)
                    dropped = bool(self._gap.files) and not takes_files(model.info.family)
                    note = event.note or (NOTE_FILES_DROPPED if dropped else "")
                    yield replace(event, choices=choices, note=note)
                case _:
                    yield event

    def _is_whole(self, text: str) -> bool:
        return is_whole(self._syntax, text)

    @functools.cached_property
    def _syntax(self) -> Syntax:
        return read_syntax(self._before, self._after, self._path)

    def _sampling(self, usual: Params) -> Params:
        """Return the parameters of the path with those that the client gave and the path has no field for."""
        own = self._asked.params
        return replace(
            usual,
            top_p=own.top_p,
            top_k=own.top_k,
            min_p=own.min_p,
            repetition_penalty=own.repetition_penalty,
            seed=own.seed,
            stop=own.stop,
        )

    def _inserted(self, choice: Choice) -> Choice:
        """Return an alternative as a text to be inserted at the editor's cursor, where nothing is replaced."""
        text = choice.text
        if choice.replaces:
            text = self._without_replaced(text, self._after[: choice.replaces])
        if text:
            text = self._blanks + text
        return replace(choice, text=text.replace("\n", "\r\n") if self._crlf else text, replaces=0, logprobs=())

    def _without_replaced(self, text: str, replaced: str) -> str:
        """Return the part of a text before what it says anew of the right of the cursor."""
        if text.endswith(replaced):
            return text[: -len(replaced)]
        place = surplus_bracket(text, self._syntax)
        return text[: max(text.find(replaced), 0) if place is None else place].rstrip()


def fill(
    suggesting: Suggesting, options: Options, gap: Gap, asked: Asked, model: Lease, cancel: CancelToken
) -> Iterator[Event]:
    """Yield the events of a hole through the window's path, on the worker's thread: to tell a language takes time."""
    return Filling(gap, asked).run(suggesting, options, model, cancel)


def read_ahead(
    suggesting: Suggesting, options: Options, gap: Gap, asked: Asked, model: Lease, cancel: CancelToken
) -> Iterator[Event]:
    """Have the model read what it would be asked for a hole, and write nothing."""
    return suggesting.read(Filling(gap, asked).request(), options, gap.files, model, cancel)


def _any_line(_text: str) -> bool:
    return True


class _TimeLimit:
    """llama.cpp's rule: the time counts from the first token, and ends only what has whole lines.

    ``is_whole`` says of such lines whether they end a statement: a head without its body is of no more use than half a
    line.
    """

    def __init__(self, seconds: float, n: int, is_whole: Callable[[str], bool] = _any_line) -> None:
        self._seconds = seconds
        self._is_whole = is_whole
        self._given = [""] * n
        self._ends = [False] * n
        self._began: float | None = None

    def reached(self, index: int, text: str) -> bool:
        now = time.perf_counter()
        self._began = self._began or now
        self._given[index] += text
        if self._seconds <= 0 or now - self._began <= self._seconds:
            return False
        lines, end, _ = self._given[index].rpartition("\n")
        self._ends[index] = self._ends[index] or (bool(end) and self._is_whole(lines))
        return all(self._ends)

    def kept(self, choice: Choice) -> Choice:
        """Return an alternative without the line in which the time ended it."""
        lines, end, _ = self._given[choice.index].rpartition("\n")
        if choice.reason != "cancelled" or not end or not choice.text.startswith(lines):
            return choice
        return replace(choice, text=lines)


def fill_raw(gap: Gap, asked: Asked, whole: bool, model: Lease, cancel: CancelToken) -> Iterator[Event]:
    """Yield the events of the bare model: its own format around the hole, its own end, nothing cut.

    ``whole``: the model reads all of the text, or fails where that is too long; else what is near the hole.
    """
    before, after, files = gap.before, gap.after, gap.files
    if not whole:
        before, after, files = _near(gap, asked.params.max_tokens, model)
    fim = infill_prompt(model.info.family, before, after, files=files)
    limit, ours = _TimeLimit(asked.line_seconds, asked.params.n), CancelToken(cancel)
    request = GenerateRequest(asked.id, fim.prompt, asked.params, fim.stop_tokens, adapter=asked.adapter)
    for event in model.generate(request, ours):
        if isinstance(event, Delta) and limit.reached(event.index, event.text):
            ours.cancel()
        yield replace(event, note=event.note or fim.note) if isinstance(event, Finished) else event


def _near(gap: Gap, max_tokens: int, model: Lease) -> tuple[str, str, Sequence[SourceFile]]:
    def count(lines: Sequence[str]) -> list[int]:
        return model.count_tokens([Text(line) for line in lines])

    room = room_for_prompt(model.info.context_length, max_tokens)
    budget = fit_budget(_BUDGET, room)
    window = take_window(gap.before + gap.after, len(gap.before), budget, count)
    files = latest(gap.files, min(MOST_TOKENS, room - budget.prefix - budget.suffix), count).files
    return window.prefix, window.suffix, files


def fill_laid(
    suggesting: Suggesting,
    options: Options,
    prompt: str,
    asked: Asked,
    otherwise: Callable[[Lease, CancelToken], Iterator[Event]],
    model: Lease,
    cancel: CancelToken,
) -> Iterator[Event]:
    """Yield the events for a prompt that an editor laid out: of its hole where it has one, else of ``otherwise``."""
    hole = read_layout(model.info.family, prompt)
    if hole is None:
        return otherwise(model, cancel)
    gap = Gap(hole.before, hole.after, hole.path, files=hole.files)
    return fill(suggesting, options, gap, asked, model, cancel)


def one_after_another(
    jobs: Sequence[Callable[[Lease, CancelToken], Iterator[Event]]], n: int
) -> Callable[[Lease, CancelToken], Iterator[Event]]:
    """Return the job that answers several prompts, ``n`` alternatives of each, as one request."""
    if len(jobs) == 1:
        return jobs[0]

    def run(model: Lease, cancel: CancelToken) -> Iterator[Event]:
        ended: list[Finished] = []
        for number, job in enumerate(jobs):
            for event in job(model, cancel):
                match event:
                    case Delta(index=index):
                        yield replace(event, index=number * n + index)
                    case Finished():
                        ended.append(_moved(event, number * n))
                    case _:
                        yield event
            if len(ended) <= number:
                return  # it failed, and said so
        yield _joined(ended)

    return run


def _moved(finished: Finished, first: int) -> Finished:
    return replace(finished, choices=tuple(replace(each, index=first + each.index) for each in finished.choices))


def _joined(ended: Sequence[Finished]) -> Finished:
    last = ended[-1]
    timings = last.timings
    return replace(
        last,
        choices=tuple(choice for each in ended for choice in each.choices),
        prompt_tokens=sum(each.prompt_tokens for each in ended),
        cached_tokens=sum(each.cached_tokens for each in ended),
        generated_tokens=sum(each.generated_tokens for each in ended),
        timings=replace(
            timings,
            prefill_ms=sum(each.timings.prefill_ms for each in ended),
            decode_ms=sum(each.timings.decode_ms for each in ended),
            total_ms=sum(each.timings.total_ms for each in ended),
        ),
    )
