"""What a step says while it has nothing to show, and the way to what it needs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.style import button, label


class EmptyHint(QWidget):
    """A sentence or two, and a button below."""

    begin_wanted = Signal()

    def __init__(self, text: str = "", action: str = "", parent: QWidget | None = None) -> None:
        """Take a text and what the button says; without that it leads to the first step and says so."""
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.text = label(text, "muted", wrap=True)
        column.addWidget(self.text)
        self.begin = button(action or self.tr("Choose the code"), "primary")
        self.begin.clicked.connect(self.begin_wanted)
        column.addWidget(self.begin)
