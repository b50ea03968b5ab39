"""The activity bar: a narrow column of icons at the left, one for each feature, and the menu."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QMenu, QToolButton, QVBoxLayout, QWidget

from app.widgets.icons import IconSet

WIDTH = 48


class ActivityBar(QFrame):
    """``chosen`` carries the id of the feature whose icon was clicked."""

    chosen = Signal(str)

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("activityBar")
        self.setFixedWidth(WIDTH)
        self._icons = icons
        self._buttons: dict[str, QToolButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(4, 6, 4, 8)
        self._column.setSpacing(4)
        self._column.setAlignment(Qt.AlignmentFlag.AlignHCenter)

    def add_menu(self, title: str, menu: QMenu) -> None:
        """Add the button that opens the menu."""
        button = self._make("list", title)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def add(self, name: str, icon: str, title: str) -> None:
        """Add the icon of a feature."""
        button = self._make(icon, title)
        button.setCheckable(True)
        button.clicked.connect(lambda _checked=False: self._click(name))
        self._buttons[name] = button

    def add_stretch(self) -> None:
        """Let what is added next stand at the bottom."""
        self._column.addStretch(1)

    def mark(self, name: str, active: bool) -> None:
        """Show whether a feature is open."""
        self._buttons[name].setChecked(active)

    def _click(self, name: str) -> None:
        button = self._buttons[name]
        button.setChecked(not button.isChecked())  # what is open decides, not the click
        self.chosen.emit(name)

    def _make(self, icon: str, title: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(self._icons.icon(icon, "muted", "text"))
        button.setIconSize(QSize(22, 22))
        button.setFixedSize(40, 40)
        button.setToolTip(title)
        button.setAccessibleName(title)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._column.addWidget(button)
        return button
