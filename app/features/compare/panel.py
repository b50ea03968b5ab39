"""A small panel at the cursor: what the base model suggests there, and what the adapter does."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets.code_box import CodeBox, level
from app.widgets.icons import IconSet
from app.widgets.style import button, label, set_tone, tool_button

_NARROW = 560


class ComparePanel(QFrame):
    """Two answers side by side, each with a button that takes it."""

    taken = Signal(str)
    """The text that the person wants."""
    closed = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare")
        self.setAccessibleName(self.tr("Suggestions of the base model and of the adapter"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 10)
        column.setSpacing(6)
        head = QHBoxLayout()
        self.note = label("", "muted", scale=0.9)
        head.addWidget(self.note, 1)
        close = tool_button(icons, "x", self.tr("Close (Esc)"))
        close.clicked.connect(self.closed)
        head.addWidget(close)
        column.addLayout(head)
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(12)
        column.addLayout(self._pair)
        self.sides = [_Side(icons), _Side(icons)]
        for side in self.sides:
            side.take.clicked.connect(lambda _=False, side=side: self.taken.emit(side.answer or ""))
            self._pair.addWidget(side, 1)

    def begin(self, names: tuple[str, str], line: str, language: str, keys: str) -> None:
        """Show that both are being asked at the end of ``line``, which has its indentation."""
        self.note.setText(self.tr("{keys} or Esc closes this").format(keys=keys))
        set_tone(self.note, "muted")
        for side, name in zip(self.sides, names, strict=True):
            side.begin(name, line, language)

    def show_answer(self, number: int, text: str, milliseconds: float | None) -> None:
        """Show what the first (0) or the second (1) suggests."""
        self.sides[number].show_answer(text, milliseconds)
        first, second = (side.answer for side in self.sides)
        if first is not None and first == second and first:
            self.note.setText(self.tr("Both suggest the same."))

    def show_failed(self, number: int, sentence: str) -> None:
        """Show why there is no answer."""
        self.sides[number].show_failed(sentence)

    def set_narrow(self, width: int) -> None:
        """Put the answers one over the other where there is no room."""
        self._pair.setDirection(
            QBoxLayout.Direction.TopToBottom if width < _NARROW else QBoxLayout.Direction.LeftToRight
        )

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for side in self.sides:
            side.code.set_theme(theme)

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font."""
        for side in self.sides:
            side.code.set_code_font(font)


class _Side(QWidget):
    """One of the two answers."""

    def __init__(self, icons: IconSet) -> None:
        super().__init__()
        self.answer: str | None = None
        self._line = self._language = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.name = label("", bold=True)
        row.addWidget(self.name)
        self.facts = label("", "muted", scale=0.9)
        row.addWidget(self.facts)
        row.addStretch(1)
        self.take = button(self.tr("Take"), "link")
        self.take.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row.addWidget(self.take)
        column.addLayout(row)
        self.code = CodeBox(icons.theme, "", least=2, most=8)
        self.code.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        column.addWidget(self.code)
        column.addStretch(1)

    def begin(self, name: str, line: str, language: str) -> None:
        self.answer, self._line, self._language = None, line, language
        self.name.setText(name)
        self.code.setAccessibleName(name)
        self.facts.setText(self.tr("asking…"))
        set_tone(self.facts, "muted")
        self.take.setAccessibleName(self.tr("Take what {name} suggests").format(name=name))
        self.take.setEnabled(False)
        self.code.show_code(line.lstrip(), language)

    def show_answer(self, text: str, milliseconds: float | None) -> None:
        self.answer = text
        self.take.setEnabled(bool(text))
        time = self.tr("{ms:.0f} ms").format(ms=milliseconds) if milliseconds is not None else ""
        self.facts.setText(time if text else self.tr("no suggestion"))
        line, shown = self._line.lstrip(), level(text, self._line)
        self.code.show_code(line + shown, self._language, (len(line), len(line) + len(shown)))

    def show_failed(self, sentence: str) -> None:
        self.answer = None
        self.facts.setText(sentence)
        set_tone(self.facts, "error")
