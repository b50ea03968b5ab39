"""The widget under the code editor: taller lines, colours, line numbers, marks, and decorations."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from app.editor import brackets, editing, indent
from app.editor.code_points import all_to_utf16, from_utf16, to_utf16
from app.editor.decorations import Decoration
from app.editor.lexing import MAX_LINE
from app.editor.text_port import Change
from app.editor.view.gutter import Gutter
from app.editor.view.line_cache import GHOST
from app.editor.view.painting import hint_width
from app.editor.view.pointing import moved, text_point
from app.editor.view.sight import Sight
from app.editor.view.text_area import TextArea
from app.editor.view.view_painting import Look, paint
from app.theme import Theme, load_theme


class TextView(TextArea):
    """Shows and edits one text; lines are 1-based, columns and offsets 0-based, in characters (code points)."""

    cursor_info_changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ghost_text = ""
        self._hint = ""
        self._brackets: tuple[int, ...] = ()
        self._highlighter.changed.connect(self._follow_colors)
        self._decorations.changed.connect(self._place_rows)
        self._sight = Sight(self)
        self._tab_width = indent.TAB_WIDTH
        self._gutter = Gutter(self)
        self._gutter.setAccessibleName(self.tr("Line numbers"))
        self.document().blockCountChanged.connect(self._fit_gutter)
        self._layout.documentSizeChanged.connect(self._fit_page_step)
        self.cursorPositionChanged.connect(self._follow_cursor)
        # Qt repaints only the letters' boxes of a selection.
        self.selectionChanged.connect(self.viewport().update)
        self.setAccessibleName(self.tr("Code editor"))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCursorWidth(2)
        self.set_theme(load_theme("light"))
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._take_font()

    # --- text and places ---------------------------------------------------------------

    def setPlainText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show another document, without decorations."""
        self._decorations.clear()
        super().setPlainText(text)

    def cursor_offset(self) -> int:
        """Return the cursor's place in ``plain_text()``, in characters."""
        return from_utf16(self.plain_text(), self.textCursor().position())

    def set_cursor_offset(self, offset: int) -> None:
        """Put the cursor at a place of ``plain_text()``, in characters; clamped."""
        cursor = self.textCursor()
        cursor.setPosition(to_utf16(self.plain_text(), offset))
        self.setTextCursor(cursor)

    def cursor_place(self) -> tuple[int, int]:
        """Return the cursor's line and column."""
        cursor = self.textCursor()
        return cursor.blockNumber() + 1, from_utf16(cursor.block().text(), cursor.positionInBlock())

    def selection(self) -> tuple[int, int]:
        """Return where the selection starts and ends; both are the cursor's offset where there is none."""
        cursor, text = self.textCursor(), self.plain_text()
        return from_utf16(text, cursor.selectionStart()), from_utf16(text, cursor.selectionEnd())

    def select(self, start: int, end: int) -> None:
        """Select from ``start`` to ``end``, where the cursor then is, and show it in the middle if it is not seen."""
        top = self.verticalScrollBar().value()
        text = self.plain_text()
        self.setTextCursor(self._spanning(to_utf16(text, start), to_utf16(text, end)))
        if self.verticalScrollBar().value() != top:  # it was not seen
            self.centerCursor()

    def apply(self, changes: Sequence[Change]) -> None:
        """Make changes, which do not overlap, as one undo step; all offsets are those before the first."""
        was_seen = self.cursor_is_on_screen()
        places = all_to_utf16(self.plain_text(), (offset for one in changes for offset in (one.start, one.end)))
        editing.insert_all([(self._spanning(places[one.start], places[one.end]), one.text) for one in changes])
        if was_seen:  # a person who reads elsewhere is left there
            self.show_cursor()

    def _spanning(self, start: int, end: int) -> QTextCursor:
        """Return a cursor from one of Qt's positions to another."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def go_to(self, line: int, column: int = 0) -> None:
        """Put the cursor at a line (1-based) and column (0-based), and the line in the middle; both are clamped."""
        cursor = self.textCursor()
        cursor.setPosition(self._position(min(max(line, 1), self.blockCount()) - 1, column))
        self.setTextCursor(cursor)
        self.centerCursor()

    # --- how it looks ------------------------------------------------------------------

    def set_language(self, language: str) -> None:
        """Colour the text as a language: a Pygments alias or a file name. An unknown one means plain text."""
        self._highlighter.set_language(language)

    def language(self) -> str:
        """Return the language's name for people; empty for plain text."""
        return self._highlighter.language

    def colon_begins_block(self) -> bool:
        """Return whether a colon at the end of a line begins a block in the language."""
        record = self._highlighter.record
        return record is not None and record.colon_blocks

    def set_theme(self, theme: Theme) -> None:
        """Use a theme's colours."""
        self._theme = theme
        self._lines.set_theme(theme)
        self._gutter.set_theme(theme)
        self.viewport().update()

    def set_editor_font(self, font: QFont) -> None:
        """Use a font, size included."""
        self.setFont(font)

    def changeEvent(self, event: QEvent) -> None:
        """Take a new font over to text, line numbers, tab stops and ghost."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_gutter"):
            self._take_font()

    def _take_font(self) -> None:
        font = self.font()
        self.document().setDefaultFont(font)
        self._layout.set_font(font)
        self.setTabStopDistance(QFontMetricsF(font).horizontalAdvance(" ") * self._tab_width)
        self._lines.set_font(font)
        self._fit_gutter()
        self._place_rows()

    def set_tab_width(self, columns: int) -> None:
        """Set how many columns a tab stop has."""
        if columns != self._tab_width:
            self._tab_width = columns
            self._take_font()

    # --- decorations -------------------------------------------------------------------

    def set_ghost(self, text: str, hint: str = "", replaces: int = 0) -> None:
        """Paint a text at the cursor as if it stood there, and a key cap with ``hint`` after it; '' clears.

        The next ``replaces`` characters of the line are not painted: the text takes their place.
        """
        self._ghost_text, self._hint = text, hint
        line, column = self.cursor_place()
        ghost = Decoration(line - 1, "ghost", tuple(text.split("\n")), "inline", column, replaces)
        self._decorations.set(GHOST, [ghost] if text else [])

    @Slot()
    def _place_rows(self) -> None:
        reach = self._rows.widest(self.document().findBlockByNumber)
        if self._ghost_text and self._hint:
            reach += hint_width(self.font(), self._hint, self.letter_width)
        reach += self.document().documentMargin() if reach else 0.0
        if self._layout.rows_changed(reach, self._decorations.shape()):
            self._gutter.update()
        self.viewport().update()

    # --- what is seen ------------------------------------------------------------------

    def cursor_is_seen(self) -> bool:
        """Return whether the line of the cursor is seen whole."""
        return self._sight.cursor_is_seen()

    def cursor_is_on_screen(self, height: int | None = None) -> bool:
        """Return whether half of the cursor's line is seen, or was with a viewport of ``height`` pixels."""
        if not self.textCursor().block().isValid():  # in the middle of an edit
            return False
        return 0 <= self.cursorRect().center().y() <= (self.viewport().height() if height is None else height)

    def ghost_seen(self) -> tuple[str, int]:
        """Return the first lines of the ghost's text, as many as are seen, and how many pixels are hidden sideways."""
        return self._sight.ghost_seen(self._ghost_text)

    def show_cursor(self, *, in_view: bool = False) -> None:
        """Scroll until the line of the cursor, which is ``in_view`` after Qt's own keys, is whole, with the ghost."""
        if not in_view:
            self.ensureCursorVisible()
        self._sight.show_cursor(self._ghost_text)

    # --- following ---------------------------------------------------------------------

    @Slot(int, int)
    def _follow_colors(self, first: int, end: int) -> None:
        top = self.firstVisibleBlock().blockNumber()
        seen = self.viewport().height() / self.line_pitch + 1
        if first <= top + seen and end > top:
            self.viewport().update()

    @Slot()
    def _follow_cursor(self) -> None:
        cursor = self.textCursor()
        line, column = self.cursor_place()
        found = None
        if not cursor.hasSelection() and cursor.block().length() <= MAX_LINE:
            found = brackets.find_pair(self._code, self.blockCount(), cursor.blockNumber(), column)
        self._brackets = tuple(self._position(*place) for place in found or ())
        self.viewport().update()
        self.cursor_info_changed.emit(line, column)

    def _code(self, line: int) -> str:
        block = self.document().findBlockByNumber(line)
        return brackets.mask(block.text(), self._highlighter.runs(block)) if block.length() <= MAX_LINE else ""

    def _position(self, line: int, column: int) -> int:
        block = self.document().findBlockByNumber(line)
        return block.position() + to_utf16(block.text(), column)

    # --- geometry ----------------------------------------------------------------------

    @Slot()
    def _fit_gutter(self) -> None:
        width = self._gutter.width_needed()
        self.setViewportMargins(width, 0, 0, 0)
        area = self.contentsRect()
        self._gutter.setGeometry(QRect(area.left(), area.top(), width, area.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the gutter as tall as the text, and the line of the cursor in sight."""
        # Only the width changes when the gutter grows, and that may be in the middle of an edit.
        before = event.oldSize().height()
        was_seen = before not in (-1, event.size().height()) and self.cursor_is_on_screen(before)
        self._layout.set_room_below(self._sight.room_below(self.document().documentMargin()))
        super().resizeEvent(event)
        self._fit_gutter()
        self._fit_page_step()
        if was_seen and not self.cursor_is_seen():
            self.show_cursor()

    @Slot()
    def _fit_page_step(self) -> None:
        # Qt counts the lines that are seen when all is scrolled down, and that is one with the room below the text.
        self.verticalScrollBar().setPageStep(max(1, int(self.viewport().height() / self.line_pitch)))

    # --- painting ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is seen; Qt's own painting knows neither taller lines nor ghosts."""
        painter = QPainter(self.viewport())
        try:
            paint(
                self, painter, event.rect(), Look(self._theme, self._brackets, self._hint if self._ghost_text else "")
            )
        finally:
            # A painter that outlives its event, as after an error, brings the program down.
            painter.end()

    def setExtraSelections(self, selections: Sequence[QTextEdit.ExtraSelection]) -> None:  # noqa: N802 - Qt's name
        """Mark places, e.g. what was found; painted over the full height of their lines."""
        super().setExtraSelections(selections)
        self.viewport().update()

    # --- the mouse ---------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Press where the person sees the letter."""
        super().mousePressEvent(moved(self, event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag over what the person sees."""
        super().mouseMoveEvent(moved(self, event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Release where the person sees the letter."""
        super().mouseReleaseEvent(moved(self, event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Double-click what the person sees."""
        super().mouseDoubleClickEvent(moved(self, event))

    def text_point(self, point: QPointF) -> QPointF:
        """Return the point of the viewport that Qt must see for a point that a person means."""
        return text_point(self, point)

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802 - Qt's name
        """Copy what is selected as it is; Qt's own copy turns no-break spaces into blanks."""
        data = super().createMimeDataFromSelection()  # one made here would outlive Python in the clipboard, and crash
        data.text()  # Qt makes its texts when the first is asked for, and would overwrite ours
        data.setText(self.textCursor().selectedText().replace("\u2029", "\n"))
        return data

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802 - Qt's name
        """Take text but no files: those are for the window to open."""
        return not source.hasUrls() and super().canInsertFromMimeData(source)
