"""A run of fine-tuning on a terminal: its stages as they go, the loss as it falls, and what came of it."""

from __future__ import annotations

import dataclasses
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from assistant.system import jsonl
from assistant.system.disk import human_bytes
from finetune.events import (
    ArmScore,
    Checkpoint,
    DataReady,
    Failed,
    Finished,
    Paused,
    PlanReady,
    RunEvent,
    StageProgress,
    StageStarted,
    Stamped,
    Step,
    ValidationLoss,
    Verdict,
)


class Follower:
    """Shows events: lines and one bar for a person, or the very JSON lines for a program."""

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` takes JSON lines; None: bars on standard error, sentences on standard output."""
        self._stream = stream
        self._console = Console(stderr=True)
        self._out = Console(highlight=False, soft_wrap=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
        self._progress = Progress(*columns, console=self._console, disable=stream is not None)
        self._started = False
        self._task: TaskID | None = None
        self._title = ""
        self._held = ""
        self.last: RunEvent | None = None
        """The last event."""

    def __enter__(self) -> Self:
        """Begin; a bar is there from the first event that has one."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._clear()
        if self._started:
            self._progress.stop()

    def show(self, stamped: Stamped) -> None:
        """Show one event."""
        self.last = stamped.event
        if self._stream is not None:
            row = {"event": type(stamped.event).__name__, "time": stamped.time, **dataclasses.asdict(stamped.event)}
            print(jsonl.encode(row).decode(), end="", file=self._stream, flush=True)
            return
        self.say(stamped.event)

    def note(self, text: str) -> None:
        """Say something that is no event."""
        if self._stream is None:
            self._console.print(text)

    def say(self, event: RunEvent) -> None:
        """Say an event to a person."""
        match event:
            case StageProgress():
                note = f"{event.done:,} of {event.total:,}" if event.total else f"{event.done:,}"
                self._bar(event.what, event.done, event.total, note)
            case Step():
                self._bar("Training", event.step, event.steps, self._step(event))
            case ValidationLoss():
                self._held = f", held-out {event.loss:.3f}"
            case ArmScore():
                note = f"{event.arm} {event.exact_match:.0%} exact, {event.holes:,} of {event.total:,} holes"
                self._bar("Filling in held-out holes", event.holes, event.total, note)
            case DataReady() | PlanReady() | Verdict():
                self._clear()
                for line in _sentences(event):
                    self._out.print(line, markup=False)
            case StageStarted() | Checkpoint() | Paused() | Finished() | Failed():
                pass

    def _step(self, step: Step) -> str:
        left = (
            f"{step.seconds_left / 60:.0f} min left" if step.seconds_left >= 90 else f"{step.seconds_left:.0f} s left"
        )
        speed = f"{step.tokens_per_second:,.0f} tokens/s, {human_bytes(step.memory_bytes)}"
        return f"step {step.step:,} of {step.steps:,}, loss {step.loss:.3f}{self._held}, {speed}, {left}"

    def _bar(self, title: str, done: int, total: int, note: str) -> None:
        if self._task is None or title != self._title:
            self._clear()
            if not self._started:  # a run that fails at once prints its sentence alone
                self._progress.start()
                self._started = True
            self._title = title
            self._task = self._progress.add_task(title, total=total or None, note=note)
        self._progress.update(self._task, completed=done, total=total or None, note=note)

    def _clear(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


def _sentences(event: DataReady | PlanReady | Verdict) -> list[str]:
    match event:
        case DataReady():
            said = (
                f"Learning {event.samples:,} samples ({event.tokens:,} tokens) from {event.kept:,} of {event.files:,} "
                f"files; {event.test_holes:,} holes are held out to judge by, {event.validation_holes:,} to choose by."
            )
            return [said, event.note] if event.note else [said]
        case PlanReady():
            said = (
                f"On {event.device} in {event.precision}: {event.steps:,} steps over {event.tokens:,} tokens in about "
                f"{max(event.seconds / 60, 0.1):.1f} minutes ({event.tokens_per_second:,.0f} tokens/s), "
                f"{human_bytes(event.peak_bytes)} of memory at most. Proving it takes about "
                f"{max(event.judging_seconds / 60, 0.1):.1f} minutes more."
            )
            return [said, *event.changes]
        case Verdict():
            return [event.sentence]
