"""What a run will cost: measured once for a model and a shape, then scaled to the minutes that a person turns to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetune.config import RunConfig
from finetune.events import DataReady, PlanReady


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``--dry-run`` said for ``minutes`` of training."""

    data: DataReady
    plan: PlanReady
    minutes: float


def read_measured(answer: Mapping[str, Any], minutes: float) -> Measured | None:
    """Return what ``--dry-run --json`` printed; None where it is something else."""
    data, plan = answer.get("data"), answer.get("plan")
    if not isinstance(data, dict) or not isinstance(plan, dict):
        return None
    try:
        known = {field.name for field in dataclasses.fields(PlanReady)}
        fields = {name: value for name, value in plan.items() if name in known}
        fields["changes"] = tuple(fields.get("changes", ()))
        told = {field.name for field in dataclasses.fields(DataReady)}
        return Measured(
            DataReady(**{name: value for name, value in data.items() if name in told}), PlanReady(**fields), minutes
        )
    except TypeError:
        return None


def scaled(measured: Measured, minutes: float) -> PlanReady:
    """Return the plan for other minutes: a step costs what it did, and there are more or fewer of them.

    The samples stay: with more minutes they are read more often.
    """
    plan, ratio = measured.plan, minutes / measured.minutes
    if plan.steps <= 0 or ratio == 1:
        return plan
    return dataclasses.replace(plan, steps=max(1, round(plan.steps * ratio)), seconds=plan.seconds * ratio)


def shape(config: RunConfig) -> tuple[object, ...]:
    """Return all that a measurement depends on: everything but the minutes, the steps and the adapter's name."""
    train = dataclasses.replace(config.train, minutes=1.0, steps=0, rate=1.0, warmup=0, patience=0)
    return (config.repository, config.model, config.seed, config.device, config.threads, config.data, train)
