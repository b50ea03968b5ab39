"""Ties what became of suggestions to the window: keeping it, the page that shows it, its icon and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.features.acceptance.log import AcceptanceLog
from assistant.config import Settings

if TYPE_CHECKING:
    from app.features.acceptance.page import AcceptancePage
    from app.shell.main_window import MainWindow


class AcceptanceRoom(QObject):
    """``page`` is None until it is first wanted: the window starts without it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        services = window.services
        self.page: AcceptancePage | None = None
        self.log = AcceptanceLog(
            services.paths.acceptance, services.connection, self, keep=services.store.settings.keep_acceptance
        )
        services.completion.taken.connect(self.log.on_taken)
        services.completion.ended.connect(self.log.on_ended)
        services.store.changed.connect(self._on_settings)
        self.log.problem.connect(lambda text: window.central.bars.show_message("acceptance", text, "warn"))
        window.central.current_changed.connect(self.mark)

    def add_icon(self) -> None:
        """Put the room's icon on the rail."""
        self._window.rail.add("acceptance", "chart-line-up", self.tr("Acceptance of suggestions"))

    def show(self) -> None:
        """Bring the page to the front."""
        window = self._window
        if self.page is None:
            from app.features.acceptance.page import AcceptancePage  # noqa: PLC0415 - nobody waits for it at the start

            services = window.services
            self.page = AcceptancePage(window.icons, self.log, services.store, services.dialogs, window.central)
            self.page.hide()
            services.theme.changed.connect(self.page.show_theme)
        window.show_page(self.page)

    def mark(self) -> None:
        """Show on the rail whether the page is in front."""
        front = self._window.central.current
        self._window.rail.mark("acceptance", front is not None and front is self.page)

    def close(self) -> None:
        """Write what waits: the window closes."""
        self.log.close()

    def _on_settings(self, settings: Settings) -> None:
        self.log.set_keep(settings.keep_acceptance)
