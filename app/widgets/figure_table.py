"""A small table of figures: names left, numbers right, no more rows on show than fit beside a plot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

_ROW = 28


class FigureTable(QTableWidget):
    """Read only. The first column takes what room there is; a name that does not fit is whole in its tool tip."""

    def __init__(self, title: str, columns: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(0, len(columns), parent)
        self.setObjectName("figures")
        self.setAccessibleName(title)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, text in enumerate(columns):
            self.setHorizontalHeaderItem(column, _item(text, column))

    def set_first(self, title: str) -> None:
        """Give the first column another title."""
        self.setHorizontalHeaderItem(0, _item(title, 0))

    def show_rows(self, rows: Sequence[Sequence[str]], most_height: int) -> None:
        """Show rows of texts, the name first; what is higher than ``most_height`` pixels is scrolled."""
        self.setRowCount(len(rows))
        self.setFixedHeight(min(most_height, self.horizontalHeader().sizeHint().height() + _ROW * len(rows) + 2))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = _item(text, column)
                if not column:
                    item.setToolTip(text)
                self.setItem(row, column, item)
        self.clearSelection()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the names at the start in sight."""
        super().resizeEvent(event)
        self.horizontalScrollBar().setValue(0)


def _item(text: str, column: int) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return item
