"""The run from its plan to its last step: learn, look at what was held out, keep, and stop when asked."""

from __future__ import annotations

import importlib.metadata
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from assistant.engine.memory import trim
from assistant.system.files import mend
from finetune.data.pack import pack
from finetune.data.samples import SampleSet
from finetune.events import Checkpoint, Paused, RunEvent, Step, ValidationLoss
from finetune.runs import is_asked_to_stop, is_gone
from finetune.stage import StoppedError
from finetune.train.checkpoint import Kept, State, keep, keep_adapter
from finetune.train.group import Group
from finetune.train.memory import peak_bytes
from finetune.train.model import Trainee
from finetune.train.optimizer import rate_at
from finetune.train.rows import Order
from finetune.train.shape import Shape
from finetune.train.step import FIRST_SCALE, LossScale, Stepper
from finetune.train.validation import held_out_loss

End = Literal["done", "stopped"]
CHECKPOINT_SECONDS = 120.0
"""A kill costs at most as much."""
_RECENT = 8


@dataclass(frozen=True, slots=True)
class Task:
    """All that training works on: the run's folder, its plan and seed, what is learned and what is held out."""

    run: Path
    shape: Shape
    seed: int
    samples: SampleSet
    validation: SampleSet
    place: torch.device
    minutes: float
    """0: only the steps end it."""
    checkpoint_seconds: float = CHECKPOINT_SECONDS


class Loop:
    """Trains a prepared model; ``kept`` is the checkpoint that it goes on from, whose weights it already has."""

    def __init__(
        self,
        task: Task,
        group: Group,
        trainee: Trainee,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        say: Callable[[RunEvent], None],
        kept: Kept | None,
        begun: float,
    ) -> None:
        """``begun`` is when this process began, by time.monotonic(); what it did since counts as time spent."""
        self._task, self._group, self._trainee, self._model = task, group, trainee, model
        self._optimizer, self._say, self._begun = optimizer, say, begun
        self._state = kept.state if kept else State(versions=_versions())
        self._before = self._state.seconds
        self._saved = self._state.step if kept else -1
        self._saved_at = time.monotonic()
        self._train = task.shape.train
        self._steps = task.shape.ready.steps
        self._order = Order(task.samples, self._train.max_seq_length, task.seed)
        numbers = range(min(task.shape.validation_samples, len(task.validation)))
        lengths = [int(size) for size in task.validation.lengths[: len(numbers)]]
        self._validation = pack(lengths, max(self._train.max_seq_length, *lengths), task.seed)
        half = task.shape.ready.precision == "fp16"
        scale = LossScale((self._state.loss_scale if kept else FIRST_SCALE) if half else 1.0)
        self._stepper = Stepper(group, model, optimizer, trainee.trainable, task.samples, task.place, scale)
        self._times: list[tuple[int, float]] = []

    def run(self) -> End:
        """Go on to the end, or until asked to stop; a checkpoint is kept either way."""
        mend(self._task.run / "best")
        if self._state.evaluated_at < self._state.step and self._is_due(self._state.step):
            self._evaluate()
        while not self._is_over():
            stop = self._step()
            if stop and is_gone(self._task.run):
                raise StoppedError  # no checkpoint is to bring the folder back
            if self._is_due(self._state.step):
                self._evaluate()
            if stop and not self._is_over():
                self._keep()
                self._tell(Paused("train", self._state.step))
                return "stopped"
            if self._group.agree(time.monotonic() - self._saved_at > self._task.checkpoint_seconds):
                self._keep()
        self._evaluate()
        self._keep()
        return "done"

    def _is_due(self, step: int) -> bool:
        return step % self._task.shape.evaluate_every == 0

    def _is_over(self) -> bool:
        state = self._state
        # One step is taken even where loading and planning took the time given.
        late = bool(self._task.minutes and state.step) and self._group.agree(self._seconds() >= 60 * self._task.minutes)
        return state.step >= self._steps or late or state.evaluations >= self._train.early_stopping_patience

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._begun

    def _step(self) -> bool:
        """Take one step and return whether to stop."""
        train, state, first = self._train, self._state, time.monotonic()
        count = train.batch * train.gradient_accumulation_steps * self._group.size
        number = state.step + 1
        # Dropout alone draws numbers; so a step is the same whatever happened before it.
        torch.manual_seed((self._task.seed * 1_000_003 + number) * 4096 + self._group.rank)
        rate = rate_at(number, self._steps, train)
        done = self._stepper.take(
            self._order.take(state.rows, count),
            batch=train.batch,
            rate=rate,
            clip=train.clip,
            stop=lambda: is_asked_to_stop(self._task.run),
        )
        self._state = replace(
            state,
            step=number,
            rows=state.rows + count,
            tokens=state.tokens + done.tokens,
            loss_scale=self._stepper.scale.factor,
        )
        if self._task.place.type == "cpu":
            trim()  # rows of other shapes leave other gaps in the heap, which would add up
        self._times = [*self._times[-_RECENT:], (done.tokens, time.monotonic() - first)]
        self._tell_step(done.loss, rate)
        return done.stop

    def _tell_step(self, loss: float, rate: float) -> None:
        speed = sum(tokens for tokens, _ in self._times) / max(sum(s for _, s in self._times), 1e-9)
        each = sum(seconds for _, seconds in self._times) / len(self._times)
        left = (self._steps - self._state.step) * each
        if self._task.minutes:
            left = min(left, max(60 * self._task.minutes - self._seconds(), 0.0))
        self._tell(
            Step(
                step=self._state.step,
                steps=self._steps,
                loss=loss,
                learning_rate=rate,
                tokens=self._state.tokens,
                tokens_per_second=round(speed, 2),
                memory_bytes=peak_bytes(self._task.place),
                seconds_left=round(left, 1),
            )
        )

    def _evaluate(self) -> None:
        """Take the validation loss, and keep the adapter where it is the best so far."""
        state = self._state
        if state.evaluated_at == state.step:
            return
        loss = held_out_loss(self._group, self._model, self._task.validation, self._validation, self._task.place)
        best = state.best is None or loss < state.best
        if not math.isfinite(loss):
            best = False
        self._state = replace(
            state,
            best=loss if best else state.best,
            best_step=state.step if best else state.best_step,
            evaluations=0 if best else state.evaluations + 1,
            evaluated_at=state.step,
        )
        if best:
            tensors = self._group.adapter(self._trainee)
            if self._group.first:
                keep_adapter(self._task.run / "best", tensors, self._group.adapter_config(self._trainee))
        self._tell(ValidationLoss(state.step, loss, best))

    def _keep(self) -> None:
        if self._saved == self._state.step:
            return
        adapter, memory = self._group.adapter(self._trainee), self._group.memory(self._optimizer)
        self._state = replace(self._state, seconds=round(self._seconds(), 3))
        self._before, self._begun = self._state.seconds, time.monotonic()
        if self._group.first:
            keep(self._task.run, adapter, self._group.adapter_config(self._trainee), memory, self._state)
        self._group.wait()
        self._saved, self._saved_at = self._state.step, time.monotonic()
        self._tell(Checkpoint(self._state.step))

    def _tell(self, event: RunEvent) -> None:
        if self._group.first:
            self._say(event)


def _versions() -> tuple[str, ...]:
    names = ("torch", "transformers", "peft", "accelerate")
    return tuple(f"{name} {importlib.metadata.version(name)}" for name in names)
