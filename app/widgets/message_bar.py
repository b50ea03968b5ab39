"""A bar in the place that a message concerns: what happened, and buttons that mend it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.icons import IconSet
from app.widgets.style import Tone, button, label, tool_button

_ICONS = {"error": "warning-circle", "warn": "warning", "ok": "check-circle"}

Choice = tuple[str, Callable[[], object]]
"""A button's text, and what it does; the bar goes away first."""


class MessageBar(QFrame):
    """One message. It wraps, never covers the text below, and can always be closed."""

    def __init__(self, icons: IconSet, text: str, tone: Tone, choices: Sequence[Choice], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setProperty("tone", tone)
        self.setAccessibleName(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(8)
        sign = QLabel()
        sign.setPixmap(icons.pixmap(_ICONS.get(tone, "info"), tone, 18, self.devicePixelRatioF()))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignVCenter)
        self.text = label(text, wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.text.setMinimumWidth(120)
        row.addWidget(self.text, 1)
        self.buttons = []
        for title, run in choices:
            push = button(title)
            push.clicked.connect(lambda _checked=False, run=run: self._choose(run))
            row.addWidget(push, 0, Qt.AlignmentFlag.AlignVCenter)
            self.buttons.append(push)
        close = tool_button(icons, "x", self.tr("Close this message"))
        close.clicked.connect(self._dismiss)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignVCenter)

    def _choose(self, run: Callable[[], object]) -> None:
        self._dismiss()
        run()

    def _dismiss(self) -> None:
        self.hide()
        bars = self.parent()
        if isinstance(bars, MessageBars):
            bars.drop(self)
        self.deleteLater()


class MessageBars(QWidget):
    """A stack of bars, one for each topic: a newer message of a topic replaces the older one."""

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._bars: dict[str, MessageBar] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_message(self, topic: str, text: str, tone: Tone = "error", choices: Sequence[Choice] = ()) -> MessageBar:
        """Show a bar; returns it."""
        self.clear(topic)
        bar = MessageBar(self._icons, text, tone, choices, self)
        self._bars[topic] = bar
        self._column.addWidget(bar)
        self.show()
        return bar

    def clear(self, topic: str) -> None:
        """Take the bar of ``topic`` away, if there is one."""
        bar = self._bars.pop(topic, None)
        if bar:
            bar.hide()
            bar.deleteLater()
        self.setVisible(bool(self._bars))

    def drop(self, bar: MessageBar) -> None:
        """Forget a bar that the person closed."""
        for topic, known in list(self._bars.items()):
            if known is bar:
                self.clear(topic)

    def texts(self) -> dict[str, str]:
        """Return the messages on show, by topic."""
        return {topic: bar.text.text() for topic, bar in self._bars.items()}

    def bar(self, topic: str) -> MessageBar | None:
        """Return the bar of ``topic``."""
        return self._bars.get(topic)
