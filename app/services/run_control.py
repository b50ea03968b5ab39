"""One run of fine-tuning as the window works with it: started, followed, paused, ended; it outlives the window."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QTimer, Signal, Slot

from app.services.run_progress import RunProgress
from assistant.config import Paths
from assistant.errors import InputError
from finetune import runs
from finetune.config import RunConfig, check, read_config
from finetune.events import EventReader, Failed, Finished, Paused
from finetune.launch import LOG, job_command

RunState = Literal["new", "starting", "running", "pausing", "paused", "stopped", "failed", "finished"]

POLL_MS = 400
_START_SECONDS = 30.0
"""A job that has not taken its run over by then did not start."""


def start_job(run: Path) -> None:
    """Start the job so that it outlives this process. Raises InputError.

    QProcess detaches fully: no child is left for this process to wait for.
    """
    command = job_command(run)
    process = QProcess()
    process.setProgram(command[0])
    process.setArguments(command[1:])
    process.setStandardInputFile(QProcess.nullDevice())
    process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
    process.setStandardOutputFile(str(run / LOG), QProcess.OpenModeFlag.Append)
    started: object = process.startDetached()  # a flag, where its stubs promise a pair
    if not (started[0] if isinstance(started, tuple) else started):
        text = QCoreApplication.translate("RunControl", "The training of {run} cannot be started: {error}.")
        raise InputError(text.format(run=run.name, error=process.errorString()))


class RunControl(QObject):
    """Follows at most one run, by the events in its folder alone; whoever works on it may be started by anybody."""

    changed = Signal()
    """``progress``, ``state`` or ``folder`` changed."""

    def __init__(
        self, paths: Paths, parent: QObject | None = None, *, start: Callable[[Path], object] = start_job
    ) -> None:
        super().__init__(parent)
        self._paths, self._start_job = paths, start
        self.folder: Path | None = None
        self.config: RunConfig | None = None
        self.progress = RunProgress()
        self.state: RunState = "new"
        self._reader: EventReader | None = None
        self._began = float("-inf")
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.look)

    @property
    def at_work(self) -> bool:
        """Whether somebody works on the run, or is about to."""
        return self.state in {"starting", "running", "pausing"}

    # --- which run ------------------------------------------------------------------------

    def follow(self, folder: Path) -> None:
        """Show this run from now on. Raises InputError where its settings cannot be read."""
        config = read_config(folder)
        self.folder, self.config = folder, config
        self.progress, self._reader = RunProgress(), EventReader(folder)
        self._began = float("-inf")
        self.state = "new"
        self._read()
        self.changed.emit()

    def forget(self) -> None:
        """Follow no run."""
        self._timer.stop()
        self.folder = self.config = self._reader = None
        self.progress, self.state = RunProgress(), "new"
        self.changed.emit()

    def find_at_work(self) -> Path | None:
        """Return the newest run that somebody works on."""
        places = [place for place in self._paths.runs.glob("*/owner") if runs.is_owned(place.parent)]
        return max((place.parent for place in places), key=lambda run: run.stat().st_mtime, default=None)

    def find_newest(self) -> Path | None:
        """Return the run that was made last."""
        places = self._paths.runs.glob("[!.]*/config.json")
        return max(
            (place.parent for place in places), key=lambda run: (run / "config.json").stat().st_mtime, default=None
        )

    # --- what is done with it -------------------------------------------------------------

    def start(self, config: RunConfig) -> None:
        """Make a run and begin it. Raises InputError."""
        self.follow(runs.create(self._paths, config))
        self.resume()

    def resume(self) -> None:
        """Go on where the run stands. Raises InputError."""
        if self.folder is None or self.config is None or self.at_work:
            return
        check(self.config)  # one of another version, with what cannot end well any more
        self._start_job(self.folder)
        self._began = time.monotonic()
        self.state = "starting"
        self._timer.start()
        self.changed.emit()

    def pause(self) -> None:
        """Ask for a checkpoint and the end. Raises InputError."""
        if self.folder is None:
            return
        try:
            runs.ask_to_stop(self.folder)
        except OSError as error:
            text = self.tr("The run cannot be asked to stop: {error}.")
            raise InputError(text.format(error=error.strerror or error)) from None
        self.look()

    def stop_now(self) -> None:
        """End the run's processes at once; what was learned since the last checkpoint is lost."""
        if self.folder is not None:
            runs.end_at_once(self.folder)
            self._began = float("-inf")
            self.look()

    # --- following ------------------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """Read what is new; a run that was removed by others is forgotten."""
        if self.folder is not None and not self.folder.exists():
            self.forget()
        elif self._read():
            self.changed.emit()

    def _read(self) -> bool:
        if self.folder is None or self._reader is None:
            return False
        before = self.state
        owned = runs.is_owned(self.folder)  # before the events: the last ones are written before it is left
        some = False
        for stamped in self._reader.read():
            self.progress.take(stamped)
            some = True
        if owned or (some and self.progress.ending is not None):
            self._began = float("-inf")  # it has begun
        self.state = self._find_state(owned)
        follow = self.at_work
        if follow != self._timer.isActive():
            self._timer.start() if follow else self._timer.stop()
        return some or self.state != before

    def _find_state(self, owned: bool) -> RunState:
        if owned and self.folder is not None:
            return "pausing" if runs.is_asked_to_stop(self.folder) else "running"
        if time.monotonic() - self._began < _START_SECONDS:
            return "starting"
        match self.progress.ending:
            case Paused():
                return "paused"
            case Finished():
                return "finished"
            case Failed():
                return "failed"
            case None:
                return "stopped" if self.progress.last_time is not None else "new"
