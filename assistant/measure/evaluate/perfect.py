"""A model that is always right: what a suggestion lacks then is the fault of how it was asked for and cut."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Literal

from assistant.completion.complete import Options
from assistant.engine.protocol import CancelToken, EngineInfo, Lease
from assistant.measure.evaluate.ask import EVERYTHING, Answer, ask_editor
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.metrics import normal_form
from assistant.retrieval.search.window import Budget
from assistant.types import (
    Choice,
    Delta,
    Event,
    Finished,
    FinishReason,
    GenerateRequest,
    Role,
    Started,
    Text,
    Timings,
    TokenLogprob,
)

Verdict = Literal["whole", "lines", "nothing", "cut", "other"]
VERDICTS: tuple[Verdict, ...] = ("whole", "lines", "nothing", "cut", "other")
"""What became of the truth. ``whole``: all of it is shown. ``lines``: it ends early, at the end of a line.
``nothing``: none of it is shown. ``cut``: it ends within a line. ``other``: what is shown is not the truth. The last
two are never right; of the others ``lines`` may be, where a part is all that anyone would want at once."""

INFO = EngineInfo("the truth", "qwen2.5-coder", "none", "none", 32768, token_healing=True)
# How many characters a token has: as a model's on average, and odd, so that tokens end anywhere.
_TOKEN_CHARS = (3, 5)


class PerfectEngine:
    """Writes the rest of one row's solution, surely, however it is asked; nothing where it may not begin so."""

    def __init__(self, row: Row, *, runs_on: bool = False) -> None:
        """Take the row; its solution without the line end that belongs to the file.

        ``runs_on``: it writes what stands right of the hole on its line, too, as models often do.
        """
        self._typed = row.prompt
        self._truth = row.solution.removesuffix(row.line_end)
        if runs_on:
            self._truth += row.after.split("\n", 1)[0]

    def begin(self, role: Role = "complete") -> Lease:  # noqa: ARG002 - the same in each
        """Return itself."""
        return Lease(INFO, estimate_tokens, self._generate)

    def close(self) -> None:
        """Do nothing: it holds nothing."""

    def _generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        yield Started(request.id, INFO.model, 0)
        begin = time.perf_counter()
        written, tokens = "", list[TokenLogprob]()
        reason: FinishReason = "stop"
        for piece in _pieces(self._rest(request)):
            if cancel.cancelled or len(tokens) == request.params.max_tokens:
                reason = "cancelled" if cancel.cancelled else "length"
                break
            token = TokenLogprob(piece, 0.0, ((piece, 0.0),), len(written))
            tokens.append(token)
            written += piece
            yield Delta(request.id, 0, piece, (token,))
        ms = 1000 * (time.perf_counter() - begin)
        choice = Choice(0, written, reason, len(tokens), 0.0 if tokens else None, tuple(tokens))
        yield Finished(request.id, INFO.model, (choice,), 0, 0, len(tokens), Timings(decode_ms=ms, total_ms=ms))

    def _rest(self, request: GenerateRequest) -> str:
        """Return the truth without what it has to begin with besides what is typed already."""
        for split in range(len(request.begin), -1, -1):
            typed, given = request.begin[:split], request.begin[split:]
            if self._typed.endswith(typed) and self._truth.startswith(given):
                rest = self._truth[len(given) :]
                return rest if not request.first_words or rest.startswith(request.first_words) else ""
        return ""


def ask_perfect(
    row: Row, options: Options = EVERYTHING, *, runs_on: bool = False, budget: Budget | None = None
) -> Answer:
    """Return what would be shown of the row's solution if a model wrote just that; ``runs_on`` is PerfectEngine's."""
    return ask_editor(PerfectEngine(row, runs_on=runs_on), row, options, budget=budget)


def judge(row: Row, answer: Answer) -> Verdict:
    """Return what became of the row's solution, given what was shown."""
    got, want = normal_form(answer.text), normal_form(row.right(answer.replaces))
    if got == want or row.program(answer.text, answer.replaces) == row.program(row.solution):
        return "whole"
    if not got.strip():
        return "nothing"
    if want.startswith(got):
        return "lines" if want[len(got) :].startswith("\n") else "cut"
    return "other"


def estimate_tokens(texts: Sequence[Text]) -> list[int]:
    """Return about how many tokens each text has."""
    return [-(-len(text.text) // 4) for text in texts]


def _pieces(text: str) -> Iterator[str]:
    place = 0
    for length in cycle(_TOKEN_CHARS):
        if place >= len(text):
            return
        yield text[place : place + length]
        place += length
