"""How a run's processes are started: the job, which goes through all stages, and the trainers that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from assistant.system.modes import private
from finetune.config import RunConfig, TrainConfig
from finetune.events import Stage

LOG = "job.log"


def job_command(run: Path) -> list[str]:
    """Return the command that works on a run from where it stands to its end."""
    return [sys.executable, "-P", "-m", "finetune.job", "--run-dir", str(run)]


def stage_command(stage: Stage, run: Path, config: RunConfig) -> list[str]:
    """Return the command of one stage's process."""
    if stage == "train":
        return train_command(run, config.train)
    return [sys.executable, "-P", "-m", f"finetune.{stage}", "--run-dir", str(run)]


def train_command(run: Path, config: TrainConfig) -> list[str]:
    """Return the command that trains a run: one process, or as many as asked for with accelerate.

    Its exit status is 0 when it is done, 3 stopped on request, 2 for bad input (the reason is written), 1 for a bug.
    """
    if config.processes == 1 or config.strategy in ("zero2", "zero3"):  # which one process refuses
        return [sys.executable, "-P", "-m", "finetune.train", "--run-dir", str(run)]
    strategy = "ddp" if config.strategy == "auto" else config.strategy
    together = [sys.executable, "-P", "-m", "finetune.train.together", "--run-dir", str(run)]
    return [*together, "--processes", str(config.processes), "--strategy", strategy]


def open_log(run: Path) -> BinaryIO:
    """Open what the job prints into, for its owner alone. Raises OSError."""
    return open(run / LOG, "ab", opener=private)


def start_detached(run: Path) -> int:
    """Start the job so that it outlives this process; return its process id. What it prints goes to job.log.

    Raises OSError where it cannot be started.
    """
    detached: dict[str, object] = (
        {"creationflags": 0x00000200 | 0x08000000} if os.name == "nt" else {"start_new_session": True}
    )
    with open_log(run) as log:
        process = subprocess.Popen(
            job_command(run),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **detached,  # pyright: ignore[reportCallIssue, reportArgumentType]
        )
    return process.pid
