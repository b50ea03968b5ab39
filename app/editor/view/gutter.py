"""The column on the left of an editor: line numbers, marks, and the signs of a change."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from app.editor.view.rows import BlockRows
from app.editor.view.text_area import TextArea
from app.theme import Theme

_LEFT, _RIGHT = 16, 12
_MARK_LEFT, _MARK_WIDTH, _SIGN_LEFT = 0, 3, 5
_MIN_DIGITS = 2


class Gutter(QWidget):
    """Paints the numbers of the lines that are seen; a click selects its line."""

    def __init__(self, editor: TextArea) -> None:
        super().__init__(editor)
        self._editor = editor
        self._colors: dict[str, QColor] = {}
        self._letters = 0.0
        editor.updateRequest.connect(self._follow)
        editor.cursorPositionChanged.connect(self.update)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours: numbers as weak as ghost text, the current one as text."""
        self._colors = {name: QColor(color) for name, color in theme.colors.items()}
        self.update()

    def width_needed(self) -> int:
        """Return the width in pixels for the document's number of lines."""
        digits = max(_MIN_DIGITS, len(str(self._editor.blockCount())))
        return round(_LEFT + _RIGHT + QFontMetricsF(self._editor.font()).horizontalAdvance("9") * digits)

    def sizeHint(self) -> QSize:
        """Return the width needed."""
        return QSize(self.width_needed(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the numbers beside their lines."""
        painter = QPainter(self)
        painter.setFont(self._editor.font())
        painter.fillRect(event.rect(), self._colors["background"])
        current = self._editor.textCursor().blockNumber()
        self._letters = QFontMetricsF(self._editor.font()).height()
        for block, top in self._editor.visible_blocks():
            # Laying a line out is for those who paint it: here only what stands around it counts.
            rows = self._editor.rows_of(block) if self._editor.is_decorated(block) else None
            number, own = block.blockNumber(), top + (len(rows.above) * self._editor.line_pitch if rows else 0.0)
            painter.setPen(self._colors["text" if number == current else "ghost"])
            self._write(painter, own, str(number + 1))
            if rows is not None:
                self._signs(painter, top, rows)
        painter.end()

    def _signs(self, painter: QPainter, top: float, rows: BlockRows) -> None:
        """Paint marks beside the lines that have them, and what a change adds and takes."""
        pitch = self._editor.line_pitch
        own = top + len(rows.above) * pitch
        height = rows.line.lineCount() * pitch
        for decoration in rows.beside:
            if decoration.kind == "mark":
                painter.fillRect(QRectF(_MARK_LEFT, own, _MARK_WIDTH, height), self._colors[decoration.color])
            elif decoration.kind == "removed":
                painter.setPen(self._colors["error"])
                self._write(painter, own, "\u2212", Qt.AlignmentFlag.AlignLeft)
        painter.setPen(self._colors["ok"])
        for start, virtual in ((top, rows.above), (own + height, rows.below)):
            for index, (decoration, _) in enumerate(virtual):
                if decoration.kind == "inserted":
                    self._write(painter, start + index * pitch, "+")

    def _write(
        self, painter: QPainter, top: float, text: str, side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignRight
    ) -> None:
        box = QRectF(_SIGN_LEFT, top + self._editor.line_lift, self.width() - _RIGHT - _SIGN_LEFT, self._letters)
        painter.drawText(box, side | Qt.AlignmentFlag.AlignTop, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the line that was clicked."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        y = event.position().y()
        block = next((b for b, top in reversed(list(self._editor.visible_blocks())) if top <= y), None)
        if block is not None:
            cursor = QTextCursor(block)
            cursor.movePosition(QTextCursor.MoveOperation.NextBlock, QTextCursor.MoveMode.KeepAnchor)
            if not block.next().isValid():
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            self._editor.setTextCursor(cursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Belongs to the press."""
        event.accept()

    @Slot(QRect, int)
    def _follow(self, rect: QRect, dy: int) -> None:
        if dy:
            self.scroll(0, dy)
        else:
            self.update(0, rect.y(), self.width(), rect.height())
