"""The column of line numbers on the left of an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from app.theme import Theme

if TYPE_CHECKING:
    from app.editor.text_view import TextView

_LEFT, _RIGHT = 16, 12
_MIN_DIGITS = 2


class Gutter(QWidget):
    """Paints the numbers of the lines that are seen; a click selects its line."""

    def __init__(self, editor: TextView) -> None:
        super().__init__(editor)
        self._editor = editor
        self._number, self._current, self._background = QColor(), QColor(), QColor()
        editor.updateRequest.connect(self._follow)
        editor.cursorPositionChanged.connect(self.update)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours: numbers as weak as ghost text, the current one as text."""
        self._number = QColor(theme.colors["ghost"])
        self._current = QColor(theme.colors["text"])
        self._background = QColor(theme.colors["background"])
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
        painter.fillRect(event.rect(), self._background)
        current = self._editor.textCursor().blockNumber()
        width = self.width() - _RIGHT
        height = QFontMetricsF(self._editor.font()).height()
        for block, top in self._editor.visible_blocks():
            number = block.blockNumber()
            painter.setPen(self._current if number == current else self._number)
            box = QRectF(0, top + self._editor.line_lift, width, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, str(number + 1))
        painter.end()

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
