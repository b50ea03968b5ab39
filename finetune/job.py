"""The job: goes through the stages of a run, each where it stopped, each in a process of its own.

``python -m finetune.job --run-dir R``. A process for each stage gives all its memory back at its end, and a crash in
one leaves the job alive to say so. The stages write their own events; the job writes what is left to say.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from assistant.errors import DiskError, GrafterError, InputError
from assistant.system.processes import how_it_ended
from finetune import runs
from finetune.config import RunConfig, check, read_config
from finetune.events import EventReader, EventWriter, Failed, Finished, Paused, RunEvent, Stage
from finetune.launch import stage_command
from finetune.stage import BAD_INPUT, BUG, DONE, SPEECHLESS, STOPPED, describe

_GRACE_SECONDS = 120.0
_NOT_WRITTEN = "The run's folder cannot be written; see to its disk and its rights, and resume the run."
_STAGES: tuple[Stage, ...] = ("data", "train", "evaluate")


def main(arguments: list[str] | None = None) -> int:
    """Work on a run; return DONE, BUG, BAD_INPUT or STOPPED."""
    parser = argparse.ArgumentParser(prog="finetune.job", description="Work on a run of fine-tuning.")
    parser.add_argument("--run-dir", type=Path, required=True)
    run: Path = parser.parse_args(arguments).run_dir.resolve()
    try:
        config = read_config(run)
        check(config)
        with runs.owned(run):
            return _work(run, config)
    except (GrafterError, OSError) as error:
        failed = describe(error)
        if failed is None:
            raise
        print(f"finetune: {failed.sentence}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT


def _work(run: Path, config: RunConfig) -> int:
    begin = time.monotonic()
    with _stops_on_signals(run):
        for stage in _STAGES:
            code = BAD_INPUT if (said := _missing(config)) else _run_stage(stage, run, config)
            if runs.is_gone(run):
                print(f"finetune: The folder of the run {run.name} was removed; the run is ended.", file=sys.stderr)  # noqa: T201
                return STOPPED
            if said:
                _say(run, Failed(said, InputError.code))
            elif code == STOPPED and not isinstance(_last(run), Paused):
                _say(run, Paused(stage))
            elif code == SPEECHLESS:
                _say(run, Failed(runs.full_disk(run) or _NOT_WRITTEN, DiskError.code))
            elif code not in (DONE, STOPPED) and not isinstance(_last(run), Failed):
                _say(run, Failed(_what_happened(stage, code, run), "internal_error"))
            if code != DONE:
                return {SPEECHLESS: BAD_INPUT}.get(code, code if code in (BAD_INPUT, STOPPED) else BUG)
    if not isinstance(_last(run), Finished):
        _say(run, Finished(_installed(run), round(time.monotonic() - begin, 1)))
    return DONE


def _missing(config: RunConfig) -> str:
    if Path(config.repository).is_dir():
        return ""
    return f"The repository {config.repository} is not there any more; put it back and resume the run."


def _run_stage(stage: Stage, run: Path, config: RunConfig) -> int:
    """Start the stage's process, wait for its end, and return its exit code; on a wish to stop it ends by itself.

    One that does not within two minutes is ended: its last checkpoint is what the run goes on from.
    """
    if runs.is_asked_to_stop(run):
        return STOPPED
    with subprocess.Popen(stage_command(stage, run, config), stdin=subprocess.DEVNULL) as process:
        asked: float | None = None
        while True:
            try:
                return process.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                if asked is None and runs.is_asked_to_stop(run):
                    asked = time.monotonic()
                # Where the folder is gone, no checkpoint can be kept.
                if asked is not None and (runs.is_gone(run) or time.monotonic() - asked > _GRACE_SECONDS):
                    process.kill()
                    process.wait()
                    return STOPPED


def _what_happened(stage: Stage, code: int, run: Path) -> str:
    how = how_it_ended(code)
    return f"The stage '{stage}' {how}; {run / 'job.log'} tells more. Resume the run to go on from its last checkpoint."


@contextmanager
def _stops_on_signals(run: Path) -> Generator[None]:
    """Let SIGTERM and Ctrl-C be a wish to stop: the stage keeps a checkpoint and ends."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        runs.ask_to_stop(run)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _last(run: Path) -> RunEvent | None:
    """Return the last event of the run."""
    last: RunEvent | None = None
    for stamped in EventReader(run).read():
        last = stamped.event
    return last


def _installed(run: Path) -> str:
    """Return the name of the adapter that the evaluation installed, or nothing."""
    try:
        return (run / "installed").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _say(run: Path, event: RunEvent) -> None:
    writer = EventWriter(run)
    writer(event)
    writer.close()


if __name__ == "__main__":
    sys.exit(main())
