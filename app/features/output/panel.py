"""The bottom panel with what the service wrote: for the person who asks why something failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.widgets.icons import IconSet
from app.widgets.style import label, tool_button

_LINES = 2000
_READ_MS = 1000


class OutputPanel(QFrame):
    """A bounded, read-only log. ``tail`` returns the last lines of a longer one, followed while the panel is seen."""

    close_wanted = Signal()

    def __init__(self, icons: IconSet, tail: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tail = tail
        self._seen: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_READ_MS)
        self._timer.timeout.connect(self.read)
        self.setObjectName("output")
        self.setMinimumHeight(96)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 4, 8, 0)
        head.addWidget(label(self.tr("Output"), bold=True))
        head.addStretch(1)
        clear = tool_button(icons, "trash", self.tr("Clear the output"))
        close = tool_button(icons, "x", self.tr("Hide the output"))
        close.clicked.connect(self.close_wanted)
        head.addWidget(clear)
        head.addWidget(close)
        column.addLayout(head)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setPlaceholderText(self.tr("Nothing yet. What the service writes appears here."))
        self.text.setAccessibleName(self.tr("Output of the service"))
        self.text.document().setDocumentMargin(16)
        clear.clicked.connect(self.text.clear)
        column.addWidget(self.text)

    def add(self, line: str) -> None:
        """Append a line; follows the end unless the person scrolled up."""
        self.text.appendPlainText(line)

    @Slot()
    def read(self) -> None:
        """Append what is new in the longer log."""
        lines = self._tail().splitlines()
        for line in unseen(self._seen, lines):
            self.add(line)
        self._seen = lines

    def showEvent(self, event: QShowEvent) -> None:
        """Read now and from now on."""
        super().showEvent(event)
        self.read()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Read no longer."""
        super().hideEvent(event)
        self._timer.stop()


def unseen(seen: Sequence[str], tail: Sequence[str]) -> Sequence[str]:
    """Return the lines of ``tail``, the end of a log, that are new since it was ``seen``."""
    for start in range(len(seen)):
        known = seen[start:]
        if tail[: len(known)] == known:
            return tail[len(known) :]
    return tail
