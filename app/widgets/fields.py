"""Fields of forms that scroll with their page: the wheel over them changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox

from app.widgets.line_edit import LineEdit


class Combo(QComboBox):
    """A choice."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page."""
        event.ignore()


class Spin(QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        super().__init__()
        line = LineEdit()
        line.setObjectName("qt_spinbox_lineedit")  # as Qt calls its own
        self.setLineEdit(line)
        self.lineEdit().setTextMargins(8, 0, 0, 0)  # in line with the combo boxes; style sheets cannot say it

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page."""
        event.ignore()


class DecimalSpin(QDoubleSpinBox):
    """A number."""

    def __init__(self) -> None:
        super().__init__()
        line = LineEdit()
        line.setObjectName("qt_spinbox_lineedit")  # as Qt calls its own
        self.setLineEdit(line)
        self.lineEdit().setTextMargins(8, 0, 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page."""
        event.ignore()


def choose(box: QComboBox, value: str | int | Sequence[str | int]) -> None:
    """Show the entry that holds ``value``; lists compare as tuples, which Qt turns into lists."""
    for index in range(box.count()):
        if _plain(box.itemData(index)) == _plain(value):
            box.setCurrentIndex(index)
            return


def _plain(value: str | int | Sequence[str | int]) -> str | int | tuple[str | int, ...]:
    return value if isinstance(value, (str, int)) else tuple(value)
