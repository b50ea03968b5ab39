"""Acceptance: what becomes of suggestions is kept, and counted on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from app.features.acceptance.log import AcceptanceLog
from app.features.suggest.feature import SuggestFeature
from app.shell.commands import Commands
from app.shell.feature import PageFeature
from app.shell.workbench import Workbench
from assistant.config import Settings

if TYPE_CHECKING:
    from app.features.acceptance.page import AcceptancePage


class AcceptanceFeature(PageFeature["AcceptancePage"]):
    """Keeps the log for as long as the window is open."""

    id = "acceptance"
    icon = "chart-line-up"
    at_foot = True

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        services, completion = bench.services, bench.feature(SuggestFeature).completion
        keep = services.store.settings.keep_acceptance
        self.log = AcceptanceLog(services.paths.acceptance, services.connection, self, keep=keep)
        completion.taken.connect(self.log.on_taken)
        completion.ended.connect(self.log.on_ended)
        services.store.changed.connect(self._on_settings)
        self.log.problem.connect(lambda text: bench.central.bars.show_message("acceptance", text, "warn"))

    def make_page(self) -> AcceptancePage:
        """Make the page."""
        from app.features.acceptance.page import AcceptancePage  # noqa: PLC0415 - nobody waits for it at the start

        services, bench = self.bench.services, self.bench
        page = AcceptancePage(bench.icons, self.log, services.store, services.dialogs, bench.central)
        services.theme.changed.connect(page.show_theme)
        return page

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Acceptance of suggestions")

    def add_commands(self, commands: Commands) -> None:
        """Add opening the page."""
        commands.add("assistant.acceptance", self.tr("Assistant"), self.title, self.open)

    def close(self) -> None:
        """Write what waits."""
        self.log.close()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.log.set_keep(settings.keep_acceptance)
