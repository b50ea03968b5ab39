"""Ties fine-tuning to the window: the page, the run that goes on beside it, the adapter in use, and the A/B key."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from app.services.connection import ConnectionState
from app.theme import Theme, editor_font
from app.widgets import numbers
from assistant.config import Settings
from assistant.errors import GrafterError

if TYPE_CHECKING:
    from app.features.compare.comparison import CompareRoom
    from app.features.train.page import TrainPage
    from app.services.run_control import RunControl
    from app.shell.main_window import MainWindow

_LOOK_MS = 400
COMPARE_KEYS = "Alt+C"


class TrainRoom(QObject):
    """``page``, ``control`` and ``compare`` are None until they are first wanted: the window starts without them."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.page: TrainPage | None = None
        self.control: RunControl | None = None
        self.compare: CompareRoom | None = None
        self.start_job: Callable[[Path], object] | None = None
        """What starts a run's job in place of the real one; to be set before ``control`` is wanted."""
        self._at_work: Path | None = None
        """The run that was at work when it was looked at last."""
        self._answering: tuple[str | None, float] | None = None
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.find_run)
        services = window.services
        services.adapters.changed.connect(self._on_adapters)
        services.connection.changed.connect(self._on_state)
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        window.central.current_changed.connect(self.mark)
        window.status.training_clicked.connect(lambda: self.show("run"))
        window.status.adapter_clicked.connect(lambda: self.show("adapters"))
        window.welcome.train_wanted.connect(lambda: self.show("code"))
        self._look.start()

    def add_icon(self) -> None:
        """Put the room's icon on the rail."""
        self._window.rail.add("train", "graduation-cap", self.tr("Train: learn my code"))

    # --- the page ---------------------------------------------------------------------------

    def show(self, step: str | None = None) -> None:
        """Bring the page to the front, at a step or where it was."""
        from app.features.train.page import TrainPage, Workshop  # noqa: PLC0415 - nobody waits for it at the start

        window, services, control = self._window, self._window.services, self._get_control()
        self.find_run()
        first = self.page is None
        if self.page is None:
            shop = Workshop(services.paths, services.jobs, services.tune, control, services.adapters, services.dialogs)
            keys = window.commands.keys("assistant.compare")
            self.page = TrainPage(window.icons, shop, keys, window.central)
            self.page.hide()
            self.page.models_wanted.connect(window.show_models)
            self.page.file_wanted.connect(window.documents.open)
            self.page.set_code_font(editor_font(services.store.settings))
        self.page.show_model(services.connection.state.model or services.store.settings.model)
        self.page.show_folder(window.folder)
        if first and step is None and control.at_work:
            step = "run"
        window.show_page(self.page)
        if step is not None:
            self.page.show_step(step)

    def mark(self) -> None:
        """Show on the rail whether the page is in front."""
        front = self._window.central.current
        self._window.rail.mark("train", front is not None and front is self.page)

    def toggle_compare(self) -> None:
        """Show base and adapter side by side at the cursor, or hide them."""
        if self.compare is None:
            from app.features.compare.comparison import CompareRoom  # noqa: PLC0415 - as the page

            self.compare = CompareRoom(self._window, self._window.services.adapters, Qt.Key.Key_C)
        self.compare.toggle()

    def close(self) -> None:
        """End what belongs to the window; a run goes on without it."""
        self._look.stop()
        self._window.services.tune.close()
        self._window.services.adapters.close()

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

            self.control = RunControl(self._window.services.paths, self, start=self.start_job or start_job)
            self.control.changed.connect(self._on_run)
        return self.control

    @Slot()
    def _on_run(self) -> None:
        control = self.control
        if control is None:
            return
        text = ""
        if control.at_work:
            from app.features.train import labels  # noqa: PLC0415 - as the page

            story = control.story
            parts = [labels.stage_short(story.stage) if story.stage else self.tr("Starting training")]
            if story.share is not None:
                parts[0] = f"{parts[0]} {labels.percent(story.share, 0)}"
            if story.seconds_left is not None and story.seconds_left >= 1:
                parts.append(self.tr("{time} left").format(time=numbers.duration(story.seconds_left)))
            text = " · ".join(parts)
        self._window.status.show_training(text)
        before, self._at_work = self._at_work, control.folder if control.at_work else None
        if control.state == "finished" and before is not None and before == control.folder:
            self._use_what_was_learned(control)

    def _use_what_was_learned(self, control: RunControl) -> None:
        """Have the adapter answer at once where the verdict says that it helps; the service may not know of it yet."""
        from finetune.events import Finished  # noqa: PLC0415 - as the page

        services, config, story = self._window.services, control.config, control.story
        services.adapters.refresh()
        learned = story.ending.adapter if isinstance(story.ending, Finished) else ""
        if config is None or story.verdict is None or not (learned and story.verdict.active and config.activate):
            return
        if services.connection.state.can_complete and services.connection.state.model == config.model:
            services.adapters.use(learned, story.verdict.scale)

    # --- the adapter in use ---------------------------------------------------------------------

    @Slot()
    def _on_adapters(self) -> None:
        adapters = self._window.services.adapters
        text = ""
        if adapters.active is not None:
            text = self.tr("adapter {name} {scale:.2g}").format(name=adapters.active, scale=adapters.scale)
        self._window.status.show_adapter(text)
        answering = (adapters.active, adapters.scale)
        if self._answering is not None and answering != self._answering:
            # What another model suggested before is not offered again.
            self._window.services.completion.detach()
            self._window.central.current_changed.emit()
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
