"""The window's view of ``grafter models``: list, download with progress, cancel, add, remove; each a child process."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.services.json_command import JsonCommand
from assistant.types import Progress

_Job = Literal["pull", "add", "remove"]


SMOOTHING_S = 5.0
_SETTLE_S = 1.0


class RateEstimate:
    """Units per second and seconds left, from counts that come at any times (seconds on one clock).

    An exponential mean that weighs a stretch by its length, so that many small reports count like one large one.
    """

    def __init__(self, smoothing_s: float = SMOOTHING_S) -> None:
        self._smoothing_s = smoothing_s
        self._started: float | None = None
        self._last_at = 0.0
        self._last_done = 0
        self._rate = 0.0
        self._weight = 0.0

    def update(self, done: int, total: int, now: float) -> tuple[float, float | None]:
        """Note ``done`` of ``total``; return units per second and seconds left (None while nobody can tell)."""
        if self._started is None or done < self._last_done:
            self._started, self._last_at, self._last_done = now, now, done
            self._rate = self._weight = 0.0
            return 0.0, None
        elapsed = now - self._last_at
        if elapsed > 0:
            keep = math.exp(-elapsed / self._smoothing_s)
            self._rate = keep * self._rate + (1 - keep) * (done - self._last_done) / elapsed
            self._weight = keep * self._weight + (1 - keep)
            self._last_at, self._last_done = now, done
        rate = self._rate / self._weight if self._weight else 0.0
        if done >= total:
            return rate, 0.0
        told = rate > 0 and now - self._started >= _SETTLE_S
        return rate, (total - done) / rate if told else None


class ModelJobs(QObject):
    """Runs ``command`` (up to and with ``models``) with list, pull, add and remove.

    Listing may run beside a job; of pull, add and remove one runs at a time. Each job ends with exactly one of
    ``done``, ``removed``, ``cancelled`` and ``failed``.
    """

    listed = Signal(list)
    """The models as dicts, as ``models list --json`` gives them."""
    progress = Signal(object, float, object)
    """A Progress, its units per second, and seconds left (float, or None while nobody can tell)."""
    done = Signal(str)
    removed = Signal(str)
    cancelled = Signal(str)
    failed = Signal(str)
    """One sentence, of a job or of listing."""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = tuple(command)
        self._job: _Job | None = None
        self._model = ""
        self._succeeded = False
        self._stage = ""
        self._rate = RateEstimate()
        self._default = ""
        name = self.tr("The program that manages models")
        self._lister = JsonCommand(name, self)
        self._lister.answered.connect(self._on_listed)
        self._lister.failed.connect(self.failed)
        self._runner = JsonCommand(name, self, needs_answer=False)
        self._runner.progress.connect(self._on_said)
        self._runner.answered.connect(self._on_answered)
        self._runner.failed.connect(self._on_failed)
        self._runner.dropped.connect(self._on_dropped)

    @property
    def busy_with(self) -> str:
        """The id (or path) of the model that is being downloaded, added or removed, empty without a job."""
        return self._model

    @property
    def default(self) -> str:
        """The id of the default model, known after ``listed``."""
        return self._default

    @Slot()
    def refresh(self) -> None:
        """Ask for the list of models; ``listed`` follows."""
        self._lister.start([*self._command, "list", "--json"])

    @Slot(str)
    def pull(self, model: str) -> None:
        """Download a model; ``progress`` and one of the ending signals follow."""
        self._run("pull", model)

    @Slot(str)
    def remove(self, model: str) -> None:
        """Delete an installed model from the disk."""
        self._run("remove", model)

    @Slot(str)
    def add(self, path: str) -> None:
        """Install a model from a file or folder of this machine; ``done`` carries the path."""
        self._run("add", path)

    @Slot()
    def cancel(self) -> None:
        """End the download or import that runs; what has been downloaded stays for the next try."""
        if self._job in {"pull", "add"}:
            self._runner.drop()

    @Slot()
    def close(self) -> None:
        """End what runs and wait for that; for the end of the application."""
        self._lister.close()
        self._runner.close()

    def _run(self, job: _Job, model: str) -> None:
        if self._job is not None:
            self.failed.emit(self.tr("Wait until the work on {model} has ended.").format(model=self._model))
            return
        self._job, self._model = job, model
        self._succeeded = False
        self._stage = ""
        self._runner.start([*self._command, job, model, "--json"])

    @Slot(object)
    def _on_said(self, data: Mapping[str, Any]) -> None:
        if data.get("event") == "progress":
            self._on_progress(data)
        elif data.get("event") == "done":
            self._succeeded = True

    def _on_progress(self, data: Mapping[str, Any]) -> None:
        try:
            progress = Progress(
                self._model, str(data["stage"]), int(data["done"]), int(data["total"]), str(data.get("message", ""))
            )
        except (KeyError, TypeError, ValueError):
            return
        if progress.stage != self._stage:
            self._stage, self._rate = progress.stage, RateEstimate()
        rate, left = self._rate.update(progress.done, progress.total, time.monotonic())
        self.progress.emit(progress, rate, left)

    def _end(self) -> tuple[_Job | None, str]:
        ended = self._job, self._model
        self._job, self._model = None, ""
        return ended

    @Slot(object)
    def _on_answered(self, _answer: Mapping[str, Any]) -> None:
        job, model = self._end()
        if job == "remove":
            self.removed.emit(model)
        elif self._succeeded:
            self.done.emit(model)
        else:
            self.failed.emit(self.tr("The program that manages models ended without a result."))

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._end()
        self.failed.emit(sentence)

    @Slot()
    def _on_dropped(self) -> None:
        _, model = self._end()
        if self._succeeded:  # the cancel came too late: it is installed
            self.done.emit(model)
        else:
            self.cancelled.emit(model)

    @Slot(object)
    def _on_listed(self, answer: Mapping[str, Any]) -> None:
        models = answer.get("models")
        if isinstance(models, list):
            self._default = str(answer.get("default") or "")
            self.listed.emit([model for model in models if isinstance(model, dict)])
        else:
            self.failed.emit(self.tr("The program that manages models ended without a result."))
