"""The settings, as a page."""

from __future__ import annotations

from app.features.settings.page import SettingsPage
from app.shell.commands import Commands
from app.shell.feature import PageFeature


class SettingsFeature(PageFeature[SettingsPage]):
    """Shows and changes the settings; some of them start the service again."""

    id = "settings"
    icon = "gear-six"
    at_foot = True
    opener = "view.settings"

    def make_page(self) -> SettingsPage:
        """Make the page."""
        page = SettingsPage(self.bench.icons, self.bench.services.store, self.bench.central)
        page.running_changed.connect(self.bench.services.connection.restart)
        return page

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Settings")

    def add_commands(self, commands: Commands) -> None:
        """Add opening the page."""
        commands.add("view.settings", self.tr("View"), self.tr("Settings"), self.open, "Ctrl+,")
