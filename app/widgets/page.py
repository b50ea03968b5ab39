"""A tab of the central area that is not a file: a scrolled column of readable width."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.icons import IconSet
from app.widgets.message_bar import MessageBars

COLUMN_WIDTH = 760


class Page(QWidget):
    """``column`` takes the content; ``bars`` stand above it over the whole width."""

    def __init__(
        self, icons: IconSet, title: str, icon: str, parent: QWidget | None = None, *, width: int = COLUMN_WIDTH
    ) -> None:
        super().__init__(parent)
        self._width = width
        self.setObjectName("page")
        self.title, self.icon_name, self._icons = title, icon, icons
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.bars = MessageBars(icons)
        outer.addWidget(self.bars)
        self.scroller = QScrollArea()
        self.scroller.setObjectName("pageScroll")
        self.scroller.setWidgetResizable(True)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer.addWidget(self.scroller, 1)
        self._body = QWidget()
        self._body.setObjectName("pageBody")
        self.column = QVBoxLayout(self._body)
        self.column.setSpacing(12)
        self.scroller.setWidget(self._body)
        self.scroller.viewport().installEventFilter(self)
        self._body.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._indent(width)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the column centred and not wider than one reads."""
        if watched is self.scroller.viewport() and event.type() == QEvent.Type.Resize:
            self._indent(self.scroller.viewport().width())
        return False

    def _indent(self, width: int) -> None:
        side = max(32, (width - self._width) // 2)
        self.column.setContentsMargins(side, 40, side, 40)
