"""The Models page, which is also the first-start page: what there is, what this machine can run, and downloading it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.features.models.card import ModelCard, ProgressText
from app.services.connection import ConnectionState
from app.services.model_jobs import ModelJobs
from app.services.model_rows import ModelRow, read_rows
from app.services.task import Task
from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from app.widgets.page import Page
from app.widgets.style import button, label
from assistant.types import Progress


class ModelsPage(Page):
    """Lists the catalogue and runs one job at a time. ``use_wanted`` carries the id of a model to load."""

    use_wanted = Signal(str)
    task = Signal(object)
    """The Task of the download that runs, or has just ended."""

    def __init__(self, icons: IconSet, jobs: ModelJobs, dialogs: Dialogs, parent: QWidget | None = None) -> None:
        super().__init__(icons, self.tr("Models"), "cube", parent)
        self._jobs, self._dialogs = jobs, dialogs
        self._active = ""
        self._state = ConnectionState()
        self.rows: list[ModelRow] = []
        self.cards: dict[str, ModelCard] = {}
        self._failures: dict[str, str] = {}
        self._words = ProgressText(
            {
                "download": self.tr("Downloading"),
                "verify": self.tr("Checking"),
                "convert": self.tr("Preparing for quick loading"),
            },
            self.tr("{done} of {total}"),
            self.tr("{time} left"),
        )
        self._heading = label("", scale=1.7, bold=True)
        self._lead = label("", "muted", wrap=True)
        self.column.addWidget(self._heading)
        self.column.addWidget(self._lead)
        self.column.addSpacing(8)
        self._waiting = label(self.tr("Checking what this machine can run…"), "muted")
        self.column.addWidget(self._waiting)
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        self.column.addLayout(self._list)
        self.column.addLayout(self._make_own())
        self.column.addStretch(1)
        jobs.listed.connect(self._on_listed)
        jobs.progress.connect(self._on_progress)
        jobs.done.connect(self._on_done)
        jobs.removed.connect(self._on_removed)
        jobs.cancelled.connect(self._on_cancelled)
        jobs.failed.connect(self._on_failed)
        self._write_heading()

    # --- from outside ------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask for the list anew."""
        self._jobs.refresh()

    def show_state(self, state: ConnectionState) -> None:
        """Follow the state of the service: another model may be in use."""
        before, self._state = self._state, state
        if before.model != state.model:
            self._rebuild()
        self._write_heading()

    # --- the list ----------------------------------------------------------------------

    def _on_listed(self, models: list[dict[str, Any]]) -> None:
        self.bars.clear("list")
        self._waiting.hide()
        self.rows = read_rows(models)
        self._rebuild()

    def _rebuild(self) -> None:
        busy = self.cards.get(self._active)
        kept = (busy.status.text(), busy.bar.value() / 1000) if busy and busy.state == "busy" else None
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.cards = {}
        installed = [row for row in self.rows if row.installed]
        offered = [row for row in self.rows if not row.installed]
        self._section(self.tr("Installed") if offered else "", installed)
        titles = {
            "yes": self.tr("To download") if installed else "",
            "slow": self.tr("Slow on this machine"),
            "no": self.tr("Too large for this machine"),
        }
        for fits, title in titles.items():
            self._section(title, [row for row in offered if row.fits == fits])
        self._write_heading()
        for model, message in self._failures.items():
            if model in self.cards:
                self.cards[model].show_failed(message)
        if self._active:
            self._block(True)
            if kept and self._active in self.cards:
                self.cards[self._active].show_busy(*kept)

    def _section(self, title: str, rows: list[ModelRow]) -> None:
        if not rows:
            return
        if title:
            heading = label(title, scale=1.1, bold=True)
            heading.setContentsMargins(0, 12, 0, 0)
            self._list.addWidget(heading)
        for row in rows:
            card = ModelCard(self._icons, row, in_use=self._in_use(row))
            card.download.connect(self._download)
            card.cancel.connect(self._cancel)
            card.use.connect(self._use)
            card.remove.connect(self._remove)
            self.cards[row.id] = card
            self._list.addWidget(card)

    def _in_use(self, row: ModelRow) -> bool:
        return row.installed and self._state.model in (row.id, row.name) and self._state.kind != "failed"

    def _write_heading(self) -> None:
        first = not any(row.installed for row in self.rows)
        if self._state.is_remote:
            self._heading.setText(self.tr("Models"))
            text = self.tr(
                "{model} on a server writes the suggestions ({device}; Settings, Server). "
                "A model on this computer answers while the server cannot be reached."
            )
            self._lead.setText(text.format(model=self._state.model, device=self._state.device))
        elif first:
            self._heading.setText(self.tr("Choose a code model"))
            self._lead.setText(
                self.tr(
                    "Suggestions are written by a model that runs on this machine; your code never leaves it. "
                    "A model is downloaded once and its checksum verified. You can write meanwhile."
                )
            )
        else:
            self._heading.setText(self.tr("Models"))
            self._lead.setText(self.tr("One model writes the suggestions. Changing it takes a few seconds."))

    # --- the person's own models ---------------------------------------------------------

    def _make_own(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        column.setContentsMargins(0, 16, 0, 0)
        column.addWidget(label(self.tr("A model of your own"), scale=1.1, bold=True))
        column.addWidget(
            label(
                self.tr("A GGUF file, or a folder with config.json and safetensors. It is copied, the original stays."),
                "muted",
                wrap=True,
            )
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        self.add_file = button(self.tr("Add GGUF file…"))
        self.add_file.clicked.connect(self._add_file)
        self.add_folder = button(self.tr("Add folder…"))
        self.add_folder.clicked.connect(self._add_folder)
        row.addWidget(self.add_file)
        row.addWidget(self.add_folder)
        row.addStretch(1)
        column.addSpacing(4)
        column.addLayout(row)
        self._own = label("", "muted", wrap=True)
        self._own.hide()
        column.addWidget(self._own)
        return column

    def _add_file(self) -> None:
        self._add(self._dialogs.model_file(self, ""))

    def _add_folder(self) -> None:
        self._add(self._dialogs.folder(self, self.tr("Add a model folder"), ""))

    def _add(self, path: str) -> None:
        if path and not self._active:
            self.bars.clear("own")
            self._start(path)
            self._own.setText(self.tr("Adding {path}…").format(path=path))
            self._own.show()
            self._jobs.add(path)

    # --- jobs --------------------------------------------------------------------------

    def _download(self, model: str) -> None:
        if self._active:
            return
        self._start(model)
        self.cards[model].show_busy(self.tr("Starting…"), None)
        self.task.emit(Task("download", "running", self.tr("Downloading…")))
        self._jobs.pull(model)

    def _remove(self, model: str) -> None:
        row = self.cards[model].row
        question = self.tr("Remove {name}?").format(name=row.name)
        detail = self.tr("Its files are deleted. It can be downloaded again.")
        if self._active or not self._dialogs.confirm(self, question, detail, self.tr("Remove")):
            return
        self._start(model)
        self.cards[model].show_removing()
        self._jobs.remove(model)

    def _use(self, model: str) -> None:
        self.use_wanted.emit(model)

    def _cancel(self, _model: str = "") -> None:
        self._jobs.cancel()

    def _start(self, model: str) -> None:
        self._active = model
        self._failures.pop(model, None)
        self._block(True)

    def _end(self) -> str:
        model, self._active = self._active, ""
        self._own.hide()
        self._block(False)
        self.task.emit(Task("download", "done"))
        return model

    def _block(self, blocked: bool) -> None:
        for model, card in self.cards.items():
            if model != self._active:
                card.set_blocked(blocked)
        self.add_file.setEnabled(not blocked)
        self.add_folder.setEnabled(not blocked)

    def _on_progress(self, progress: Progress, rate: float, left: float | None) -> None:
        share = progress.done / progress.total if progress.total > 0 else None
        text = self._words.long(progress, rate, left)
        card = self.cards.get(self._active)
        if card is not None:
            card.show_busy(text, share)
        else:
            self._own.setText(text)
        doing = self.tr("Downloading") if progress.stage == "download" else self.tr("Preparing")
        self.task.emit(Task("download", "running", doing, self._words.percent(progress) / 100))

    def _on_done(self, model: str) -> None:
        pulled = self._end()
        if pulled in self.cards:
            self.cards[pulled].show_idle()
            self.use_wanted.emit(model)
        self.refresh()

    def _on_removed(self, _model: str) -> None:
        self._end()
        self.refresh()

    def _on_cancelled(self, _model: str) -> None:
        model = self._end()
        if model in self.cards:
            self.cards[model].show_idle()

    def _on_failed(self, message: str) -> None:
        if self._active and not self._jobs.busy_with:
            model = self._end()
            if model in self.cards:
                self._failures[model] = message
                self.cards[model].show_failed(message)
            else:
                self.bars.show_message("own", message)
        elif not self.rows:
            self._waiting.hide()
            self.bars.show_message("list", message, "error", ((self.tr("Try again"), self.refresh),))
        else:
            self.bars.show_message("list", message, "warn", ((self.tr("Try again"), self.refresh),))
