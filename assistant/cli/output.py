"""What all commands print with: JSON lines for programs, tables and progress bars for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from assistant.errors import GrafterError, InputError
from assistant.system.disk import human_bytes


def print_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own, at once."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


def exit_code(error: GrafterError) -> int:
    """Return 2 for bad input, 1 for everything else that goes wrong."""
    return 2 if isinstance(error, InputError) else 1


def console() -> Console:
    """Return a console on standard output; where that is no terminal it is wide enough not to cut tables."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class ProgressBars:
    """One bar for each stage of a job, with the share done, the rate of what is counted in bytes, and the time left."""

    def __init__(self, progress: Progress, titles: Mapping[str, str]) -> None:
        self._progress = progress
        self._titles = titles
        self._tasks: dict[str, TaskID] = {}
        self.started = False

    def report(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage; the first report of a stage adds its bar."""
        if stage not in self._tasks:
            # Not before: a job that fails at once prints its error and no empty bars.
            self._progress.start()
            self.started = True
            # Begun at what is there already, so that a resumed download shows its true rate.
            title = self._titles.get(stage, stage)
            self._tasks[stage] = self._progress.add_task(title, total=total, completed=done)
        self._progress.update(self._tasks[stage], completed=done, total=total)


class _Amount(ProgressColumn):
    """``120 MB of 491 MB, 12 MB/s``; nothing for stages counted in thousandths."""

    def render(self, task: Task) -> Text:
        if not task.total or task.total <= 1000:
            return Text("")
        speed = task.finished_speed or task.speed
        rate = f", {human_bytes(speed)}/s" if speed else ""
        return Text(f"{human_bytes(task.completed)} of {human_bytes(task.total)}{rate}")


@contextmanager
def progress_bars(titles: Mapping[str, str]) -> Generator[ProgressBars]:
    """Show bars on standard error while the block runs; ``titles`` names each stage for people."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        _Amount(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    progress = Progress(*columns, console=Console(stderr=True))
    bars = ProgressBars(progress, titles)
    try:
        yield bars
    finally:
        if bars.started:
            progress.stop()
