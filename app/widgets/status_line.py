"""The one line at the bottom of a window: items that each show a fact, and change or explain it when clicked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.services.task import Task
from app.widgets import numbers
from app.widgets.style import set_tone

_ICON = QSize(14, 14)


class StatusItem(QPushButton):
    """A text that is hidden while it is empty. Without ``clicked`` it is a fact that cannot be pressed."""

    def __init__(self, line: StatusLine, name: str, clicked: Callable[[], object] | None, gives_way: int) -> None:
        super().__init__()
        self._line, self._name = line, name
        self._full = self._short = ""
        self.gives_way = gives_way
        self.setFlat(True)
        self.setIconSize(_ICON)
        self.setToolTip(name)
        self.setAccessibleName(name)
        if clicked is None:
            self.setEnabled(False)
            self.setObjectName("fact")
        else:
            self.clicked.connect(lambda _checked=False: clicked())

    def show_text(self, text: str, short: str = "", *, tip: str = "", tone: str = "") -> None:
        """Show ``text``, or ``short`` where the line is too narrow; ``tip`` explains it in place of the name."""
        self._full, self._short = text, short or text
        self.setText(text)
        self.setToolTip(tip or self._name)
        self.setAccessibleName(f"{tip or self._name}: {text}" if text else self._name)
        set_tone(self, tone)
        self._line.fit()

    def stretch_out(self, *, short: bool) -> None:
        """Show the whole text or the short one."""
        text = self._short if short else self._full
        if self.text() != text:
            self.setText(text)
        self.setVisible(bool(text) or not self.icon().isNull())


class StatusLine(QFrame):
    """Items at the left and at the right, by their ``order``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setFixedHeight(28)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 8, 0)
        row.setSpacing(2)
        row.addStretch(1)
        self._orders: list[float] = [0.0]
        """The order of each part of the row; negative ones stand left of the stretch, which is 0."""
        self._items: list[StatusItem] = []
        self._tasks: dict[str, StatusItem] = {}

    def add_item(
        self, name: str, clicked: Callable[[], object] | None = None, *, order: float, gives_way: int = 0
    ) -> StatusItem:
        """Add an item, left of the middle where ``order`` is negative. ``name`` is for the mouse and screen readers.

        Where the line is too narrow, items with a ``gives_way`` above 0 are left out, those with the lowest first.
        """
        item = StatusItem(self, name, clicked, gives_way)
        self._items.append(item)
        self.add_widget(item, order=order)
        self.fit()
        return item

    def add_widget(self, widget: QWidget, *, order: float) -> None:
        """Add something that is no text, such as a light."""
        place = sum(1 for other in self._orders if other <= order)
        self._orders.insert(place, order)
        self._row.insertWidget(place, widget)

    def show_task(self, task: Task, clicked: Callable[[], object], *, order: float = 20) -> StatusItem:
        """Show how a task goes, in the place of the earlier one of its kind; one that has ended goes away."""
        item = self._tasks.get(task.kind)
        if item is None:
            item = self._tasks[task.kind] = self.add_item(self.tr("What is running"), clicked, order=order)
        item.show_text(self._text_of(task) if task.running else "")
        return item

    def task_text(self, kind: str) -> str:
        """Return what is shown of the task of this kind; empty where none runs."""
        return self._tasks[kind].text() if kind in self._tasks else ""

    def _text_of(self, task: Task) -> str:
        text = task.sentence
        if task.progress is not None:
            text = self.tr("{text} {percent} %").format(text=text, percent=min(100, int(task.progress * 100 + 1e-6)))
        if task.seconds_left is not None and task.seconds_left >= 1:
            text += " · " + self.tr("{time} left").format(time=numbers.duration(task.seconds_left))
        return text

    def fit(self) -> None:
        """Use short texts where the long ones do not fit, then leave out what matters least."""
        for item in self._items:
            item.stretch_out(short=False)
        shrinks: list[Callable[[], object]] = [lambda item=item: item.stretch_out(short=True) for item in self._items]
        yielding = sorted((item for item in self._items if item.gives_way), key=lambda item: item.gives_way)
        shrinks += [item.hide for item in yielding]
        for shrink in shrinks:
            if self._row.sizeHint().width() <= self.width():
                return
            shrink()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the items to the new width."""
        super().resizeEvent(event)
        self.fit()
