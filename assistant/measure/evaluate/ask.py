"""Ask a model to fill one hole: as the editor does, or with its family's bare prompt."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from assistant.completion.complete import Options, complete
from assistant.completion.filters import FILTERS
from assistant.completion.prompt import PATH, PROMPT_PARTS
from assistant.engine.protocol import CancelToken, Engine
from assistant.errors import ModelError
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.metrics import normal_form
from assistant.measure.evaluate.other_files import OtherFiles
from assistant.prompts.fim import infill_prompt
from assistant.retrieval.search.candidate import ORIGINS, Sources
from assistant.types import CompleteRequest, ContextPiece, Delta, Event, Failed, Finished, GenerateRequest, Params

Way = Literal["editor", "plain"]
WAYS: tuple[Way, ...] = ("editor", "plain")

# Most tokens of a plain answer. The editor's limits are its own.
ONE_LINE_TOKENS = 96
MANY_LINES_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote. ``ms`` is the time from the request to the end of the answer.

    The text takes the place of the next ``replaces`` characters right of the cursor.
    ``error`` says why there is no answer, e.g. that the prompt is too long for the model; empty where there is one.
    """

    text: str
    ms: float
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    filters: tuple[str, ...] = ()
    error: str = ""
    context: tuple[ContextPiece, ...] = ()
    mean_logprob: float | None = None
    replaces: int = 0


_PATH = "main.py"
"""The holes are in Python; the name tells the editor so."""

Ask = Callable[[Engine, Row], Answer]


EVERYTHING = Options()
"""What is measured is what the editor would show if it showed everything; how much to hide is measured apart."""


OMITTABLE = (*FILTERS, *PROMPT_PARTS, *ORIGINS)
"""What can be left out to measure its worth: filters, parts of the prompt, and the sources of other files."""


def leave_out(names: Collection[str]) -> tuple[Options, Sources]:
    """Return how to ask without these of OMITTABLE."""
    sources = Sources(**dict.fromkeys((name for name in names if name in ORIGINS), False))
    return replace(EVERYTHING, without=frozenset(names).intersection((*FILTERS, *PROMPT_PARTS))), sources


def asker(way: Way, options: Options = EVERYTHING, others: OtherFiles | None = None) -> Ask:
    """Return what asks in this way; both are greedy, so that the same numbers give the same answers.

    ``others`` finds help in the other files that a row brings; None, and the plain way, leave them out.
    """
    return ask_plain if way == "plain" else functools.partial(ask_editor, options=options, others=others)


def ask_editor(engine: Engine, row: Row, options: Options = EVERYTHING, others: OtherFiles | None = None) -> Answer:
    """Ask as the editor does when one stops typing: window on the file, prompt, and the filters of what comes back.

    The line end after the hole's last line belongs to the file and stands right of the cursor, as in an editor. A row
    without a path has a name for its language's sake only, which the model is not told.
    """
    options = options if row.path else replace(options, without=options.without | {PATH})
    request = CompleteRequest(
        id=row.id, text=row.prompt + row.after, cursor=len(row.prompt), path=row.path or _PATH, workspace=row.repository
    )
    if others is None or not row.files:
        with engine.begin() as model:
            return read_answer(complete(model, request, CancelToken(), options=options))
    with others.of(row) as retriever, engine.begin() as model:
        return read_answer(complete(model, request, CancelToken(), options=options, retriever=retriever))


def ask_plain(engine: Engine, row: Row, *, while_right: bool = False) -> Answer:
    """Ask with prefix and suffix as they stand in the row; a one-line hole ends at the first line end.

    ``while_right``: end the answer as soon as it is no longer a beginning of the row's solution. What it is marked as
    stays the same, and a slow processor does not write 256 tokens of which the first is wrong.
    """
    params = Params(max_tokens=MANY_LINES_TOKENS)
    if row.one_line:
        params = Params(max_tokens=ONE_LINE_TOKENS, stop=("\n",))
    cancel = CancelToken()
    with engine.begin() as model:
        fim = infill_prompt(model.info.family, row.prompt, row.suffix)
        events = model.generate(GenerateRequest(row.id, fim.prompt, params, fim.stop_tokens), cancel)
        return read_answer(_cancel_when_wrong(events, row.solution, cancel) if while_right else events)


def _cancel_when_wrong(events: Iterator[Event], solution: str, cancel: CancelToken) -> Iterator[Event]:
    """Pass the events on, and cancel once the text is neither the solution nor a beginning of it."""
    text, right = "", normal_form(solution)
    for event in events:
        if isinstance(event, Delta):
            text += event.text
            if not right.startswith(normal_form(text)):
                cancel.cancel()
        yield event


def read_answer(events: Iterator[Event]) -> Answer:
    """Return the answer that the events of a request come to, and how long they took."""
    begin = time.perf_counter()
    for event in events:
        if isinstance(event, Failed):
            return Answer("", _since(begin), error=event.message)
        if isinstance(event, Finished):
            return Answer(
                text=event.choices[0].text,
                ms=_since(begin),
                prompt_tokens=event.prompt_tokens,
                cached_tokens=event.cached_tokens,
                generated_tokens=event.generated_tokens,
                prefill_ms=event.timings.prefill_ms,
                decode_ms=event.timings.decode_ms,
                filters=event.filters,
                context=event.context,
                mean_logprob=event.choices[0].mean_logprob,
                replaces=event.choices[0].replaces,
            )
    raise ModelError("The model ended before its answer was whole.")


def _since(begin: float) -> float:
    return 1000 * (time.perf_counter() - begin)
