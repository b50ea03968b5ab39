"""The stage ``evaluate`` of a run: ``python -m finetune.judge --run-dir R``."""

from __future__ import annotations

import sys

from finetune import stage
from finetune.judge.stage import prove

if __name__ == "__main__":
    sys.exit(stage.main("evaluate", prove))
