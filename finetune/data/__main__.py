"""The stage ``data`` of a run: ``python -m finetune.data --run-dir R``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from assistant.config import Paths
from finetune import runs
from finetune import stage as stages
from finetune.config import RunConfig
from finetune.data import prepare as preparing
from finetune.data.look import tokenizer_of
from finetune.events import RunEvent, StageStarted

# More than is read: a quick processor, a quick card. Samples that nobody reads cost a moment.
_TOKENS_PER_SECOND = {"cpu": 600, "cuda": 20_000}


def work(run: Path, config: RunConfig, paths: Paths, say: Callable[[RunEvent], None]) -> None:
    """Make the data of a run, or find that it is there."""
    say(StageStarted("data"))
    preparing.prepare(
        run,
        config,
        tokenizer_of(config, paths),
        say,
        wanted_tokens=wanted_tokens(config),
        is_stopped=lambda: runs.is_asked_to_stop(run),
    )


def wanted_tokens(config: RunConfig) -> int:
    """Return how many tokens of samples the run can read at most."""
    train = config.train
    if train.steps:
        return train.steps * train.batch * train.gradient_accumulation_steps * train.processes * train.max_seq_length
    speed = _TOKENS_PER_SECOND["cuda" if config.device == "cuda" else "cpu"]
    return int(60 * train.minutes * speed * train.processes)


if __name__ == "__main__":
    sys.exit(stages.main("data", work))
