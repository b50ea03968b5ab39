"""A panel and a page that the program does not have, each written as a new one would be: a class that a line names."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QPlainTextEdit

from app.shell.commands import Commands
from app.shell.feature import PageFeature, PanelFeature
from app.shell.panels import Side
from app.widgets.page import Page


class NotesFeature(PanelFeature[QPlainTextEdit]):
    """A panel at the right, where the explanation stands too."""

    id = "notes"
    icon = "book-open"
    opener = "view.notes"
    side: ClassVar[Side] = "right"
    width = 280
    closed = 0

    def make_panel(self) -> QPlainTextEdit:
        """Make the panel."""
        return QPlainTextEdit()

    @property
    def title(self) -> str:
        """What it is called."""
        return "Notes"

    def add_commands(self, commands: Commands) -> None:
        """Add showing it."""
        commands.add("view.notes", "View", "Show or hide notes", self.toggle, "Ctrl+Alt+N")

    def close(self) -> None:
        """Count that the window ended."""
        self.closed += 1


class CountsFeature(PageFeature[Page]):
    """A page with an icon at the foot of the activity bar."""

    id = "counts"
    icon = "book-open"
    at_foot = True
    opener = "view.counts"
    closed = 0

    def make_page(self) -> Page:
        """Make the page."""
        return Page(self.bench.icons, self.title, self.icon)

    @property
    def title(self) -> str:
        """What it is called."""
        return "Counts"

    def add_commands(self, commands: Commands) -> None:
        """Add opening it."""
        commands.add("view.counts", "View", "Show counts", self.open, "Ctrl+Alt+U")

    def close(self) -> None:
        """Count that the window ended."""
        self.closed += 1
