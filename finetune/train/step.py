"""One optimizer step: gradients of all its rows on all processes, each token counted once, clipped, and taken."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from assistant.errors import GrafterError
from finetune.data.samples import SampleSet
from finetune.train.group import Group
from finetune.train.rows import make_batch, sum_of_weights

FIRST_SCALE = 1024.0
"""By what the loss is multiplied in fp16 at first, so that small gradients do not become 0."""
_MOST_SCALE, _GROWS_AFTER = 65536.0, 200


class TrainingError(GrafterError):
    """Training cannot go on; the last checkpoint is sound."""

    code = "training_error"


@dataclass(frozen=True, slots=True)
class StepResult:
    """Mean loss in nats a token over all processes, the tokens that all read, and whether they were asked to stop."""

    loss: float
    tokens: int
    stop: bool


@dataclass(slots=True)
class LossScale:
    """The factor of the loss in fp16, and how many steps it has been right; 1 elsewhere, and never changed."""

    factor: float
    good: int = 0

    def judge(self, *, finite: bool) -> None:
        """Halve it where gradients did not fit, and double it where they have for long."""
        self.good = self.good + 1 if finite else 0
        if not finite:
            self.factor /= 2
        elif self.good % _GROWS_AFTER == 0 and self.factor < _MOST_SCALE:
            self.factor *= 2


class Stepper:
    """Takes steps with one model on this process's share of the rows."""

    def __init__(
        self,
        group: Group,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        weights: Mapping[str, nn.Parameter],
        samples: SampleSet,
        place: torch.device,
        scale: LossScale,
    ) -> None:
        self._group, self._model, self._optimizer = group, model, optimizer
        self._weights, self._samples, self._place = list(weights.values()), samples, place
        self.scale = scale

    def take(
        self, rows: Sequence[Sequence[int]], *, batch: int, rate: float, clip: float, stop: Callable[[], bool]
    ) -> StepResult:
        """Learn from ``rows``, those of the whole step on all processes; ``batch`` of them are read at once.

        However many processes there are, the gradient is that of the mean over the weights of all rows. Raises
        TrainingError where the loss is no number.
        """
        total = sum_of_weights(self._samples, rows)
        size, rank = self._group.size, self._group.rank
        pieces = [rows[first : first + batch] for first in range(0, len(rows), batch)][rank::size]
        for parameters in self._optimizer.param_groups:
            parameters["lr"] = rate
        own, tokens = 0.0, 0
        for number, piece in enumerate(pieces):
            made = make_batch(self._samples, [sample for row in piece for sample in row], self._place)
            last = number + 1 == len(pieces)
            with contextlib.nullcontext() if last else self._group.no_exchange(self._model):
                loss = self._model(made)
                # DDP and its kin take the mean over the processes; each token is to count once.
                self._group.backward(loss * (size * self.scale.factor / total))
            own += float(loss.detach())
            tokens += made.tokens
        loss, read, stops = self._group.sum(own, tokens, float(self._group.first and stop()))
        if not math.isfinite(loss):
            raise TrainingError(
                "The loss is no number any more; start a new run with a lower rate. The last checkpoint is kept."
            )
        self._group.exchange(self._weights)
        self._update(clip)
        return StepResult(loss / total, int(read), stops > 0)

    def _update(self, clip: float) -> None:
        factor = self.scale.factor
        if factor != 1:
            for weight in self._weights:
                if weight.grad is not None:
                    weight.grad.div_(factor)
        finite = math.isfinite(float(self._group.clip(self._weights, clip)))
        if finite:
            self._optimizer.step()
        elif factor == 1:
            raise TrainingError(
                "The gradients are no numbers any more; start a new run with a lower rate. The last checkpoint is kept."
            )
        self._optimizer.zero_grad(set_to_none=True)
        if factor != 1:
            self.scale.judge(finite=finite)
            if self.scale.factor < 1:
                raise TrainingError("The gradients do not fit into fp16; start a new run in fp32 or bf16.")
