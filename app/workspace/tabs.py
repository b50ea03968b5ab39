"""The tab bar over the central area: title, a dot for unsaved changes, a close button, middle click closes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QTabBar, QWidget

from app.widgets.icons import IconSet


class _CloseButton(QAbstractButton):
    """A cross; a dot instead while the file has unsaved changes and the mouse is elsewhere."""

    def __init__(self, icons: IconSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._icons = icons
        self._over = False
        self.modified = False
        self.setFixedSize(22, 22)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def sizeHint(self) -> QSize:
        return QSize(22, 22)

    def enterEvent(self, _event: QEnterEvent) -> None:
        self._over = True
        self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        self._over = False
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = self._icons.theme.colors
        if self._over:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors["hover"]))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
        if self.modified and not self._over:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors["accent"]))
            painter.drawEllipse(QRect(7, 7, 8, 8))
        else:
            self._icons.draw(painter, QRect(5, 5, 12, 12), "x", "text" if self._over else "muted")


class TabBar(QTabBar):
    """Emits ``close_wanted`` with the index of a tab that should go."""

    close_wanted = Signal(int)

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tabbar")
        self._icons = icons
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setMovable(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUsesScrollButtons(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(16, 16))
        self.setAccessibleName(self.tr("Open files"))

    def add(self, title: str, tip: str, icon: str) -> int:
        """Add a tab at the end; returns its index."""
        index = self.addTab(self._icons.icon(icon), title)
        self.setTabToolTip(index, tip)
        close = _CloseButton(self._icons, self)
        close.setToolTip(self.tr("Close"))
        close.setAccessibleName(self.tr("Close {title}").format(title=title))
        close.clicked.connect(lambda: self._close(close))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, close)
        return index

    def set_title(self, index: int, title: str, tip: str, modified: bool) -> None:
        """Show a new title and whether there are unsaved changes."""
        self.setTabText(index, title.replace("&", "&&"))
        self.setTabToolTip(index, tip)
        close = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
        if isinstance(close, _CloseButton) and close.modified != modified:
            close.modified = modified
            close.update()

    def minimumTabSizeHint(self, index: int) -> QSize:  # noqa: N802 - Qt's name
        """Scroll rather than shorten names to a letter or two; the style sheet bounds the longest."""
        return self.tabSizeHint(index)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Close a tab by the middle button."""
        if event.button() == Qt.MouseButton.MiddleButton:
            index = self.tabAt(event.position().toPoint())
            if index >= 0:
                self.close_wanted.emit(index)
                return
        super().mouseReleaseEvent(event)

    def _close(self, close: _CloseButton) -> None:
        for index in range(self.count()):
            if self.tabButton(index, QTabBar.ButtonPosition.RightSide) is close:
                self.close_wanted.emit(index)
                return
