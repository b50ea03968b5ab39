"""The row at the top of the Train page: four numbered steps, then what can be looked at at any time."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

STEPS = ("code", "model", "run", "report", "adapters", "runs")


class StepBar(QFrame):
    """``chosen`` carries the name of a step. The arrow keys go from one to the next."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self.setAccessibleName(self.tr("Steps"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        names = {
            "code": self.tr("1  Code"),
            "model": self.tr("2  Model and time"),
            "run": self.tr("3  Run"),
            "report": self.tr("4  Report"),
            "adapters": self.tr("Adapters"),
            "runs": self.tr("All runs"),
        }
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for name in STEPS:
            if name == "adapters":
                row.addStretch(1)
            push = QToolButton()
            push.setText(names[name])
            push.setCheckable(True)
            push.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            push.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
            self._group.addButton(push)
            self.buttons[name] = push
            row.addWidget(push)

    def mark(self, name: str) -> None:
        """Show which step is in front."""
        self.buttons[name].setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go left and right."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        focused = next((name for name, push in self.buttons.items() if push.hasFocus()), None)
        if step is None or focused is None:
            super().keyPressEvent(event)
            return
        self.buttons[STEPS[(STEPS.index(focused) + step) % len(STEPS)]].setFocus(Qt.FocusReason.TabFocusReason)
