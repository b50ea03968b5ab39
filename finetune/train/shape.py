"""What a run was planned to be: settings after whatever had to be made smaller, fixed for all its restarts."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.system.files import write_file
from finetune.config import TrainConfig, read_train
from finetune.events import PlanReady
from finetune.old_names import PLAN, renamed

_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """``train`` is what is done, ``ready`` what was said of it.

    Evaluations of the validation loss come every ``evaluate_every`` steps, and take the first ``validation_samples``.
    """

    train: TrainConfig
    ready: PlanReady
    evaluate_every: int
    validation_samples: int
    gradient_checkpointing: bool

    def save(self, run: Path) -> None:
        """Write plan.json, all or nothing. Raises OSError."""
        write_file(run / _FILE, (json.dumps(dataclasses.asdict(self), indent=1) + "\n").encode())

    @staticmethod
    def load(run: Path) -> Shape | None:
        """Return what was planned for a run; None where nothing was, or it cannot be read."""
        try:
            table: dict[str, Any] = json.loads((run / _FILE).read_text(encoding="utf-8"))
            ready = table.pop("ready")
            ready["changes"] = tuple(ready["changes"])
            train = read_train(table.pop("train"))
            return Shape(train=train, ready=PlanReady(**ready), **renamed(table, PLAN))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
