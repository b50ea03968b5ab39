"""Keys and what they do, in two columns, or in one where there is no room for two."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from app.widgets.style import label

_GAP = 24


def chip(keys: str) -> QLabel:
    """Return keys as they look on a keyboard."""
    text = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
    widget = label(text, scale=0.9)
    widget.setObjectName("chip")
    widget.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
    return widget


class KeyTable(QWidget):
    """Rows of (keys, what they do), filled column by column."""

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs = [(chip(keys), label(text, "muted")) for keys, text in rows]
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self.columns = 0
        self._lay(2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the columns that there is room for."""
        super().resizeEvent(event)
        self._lay(2 if event.size().width() >= self._width_of(2) else 1)

    def _width_of(self, columns: int) -> int:
        size = -(-len(self._pairs) // columns)
        parts = [self._pairs[start : start + size] for start in range(0, len(self._pairs), size)]
        spacing = self._grid.horizontalSpacing()
        widths = [
            max(chip.sizeHint().width() for chip, _ in part)
            + spacing
            + max(text.sizeHint().width() for _, text in part)
            for part in parts
        ]
        return sum(widths) + (len(parts) - 1) * (_GAP + 2 * spacing)

    def _lay(self, columns: int) -> None:
        if columns == self.columns:
            return
        self.columns = columns
        size = -(-len(self._pairs) // columns)
        for number, (keys, text) in enumerate(self._pairs):
            column, row = divmod(number, size)
            self._grid.addWidget(keys, row, 3 * column, Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(text, row, 3 * column + 1)
        # Empty, but between two columns.
        self._grid.setColumnMinimumWidth(2, _GAP if columns == 2 else 0)
        self._grid.setColumnStretch(1, columns == 1)
        self._grid.setColumnStretch(4, columns == 2)
        self.updateGeometry()
