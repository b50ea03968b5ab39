"""The window: activity bar, panels around the pages, status line; what it offers comes in features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from app.shell.activity_bar import ActivityBar
from app.shell.commands import make_menu
from app.shell.feature import Feature, PanelFeature
from app.shell.services import Services
from app.shell.window_commands import add_commands
from app.shell.workbench import Workbench
from app.theme import Theme, editor_font
from app.widgets.style import window_sheet
from app.workspace.editor_page import EditorPage
from assistant.config import Settings


class MainWindow(QMainWindow):
    """One window on at most one folder. ``features`` are made in their order, which is that of their icons."""

    def __init__(self, services: Services, features: Sequence[type[Feature]]) -> None:
        super().__init__()
        self.services = services
        self.setMinimumSize(640, 420)
        self.setWindowTitle("Grafter")
        self.bench = Workbench(services, self)
        self.features: dict[str, Feature] = {}
        self.activity_bar = ActivityBar(self.bench.icons)
        add_commands(self.bench, self.close)
        for kind in features:
            feature = self.features[kind.id] = self.bench.features[kind.id] = kind(self.bench)
            feature.add_commands(self.bench.commands)
        self.activity_bar.add_menu(self.tr("Menu"), make_menu(self, self.bench.commands))
        self._add_icons()
        self._lay_out()
        self._connect()
        self._on_theme(services.theme.theme)
        self._on_settings(services.store.settings)
        self._restore()
        self._show_current()
        self.setFocus()
        if services.store.load_error:
            self.bench.central.bars.show_message("settings", services.store.load_error, "warn")

    # --- making ------------------------------------------------------------------------

    def _add_icons(self) -> None:
        features = [feature for feature in self.features.values() if feature.icon]
        for foot in (False, True):
            for feature in features:
                if feature.at_foot == foot:
                    keys = self.bench.commands.keys(feature.opener) if feature.opener else ""
                    self.activity_bar.add(
                        feature.id, feature.icon, f"{feature.title} ({keys})" if keys else feature.title
                    )
            if not foot:
                self.activity_bar.add_stretch()

    def _lay_out(self) -> None:
        body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self.activity_bar)
        body.addWidget(self.bench.panels.widget, 1)
        outer = QVBoxLayout()
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(body, 1)
        outer.addWidget(self.bench.status)
        holder = QWidget()
        holder.setLayout(outer)
        self.setCentralWidget(holder)
        self.bench.panels.order_tabs()

    def _connect(self) -> None:
        bench, services = self.bench, self.services
        self.activity_bar.chosen.connect(self._on_icon)
        bench.panels.changed.connect(self._mark_icons)
        bench.central.current_changed.connect(self._show_current)
        bench.folder.changed.connect(self._on_folder)
        welcome = bench.welcome
        welcome.open_folder.connect(bench.navigation.choose_folder)
        welcome.open_file.connect(bench.navigation.choose_files)
        welcome.new_file.connect(lambda: bench.documents.new(None))
        welcome.quick_open.connect(bench.navigation.quick_open)
        welcome.recent_chosen.connect(lambda path: bench.folder.open(Path(path)))
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        services.store.problem.connect(lambda text: bench.central.bars.show_message("settings", text))

    # --- what is in front ----------------------------------------------------------------

    @Slot(str)
    def _on_icon(self, name: str) -> None:
        feature = self.features[name]
        if isinstance(feature, PanelFeature):
            feature.toggle()
        else:
            feature.open()

    @Slot()
    def _show_current(self) -> None:
        bench = self.bench
        page = bench.central.current
        file, folder = isinstance(page, EditorPage), bench.folder.path
        bench.commands.allow(file=file, tab=page is not None, folder=folder is not None)
        self._mark_icons()
        self._show_welcome()

    @Slot()
    def _mark_icons(self) -> None:
        for feature in self.features.values():
            if feature.icon:
                self.activity_bar.mark(feature.id, feature.in_front)

    def _show_welcome(self) -> None:
        settings = self.services.store.settings
        self.bench.welcome.show_folder(self.bench.folder.path, settings.recent, settings.server)

    @Slot(object)
    def _on_folder(self, folder: Path) -> None:
        self.setWindowTitle(self.tr("{folder} – Grafter").format(folder=folder.name or folder))

    # --- settings and theme ------------------------------------------------------------------

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        if settings.theme != self.services.theme.choice:
            self.services.theme.choose(settings.theme)
        for page in self.bench.central.editors:
            page.set_font(editor_font(settings))
        self._show_welcome()

    @Slot(object)
    def _on_theme(self, theme: Theme) -> None:
        self.bench.icons.theme = theme
        self.setStyleSheet(window_sheet(theme))
        for page in self.bench.central.editors:
            page.editor.set_theme(theme)
        self.update()

    # --- between starts ------------------------------------------------------------------------

    def _remembered(self) -> dict[str, bool]:
        """Return the panels that come back at the next start, and whether each is open at the first."""
        panels = [feature for feature in self.features.values() if isinstance(feature, PanelFeature)]
        return {feature.id: feature.open_at_first for feature in panels if feature.remembered}

    def _restore(self) -> None:
        geometry = self.bench.state.get_bytes("window/geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(1280, 800)
        self.bench.panels.restore(self._remembered())

    def report(self, message: str) -> None:
        """Say something unexpected in a bar, and keep the details in the output."""
        self.bench.unexpected.emit(message)
        last = message.strip().splitlines()[-1] if message.strip() else message
        text = self.tr("Something unexpected happened: {error}. Your text is safe; save it when you can.")
        choices = [(self.tr("Show log"), lambda: self.bench.open("output"))]
        self.bench.central.bars.show_message("unexpected", text.format(error=last.rstrip(".")), "error", choices)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, then remember the window."""
        bench = self.bench
        if not bench.documents.may_close(bench.central.editors):
            event.ignore()
            return
        bench.folder.keep_tabs()
        bench.state.set_bytes("window/geometry", self.saveGeometry())
        bench.panels.remember(self._remembered())
        bench.state.save()
        for feature in self.features.values():
            feature.close()
        event.accept()
