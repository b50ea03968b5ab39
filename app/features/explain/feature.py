"""The panel in its window: what fills it, where a click in it leads, and whether it is open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Slot

from app.features.explain.panel import WhyPanel
from app.theme import Theme, editor_font
from app.workspace.editor_page import EditorPage
from assistant.config import Settings
from assistant.types import ContextPiece, Finished

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow

_WIDTH = 320
_EDITOR_WIDTH = 440
_FILES_WIDTH = 176


class WhyRoom(QObject):
    """Follows the completions of a window; while the panel is hidden it only remembers the last answer."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._answer: tuple[Finished, int] | None = None
        self._page: EditorPage | None = None
        self._place: tuple[Path | None, str | None, Path | None] = (None, None, None)
        self._width = _WIDTH
        self.panel = WhyPanel(window.icons)
        self.panel.hide()
        self._tight = QTimer(self)
        self._tight.setSingleShot(True)
        self._tight.setInterval(0)
        self._tight.timeout.connect(self._on_resized)
        self.panel.close_wanted.connect(lambda: self.show(False))
        self.panel.left.connect(window.central.give_focus)
        self.panel.piece_chosen.connect(self._open)
        services = window.services
        services.completion.explained.connect(self._on_explained)
        services.completion.failed.connect(self.panel.show_failure)
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        self._on_settings(services.store.settings)

    def toggle(self) -> None:
        """Show or hide the panel."""
        self.show(self.panel.isHidden())

    def show(self, shown: bool) -> None:
        """Show or hide the panel; the focus stays in the editor."""
        if not shown and self.panel.isAncestorOf(self._window.focusWidget() or self._window):
            self._window.central.give_focus()
        if not shown and not self.panel.isHidden():
            self._width = self.panel.width()
        opened = shown and self.panel.isHidden() and self._window.isVisible()
        self.panel.setVisible(shown)
        self._window.rail.mark("why", shown)
        if shown:
            self._fill()
        if opened:
            self._make_room(self._width)

    def go(self) -> None:
        """Show the panel and put the focus into it."""
        self.show(True)
        self.panel.give_focus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look after the editor's width when the window becomes smaller."""
        if event.type() == QEvent.Type.Resize and not self.panel.isHidden():
            self._tight.start()
        return super().eventFilter(watched, event)

    @Slot()
    def _on_resized(self) -> None:
        if not self.panel.isHidden() and self._window.upright.width() < _EDITOR_WIDTH:
            self._make_room(self.panel.width())

    def _make_room(self, right: int) -> None:
        """Leave the editor a readable width beside a panel of this width: it is made smaller first, then the files."""
        across = self._window.across
        whole = across.width()
        left = 0 if self._window.files.isHidden() else across.sizes()[0]
        right = max(min(right, whole - left - _EDITOR_WIDTH), self.panel.minimumWidth())
        left = min(left, max(whole - right - _EDITOR_WIDTH, _FILES_WIDTH))
        across.setSizes([left, whole - left - right, right])

    # --- what is shown -------------------------------------------------------------------

    @Slot(object, int)
    def _on_explained(self, finished: Finished, choice: int) -> None:
        self._answer = (finished, choice)
        page = self._window.central.current
        if isinstance(page, EditorPage):
            self._page = page
            self._place = (page.path, page.relative_path(), self._window.folder)
        if not self.panel.isHidden():
            self._fill()

    def _fill(self) -> None:
        if self._answer is not None:
            self.panel.show_answer(*self._answer)

    @Slot(object)
    def _on_theme(self, theme: Theme) -> None:
        self.panel.set_theme(theme)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.panel.set_code_font(editor_font(settings))

    # --- where it leads ------------------------------------------------------------------

    @Slot(object)
    def _open(self, piece: ContextPiece) -> None:
        """Go to a piece of context; the file that the suggestion was for may have no name, or lie anywhere."""
        window, line = self._window, piece.lines[0]
        own_path, told, folder = self._place
        page: EditorPage | None = None
        if piece.path == (told or ""):
            page = self._page if self._page in window.central.editors else None
            if page is not None:
                window.central.bring_to_front(page)
                page.editor.go_to(line)
            elif own_path is not None:
                page = window.documents.open(own_path, line)
        elif folder is not None:
            page = window.documents.open(folder / piece.path, line)
        if page is not None:
            page.editor.setFocus()
