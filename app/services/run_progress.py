"""A run as a person follows it: its events, one after the other, folded into what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from finetune.events import (
    STAGES,
    ArmScore,
    Checkpoint,
    DataReady,
    Failed,
    Finished,
    Paused,
    PlanReady,
    Stage,
    StageProgress,
    StageStarted,
    Stamped,
    Step,
    ValidationLoss,
    Verdict,
)

StageState = Literal["waiting", "working", "done", "stopped", "failed"]
_SMOOTHING = 0.9


@dataclass(frozen=True, slots=True)
class LossPoint:
    """A loss in nats a token after ``step`` steps; a training loss is smoothed over about the last ten steps."""

    step: int
    loss: float


def smoothed(points: Iterable[tuple[int, float]]) -> list[LossPoint]:
    """Return (step, loss) smoothed over about ten points."""
    found: list[LossPoint] = []
    for step, loss in points:
        found.append(_next(found, step, loss))
    return found


def _next(before: Sequence[LossPoint], step: int, loss: float) -> LossPoint:
    share = min(_SMOOTHING, 1 - 1 / (len(before) + 1))
    return LossPoint(step, loss * (1 - share) + (before[-1].loss * share if before else 0.0))


class RunProgress:
    """All that the events said so far. Training may go on from a checkpoint: what comes again replaces what was."""

    def __init__(self) -> None:
        self.stages: dict[Stage, StageState] = dict.fromkeys(STAGES, "waiting")
        self.reports: dict[Stage, StageProgress] = {}
        self.data: DataReady | None = None
        self.plan: PlanReady | None = None
        self.step: Step | None = None
        self.losses: list[LossPoint] = []
        self.held_out: list[ValidationLoss] = []
        self.checkpoint: int | None = None
        self.arms: dict[str, ArmScore] = {}
        self.verdict: Verdict | None = None
        self.ending: Paused | Finished | Failed | None = None
        self.seconds = 0.0
        """For how long it was at work, pauses left out."""
        self.last_time: float | None = None
        self._stage_time = 0.0
        self._stage_done = 0

    @property
    def stage(self) -> Stage | None:
        """The stage that is at work, or was when the run ended."""
        return next((name for name in reversed(STAGES) if self.stages[name] not in {"waiting", "done"}), None)

    @property
    def base_loss(self) -> float | None:
        """The held-out loss of the base model."""
        return next((look.loss for look in self.held_out if look.step == 0), None)

    @property
    def best(self) -> ValidationLoss | None:
        """The look with the lowest held-out loss."""
        return min(self.held_out, key=lambda look: look.loss, default=None)

    @property
    def share(self) -> float | None:
        """How far the stage at work is, 0 to 1; None where it does not say."""
        stage = self.stage
        if stage == "train" and self.step is not None and self.step.steps:
            return min(1.0, self.step.step / self.step.steps)
        told = self.reports.get(stage) if stage else None
        return min(1.0, told.done / told.total) if told is not None and told.total > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How much longer the stage at work takes, by what it did so far; None where nobody can tell."""
        stage = self.stage
        if stage == "train":
            return self.step.seconds_left if self.step is not None else None
        told = self.reports.get(stage) if stage else None
        if told is None or told.total <= 0 or self.last_time is None or told.done <= self._stage_done:
            return None
        worked = self.last_time - self._stage_time
        return worked * (told.total - told.done) / (told.done - self._stage_done)

    def take(self, stamped: Stamped) -> None:
        """Add the next event."""
        event, now = stamped.event, stamped.time
        begins = isinstance(event, StageStarted)
        # The time between an end and the next beginning was nobody's work.
        if self.last_time is not None and self.ending is None and not (begins and event.resumed):
            self.seconds += max(0.0, now - self.last_time)
        self.last_time = now
        self.ending = None
        match event:
            case StageStarted():
                self._begin(event, now)
            case StageProgress():
                self._add_progress(event)
            case Step():
                self._add_step(event)
            case ValidationLoss():
                self.held_out = [look for look in self.held_out if look.step < event.step] + [event]
            case Paused() | Failed() | Finished():
                self._end(event)
            case _:
                self._keep(event)

    def _keep(self, event: DataReady | PlanReady | Checkpoint | ArmScore | Verdict) -> None:
        match event:
            case DataReady():
                self.data = event
            case PlanReady():
                self.plan = event
            case Checkpoint():
                self.checkpoint = event.step
            case ArmScore():
                self.arms[event.arm] = event
                self._add_progress(StageProgress("evaluate", "Filling in held-out holes", event.holes, event.total))
            case Verdict():
                self.verdict = event

    def _add_progress(self, event: StageProgress) -> None:
        before = self.reports.get(event.stage)
        if before is None or (before.what, before.total) != (event.what, event.total):
            self._stage_time, self._stage_done = self.last_time or 0.0, event.done
        self.reports[event.stage] = event

    def _begin(self, event: StageStarted, now: float) -> None:
        for name in STAGES[: STAGES.index(event.stage)]:
            self.stages[name] = "done"
        for name in STAGES[STAGES.index(event.stage) + 1 :]:
            self.stages[name] = "waiting"
        self.stages[event.stage] = "working"
        self.reports.pop(event.stage, None)
        self._stage_time = now

    def _add_step(self, event: Step) -> None:
        self.step = event
        while self.losses and self.losses[-1].step >= event.step:
            self.losses.pop()
        self.losses.append(_next(self.losses, event.step, event.loss))

    def _end(self, event: Paused | Failed | Finished) -> None:
        self.ending = event
        stage = self.stage
        if isinstance(event, Finished):
            self.stages = dict.fromkeys(STAGES, "done")
        elif stage is not None:
            self.stages[stage] = "failed" if isinstance(event, Failed) else "stopped"
