"""The Train page: from a repository to an adapter in use, step by step; nothing in it blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QWidget

from app.features.train.adapters_step import AdaptersStep
from app.features.train.history_step import HistoryStep
from app.features.train.plan.step import ModelStep
from app.features.train.questions import Questions
from app.features.train.report.step import ReportStep
from app.features.train.report.view_model import load_report
from app.features.train.run_step import RunStep
from app.features.train.scope.step import ScopeStep
from app.features.train.step_bar import StepBar
from app.services.adapters import Adapters
from app.services.model_jobs import ModelJobs
from app.services.model_rows import read_rows
from app.services.run_control import RunControl
from app.services.tune_jobs import TuneJobs
from app.theme import Theme
from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from app.widgets.page import Page
from app.widgets.style import label
from assistant.config import Paths
from assistant.errors import InputError
from finetune import runs
from finetune.config import DataConfig, RunConfig
from finetune.events import Failed
from finetune.launch import LOG

_WIDTH = 920


@dataclass(frozen=True, slots=True)
class TrainServices:
    """What the page works with."""

    paths: Paths
    models: ModelJobs
    tune: TuneJobs
    control: RunControl
    adapters: Adapters
    dialogs: Dialogs


class TrainPage(Page):
    """Shows one step at a time."""

    models_wanted = Signal()
    file_wanted = Signal(object)
    """A Path to open in the editor."""

    def __init__(
        self, icons: IconSet, services: TrainServices, compare_keys: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(icons, self.tr("Train"), "graduation-cap", parent, width=_WIDTH)
        self._services = services
        self._model: str | None = None
        self._told: object = None
        self.step = "code"
        self.column.addWidget(label(self.tr("Fine-tune on my code"), scale=1.7, bold=True))
        text = self.tr(
            "The model is tuned on this project and evaluated on held-out code. All of it happens on this computer."
        )
        self.column.addWidget(label(text, "muted", wrap=True))
        self.column.addSpacing(4)
        self.bar = StepBar()
        self.bar.chosen.connect(self.show_step)
        self.column.addWidget(self.bar)
        self.column.addSpacing(4)
        self.scope = ScopeStep(icons)
        self.model = ModelStep(icons)
        self.run = RunStep(icons, services.control)
        self._questions = Questions(services.tune, services.control, self.scope, self.model, self.bars)
        self.report = ReportStep(icons)
        self.adapters = AdaptersStep(services.adapters, compare_keys)
        self.history = HistoryStep(services.paths)
        self._steps: dict[str, QWidget] = {
            "code": self.scope,
            "model": self.model,
            "run": self.run,
            "report": self.report,
            "adapters": self.adapters,
            "runs": self.history,
        }
        for widget in self._steps.values():
            widget.hide()
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self._connect()
        self.show_step("code")

    def _connect(self) -> None:
        services = self._services
        self.scope.folder_wanted.connect(self._choose_folder)
        self.scope.changed.connect(lambda: self.model.show_scope(self.scope.repository, self.scope.data_config()))
        self.scope.next_wanted.connect(lambda: self.show_step("model"))
        self.model.back_wanted.connect(lambda: self.show_step("code"))
        self.model.models_wanted.connect(self.models_wanted)
        self.model.start_wanted.connect(self.start)
        self.run.pause_wanted.connect(lambda: self._try(services.control.pause))
        self.run.resume_wanted.connect(self.resume)
        self.run.kill_wanted.connect(self._kill)
        self.run.log_wanted.connect(self._open_log)
        self.run.report_wanted.connect(lambda: self.show_step("report"))
        self.report.page_wanted.connect(self._open_page)
        self.report.adapters_wanted.connect(lambda: self.show_step("adapters"))
        self.adapters.remove_wanted.connect(self._remove_adapter)
        self.history.open_wanted.connect(self._open_run)
        self.history.resume_wanted.connect(self._resume_run)
        self.history.remove_wanted.connect(self._remove_run)
        for step in (self.run, self.report, self.adapters, self.history):
            step.begin_wanted.connect(lambda: self.show_step("code"))
        services.models.listed.connect(self._on_models)
        services.control.changed.connect(self._on_run)
        services.adapters.failed.connect(lambda text: self.bars.show_message("adapter", text))
        services.adapters.changed.connect(lambda: services.adapters.switching or self.bars.clear("switch"))

    # --- from outside ----------------------------------------------------------------------

    def show_step(self, name: str) -> None:
        """Bring a step to the front."""
        self.step = name
        self.bar.mark(name)
        for other, widget in self._steps.items():
            widget.setVisible(other == name)
        self.scroller.verticalScrollBar().setValue(0)
        if not self.isVisible():
            return
        self._arrive()

    def show_folder(self, folder: Path | None) -> None:
        """Preselect the folder that is open, where the person is not at work on another."""
        if folder is not None and folder != self.scope.repository and not self._services.control.at_work:
            self._choose(folder)

    def show_model(self, model: str | None) -> None:
        """Preselect the model that is loaded."""
        self._model = model
        self._questions.base_model = model or ""

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.scope.set_theme(theme)
        self.report.set_theme(theme)
        self.run.refresh()

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font for code."""
        self.scope.set_code_font(font)
        self.report.set_code_font(font)

    def showEvent(self, event: QShowEvent) -> None:
        """Look how things stand: others may have worked on them."""
        super().showEvent(event)
        self._services.control.look()
        self._arrive()

    def _arrive(self) -> None:
        services, step = self._services, self.step
        if step == "code":
            self._questions.ask_files_once()
        elif step == "model":
            services.models.refresh()
            self.model.arrive()
        elif step == "run":
            self.run.refresh()
        elif step == "report":
            self._show_report()
        elif step == "adapters":
            services.adapters.refresh()
        elif step == "runs":
            self.history.refresh()

    # --- the code ---------------------------------------------------------------------------

    def _choose_folder(self) -> None:
        here = str(self.scope.repository or Path.home())
        chosen = self._services.dialogs.folder(self, self.tr("Learn the code of a folder"), here)
        if chosen:
            self._choose(Path(chosen))

    def _choose(self, folder: Path) -> None:
        self._questions.forget()
        self.scope.show_repository(folder)
        self.model.show_scope(folder, DataConfig())
        if self.isVisible() and self.step == "code":
            self._questions.ask_files()

    def _on_models(self, models: list[dict[str, Any]]) -> None:
        self.model.show_models(read_rows(models), self._model or self._services.models.default)

    # --- the run ----------------------------------------------------------------------------

    def start(self, config: RunConfig) -> None:
        """Begin a new run."""
        if not self._may_begin():
            return
        self._services.tune.drop("plan")
        if self._try(lambda: self._services.control.start(config)):
            self.show_step("run")

    def resume(self) -> None:
        """Go on with the run that is shown."""
        if self._may_begin():
            self.bars.clear("run")
            self._try(self._services.control.resume)

    def _may_begin(self) -> bool:
        busy = self._services.control.find_at_work()
        if busy is None:
            return True
        text = self.tr("The run {name} is going on; pause it before starting another.").format(name=busy.name)
        self.bars.show_message("run", text, "warn", [(self.tr("Show it"), lambda: self._open_run(busy))])
        return False

    def _try(self, act: Any) -> bool:
        try:
            act()
        except (InputError, OSError) as error:
            self.bars.show_message("run", str(error))
            return False
        return True

    def _kill(self) -> None:
        question = self.tr("Stop the run at once?")
        detail = self.tr(
            "Training since the last checkpoint is lost; it can be resumed from there. Pausing loses nothing."
        )
        if self._services.dialogs.confirm(self, question, detail, self.tr("Stop at once")):
            self._try(self._services.control.stop_now)

    def _open_log(self) -> None:
        folder = self._services.control.folder
        if folder is None or not (folder / LOG).is_file():
            self.bars.show_message("log", self.tr("There is no log yet: the run has printed nothing."), "warn")
            return
        self.bars.clear("log")
        self.file_wanted.emit(folder / LOG)

    def _on_run(self) -> None:
        control = self._services.control
        if self.isVisible() and self.step == "run":
            self.run.refresh()
        told = (control.folder, control.state)
        if told == self._told:
            return
        before, self._told = self._told, told
        self._show_ending(before)
        if self.step == "report":
            self._show_report()
        if self.isVisible() and self.step == "runs":
            self.history.refresh()
        was_here = isinstance(before, tuple) and before[0] == control.folder
        if control.state == "finished" and was_here and self.step == "run" and self.isVisible():
            self.show_step("report")

    def _show_ending(self, before: object) -> None:
        control = self._services.control
        self.bars.clear("run")
        log = (self.tr("Open the log"), self._open_log)
        settings = (self.tr("Change settings"), lambda: self.show_step("model"))
        resume = (self.tr("Resume"), self.resume)
        if control.state == "failed" and isinstance(control.progress.ending, Failed):
            self.bars.show_message("run", control.progress.ending.sentence, "error", [resume, settings, log])
        elif before == (control.folder, "starting") and control.state in {"new", "paused", "stopped"}:
            text = self.tr("The run did not start: its program ended before it did anything.")
            self.bars.show_message("run", text, "error", [resume, log])

    # --- the report ---------------------------------------------------------------------------

    def _show_report(self) -> None:
        self.bars.clear("report")
        folder, config = self._services.control.folder, self._services.control.config
        if folder is None or config is None or not (folder / "report.json").is_file():
            self.report.show_nothing(some_run=folder is not None)
            return
        try:
            report = load_report(folder)
        except InputError as error:
            self.report.show_nothing(some_run=True)
            self.bars.show_message("report", str(error))
            return
        self.report.show_report(report, config.name, page=(folder / "report.html").is_file())

    def _open_page(self) -> None:
        folder = self._services.control.folder
        if folder is not None and not self._services.dialogs.browse(str(folder / "report.html")):
            text = self.tr("No browser opened; the report is the file {path}.")
            self.bars.show_message("report", text.format(path=folder / "report.html"), "warn")

    # --- runs and adapters ----------------------------------------------------------------------

    def _open_run(self, folder: Path) -> None:
        if self._try(lambda: self._services.control.follow(folder)):
            self.show_step("report" if self._services.control.state == "finished" else "run")

    def _resume_run(self, folder: Path) -> None:
        if self._may_begin() and self._try(lambda: self._services.control.follow(folder)):
            self.show_step("run")
            self.resume()

    def _remove_run(self, folder: Path) -> None:
        question = self.tr("Remove the run {name}?").format(name=folder.name)
        detail = self.tr(
            "Its checkpoints and its report are deleted; an adapter that it installed stays. This cannot be undone."
        )
        if not self._services.dialogs.confirm(self, question, detail, self.tr("Remove")):
            return
        if self._try(lambda: runs.remove(self._services.paths, folder.name)):
            if self._services.control.folder == folder:
                self._services.control.forget()
            self.history.refresh()

    def _remove_adapter(self, name: str) -> None:
        question = self.tr("Remove the adapter {name}?").format(name=name)
        detail = self.tr("Its weights are deleted. They can be made again while its run is kept.")
        if self._services.dialogs.confirm(self, question, detail, self.tr("Remove")):
            if self._services.adapters.active == name:
                self._services.adapters.use(None)
            self._services.adapters.remove(name)
