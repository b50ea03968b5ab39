"""A plain-text layout with taller lines, and with room for rows that are no part of the document.

QPlainTextEdit knows no line height. Here each visual line stands in the middle of a
taller slot: the block reports the height of its slots, and its text lines are moved down
inside them, below the virtual rows above. The document holds nothing of those rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QTextBlock, QTextDocument, QTextLayout
from PySide6.QtWidgets import QPlainTextDocumentLayout

LINE_HEIGHT = 1.35


class DocumentLayout(QPlainTextDocumentLayout):
    """Lays out blocks in slots of ``pitch`` pixels a line; ``set_rows`` says which have more rows."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.pitch = 16.0
        self.lift = 0.0
        self._rows: Callable[[QTextBlock], tuple[int, int]] = lambda _: (0, 0)
        self._reach = 0.0
        self._shape: Hashable = ()
        self._room_below = 0.0
        self.set_font(document.defaultFont())

    def set_font(self, font: QFont) -> None:
        """Take the line height from a font: whole pixels, LINE_HEIGHT times the size of its letters' box."""
        self._shape = None  # all is to be placed anew
        height = QFontMetricsF(font).height()
        self.pitch = float(math.ceil(height * LINE_HEIGHT))
        self.lift = float(math.floor((self.pitch - height) / 2))

    def place_lines(self, layout: QTextLayout, above: int = 0) -> int:
        """Move each visual line of a laid-out text into the middle of its slot, below ``above`` others; count them."""
        count = layout.lineCount()
        for index in range(count):
            line = layout.lineAt(index)
            top = (above + index) * self.pitch + self.lift
            if line.y() != top:
                line.setPosition(QPointF(line.x(), top))
        return count

    def set_rows(self, rows: Callable[[QTextBlock], tuple[int, int]]) -> None:
        """Ask ``rows`` of each block for how many rows it has above its lines, and how many beside them in all."""
        self._rows = rows

    def rows_changed(self, reach: float, shape: Hashable) -> bool:
        """Place all blocks anew where ``shape``, which says where there are rows, is another one; return whether.

        ``reach``: how far right virtual rows go, in pixels.
        """
        moved = shape != self._shape
        if moved or reach != self._reach:
            self._shape, self._reach = shape, reach
            self.documentSizeChanged.emit(self.documentSize())
        if moved:
            self.requestUpdate()
        return moved

    def set_room_below(self, pixels: float) -> None:
        """Leave that much free below the last line: the last block is taller by it (or lower where it is negative)."""
        if pixels != self._room_below:
            self._room_below = pixels
            self.documentSizeChanged.emit(self.documentSize())

    def blockBoundingRect(self, block: QTextBlock) -> QRectF:
        """Return the block's slots, virtual rows and the room below included; where it is, the caller knows."""
        rect = super().blockBoundingRect(block)
        if not rect.isValid() or not block.isVisible():
            return rect
        # The base class lays a block out anew after each edit, at its own positions.
        above, beside = self._rows(block)
        count = self.place_lines(block.layout(), above)
        if not block.next().isValid():
            # What is below the last line has the room there; were it added, Qt would scroll to a line after the last.
            rect.setHeight(max(1.0, (above + count) * self.pitch + self.document().documentMargin() + self._room_below))
        else:
            rect.setHeight((count + beside) * self.pitch)
        return rect

    def documentSize(self) -> QSizeF:  # noqa: N802 - Qt's name
        """Return the width in pixels and, as the base class does, the height in lines."""
        size = super().documentSize()
        return QSizeF(max(size.width(), self._reach), size.height())
