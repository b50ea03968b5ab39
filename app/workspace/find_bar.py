"""Find in the open file: next, previous, case, and how many there are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QToolButton, QWidget

from app.widgets.icons import IconSet
from app.widgets.style import label, set_tone, tool_button

_COUNT_LIMIT = 10_000


class FindBar(QFrame):
    """Searches one editor. Counting waits for a pause in typing, so that a large file does not hold the keys."""

    closed = Signal()

    def __init__(self, icons: IconSet, editor: QPlainTextEdit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("find")
        self._editor = editor
        self._counter = QTimer(self)
        self._counter.setSingleShot(True)
        self._counter.setInterval(120)
        self._counter.timeout.connect(self._count)
        editor.document().contentsChanged.connect(self._recount)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(6)
        self.line = QLineEdit()
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
        chosen = self._editor.textCursor().selectedText()
        self.show()
        if chosen and "\u2029" not in chosen:
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
        flags = self._flags()
        if backward:
            flags |= QTextDocument.FindFlag.FindBackward
        if not self._editor.find(text, flags):
            cursor = QTextCursor(self._editor.document())
            cursor.movePosition(QTextCursor.MoveOperation.End if backward else QTextCursor.MoveOperation.Start)
            found = self._editor.document().find(text, cursor, flags)
            if found.isNull():
                return False
            self._editor.setTextCursor(found)
        self._editor.centerCursor()
        self._recount()
        return True

    def _changed(self) -> None:
        cursor = self._editor.textCursor()
        cursor.setPosition(cursor.selectionStart())
        found = self._editor.document().find(self.line.text(), cursor, self._flags()) if self.line.text() else None
        if found is not None and found.isNull():
            found = self._editor.document().find(self.line.text(), 0, self._flags())
        if found is not None and not found.isNull():
            self._editor.setTextCursor(found)
        self._recount()

    def _flags(self) -> QTextDocument.FindFlag:
        return QTextDocument.FindFlag.FindCaseSensitively if self.case.isChecked() else QTextDocument.FindFlag(0)

    def _recount(self) -> None:
        if not self.isHidden():
            self._counter.start()

    def _count(self) -> None:
        wanted, text = self.line.text(), self._editor.toPlainText()
        if not self.case.isChecked():
            wanted, text = wanted.lower(), text.lower()
        total = text.count(wanted) if wanted else 0
        if not wanted:
            self.count.setText("")
        elif not total:
            self.count.setText(self.tr("No matches"))
        else:
            cursor = self._editor.textCursor()
            current = 0
            if cursor.hasSelection() and total <= _COUNT_LIMIT:
                before = self._editor.document().toPlainText()[: cursor.selectionEnd()]
                current = (before if self.case.isChecked() else before.lower()).count(wanted)
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
