"""A plain-text layout with taller lines, and with room below one block for ghost text.

QPlainTextEdit knows no line height. Here each visual line stands in the middle of a
taller slot: the block reports the height of its slots, and its text lines are moved down
inside them. Room for ghost text makes one block taller still; the document holds
nothing of it.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QTextBlock, QTextDocument, QTextLayout
from PySide6.QtWidgets import QPlainTextDocumentLayout

LINE_HEIGHT = 1.35


class DocumentLayout(QPlainTextDocumentLayout):
    """Lays out blocks in slots of ``pitch`` pixels a line; ``set_ghost`` gives one block more lines and width."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.pitch = 16.0
        self.lift = 0.0
        self._ghost_block = -1
        self._ghost_lines = 0
        self._ghost_width = 0.0
        self._room_below = 0.0
        self.set_font(document.defaultFont())

    def set_font(self, font: QFont) -> None:
        """Take the line height from a font: whole pixels, LINE_HEIGHT times the size of its letters' box."""
        height = QFontMetricsF(font).height()
        self.pitch = float(math.ceil(height * LINE_HEIGHT))
        self.lift = float(math.floor((self.pitch - height) / 2))

    def place_lines(self, layout: QTextLayout) -> None:
        """Move each visual line of a laid-out text into the middle of its slot."""
        for index in range(layout.lineCount()):
            line = layout.lineAt(index)
            top = index * self.pitch + self.lift
            if line.y() != top:
                line.setPosition(QPointF(line.x(), top))

    def set_ghost(self, block: int, lines: int, width: float) -> None:
        """Give block number ``block`` that many more lines, and the document at least ``width`` pixels.

        -1 takes the room away.
        """
        wanted = (block, lines, width)
        if wanted == (self._ghost_block, self._ghost_lines, self._ghost_width):
            return
        moved = (self._ghost_block, self._ghost_lines) != wanted[:2] and bool(self._ghost_lines or lines)
        self._ghost_block, self._ghost_lines, self._ghost_width = wanted
        self.documentSizeChanged.emit(self.documentSize())
        changed = self.document().findBlockByNumber(block)
        if moved or not changed.isValid():
            self.requestUpdate()
        else:
            self.updateBlock.emit(changed)

    def set_room_below(self, pixels: float) -> None:
        """Leave that much free below the last line: the last block is taller by it (or lower where it is negative)."""
        if pixels != self._room_below:
            self._room_below = pixels
            self.documentSizeChanged.emit(self.documentSize())

    def blockBoundingRect(self, block: QTextBlock) -> QRectF:
        """Return the block's slots, the ghost's room and the room below included; where it is, the caller knows."""
        rect = super().blockBoundingRect(block)
        if not rect.isValid() or not block.isVisible():
            return rect
        layout = block.layout()
        # The base class lays a block out anew after each edit, at its own positions.
        self.place_lines(layout)
        height = layout.lineCount() * self.pitch
        if not block.next().isValid():
            # A ghost has the room below; were it added, Qt would scroll to a line after the last, which is the first.
            height += self.document().documentMargin() + self._room_below
        elif block.blockNumber() == self._ghost_block:
            height += self._ghost_lines * self.pitch
        rect.setHeight(max(1.0, height))
        return rect

    def documentSize(self) -> QSizeF:  # noqa: N802 - Qt's name
        """Return the width in pixels and, as the base class does, the height in lines."""
        size = super().documentSize()
        return QSizeF(max(size.width(), self._ghost_width), size.height())
