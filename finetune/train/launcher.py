"""``python -m finetune.train.launcher``: the processes of a run, started by accelerate; ends as one process would.

accelerate's launcher says of a failed or stopped process only that it failed, and passes no signals on. This reads the
run's last word instead, so that whoever started it sees the exit status of ``python -m finetune.train``; and where
that one is gone, all of them end. No torch here.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from finetune.events import EventReader, Failed, Paused
from finetune.stage import BAD_INPUT, BUG, DONE, STARTED_BY, STOPPED, end_with_parent

CONFIGS = Path(__file__).parent.parent / "accelerate"


def main(arguments: list[str] | None = None) -> int:
    """Start the processes, wait for them, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m finetune.train.launcher")
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--strategy", choices=("ddp", "fsdp"), default="ddp")
    asked, rest = parser.parse_known_args(arguments)
    run: Path = asked.run_dir
    told = EventReader(run)
    for _ in told.read():  # what an earlier start said is not of this one
        pass
    process = subprocess.Popen(
        launch_command(run, asked.processes, asked.strategy, rest), env=environment(), stdin=subprocess.DEVNULL
    )

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    status = process.wait()
    last = [stamped.event for stamped in told.read()][-1:]
    match last:
        case [Paused()]:
            return STOPPED
        case [Failed()]:
            return BAD_INPUT
        case _:
            return DONE if status == 0 else BUG


def launch_command(run: Path, processes: int, strategy: str, rest: list[str]) -> list[str]:
    """Return what starts the processes on this machine."""
    return [
        *(sys.executable, "-P", "-m", "accelerate.commands.launch"),
        *("--config_file", str(CONFIGS / f"{strategy}.yaml"), "--num_processes", str(processes)),
        *("-m", "finetune.train", "--run-dir", str(run), *rest),
    ]


def environment() -> dict[str, str]:
    """Return the variables for the launcher, whose ``python`` would else import from the folder it is in."""
    return os.environ | {"PYTHONSAFEPATH": "1", STARTED_BY: str(os.getpid())}


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main())
