"""What settings, events and files of a run were called before; runs that were begun then are still read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

V = TypeVar("V")

SETTINGS: Mapping[str, str] = {
    "rate": "learning_rate",
    "length": "max_seq_length",
    "accumulate": "gradient_accumulation_steps",
    "checkpointing": "gradient_checkpointing",
    "patience": "early_stopping_patience",
    "drop_strange": "drop_outliers",
}
"""Fields of config.json."""

EVENTS: Mapping[str, str] = {"HeldOut": "ValidationLoss"}
STEP: Mapping[str, str] = {"rate": "learning_rate"}
"""Fields of the event Step."""

PLAN: Mapping[str, str] = {"checkpointing": "gradient_checkpointing", "looked_at": "validation_samples"}
"""Fields of plan.json."""

STATE: Mapping[str, str] = {"looks": "evaluations", "looked_at": "evaluated_at"}
"""Fields of a checkpoint's state.json."""


def renamed(table: Mapping[str, V], names: Mapping[str, str]) -> dict[str, V]:
    """Return a table under the names of today; where both are there, the one of today counts."""
    now = {names.get(name, name): value for name, value in table.items()}
    return now | {name: value for name, value in table.items() if name not in names}
