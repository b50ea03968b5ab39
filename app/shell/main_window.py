"""The window: rail, files, tabs, output and status line, and the wires between them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSplitter, QVBoxLayout, QWidget

from app.features.acceptance.feature import AcceptanceRoom
from app.features.explain.feature import WhyRoom
from app.features.models.page import ModelsPage
from app.features.output.panel import OutputPanel
from app.features.settings.page import SettingsPage
from app.features.suggest.controller import CompletionController
from app.features.train.feature import TrainRoom
from app.services.adapters import Adapters
from app.services.api import ApiClient
from app.services.connection import Connection, ConnectionState
from app.services.model_jobs import ModelJobs
from app.services.settings_store import SettingsStore
from app.services.tune_jobs import TuneJobs
from app.services.window_state import WindowState
from app.shell import memory
from app.shell.activity_bar import Rail
from app.shell.status_line import StatusLine
from app.shell.window_commands import add_commands, make_menu
from app.theme import Theme, ThemeManager, editor_font
from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from app.widgets.page import Page
from app.widgets.picker import Picker
from app.widgets.style import window_sheet
from app.workspace.central import AnyPage, Central
from app.workspace.documents import Documents
from app.workspace.edit_history import Whereabouts
from app.workspace.editor_page import EditorPage
from app.workspace.file_tree import FileTree
from app.workspace.index_feed import IndexFeed
from app.workspace.navigation import Navigation
from app.workspace.welcome_page import WelcomePage
from assistant.config import Paths, Settings


@dataclass
class Services:
    """What the window works with; the composition root makes it, tests make it of stand-ins."""

    paths: Paths
    store: SettingsStore
    theme: ThemeManager
    api: ApiClient
    connection: Connection
    completion: CompletionController
    jobs: ModelJobs
    dialogs: Dialogs
    tune: TuneJobs
    adapters: Adapters


class MainWindow(QMainWindow):
    """One window on at most one folder."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.folder: Path | None = None
        self._offered_models = False
        self.icons = IconSet(services.theme.theme)
        self.state = WindowState(services.paths)
        self.setMinimumSize(640, 420)
        self._make_parts()
        self._lay_out()
        self.navigation = Navigation(self)
        self.commands = add_commands(self)
        self.rail.add_menu(self.tr("Menu"), make_menu(self, self.commands))
        self._add_rooms()
        self._connect()
        self._on_theme(services.theme.theme)
        self._on_settings(services.store.settings)
        self._on_state(services.connection.state)
        memory.restore(self)
        self._show_current()
        self.setFocus()
        if services.store.load_error:
            self.central.bars.show_message("settings", services.store.load_error, "warn")

    # --- making ------------------------------------------------------------------------

    def _make_parts(self) -> None:
        services = self.services
        self.picker = Picker(self.icons, self)
        self.rail = Rail(self.icons)
        self.files = FileTree(self.icons, self.picker, services.dialogs)
        self.welcome = WelcomePage(self.icons)
        self.central = Central(self.icons, self.welcome)
        self.documents = Documents(self.central, self.icons, services.dialogs, self)
        self.whereabouts = Whereabouts(self.central, self)
        self.index_feed = IndexFeed(self.central, services.connection, services.api, self)
        self.why = WhyRoom(self)
        self.acceptance = AcceptanceRoom(self)
        self.output = OutputPanel(self.icons, lambda: services.connection.details)
        self.status = StatusLine(self.icons)
        self.models = ModelsPage(self.icons, services.jobs, services.dialogs, self.central)
        self.settings = SettingsPage(self.icons, services.store, self.central)
        self.train = TrainRoom(self)
        self.models.hide()
        self.settings.hide()

    def _lay_out(self) -> None:
        self.upright = QSplitter(Qt.Orientation.Vertical)
        self.upright.addWidget(self.central)
        self.upright.addWidget(self.output)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.addWidget(self.files)
        self.across.addWidget(self.upright)
        self.across.addWidget(self.why.panel)
        for splitter, grows in ((self.upright, 0), (self.across, 1)):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
            for part in range(splitter.count()):
                splitter.setStretchFactor(part, int(part == grows))
        self.across.setSizes([240, 900, 320])
        self.across.installEventFilter(self.why)
        self.upright.setSizes([600, 160])
        body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addWidget(self.across, 1)
        outer = QVBoxLayout()
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(body, 1)
        outer.addWidget(self.status)
        holder = QWidget()
        holder.setLayout(outer)
        self.setCentralWidget(holder)
        self.output.hide()

    def _add_rooms(self) -> None:
        keys = self.commands.keys
        self.rail.add("files", "files", self.tr("Files ({keys})").format(keys=keys("view.files")))
        self.rail.add("why", "question", self.tr("Why this suggestion ({keys})").format(keys=keys("assistant.why")))
        self.rail.add_stretch()
        self.train.add_icon()
        self.acceptance.add_icon()
        self.rail.add("models", "cube", self.tr("Models"))
        self.rail.add("settings", "gear-six", self.tr("Settings ({keys})").format(keys=keys("view.settings")))

    def _connect(self) -> None:
        services = self.services
        self.rail.chosen.connect(self._on_room)
        self.files.file_chosen.connect(lambda path: self.documents.open(Path(path)))
        self.files.file_renamed.connect(lambda before, after: self.documents.moved(Path(before), Path(after)))
        self.files.folder_wanted.connect(self.navigation.choose_folder)
        self.files.left.connect(self.central.give_focus)
        self.welcome.open_folder.connect(self.navigation.choose_folder)
        self.welcome.open_file.connect(self.navigation.choose_files)
        self.welcome.new_file.connect(lambda: self.documents.new(None))
        self.welcome.quick_open.connect(self.navigation.quick_open)
        self.welcome.recent_chosen.connect(lambda path: self.open_folder(Path(path)))
        self.central.current_changed.connect(self._show_current)
        self.central.close_wanted.connect(self.close_page)
        self.documents.opened.connect(self._on_opened)
        self.documents.changed.connect(self._show_current)
        self.documents.changed.connect(self.index_feed.touch)
        self.output.close_wanted.connect(lambda: self.show_output(False))
        self.models.use_wanted.connect(self.use_model)
        self.models.download_text.connect(self.status.show_download)
        self.settings.running_changed.connect(services.connection.restart)
        self.status.place_clicked.connect(self.navigation.go_to_line)
        self.status.encoding_clicked.connect(self.navigation.choose_encoding)
        self.status.line_ends_clicked.connect(self.navigation.choose_line_ends)
        self.status.language_clicked.connect(self.navigation.choose_language)
        self.status.model_clicked.connect(self._on_model_clicked)
        self.status.download_clicked.connect(self.show_models)
        self.status.latency_clicked.connect(self.why.go)
        self.status.suggestions_clicked.connect(self.toggle_suggestions)
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        services.store.problem.connect(lambda text: self.central.bars.show_message("settings", text))
        services.connection.changed.connect(self._on_state)
        services.completion.status.connect(self.status.show_hint)
        services.completion.set_around(self.whereabouts.around)

    # --- folders and files ---------------------------------------------------------------

    def open_folder(self, folder: Path, *, restore: bool = True) -> None:
        """Make ``folder`` the workspace; the tabs of the one before are remembered, unsaved ones stay."""
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 - ``..`` has no name to show
        try:
            next(folder.iterdir(), None)
        except OSError as error:
            text = self.tr("The folder {path} cannot be opened: {error}.")
            self.central.bars.show_message("open", text.format(path=folder, error=error.strerror or error))
            return
        self.central.bars.clear("open")
        self._keep_tabs()
        if self.folder is not None:
            for page in self.central.editors:
                if not page.modified and page.path and page.path.is_relative_to(self.folder):
                    self.documents.close(page)
        self.folder = folder
        self.documents.set_workspace(folder)
        self.files.open_folder(folder)
        self.whereabouts.set_folder(folder)
        self.index_feed.set_folder(folder)
        self.show_files(True)
        self.services.store.remember(str(folder))
        self.setWindowTitle(self.tr("{folder} – Grafter").format(folder=folder.name or folder))
        if restore:
            paths, current = self.state.get_tabs(folder)
            pages = [self.documents.open(path) for path in paths if path.is_file()]
            if current < len(pages) and (page := pages[current]) is not None:
                self.central.bring_to_front(page)
        self._show_current()

    def close_page(self, page: AnyPage) -> bool:
        """Close a tab, asking about unsaved changes."""
        if isinstance(page, EditorPage):
            return self.documents.close(page)
        self.central.remove(page)
        return True

    def _keep_tabs(self) -> None:
        if self.folder is not None:
            pages = [page for page in self.central.editors if page.path]
            current = self.central.current
            index = pages.index(current) if isinstance(current, EditorPage) and current in pages else 0
            self.state.set_tabs(self.folder, [page.path for page in pages if page.path], index)

    def _on_opened(self, page: EditorPage) -> None:
        page.editor.set_theme(self.services.theme.theme)
        page.set_font(editor_font(self.services.store.settings))
        page.editor.cursor_info_changed.connect(lambda line, column: self._on_cursor(page, line, column))
        page.info_changed.connect(lambda: self._on_info(page))
        self.whereabouts.follow(page)
        self.index_feed.follow(page)

    # --- rooms and panels ----------------------------------------------------------------

    def _on_room(self, name: str) -> None:
        if name == "files":
            self.show_files(self.files.isHidden())
        elif name == "why":
            self.why.toggle()
        elif name == "models":
            self.show_models()
        elif name == "acceptance":
            self.acceptance.show()
        elif name == "train":
            self.train.show()
        else:
            self.show_settings()

    def show_files(self, shown: bool) -> None:
        """Show or hide the side panel."""
        self.files.setVisible(shown)
        self.rail.mark("files", shown)

    def show_output(self, shown: bool) -> None:
        """Show or hide the output panel."""
        self.output.setVisible(shown)

    def show_models(self) -> None:
        """Bring the models page to the front."""
        self.show_page(self.models)
        self.models.refresh()

    def show_settings(self) -> None:
        """Bring the settings page to the front."""
        self.show_page(self.settings)

    def show_page(self, page: Page) -> None:
        """Bring a page to the front, in the tab that it has or a new one."""
        if page in self.central.pages:
            self.central.bring_to_front(page)
        else:
            self.central.add(page)

    def _show_current(self) -> None:
        """Another tab is in front: the status line, the tree, the rail and the completions follow."""
        page = self.central.current
        self.commands.allow(file=isinstance(page, EditorPage), tab=page is not None, folder=self.folder is not None)
        self.rail.mark("models", page is self.models)
        self.rail.mark("settings", page is self.settings)
        settings = self.services.store.settings
        self.welcome.show_folder(self.folder, settings.recent, settings.server)
        if not isinstance(page, EditorPage):
            self.services.completion.detach()
            self.status.show_place(0, 0)
            self.status.show_file("", "", "", "")
            return
        self.services.completion.attach(page.editor, page.relative_path(), str(self.folder) if self.folder else None)
        cursor = page.editor.textCursor()
        self.status.show_place(cursor.blockNumber() + 1, cursor.positionInBlock())
        self._on_info(page)
        if page.path is not None:
            self.files.select(page.path)

    def _on_cursor(self, page: EditorPage, line: int, column: int) -> None:
        if page is self.central.current:
            self.status.show_place(line, column)

    def _on_info(self, page: EditorPage) -> None:
        if page is self.central.current:
            self.status.show_file(*page.info())

    # --- the model -------------------------------------------------------------------------

    def use_model(self, model: str) -> None:
        """Load another model, now and at the next start."""
        self.services.store.update(model=model)
        self.services.connection.use_model(model)

    def _on_state(self, state: ConnectionState) -> None:
        self.status.show_state(state)
        self.models.show_state(state)
        if state.kind in ("failed", "restarting", "unresponsive"):
            self.output.read()
            if state.message:
                self.output.add(state.message)
        if state.kind in ("failed", "unresponsive"):
            self._show_failure(state)
        elif state.kind != "restarting":
            self.central.bars.clear("service")
        if state.kind == "none" and not self._offered_models:
            self._offered_models = True
            self.show_models()

    def _show_failure(self, state: ConnectionState) -> None:
        text = state.message or self.tr("The service that writes suggestions has stopped.")
        choices = [
            (self.tr("Restart"), self.services.connection.restart),
            (self.tr("Show log"), lambda: self.show_output(True)),
        ]
        self.central.bars.show_message("service", text, "error", choices)

    def _on_model_clicked(self) -> None:
        state = self.services.connection.state
        if state.kind in ("failed", "unresponsive"):
            self._show_failure(state)
        else:
            self.show_models()

    def toggle_suggestions(self) -> None:
        """Switch suggestions on or off."""
        self.services.store.update(suggestions=not self.services.store.settings.suggestions)

    # --- settings and theme ------------------------------------------------------------------

    def _on_settings(self, settings: Settings) -> None:
        if settings.theme != self.services.theme.choice:
            self.services.theme.choose(settings.theme)
        for page in self.central.editors:
            page.set_font(editor_font(settings))
        self.output.text.setFont(editor_font(settings))
        self.services.completion.set_settings(settings)
        self.status.show_suggestions(settings.suggestions)
        self.commands["assistant.toggle"].action.setChecked(settings.suggestions)
        self.welcome.show_folder(self.folder, settings.recent, settings.server)

    def _on_theme(self, theme: Theme) -> None:
        self.icons.theme = theme
        self.setStyleSheet(window_sheet(theme))
        for page in self.central.editors:
            page.editor.set_theme(theme)
        self.status.show_suggestions(self.services.store.settings.suggestions)
        self.update()

    # --- the end -------------------------------------------------------------------------------

    def report(self, message: str) -> None:
        """Say something unexpected in a bar, and keep the details in the output."""
        self.output.add(message)
        last = message.strip().splitlines()[-1] if message.strip() else message
        text = self.tr("Something unexpected happened: {error}. Your text is safe; save it when you can.")
        choices = [(self.tr("Show log"), lambda: self.show_output(True))]
        self.central.bars.show_message("unexpected", text.format(error=last.rstrip(".")), "error", choices)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, then remember the window."""
        if not self.documents.may_close(self.central.editors):
            event.ignore()
            return
        self._keep_tabs()
        memory.remember(self)
        self.services.completion.detach()
        self.acceptance.close()
        self.train.close()
        event.accept()

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what the command line named: a folder, files, or files that are not there yet."""
        folders = [path for path in paths if path.is_dir()]
        files = [path for path in paths if not path.is_dir()]
        if folders:
            self.open_folder(folders[0], restore=not files)
        for path in files:
            if path.exists():
                self.documents.open(path)
            elif path.absolute().parent.is_dir():
                self.documents.new(path.absolute())
            else:
                text = self.tr("There is no folder {path}, so {name} cannot be opened there.")
                message = text.format(path=path.absolute().parent, name=path.name)
                self.central.bars.show_message("open", message)
