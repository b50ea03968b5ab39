"""What the status line says of the file in front: the cursor's place, and how the file is written."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from app.widgets.status_line import StatusLine
from app.workspace.central import Central
from app.workspace.editor_page import EditorPage
from app.workspace.navigation import Navigation


class FileStatus(QObject):
    """Follows the file in front; a click changes what an item shows."""

    def __init__(
        self, central: Central, status: StatusLine, navigation: Navigation, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._central = central
        tr = self.tr
        self.place = status.add_item(tr("Cursor position: go to a line"), navigation.go_to_line, order=-50)
        self.encoding = status.add_item(tr("Encoding of the file"), navigation.choose_encoding, order=-40, gives_way=3)
        self.line_ends = status.add_item(
            tr("Line ends of the file"), navigation.choose_line_ends, order=-30, gives_way=2
        )
        self.indent = status.add_item(tr("Indentation of the file"), order=-20)
        self.language = status.add_item(tr("Language: choose another"), navigation.choose_language, order=-10)
        central.current_changed.connect(self.show_current)
        self.show_current()

    def follow(self, page: EditorPage) -> None:
        """Show what changes in ``page`` while it is in front."""
        page.editor.cursor_info_changed.connect(lambda line, column: self._on_cursor(page, line, column))
        page.info_changed.connect(lambda: self._on_info(page))

    @Slot()
    def show_current(self) -> None:
        """Show the file that is in front now, or nothing."""
        page = self._central.current
        if isinstance(page, EditorPage):
            cursor = page.editor.textCursor()
            self._show_place(cursor.blockNumber() + 1, cursor.positionInBlock())
            self._show_info(*page.info())
        else:
            self.place.show_text("")
            self._show_info("", "", "", "")

    def _on_cursor(self, page: EditorPage, line: int, column: int) -> None:
        if page is self._central.current:
            self._show_place(line, column)

    def _on_info(self, page: EditorPage) -> None:
        if page is self._central.current:
            self._show_info(*page.info())

    def _show_place(self, line: int, column: int) -> None:
        """Show the cursor's line (from 1) and column (from 0, shown from 1)."""
        self.place.show_text(self.tr("Ln {line}, Col {column}").format(line=line, column=column + 1))

    def _show_info(self, encoding: str, line_ends: str, indent: str, language: str) -> None:
        items = (self.encoding, encoding), (self.line_ends, line_ends), (self.indent, indent), (self.language, language)
        for item, text in items:
            item.show_text(text)
