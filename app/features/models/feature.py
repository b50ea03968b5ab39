"""The models: their page, which one writes, and how that one is doing."""

from __future__ import annotations

from PySide6.QtCore import Slot

from app.features.models.page import ModelsPage
from app.features.models.state import Light, latency_text, state_text
from app.services.connection import ConnectionState
from app.services.task import Task
from app.shell.commands import Commands
from app.shell.feature import PageFeature
from app.shell.workbench import Workbench

_FAILED = ("failed", "unresponsive")


class ModelsFeature(PageFeature[ModelsPage]):
    """Shows the service's state in the status line and its failures in a bar; offers models where there is none."""

    id = "models"
    icon = "cube"
    at_foot = True

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._offered = False
        status = bench.status
        self._light = Light(bench.icons)
        status.add_widget(self._light, order=30)
        self.model = status.add_item(self.tr("State of the model"), self._on_clicked, order=31)
        tip = self.tr("Time from the last key to the suggestion; click to explain it")
        self.latency = status.add_item(tip, lambda: bench.open("why"), order=40)
        bench.services.connection.changed.connect(self._on_state)

    def make_page(self) -> ModelsPage:
        """Make the page."""
        bench = self.bench
        page = ModelsPage(bench.icons, bench.services.jobs, bench.services.dialogs, bench.central)
        page.use_wanted.connect(self.use)
        page.task.connect(self._on_task)
        page.show_state(bench.services.connection.state)
        return page

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Models")

    def add_commands(self, commands: Commands) -> None:
        """Add opening the page."""
        commands.add("assistant.models", self.tr("Assistant"), self.tr("Models"), self.open)
        self._on_state(self.bench.services.connection.state)

    def open(self, part: str = "") -> None:
        """Bring the page to the front, and ask anew what there is."""
        super().open(part)
        self.get_page().refresh()

    @Slot(str)
    def use(self, model: str) -> None:
        """Load another model, now and at the next start."""
        self.bench.services.store.update(model=model)
        self.bench.services.connection.use_model(model)

    @Slot(object)
    def _on_task(self, task: Task) -> None:
        self.bench.status.show_task(task, self.open)

    @Slot(object)
    def _on_state(self, state: ConnectionState) -> None:
        self._light.show_state(state)
        tone = "error" if state.kind in _FAILED else ""
        self.model.show_text(state_text(state), state_text(state, short=True), tip=state.message, tone=tone)
        self.latency.show_text(latency_text(state))
        if self.page is not None:
            self.page.show_state(state)
        if state.kind in _FAILED:
            self._show_failure(state)
        elif state.kind != "restarting":
            self.bench.central.bars.clear("service")
        if state.kind == "none" and not self._offered:
            self._offered = True
            self.open()

    def _show_failure(self, state: ConnectionState) -> None:
        text = state.message or self.tr("The service that writes suggestions has stopped.")
        choices = [
            (self.tr("Restart"), self.bench.services.connection.restart),
            (self.tr("Show log"), lambda: self.bench.open("output")),
        ]
        self.bench.central.bars.show_message("service", text, "error", choices)

    def _on_clicked(self) -> None:
        state = self.bench.services.connection.state
        if state.kind in _FAILED:
            self._show_failure(state)
        else:
            self.open()
