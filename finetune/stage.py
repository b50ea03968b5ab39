"""What the process of a stage is around its work: the run's config, its events, and how it ends."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from assistant.config import Paths, find_paths
from assistant.errors import DiskError, GrafterError, OutOfMemory, StoppedError
from assistant.system.processes import parent_of_this, watch
from finetune.config import RunConfig, read_config
from finetune.events import EventWriter, Failed, Paused, RunEvent, Stage

DONE, BUG, BAD_INPUT, STOPPED, SPEECHLESS = 0, 1, 2, 3, 4
"""What a stage's process ends with; SPEECHLESS: the disk refuses even to take down why."""

STARTED_BY = "GRAFTER_STARTED_BY"

Work = Callable[[Path, RunConfig, Paths, Callable[[RunEvent], None]], None]
"""Does a stage's work in a run's folder. Raises StoppedError where the run is asked to stop; what is done is kept."""


def main(stage: Stage, work: Work, arguments: list[str] | None = None) -> int:
    """Do the work of a stage; return DONE, BAD_INPUT, STOPPED or SPEECHLESS.

    What it fails of is told in the run's events.
    """
    parser = argparse.ArgumentParser(prog=f"finetune.{stage}")
    parser.add_argument("--run-dir", type=Path, required=True)
    run: Path = parser.parse_args(arguments).run_dir.resolve()
    try:
        config = read_config(run)
        say = EventWriter(run)
    except GrafterError as error:
        print(f"finetune: {error}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except OSError:
        return SPEECHLESS
    end_with_parent()
    try:
        return _end(stage, say, lambda: work(run, config, find_paths(), say))
    except OSError as error:
        if describe(error) is None:
            raise
        return SPEECHLESS
    finally:
        say.close()


def _end(stage: Stage, say: Callable[[RunEvent], None], work: Callable[[], None]) -> int:
    """Work, and say how it ended. Raises OSError where that cannot be written."""
    try:
        work()
    except StoppedError:
        say(Paused(stage))
        return STOPPED
    except (GrafterError, OSError, MemoryError) as error:
        failed = describe(error)
        if failed is None:
            raise
        say(failed)
        return BAD_INPUT
    return DONE


def describe(error: Exception) -> Failed | None:
    """Return in a sentence what a person has to know of an error; None where it is a mistake of this program."""
    if isinstance(error, GrafterError):
        return Failed(str(error), error.code)
    if isinstance(error, MemoryError):
        said = "There is not enough free memory; close other programs, or choose a smaller model, and resume the run."
        return Failed(said, OutOfMemory.code)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        where = f" ({error.filename})" if error.filename else ""
        return Failed(f"The disk refuses: {error.strerror}{where}; make room and resume the run.", DiskError.code)
    return None


def end_with_parent() -> None:
    """End this process when the one that started it has ended: nobody would follow it any more.

    Where a launcher stands between them, STARTED_BY in the environment names the process that started that.
    """
    try:
        parent = parent_of_this(int(os.environ.get(STARTED_BY, os.getppid())))
    except ValueError:
        return
    if parent is not None:
        watch(parent, lambda: os._exit(STOPPED))
