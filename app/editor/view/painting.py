"""Paints the lines of an editor: highlights over the full height of a line, coloured text, decorations, caret."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextBlock,
    QTextCharFormat,
    QTextFormat,
    QTextLayout,
)

from app.editor.decorations import Decoration, Kind
from app.editor.editing import x_at
from app.editor.view.rows import BlockRows
from app.theme import Theme

_BAR_LEFT, _BAR_WIDTH = 2.0, 2.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the document to mark, in UTF-16 positions; ``full_width`` marks whole lines."""

    start: int
    end: int
    format: QTextCharFormat
    full_width: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """Pixels: the width to paint, a line's slot, where letters begin in it, and the width of a letter."""

    width: float
    pitch: float
    lift: float
    letter: float


class LinePainter:
    """Paints one block after the other onto ``painter``."""

    def __init__(self, painter: QPainter, theme: Theme, area: Area) -> None:
        self._painter = painter
        self._area = area
        self._text = QColor(theme.colors["text"])
        self._ghost = QColor(theme.colors["ghost"])
        self._border = QColor(theme.colors["border"])
        self._current = QColor(theme.colors["current_line"])
        self._bracket = QColor(theme.colors["selection"])
        self._bracket_edge = QColor(theme.colors["ghost"])
        self._added = QColor(theme.colors["added_line"])
        self._removed = QColor(theme.colors["removed_line"])
        self._signs = {
            "ghost": self._ghost,
            "inserted": QColor(theme.colors["ok"]),
            "removed": QColor(theme.colors["error"]),
        }

    def current_line(self, top: float, lines: int) -> None:
        """Fill the line of the caret."""
        self._painter.fillRect(QRectF(0, top, self._area.width, lines * self._area.pitch), self._current)

    def decorations(self, rows: BlockRows, own: QPointF) -> None:
        """Draw virtual rows and the tint of a block, before its line. ``own``: the top left of the line's first row."""
        if not rows.beside:
            return
        pitch, count = self._area.pitch, rows.line.lineCount()
        top = own.y() - len(rows.above) * pitch
        for index, (decoration, layout) in enumerate(rows.above):
            self._virtual(decoration, layout, QPointF(own.x(), top + index * pitch))
        for decoration in rows.beside:
            if decoration.kind == "removed":
                self._painter.fillRect(QRectF(0, own.y(), self._area.width, count * pitch), self._removed)
                self._sign("removed", own.y(), count)
        if rows.woven is not None and count > 1:
            self._sign("ghost", own.y() + pitch, count - 1)
        for index, (decoration, layout) in enumerate(rows.below):
            self._virtual(decoration, layout, QPointF(own.x(), own.y() + (count + index) * pitch))

    def _virtual(self, decoration: Decoration, layout: QTextLayout, origin: QPointF) -> None:
        if decoration.kind == "inserted":
            self._painter.fillRect(QRectF(0, origin.y(), self._area.width, self._area.pitch), self._added)
        self._sign(decoration.kind, origin.y(), 1)
        self.text(layout, origin, QRectF())

    def _sign(self, kind: Kind, top: float, rows: int) -> None:
        """Draw a bar on the left that says what a row is."""
        self._painter.fillRect(QRectF(_BAR_LEFT, top, _BAR_WIDTH, rows * self._area.pitch), self._signs[kind])

    def marks(self, block: QTextBlock, layout: QTextLayout, origin: QPointF, marks: list[Mark]) -> None:
        """Fill the backgrounds of marks and draw their underlines."""
        for mark in marks:
            start, end = mark.start - block.position(), mark.end - block.position()
            inside = start < block.length() and end >= 0 if mark.full_width else start < block.length() and end > 0
            if not inside:
                continue
            background = mark.format.background()
            for box in self._boxes(layout, origin, start, end, mark.full_width, end >= block.length()):
                if background.style() != QBrush().style():
                    self._painter.fillRect(box, background)
                if mark.format.underlineStyle() != QTextCharFormat.UnderlineStyle.NoUnderline:
                    self._underline(box, mark.format)

    def bracket(self, block: QTextBlock, layout: QTextLayout, origin: QPointF, position: int) -> None:
        """Mark one bracket."""
        start = position - block.position()
        self._painter.setPen(QPen(self._bracket_edge, 0))
        self._painter.setBrush(self._bracket)
        for box in self._boxes(layout, origin, start, start + 1, False, False):
            inner = box.adjusted(0, self._area.lift - 1, -1, -self._area.lift)
            self._painter.drawRoundedRect(inner, 2, 2)

    def text(self, layout: QTextLayout, origin: QPointF, clip: QRectF) -> None:
        """Draw a laid-out line; runs without a colour of their own take the text's."""
        self._painter.setPen(self._text)
        layout.draw(self._painter, origin, [], clip)

    def caret(self, layout: QTextLayout, origin: QPointF, position: int, width: int) -> None:
        """Draw the caret before a position of the laid-out text, as tall as the letters' box."""
        line = layout.lineForTextPosition(position)
        if line.isValid():
            x = origin.x() + x_at(line, position) - width / 2
            # No taller than Qt thinks it is: that is what Qt repaints when the caret blinks.
            self._painter.fillRect(QRectF(x, origin.y() + line.y(), width, line.ascent() + line.descent()), self._text)

    def key_hint(self, layout: QTextLayout, origin: QPointF, words: str, font: QFont) -> None:
        """Draw a key cap after the end of a laid-out text."""
        line = layout.lineAt(layout.lineCount() - 1)
        small = QFont(font)
        small.setPointSizeF(font.pointSizeF() * 0.78)
        metrics = QFontMetricsF(small)
        height = metrics.height() + 2
        slot = origin.y() + line.y() - self._area.lift
        left = origin.x() + line.x() + line.naturalTextWidth() + self._area.letter * 1.5
        box = QRectF(left, slot + (self._area.pitch - height) / 2, hint_width(font, words, 0), height)
        self._painter.setFont(small)
        self._painter.setPen(QPen(self._border, 0))
        self._painter.setBrush(QBrush())
        self._painter.drawRoundedRect(box, 3, 3)
        self._painter.setPen(self._ghost)
        baseline = box.top() + (height - metrics.height()) / 2 + metrics.ascent()
        self._painter.drawText(QPointF(left + 5, baseline), words)

    def _boxes(
        self, layout: QTextLayout, origin: QPointF, start: int, end: int, full_width: bool, with_break: bool
    ) -> list[QRectF]:
        boxes: list[QRectF] = []
        for index in range(layout.lineCount()):
            line = layout.lineAt(index)
            first, last = line.textStart(), line.textStart() + line.textLength()
            top = origin.y() + line.y() - self._area.lift
            if full_width:
                boxes.append(QRectF(0, top, self._area.width, self._area.pitch))
                continue
            ends_here = index == layout.lineCount() - 1
            if max(start, first) > last or end < first or (end == first and start < first):
                continue
            left, right = x_at(line, max(start, first)), x_at(line, min(end, last))
            if with_break and ends_here:
                right += self._area.letter * 0.6
            if right != left:
                boxes.append(QRectF(origin.x() + min(left, right), top, abs(right - left), self._area.pitch))
        return boxes

    def _underline(self, box: QRectF, style: QTextCharFormat) -> None:
        color = style.underlineColor()
        line = QRectF(box.left(), box.bottom() - self._area.lift, box.width(), 1)
        self._painter.fillRect(line, color if color.isValid() else self._text)


def hint_width(font: QFont, words: str, letter: float) -> float:
    """Return the width of a key cap in pixels, with the gap before it where ``letter`` is a letter's width."""
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.78)
    return QFontMetricsF(small).horizontalAdvance(words) + 10 + letter * 1.5


def full_width(style: QTextFormat) -> bool:
    """Return whether a format marks whole lines."""
    return style.boolProperty(QTextFormat.Property.FullWidthSelection)
