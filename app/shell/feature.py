"""What the window offers comes in features: each a package of its own, named by one line in ``app/program.py``."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.shell.commands import Commands
from app.shell.panels import Side
from app.shell.workbench import Workbench
from app.widgets.page import Page

P = TypeVar("P", bound=Page)
W = TypeVar("W", bound=QWidget)


class Feature(QObject):
    """One thing that the window offers. It gets the workbench, never the window, and knows of other features by ``id``.

    ``icon`` and ``title`` make its icon in the activity bar; without an ``icon`` it has none. ``at_foot`` puts that at
    the bar's lower end. ``opener`` is the command whose keys the icon's tooltip names.
    """

    id: ClassVar[str]
    icon: ClassVar[str] = ""
    at_foot: ClassVar[bool] = False
    opener: ClassVar[str] = ""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.bench = bench

    @property
    def title(self) -> str:
        """What it is called, translated."""
        return ""

    def add_commands(self, commands: Commands) -> None:
        """Add what it can do to the menu, the palette and the keys."""

    def open(self, part: str = "") -> None:
        """Come to the front, at a ``part`` of it where it has parts: its icon was clicked, or another feature asks."""

    @property
    def in_front(self) -> bool:
        """Whether the activity bar shows it as open."""
        return False

    def close(self) -> None:
        """End what must not outlive the window."""


class PageFeature(Feature, Generic[P]):
    """A feature that is a page in a tab; ``page`` is None until it is first wanted, so that the window starts early."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.page: P | None = None

    def make_page(self) -> P:
        """Make the page; called once."""
        raise NotImplementedError

    def get_page(self) -> P:
        """Return the page, made now where it was not yet."""
        if self.page is None:
            self.page = self.make_page()
            self.page.hide()
        return self.page

    def open(self, part: str = "") -> None:  # noqa: ARG002 - parts are for features that have some
        """Bring the page to the front."""
        self.bench.show_page(self.get_page())

    @property
    def in_front(self) -> bool:
        """Whether the page is in front."""
        return self.page is not None and self.bench.central.current is self.page


class PanelFeature(Feature, Generic[W]):
    """A feature that is a panel beside the pages, which the panel host opens, closes and gives its width."""

    side: ClassVar[Side]
    width: ClassVar[int]
    """Pixels when first opened; the height of a panel at the bottom."""
    open_at_first: ClassVar[bool] = False
    remembered: ClassVar[bool] = True
    """Whether it is open again at the next start."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.panel: W = self.make_panel()
        bench.panels.add(self.id, self.panel, self.side, self.width)

    def make_panel(self) -> W:
        """Make the panel; called once."""
        raise NotImplementedError

    def open(self, part: str = "") -> None:  # noqa: ARG002 - as above
        """Show the panel."""
        self.show(True)

    def show(self, shown: bool) -> None:
        """Show or hide the panel; a focus that was in it goes back to the page in front."""
        self.bench.panels.show(self.id, shown)

    def toggle(self) -> None:
        """Show the panel if it is hidden, else hide it."""
        self.show(self.panel.isHidden())

    @property
    def in_front(self) -> bool:
        """Whether the panel is open."""
        return not self.panel.isHidden()
