"""The window's view of ``grafter models``: list, download with progress, cancel, add, remove; each a child process."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.services.line_process import LineProcess, Outcome
from app.services.rate import RateEstimate
from assistant.types import Progress

_Job = Literal["pull", "add", "remove"]


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
        self._list_lines: list[str] = []
        self._list_again = False
        self._job: _Job | None = None
        self._model = ""
        self._cancelling = False
        self._succeeded = False
        self._message = ""
        self._stage = ""
        self._rate = RateEstimate()
        self._default = ""
        self._lister = LineProcess(self)
        self._lister.line.connect(self._on_list_line)
        self._lister.ended.connect(self._on_listed)
        self._runner = LineProcess(self)
        self._runner.line.connect(self._on_line)
        self._runner.ended.connect(self._on_ended)

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
        if self._lister.active:
            self._list_again = True
            return
        self._list_lines = []
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
            self._cancelling = True
            self._runner.stop()

    @Slot()
    def close(self) -> None:
        """End what runs and wait for that; for the end of the application."""
        self._cancelling = True
        self._lister.close()
        self._runner.close()

    def _run(self, job: _Job, model: str) -> None:
        if self._job is not None:
            self.failed.emit(self.tr("Wait until the work on {model} has ended.").format(model=self._model))
            return
        self._job, self._model = job, model
        self._cancelling = self._succeeded = False
        self._message = self._stage = ""
        self._runner.start([*self._command, job, model, "--json"])

    @Slot(str)
    def _on_line(self, line: str) -> None:
        data = _object(line)
        match data.get("event"):
            case "progress":
                self._on_progress(data)
            case "done":
                self._succeeded = True
            case "failed":
                self._message = str(data.get("message", ""))
            case _:
                pass  # a library printed something; the exit code tells whether it mattered

    def _on_progress(self, data: dict[str, Any]) -> None:
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

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        job, model = self._job, self._model
        self._job, self._model = None, ""
        worked = outcome.kind == "exited" and outcome.exit_code == 0
        if worked and job == "remove":
            self.removed.emit(model)
        elif self._succeeded and (worked or self._cancelling):  # the cancel came too late: it is installed
            self.done.emit(model)
        elif self._cancelling:
            self.cancelled.emit(model)
        else:
            self.failed.emit(self._message or self._why(outcome))

    @Slot(str)
    def _on_list_line(self, line: str) -> None:
        self._list_lines.append(line)

    @Slot(object)
    def _on_listed(self, outcome: Outcome) -> None:
        if self._list_again:
            self._list_again = False
            self.refresh()
            return
        data = _object("\n".join(self._list_lines))
        models = data.get("models")
        if outcome.kind == "exited" and outcome.exit_code == 0 and isinstance(models, list):
            self._default = str(data.get("default") or "")
            self.listed.emit([model for model in models if isinstance(model, dict)])
        else:
            self.failed.emit(str(data.get("message") or "") or self._why(outcome))

    def _why(self, outcome: Outcome) -> str:
        return outcome.last_line or outcome.sentence(self.tr("The program that manages models"), self._command[0])


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
