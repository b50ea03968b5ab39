"""The widget under the code editor: taller lines, colours, line numbers, marks, and room for a ghost at the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, QRectF, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from app.editor import brackets, editing, indent
from app.editor.code_points import from_utf16, to_utf16
from app.editor.document_layout import DocumentLayout
from app.editor.ghost import Ghost
from app.editor.gutter import Gutter
from app.editor.highlighter import Highlighter
from app.editor.lexing import MAX_LINE
from app.editor.line_cache import GHOST, LineCache
from app.editor.painting import Area, LinePainter, Mark, full_width, hint_width
from app.theme import Theme, load_theme

_MARGIN = 8


class TextView(QPlainTextEdit):
    """Shows and edits one text; lines are 1-based, columns and offsets 0-based, in characters (code points)."""

    cursor_info_changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ghost: Ghost | None = None
        self._ghost_text = ""
        self._replaced = 0
        self._hint = ""
        self._text: str | None = None
        self._brackets: tuple[int, ...] = ()
        document = QTextDocument(self)
        document.setDocumentMargin(_MARGIN)
        self._layout = DocumentLayout(document)
        document.setDocumentLayout(self._layout)
        self.setDocument(document)
        # Before everybody else's connections, which ask for the text. (Not by revision(): setPlainText resets it.)
        document.contentsChange.connect(self._forget_text)
        self._lines = LineCache(self._layout)
        self._highlighter = Highlighter(document, self.plain_text, self)
        self._highlighter.changed.connect(self._follow_colors)
        self._gutter = Gutter(self)
        self._gutter.setAccessibleName(self.tr("Line numbers"))
        document.blockCountChanged.connect(self._fit_gutter)
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

    def plain_text(self) -> str:
        """Return the whole text with LF line ends, no-break spaces and all (Qt's toPlainText replaces those)."""
        if self._text is None:
            self._text = self.document().toRawText().replace("\u2029", "\n")
        return self._text

    def cursor_offset(self) -> int:
        """Return the cursor's place in ``plain_text()``, in characters."""
        return from_utf16(self.plain_text(), self.textCursor().position())

    def set_cursor_offset(self, offset: int) -> None:
        """Put the cursor at a place of ``plain_text()``, in characters; clamped."""
        cursor = self.textCursor()
        cursor.setPosition(to_utf16(self.plain_text(), offset))
        self.setTextCursor(cursor)

    def go_to(self, line: int, column: int = 0) -> None:
        """Put the cursor at a line (1-based) and column (0-based), and the line in the middle; both are clamped."""
        block = self.document().findBlockByNumber(min(max(line, 1), self.blockCount()) - 1)
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + to_utf16(block.text(), column))
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
        self.setTabStopDistance(QFontMetricsF(font).horizontalAdvance(" ") * indent.TAB_WIDTH)
        self._lines.set_font(font)
        self._fit_gutter()
        self._place_ghost()
        self._layout.requestUpdate()

    @property
    def line_lift(self) -> float:
        """Pixels from the top of a line's slot to its letters' box."""
        return self._layout.lift

    @property
    def line_pitch(self) -> float:
        """Pixels from one line to the next."""
        return self._layout.pitch

    # --- the ghost ---------------------------------------------------------------------

    def set_ghost(self, text: str, hint: str = "", replaces: int = 0) -> None:
        """Paint a text at the cursor as if it stood there, and a key cap with ``hint`` after it; '' clears.

        The next ``replaces`` characters of the line are not painted: the text takes their place.
        """
        if text or self._ghost_text:
            self._ghost_text, self._hint, self._replaced = text, hint, replaces
            self._place_ghost()

    def _place_ghost(self) -> None:
        if not self._ghost_text:
            self._ghost = None
            self._layout.set_ghost(-1, 0, 0.0)
            return
        block = self.textCursor().block()
        before, after = editing.sides(self.textCursor())
        self._ghost = Ghost(before, self._ghost_text, after[self._replaced :], after[: self._replaced])
        shown = self._visual(block, self._ghost)
        lines = [shown.lineAt(index) for index in range(shown.lineCount())]
        width = max(line.x() + line.naturalTextWidth() for line in lines) + self.document().documentMargin()
        if self._hint:
            width += hint_width(self.font(), self._hint, self._letter())
        self.blockBoundingRect(block)
        self._layout.set_ghost(block.blockNumber(), max(0, shown.lineCount() - block.layout().lineCount()), width)
        self.viewport().update()

    def _visual(self, block: QTextBlock, ghost: Ghost | None) -> QTextLayout:
        """Return what a block looks like: its line in colours, with the ghost where it holds one.

        Lines being composed by an input method and very long ones are Qt's own layout.
        """
        if ghost is None and (block.length() > MAX_LINE or block.layout().preeditAreaText()):
            return block.layout()
        runs = self._highlighter.runs(block)
        option = self.document().defaultTextOption()
        wraps = option.wrapMode() != QTextOption.WrapMode.NoWrap
        width = self.viewport().width() - 2 * self.document().documentMargin() if wraps else 0.0
        if ghost is None:
            return self._lines.get(block.text(), runs, option, width)
        return self._lines.get(ghost.shown, ghost.runs(runs, GHOST), option, width)

    def _ghost_at(self, block: QTextBlock) -> Ghost | None:
        return self._ghost if self._ghost and block == self.textCursor().block() else None

    def _letter(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("m")

    # --- following ---------------------------------------------------------------------

    @Slot()
    def _forget_text(self) -> None:
        self._text = None

    @Slot(int, int)
    def _follow_colors(self, first: int, end: int) -> None:
        top = self.firstVisibleBlock().blockNumber()
        seen = self.viewport().height() / self.line_pitch + 1
        if first <= top + seen and end > top:
            self.viewport().update()

    @Slot()
    def _follow_cursor(self) -> None:
        cursor = self.textCursor()
        column = from_utf16(cursor.block().text(), cursor.positionInBlock())
        found = None
        if not cursor.hasSelection() and cursor.block().length() <= MAX_LINE:
            found = brackets.find_pair(self._code, self.blockCount(), cursor.blockNumber(), column)
        self._brackets = tuple(self._position(*place) for place in found or ())
        self.viewport().update()
        self.cursor_info_changed.emit(cursor.blockNumber() + 1, column)

    def _code(self, line: int) -> str:
        block = self.document().findBlockByNumber(line)
        return brackets.mask(block.text(), self._highlighter.runs(block)) if block.length() <= MAX_LINE else ""

    def _position(self, line: int, column: int) -> int:
        block = self.document().findBlockByNumber(line)
        return block.position() + to_utf16(block.text(), column)

    # --- geometry ----------------------------------------------------------------------

    def visible_blocks(self) -> Iterator[tuple[QTextBlock, float]]:
        """Yield each block that is seen and the top of its first line, in pixels of the viewport."""
        block = self.firstVisibleBlock()
        top = self.contentOffset().y()
        bottom = self.viewport().height()
        while block.isValid() and top <= bottom:
            height = self.blockBoundingRect(block).height()
            if block.isVisible():
                yield block, top
            top += height
            block = block.next()

    @Slot()
    def _fit_gutter(self) -> None:
        width = self._gutter.width_needed()
        self.setViewportMargins(width, 0, 0, 0)
        area = self.contentsRect()
        self._gutter.setGeometry(QRect(area.left(), area.top(), width, area.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the gutter as tall as the text."""
        super().resizeEvent(event)
        self._fit_gutter()

    # --- painting ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is seen; Qt's own painting knows neither taller lines nor ghosts."""
        painter = QPainter(self.viewport())
        try:
            self._paint(painter, event)
        finally:
            # A painter that outlives its event, as after an error, brings the program down.
            painter.end()

    def _paint(self, painter: QPainter, event: QPaintEvent) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(event.rect())
        painter.fillRect(event.rect(), QColor(self._theme.colors["background"]))
        width = max(float(self.viewport().width()), self._layout.documentSize().width())
        lines = LinePainter(painter, self._theme, Area(width, self.line_pitch, self.line_lift, self._letter()))
        context = self.getPaintContext()
        marks = self._marks()
        for block, top in self.visible_blocks():
            origin = QPointF(self.contentOffset().x(), top)
            ghost = self._ghost_at(block)
            visual = self._visual(block, ghost)
            if block == self.textCursor().block() and not self.textCursor().hasSelection():
                lines.current_line(top, visual.lineCount())
            lines.marks(block, block.layout(), origin, marks)
            for position in self._brackets if ghost is None else ():
                if block.contains(position):
                    lines.bracket(block, block.layout(), origin, position)
            lines.text(visual, origin, QRectF(event.rect()))
            caret = _caret_in(block, context.cursorPosition)
            if caret is not None and not self.isReadOnly():
                lines.caret(block.layout(), origin, caret, self.cursorWidth())
            if ghost is not None and self._hint:
                lines.key_hint(visual, origin, self._hint, self.font())

    def setExtraSelections(self, selections: Sequence[QTextEdit.ExtraSelection]) -> None:  # noqa: N802 - Qt's name
        """Mark places, e.g. what was found; painted over the full height of their lines."""
        super().setExtraSelections(selections)
        self.viewport().update()

    def _marks(self) -> list[Mark]:
        marks: list[Mark] = []
        # PySide's stubs leave the two attributes of ExtraSelection out.
        for selection in self.extraSelections():
            cursor, style = selection.cursor, QTextCharFormat(selection.format)  # type: ignore[attr-defined]
            marks.append(Mark(cursor.selectionStart(), cursor.selectionEnd(), style, full_width(style)))
        cursor = self.textCursor()
        if cursor.hasSelection():
            style = QTextCharFormat()
            style.setBackground(QColor(self._theme.colors["selection"]))
            marks.append(Mark(cursor.selectionStart(), cursor.selectionEnd(), style))
        return marks

    # --- the mouse ---------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Press where the person sees the letter."""
        super().mousePressEvent(self._mapped(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag over what the person sees."""
        super().mouseMoveEvent(self._mapped(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Release where the person sees the letter."""
        super().mouseReleaseEvent(self._mapped(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Double-click what the person sees."""
        super().mouseDoubleClickEvent(self._mapped(event))

    def _mapped(self, event: QMouseEvent) -> QMouseEvent:
        point = self.text_point(event.position())
        if point == event.position():
            return event
        return QMouseEvent(
            event.type(),
            point,
            event.scenePosition(),
            event.globalPosition(),
            event.button(),
            event.buttons(),
            event.modifiers(),
            event.pointingDevice(),
        )

    def text_point(self, point: QPointF) -> QPointF:
        """Return the point of the viewport that Qt must see for a point that a person means.

        Qt finds places only in the letters' boxes, not in the space between lines, and
        knows nothing of text that a ghost has pushed aside.
        """
        if not 0 <= point.y() < self.viewport().height():
            return point
        for block, top in self.visible_blocks():
            if point.y() >= top + self.blockBoundingRect(block).height():
                continue
            layout = block.layout()
            ghost = self._ghost_at(block)
            visual = self._visual(block, ghost) if ghost else layout
            index = min(max(int((point.y() - top) // self.line_pitch), 0), visual.lineCount() - 1)
            line = visual.lineAt(index)
            x = point.x()
            if ghost:
                place = ghost.line_position(line.xToCursor(x - self.contentOffset().x()))
                line = layout.lineForTextPosition(place)
                x = editing.x_at(line, place) + self.contentOffset().x()
            return QPointF(x, top + line.y() + line.height() / 2)
        return point

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802 - Qt's name
        """Take text but no files: those are for the window to open."""
        return not source.hasUrls() and super().canInsertFromMimeData(source)


def _caret_in(block: QTextBlock, position: int) -> int | None:
    """Return where in a block's layout the caret is; below -1 it stands in text being composed (as in Qt's source)."""
    layout = block.layout()
    if position < -1:
        return layout.preeditAreaPosition() - (position + 2) if layout.preeditAreaText() else None
    return position - block.position() if block.contains(position) else None
