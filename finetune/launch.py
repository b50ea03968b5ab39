"""How a run's processes are started: the job, which goes through all stages, and the trainers that it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from assistant.system.modes import private
from assistant.system.processes import apart
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
    module = {"evaluate": "judge"}.get(stage, stage)
    return [sys.executable, "-P", "-m", f"finetune.{module}", "--run-dir", str(run)]


def train_command(run: Path, config: TrainConfig) -> list[str]:
    """Return the command that trains a run: one process, or as many as asked for with accelerate.

    Its exit status is 0 when it is done, 3 stopped on request, 2 for bad input (the reason is written), 1 for a bug.
    """
    if config.processes == 1 or config.strategy in ("zero2", "zero3"):  # which one process refuses
        return [sys.executable, "-P", "-m", "finetune.train", "--run-dir", str(run)]
    strategy = "ddp" if config.strategy == "auto" else config.strategy
    several = [sys.executable, "-P", "-m", "finetune.train.launcher", "--run-dir", str(run)]
    return [*several, "--processes", str(config.processes), "--strategy", strategy]


def start_detached(run: Path) -> int:
    """Start the job so that it outlives this process; return its process id. What it prints goes to job.log.

    Raises OSError where it cannot be started.
    """
    return start_job(run).pid


def start_job(run: Path) -> subprocess.Popen[bytes]:
    """Start the job and return it; Ctrl-C here does not reach it. What it prints goes to job.log. Raises OSError."""
    with open_log(run) as log:
        return subprocess.Popen(
            job_command(run),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            umask=0o077,  # also what libraries write there is for the owner alone
            **apart(),
        )


def open_log(run: Path) -> BinaryIO:
    """Open what the job prints into, for its owner alone. Raises OSError."""
    return open(run / LOG, "ab", opener=private)
