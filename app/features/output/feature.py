"""The output of the service, at the bottom."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Slot

from app.features.output.panel import OutputPanel
from app.services.connection import ConnectionState
from app.shell.commands import Commands
from app.shell.feature import PanelFeature
from app.shell.panels import Side
from app.shell.workbench import Workbench
from app.theme import editor_font
from assistant.config import Settings


class OutputFeature(PanelFeature[OutputPanel]):
    """Keeps what the service wrote when it failed, and what went wrong in the window."""

    id = "output"
    side: ClassVar[Side] = "bottom"
    width = 160
    remembered = False

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.panel.close_wanted.connect(lambda: self.show(False))
        bench.unexpected.connect(self.panel.add)
        bench.services.connection.changed.connect(self._on_state)
        bench.services.store.changed.connect(self._on_settings)
        self._on_settings(bench.services.store.settings)

    def make_panel(self) -> OutputPanel:
        """Make the panel, which follows the service's log while it is seen."""
        connection = self.bench.services.connection
        return OutputPanel(self.bench.icons, lambda: connection.details)

    def add_commands(self, commands: Commands) -> None:
        """Add showing the output."""
        commands.add("view.output", self.tr("View"), self.tr("Show or hide output"), self.toggle, "Ctrl+J")

    @Slot(object)
    def _on_state(self, state: ConnectionState) -> None:
        if state.kind in ("failed", "restarting", "unresponsive"):
            self.panel.read()
            if state.message:
                self.panel.add(state.message)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.panel.text.setFont(editor_font(settings))
