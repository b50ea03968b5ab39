"""Fine-tuning in the window: the page, the run that goes on beside it, the adapter in use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot

from app.features.suggest.feature import SuggestFeature
from app.services.connection import ConnectionState
from app.services.task import Task
from app.shell.commands import Commands
from app.shell.feature import PageFeature
from app.shell.workbench import Workbench
from app.theme import Theme, editor_font
from assistant.config import Settings
from assistant.errors import GrafterError

if TYPE_CHECKING:
    from app.features.train.page import TrainPage
    from app.services.run_control import RunControl

_LOOK_MS = 400


class TrainFeature(PageFeature["TrainPage"]):
    """``page`` and ``control`` are None until they are first wanted: the window starts without them."""

    id = "train"
    icon = "graduation-cap"
    at_foot = True

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.control: RunControl | None = None
        self.start_job: Callable[[Path], object] | None = None
        """What starts a run's job in place of the real one; to be set before ``control`` is wanted."""
        self._at_work: Path | None = None
        """The run that was at work when it was looked at last."""
        self._answering: tuple[str | None, float] | None = None
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.find_run)
        tip = self.tr("Adapter in use: scale, on or off")
        self._adapter = bench.status.add_item(tip, lambda: self.open("adapters"), order=50, gives_way=4)
        self._adapter.show_text("")
        services = bench.services
        services.adapters.changed.connect(self._on_adapters)
        services.connection.changed.connect(self._on_state)
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        bench.welcome.train_wanted.connect(lambda: self.open("code"))
        self._look.start()

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Train: learn my code")

    def add_commands(self, commands: Commands) -> None:
        """Add opening the page at each of its steps."""
        group = self.tr("Assistant")
        for name, title, step in (
            ("train", self.title, "code"),
            ("run", self.tr("Train: the run and how it goes"), "run"),
            ("runs", self.tr("Train: all runs"), "runs"),
            ("adapters", self.tr("Adapters: scale, on and off"), "adapters"),
        ):
            commands.add(f"assistant.{name}", group, title, lambda step=step: self.open(step))

    # --- the page ---------------------------------------------------------------------------

    def make_page(self) -> TrainPage:
        """Make the page."""
        from app.features.train.page import TrainPage, TrainServices  # noqa: PLC0415 - nobody waits for it at the start

        bench, services = self.bench, self.bench.services
        work = TrainServices(
            services.paths, services.jobs, services.tune, self._get_control(), services.adapters, services.dialogs
        )
        page = TrainPage(bench.icons, work, bench.commands.keys("assistant.compare"), bench.central)
        page.models_wanted.connect(lambda: bench.open("models"))
        page.file_wanted.connect(bench.documents.open)
        page.set_code_font(editor_font(services.store.settings))
        return page

    def open(self, part: str = "") -> None:
        """Bring the page to the front, at a step or where it was."""
        services, control = self.bench.services, self._get_control()
        self.find_run()
        first = self.page is None
        page = self.get_page()
        page.show_model(services.connection.state.model or services.store.settings.model)
        page.show_folder(self.bench.folder.path)
        if first and not part and control.at_work:
            part = "run"
        self.bench.show_page(page)
        if part:
            page.show_step(part)

    def close(self) -> None:
        """End what belongs to the window; a run goes on without it."""
        self._look.stop()
        self.bench.services.tune.close()
        self.bench.services.adapters.close()

    # --- the run that goes on -----------------------------------------------------------------

    @Slot()
    def find_run(self) -> None:
        """Follow the run that is at work, whoever began it; else the newest one where none is shown."""
        control = self._get_control()
        folder = None if control.at_work else control.find_at_work()
        if folder is None and control.folder is None:
            folder = control.find_newest()
        if folder is not None:
            with contextlib.suppress(GrafterError):  # it is in the list of runs no more either
                control.follow(folder)

    def _get_control(self) -> RunControl:
        if self.control is None:
            from app.services.run_control import RunControl, start_job  # noqa: PLC0415 - as the page

            self.control = RunControl(self.bench.services.paths, self, start=self.start_job or start_job)
            self.control.changed.connect(self._on_run)
        return self.control

    @Slot()
    def _on_run(self) -> None:
        control = self.control
        if control is None:
            return
        self.bench.status.show_task(self._task(control), lambda: self.open("run"))
        before, self._at_work = self._at_work, control.folder if control.at_work else None
        if control.state == "finished" and before is not None and before == control.folder:
            self._use_what_was_learned(control)

    def _task(self, control: RunControl) -> Task:
        if not control.at_work:
            return Task("training", "done" if control.state == "finished" else "stopped")
        from app.features.train import labels  # noqa: PLC0415 - as the page

        progress = control.progress
        doing = labels.stage_short(progress.stage) if progress.stage else self.tr("Starting training")
        return Task("training", "running", doing, progress.share, progress.seconds_left)

    def _use_what_was_learned(self, control: RunControl) -> None:
        """Have the adapter answer at once where the verdict says that it helps; the service may not know of it yet."""
        from finetune.events import Finished  # noqa: PLC0415 - as the page

        services, config, progress = self.bench.services, control.config, control.progress
        services.adapters.refresh()
        learned = progress.ending.adapter if isinstance(progress.ending, Finished) else ""
        if config is None or progress.verdict is None or not (learned and progress.verdict.active and config.activate):
            return
        if services.connection.state.can_complete and services.connection.state.model == config.model:
            services.adapters.use(learned, progress.verdict.scale)

    # --- the adapter in use ---------------------------------------------------------------------

    @Slot()
    def _on_adapters(self) -> None:
        adapters = self.bench.services.adapters
        text = ""
        if adapters.active is not None:
            text = self.tr("adapter {name} {scale:.2g}").format(name=adapters.active, scale=adapters.scale)
        self._adapter.show_text(text)
        answering = (adapters.active, adapters.scale)
        if self._answering is not None and answering != self._answering:
            # What another model suggested before is not offered again.
            self.bench.feature(SuggestFeature).completion.detach()
            self.bench.central.current_changed.emit()
        self._answering = answering

    @Slot(object)
    def _on_state(self, state: ConnectionState) -> None:
        if self.page is not None:
            self.page.show_model(state.model)

    @Slot(object)
    def _on_theme(self, theme: Theme) -> None:
        if self.page is not None:
            self.page.set_theme(theme)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        if self.page is not None:
            self.page.set_code_font(editor_font(settings))
