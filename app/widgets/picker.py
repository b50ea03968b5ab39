"""The overlay with one line to type in and a filtered list: command palette, quick open, and short questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.widgets.fuzzy import match
from app.widgets.icons import IconSet
from app.widgets.line_edit import LineEdit
from app.widgets.style import label

_ROW = 32
_SHOWN = 11
_LIMIT = 300


@dataclass(frozen=True)
class PickItem:
    """One row: a title that is searched, a weaker detail beside it, keys at the right, and what it stands for."""

    title: str
    detail: str = ""
    keys: str = ""
    data: Any = None
    search: str = ""
    """What is searched instead of the title, e.g. a whole path."""


_Index = QModelIndex | QPersistentModelIndex


class _Rows(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[tuple[PickItem, tuple[int, ...]]] = []

    def replace(self, rows: list[tuple[PickItem, tuple[int, ...]]]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item, places = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{item.title} {item.detail} {item.keys}".strip()
        return (item, places) if role == Qt.ItemDataRole.UserRole else None


class _RowPainter(QStyledItemDelegate):
    def __init__(self, icons: IconSet, parent: QObject) -> None:
        super().__init__(parent)
        self._icons = icons

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(100, _ROW)

    def paint(self, painter: QPainter, option: Any, index: _Index) -> None:
        item, places = index.data(Qt.ItemDataRole.UserRole)
        colors = self._icons.theme.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect.adjusted(4, 1, -4, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(colors["selection"]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(area, 6, 6)
        area = area.adjusted(10, 0, -10, 0)
        metrics = QFontMetrics(option.font)
        if item.keys:
            width = metrics.horizontalAdvance(item.keys)
            painter.setPen(QColor(colors["muted"]))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, item.keys)
            area.setRight(area.right() - width - 16)
        end = self._title(painter, area, item.title, () if item.search else places, option.font)
        if item.detail and end + 10 < area.right():
            area.setLeft(end + 10)
            painter.setPen(QColor(colors["muted"]))
            painter.setFont(option.font)
            text = metrics.elidedText(item.detail, Qt.TextElideMode.ElideMiddle, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()

    def _title(self, painter: QPainter, area: QRect, title: str, places: tuple[int, ...], font: QFont) -> int:
        """Draw the title with the matched characters strong; return where it ends."""
        colors = self._icons.theme.colors
        strong = QFont(font)
        strong.setBold(True)
        left, marked, start = area.left(), set(places), 0
        painter.setClipRect(area)
        while start < len(title):
            end = start
            while end < len(title) and (end in marked) == (start in marked):
                end += 1
            used = strong if start in marked else font
            painter.setFont(used)
            painter.setPen(QColor(colors["accent" if start in marked else "text"]))
            run = title[start:end]
            box = QRect(left, area.top(), area.right() - left, area.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, run)
            left += QFontMetrics(used).horizontalAdvance(run)
            start = end
        painter.setClipping(False)
        return left


class Picker(QFrame):
    """An overlay of its window: top centre, closed by Esc, by choosing, and by looking elsewhere."""

    def __init__(self, icons: IconSet, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("picker")
        self._window = window
        self._empty = ""
        self._items: Sequence[PickItem] = ()
        self._chosen: Callable[[PickItem], object] | None = None
        self._answered: Callable[[str], object] | None = None
        self._back: QWidget | None = None
        self.opened = 0
        """How often it was opened: tells whoever opened it whether it is still theirs."""
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(32)
        shadow.setOffset(0, 8)
        shadow.setColor(QColor(0, 0, 0, 90))
        self.setGraphicsEffect(shadow)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.line = LineEdit()
        self.line.textChanged.connect(self._filter)
        self.line.installEventFilter(self)
        column.addWidget(self.line)
        self.view = QListView()
        self.view.setUniformItemSizes(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows = _Rows(self)
        self.view.setModel(self._rows)
        self.view.setItemDelegate(_RowPainter(icons, self))
        self.view.clicked.connect(self._choose)
        column.addWidget(self.view)
        self.hint = label("", "muted", wrap=True)
        self.hint.setContentsMargins(6, 0, 6, 2)
        column.addWidget(self.hint)
        window.installEventFilter(self)
        self.hide()

    # --- opening ---------------------------------------------------------------------

    def show_items(
        self, items: Sequence[PickItem], placeholder: str, chosen: Callable[[PickItem], object], empty: str = ""
    ) -> None:
        """Offer ``items``; ``chosen`` is called with one of them after the overlay is gone."""
        self._chosen, self._answered = chosen, None
        self._empty = empty
        self._open(placeholder, "")
        self.set_items(items)

    def set_items(self, items: Sequence[PickItem]) -> None:
        """Replace the items while the overlay is open; what is typed and chosen stays."""
        self._items = items
        self._filter()

    def ask(
        self, placeholder: str, text: str, hint: str, answered: Callable[[str], object], selected: int = -1
    ) -> None:
        """Ask for one line of text; ``selected`` characters of ``text`` are selected (-1: all)."""
        self._chosen, self._answered = None, answered
        self._items = ()
        self._open(placeholder, text)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.view.hide()
        self.line.setSelection(0, len(text) if selected < 0 else selected)
        self._place()

    def close_picker(self) -> None:
        """Hide and give the focus back."""
        if self.isHidden():
            return
        self.hide()
        back, self._back = self._back, None
        if back is not None:
            back.setFocus()

    def _open(self, placeholder: str, text: str) -> None:
        if self.isHidden():
            self._back = self.window().focusWidget()
        self.opened += 1
        self.line.setPlaceholderText(placeholder)
        self.line.setAccessibleName(placeholder)
        self.line.blockSignals(True)
        self.line.setText(text)
        self.line.blockSignals(False)
        self.show()
        self.raise_()
        self.line.setFocus()

    def _place(self) -> None:
        window = self._window
        width = min(640, window.width() - 64)
        rows = min(len(self._rows.rows), _SHOWN, max(3, (window.height() - 200) // _ROW))
        self.view.setFixedHeight(rows * _ROW + 4)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((window.width() - width) // 2, 56)

    # --- filtering and choosing --------------------------------------------------------

    def _filter(self) -> None:
        if self._chosen is None:
            return
        query = self.line.text()
        found: list[tuple[int, int, PickItem, tuple[int, ...]]] = []
        for order, item in enumerate(self._items):
            hit = match(query, item.search or item.title)
            if hit:
                found.append((-hit[0] if query else 0, order, item, hit[1]))
        found.sort(key=lambda row: row[:2])
        self._rows.replace([(item, places) for _, _, item, places in found[:_LIMIT]])
        self.view.setVisible(bool(found))
        self.hint.setVisible(not found)
        if not found:
            self.hint.setText(self.tr("Nothing matches “{query}”.").format(query=query) if query else self._empty)
        else:
            self.view.setCurrentIndex(self._rows.index(0, 0))
        self._place()

    def _choose(self, index: QModelIndex) -> None:
        chosen = self._chosen
        if not index.isValid() or chosen is None:
            return
        item: PickItem = self._rows.rows[index.row()][0]
        self.close_picker()
        chosen(item)

    def _accept(self) -> None:
        if self._answered is not None:
            answered, text = self._answered, self.line.text()
            self.close_picker()
            answered(text)
        else:
            self._choose(self.view.currentIndex())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the line; a window that is resized or clicked elsewhere."""
        if watched is self.line:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(event)
            if event.type() == QEvent.Type.FocusOut and not self.isHidden():
                self._back = None
                self.hide()
        elif event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close_picker()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp) and self._rows.rows:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _SHOWN}.get(Qt.Key(key), -_SHOWN)
            count, row = len(self._rows.rows), self.view.currentIndex().row()
            row = (row + step) % count if abs(step) == 1 else max(0, min(count - 1, row + step))
            self.view.setCurrentIndex(self._rows.index(row, 0))
        else:
            return key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        return True
