"""The workbench: all that a feature needs of the window, without the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.services.window_state import WindowState
from app.shell.commands import Commands
from app.shell.panels import PanelHost
from app.shell.services import Services
from app.theme import editor_font
from app.widgets.icons import IconSet
from app.widgets.page import Page
from app.widgets.picker import Picker
from app.widgets.status_line import StatusLine
from app.workspace.central import AnyPage, Central
from app.workspace.documents import Documents
from app.workspace.edit_history import EditHistory
from app.workspace.editor_page import EditorPage
from app.workspace.file_status import FileStatus
from app.workspace.folder import Folder
from app.workspace.index_feed import IndexFeed
from app.workspace.navigation import Navigation
from app.workspace.welcome_page import WelcomePage


class Opens(Protocol):
    """What the workbench knows of a feature."""

    def open(self, part: str = "") -> None: ...  # noqa: D102


F = TypeVar("F", bound=QObject)


class Workbench(QObject):
    """Services, files, tabs, panels, commands and the status line of one window.

    ``window`` is a parent for overlays and dialogs, no more. ``unexpected`` carries what went wrong where nobody
    looked, with its traceback.
    """

    unexpected = Signal(str)

    def __init__(self, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self.services, self.window = services, window
        self.features: dict[str, Opens] = {}
        self.icons = IconSet(services.theme.theme)
        self.state = WindowState(services.paths)
        self.commands = Commands(window)
        self.picker = Picker(self.icons, window)
        self.status = StatusLine()
        self.welcome = WelcomePage(self.icons)
        self.central = Central(self.icons, self.welcome)
        self.documents = Documents(self.central, self.icons, services.dialogs, self)
        self.folder = Folder(self.central, self.documents, services.store, self.state, self)
        self.edit_history = EditHistory(self.central, self)
        self.index_feed = IndexFeed(self.central, services.connection, services.api, self)
        self.navigation = Navigation(
            self.central, self.documents, self.folder, self.picker, services.store, services.dialogs
        )
        self.file_status = FileStatus(self.central, self.status, self.navigation, self)
        self.panels = PanelHost(self.central, self.state, self)
        self._connect()

    def _connect(self) -> None:
        self.panels.left.connect(self.central.give_focus)
        self.folder.changed.connect(self.edit_history.set_folder)
        self.folder.changed.connect(self.index_feed.set_folder)
        self.documents.opened.connect(self._on_opened)
        self.documents.changed.connect(self.central.current_changed)
        self.documents.changed.connect(self.index_feed.touch)
        self.central.close_wanted.connect(self.close_page)

    @Slot(object)
    def _on_opened(self, page: EditorPage) -> None:
        page.editor.set_theme(self.services.theme.theme)
        page.set_font(editor_font(self.services.store.settings))
        self.file_status.follow(page)
        self.edit_history.follow(page)
        self.index_feed.follow(page)

    # --- pages ---------------------------------------------------------------------------

    @property
    def editor_page(self) -> EditorPage | None:
        """The file in front, if it is a file that is in front."""
        page = self.central.current
        return page if isinstance(page, EditorPage) else None

    def on_editor(self, run: Callable[[EditorPage], object]) -> Callable[[], None]:
        """Return what runs ``run`` with the file in front, or does nothing where there is none."""

        def act() -> None:
            if self.editor_page is not None:
                run(self.editor_page)

        return act

    def show_page(self, page: Page) -> None:
        """Bring a page to the front, in the tab that it has or a new one."""
        if page in self.central.pages:
            self.central.bring_to_front(page)
        else:
            self.central.add(page)

    @Slot(object)
    def close_page(self, page: AnyPage) -> bool:
        """Close a tab, asking about unsaved changes. Returns whether it was closed."""
        if isinstance(page, EditorPage):
            return self.documents.close(page)
        self.central.remove(page)
        return True

    # --- features ------------------------------------------------------------------------

    def feature(self, kind: type[F]) -> F:
        """Return the feature of this class."""
        for feature in self.features.values():
            if isinstance(feature, kind):
                return feature
        raise LookupError(f"{kind.__name__} is not among the features made so far: see FEATURES in app/program.py.")

    def open(self, feature: str, part: str = "") -> None:
        """Bring the feature of this id to the front, at a ``part`` of it."""
        self.features[feature].open(part)
