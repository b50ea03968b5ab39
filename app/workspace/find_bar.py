"""Find in the open file: next, previous, case, and how many there are."""

from __future__ import annotations

import re
from bisect import bisect_right

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from app.editor.text_port import TextPort
from app.widgets.icons import IconSet
from app.widgets.line_edit import LineEdit
from app.widgets.style import label, set_tone, tool_button


class FindBar(QFrame):
    """Searches one editor. Counting waits for a pause in typing, so that a large file does not hold the keys."""

    closed = Signal()

    def __init__(self, icons: IconSet, editor: TextPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("find")
        self._editor = editor
        self._counter = QTimer(self)
        self._counter.setSingleShot(True)
        self._counter.setInterval(120)
        self._counter.timeout.connect(self._count)
        editor.textChanged.connect(self._recount)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(6)
        self.line = LineEdit()
        self.line.setPlaceholderText(self.tr("Find"))
        self.line.setAccessibleName(self.tr("Find in this file"))
        self.line.setMaximumWidth(360)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._changed)
        self.line.installEventFilter(self)
        row.addWidget(self.line, 1)
        self.case = QToolButton()
        self.case.setProperty("kind", "tool")
        self.case.setText("Aa")
        self.case.setCheckable(True)
        self.case.setToolTip(self.tr("Match case"))
        self.case.setAccessibleName(self.tr("Match case"))
        self.case.toggled.connect(self._changed)
        row.addWidget(self.case)
        self.count = label("", "muted")
        self.count.setMinimumWidth(88)
        row.addWidget(self.count)
        previous = tool_button(icons, "arrow-up", self.tr("Previous match (Shift+F3)"))
        previous.clicked.connect(lambda: self.find_next(backward=True))
        following = tool_button(icons, "arrow-down", self.tr("Next match (F3)"))
        following.clicked.connect(lambda _checked: self.find_next())
        close = tool_button(icons, "x", self.tr("Close (Esc)"))
        close.clicked.connect(self.close_bar)
        row.addWidget(previous)
        row.addWidget(following)
        row.addStretch(1)
        row.addWidget(close)
        self.hide()

    def open_bar(self) -> None:
        """Show the bar; a selection inside one line becomes what is searched."""
        start, end = self._editor.selection()
        chosen = self._editor.plain_text()[start:end]
        self.show()
        if chosen and "\n" not in chosen:
            self.line.setText(chosen)
        self.line.setFocus()
        self.line.selectAll()
        self._recount()

    def close_bar(self) -> None:
        """Hide the bar and give the focus back to the text."""
        self.hide()
        self._editor.setFocus()
        self.closed.emit()

    def find_next(self, *, backward: bool = False) -> bool:
        """Select the next match, going round at the end. False: there is none, or nothing to look for yet."""
        text = self.line.text()
        if not text:
            self.open_bar()
            return False
        start, end = self._editor.selection()
        if not self._select(self._before(start) if backward else self._after(end)):
            return False
        self._recount()
        return True

    def _changed(self) -> None:
        if self.line.text():
            self._select(self._after(self._editor.selection()[0]))
        self._recount()

    def _select(self, found: re.Match[str] | None) -> bool:
        if found is not None:
            self._editor.select(*found.span())
        return found is not None

    def _after(self, offset: int) -> re.Match[str] | None:
        """Return the first match from an offset on, or the first of all."""
        pattern, text = self._pattern(), self._editor.plain_text()
        return pattern.search(text, offset) or pattern.search(text)

    def _before(self, offset: int) -> re.Match[str] | None:
        """Return the last match that ends before an offset, or the last of all."""
        last = before = None
        for match in self._pattern().finditer(self._editor.plain_text()):
            last = match
            if match.end() <= offset:
                before = match
        return before or last

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.line.text()), 0 if self.case.isChecked() else re.IGNORECASE)

    def _recount(self) -> None:
        if not self.isHidden():
            self._counter.start()

    def _count(self) -> None:
        wanted = self.line.text()
        ends = [match.end() for match in self._pattern().finditer(self._editor.plain_text())] if wanted else []
        total = len(ends)
        if not wanted:
            self.count.setText("")
        elif not total:
            self.count.setText(self.tr("No matches"))
        else:
            start, end = self._editor.selection()
            current = bisect_right(ends, end) if start != end else 0
            shown = self.tr("{current} of {total}") if current else self.tr("{total} matches")
            self.count.setText(shown.format(current=current, total=total))
        set_tone(self.count, "error" if wanted and not total else "muted")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter, Shift+Enter and Esc in the line."""
        if watched is self.line and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.find_next(backward=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_bar()
                return True
        return False
