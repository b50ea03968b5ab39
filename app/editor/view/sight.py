"""What of the cursor's line and its suggestion is seen, and scrolling so that it is, as much as fits."""

from __future__ import annotations

from PySide6.QtGui import QTextBlock, QTextLayout

from app.editor.code_points import from_utf16, utf16_length
from app.editor.editing import x_at
from app.editor.ghost import Woven
from app.editor.view.line_cache import GHOST
from app.editor.view.text_area import TextArea

MARGIN_ROWS = 3
"""How many rows are kept in sight above and below the cursor, where there is room."""

_NEARLY = 0.5
_FAR = 4


class Sight:
    """Asks and moves the scroll bars of one view. Rows are counted from 0, from the first one of a block."""

    def __init__(self, view: TextArea) -> None:
        self._view = view

    def cursor_is_seen(self) -> bool:
        """Return whether the line of the cursor is seen whole."""
        block, row, _ = self._cursor_rows()
        return self.rows_seen(block, row, row) > 0

    def ghost_seen(self, text: str) -> tuple[str, int]:
        """Return the first lines of the cursor's ghost, as many as are seen, and how many pixels are hidden sideways.

        ``text``: all of it.
        """
        block, first, last = self._cursor_rows(with_ghost=bool(text))
        rows = self._view.rows_of(block)
        if not text or rows.woven is None:
            return "", 0
        seen = self.rows_seen(block, first, last)
        end = first - len(rows.above) + seen - 1
        part = _text_of_rows(rows.woven, rows.line, text, end) if seen else ""
        return part, self.columns_hidden(*_columns_of(rows.woven, rows.line, text))

    def show_cursor(self, ghost: str) -> None:
        """Scroll until the cursor's line is seen whole, with the text of the ghost there, as far as it fits."""
        block, first, last = self._cursor_rows(with_ghost=bool(ghost))
        self.show_rows(block, first, last)
        rows = self._view.rows_of(block)
        if ghost and rows.woven is not None:
            self.show_columns(*_columns_of(rows.woven, rows.line, ghost))

    def _cursor_rows(self, *, with_ghost: bool = False) -> tuple[QTextBlock, int, int]:
        """Return the cursor's block, its row in there, and the last row of the line with the ghost, or the same."""
        cursor = self._view.textCursor()
        block = cursor.block()
        self._view.blockBoundingRect(block)
        rows = self._view.rows_of(block)
        row = len(rows.above) + block.layout().lineForTextPosition(cursor.positionInBlock()).lineNumber()
        return block, row, len(rows.above) + rows.line.lineCount() - 1 if with_ghost else row

    def room_below(self, margin: float) -> float:
        """Return how many pixels stay free below the last line, so that it, and none after it, can be at the top.

        Negative where a line has no room. ``margin``: the document's, in pixels.
        """
        # By Qt's own count of the lines that are seen when all is scrolled down (adjustScrollbars).
        return self._view.viewport().height() - self._view.line_pitch - 2 * margin - 1

    def rows_seen(self, block: QTextBlock, first: int, last: int) -> int:
        """Return how many rows from ``first`` on, up to ``last``, are seen whole; 0 where the first is not."""
        height, pitch = self._view.viewport().height(), self._view.line_pitch
        top = self._top(block)
        if height < pitch:  # where no row has room, the one that fills the view counts
            return 1 if -pitch < top + first * pitch < height else 0
        for row in range(first, last + 1):
            y = top + row * pitch
            if y < -_NEARLY or y + pitch > height + _NEARLY:
                return row - first
        return last - first + 1

    def show_rows(self, block: QTextBlock, first: int, last: int) -> None:
        """Scroll until rows are seen, with a margin; where they do not fit, the first ones."""
        bar, pitch = self._view.verticalScrollBar(), self._view.line_pitch
        height = self._view.viewport().height()
        fits = int(height // pitch)
        spare = max(0, fits - (last - first + 1))
        above = min(spare // 2, MARGIN_ROWS)
        below = min(spare - above, MARGIN_ROWS)
        line = block.firstLineNumber() + first
        row = line - bar.value()
        if above < row and row + last - first < fits - below - 1 and not self._view.is_decorated():
            return  # well inside, by counting alone, which is what nearly every key finds
        if not -_FAR <= line - bar.value() <= fits + _FAR:
            bar.setValue(line - fits // 2)
        top = self._top(block)  # Qt adds up the heights of all blocks above, so it is asked once for each scrolling
        while bar.value() < bar.maximum() and top + (last + 1 + below) * pitch > height + _NEARLY:
            bar.setValue(bar.value() + 1)
            top = self._top(block)
            if top + first * pitch < -_NEARLY:
                break
        while bar.value() > bar.minimum():
            missing = above * pitch - (top + first * pitch)
            if missing <= _NEARLY:
                break
            cut = missing - above * pitch > _NEARLY
            bar.setValue(bar.value() - 1)
            top = self._top(block)
            if not cut and top + (last + 1) * pitch > height + _NEARLY:
                bar.setValue(bar.value() + 1)  # a margin is not worth a row of what is wanted
                break

    def columns_hidden(self, left: float, right: float) -> int:
        """Return how many pixels between ``left`` and ``right`` of the document are scrolled out sideways."""
        start = self._view.horizontalScrollBar().value()
        end = start + self._view.viewport().width()
        return round(max(0.0, min(start, right) - left) + max(0.0, right - max(end, left)))

    def show_columns(self, left: float, right: float) -> None:
        """Scroll sideways until pixels ``left`` to ``right`` of the document are seen.

        Where they are too many, ``left`` stands where a third of the view still shows what is before it.
        """
        if self.columns_hidden(left, right):
            bar, width = self._view.horizontalScrollBar(), self._view.viewport().width()
            value = max(float(bar.value()), right + self._view.letter_width - width)
            bar.setValue(int(max(0.0, min(value, left - width / 3))))

    def _top(self, block: QTextBlock) -> float:
        return self._view.blockBoundingGeometry(block).translated(self._view.contentOffset()).top()


def _text_of_rows(woven: Woven, visual: QTextLayout, text: str, last: int) -> str:
    """Return the part of the ghost's ``text`` that stands in the rows up to ``last`` of its laid-out line."""
    line = visual.lineAt(last)
    end = from_utf16(woven.shown, line.textStart() + line.textLength())
    return text[: max(0, end - woven.span(GHOST)[0])].removesuffix("\n")


def _columns_of(woven: Woven, visual: QTextLayout, text: str) -> tuple[float, float]:
    """Return from where to where, in pixels of the document, the ghost's first row with letters has them.

    The row of the cursor counts from the cursor on.
    """
    blank = text[: len(text) - len(text.lstrip())]
    first, behind = woven.span(GHOST)
    start = utf16_length(woven.shown[: first + (len(blank) if "\n" in blank else 0)])
    line = visual.lineForTextPosition(start)
    end = min(utf16_length(woven.shown[:behind]), line.textStart() + line.textLength())
    return x_at(line, start), x_at(line, end)
