"""The code editor: typing with the right indentation, and a suggestion that is painted and never inserted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from app.editor import brackets, editing, indent
from app.editor.code_points import from_utf16
from app.editor.ghost import Suggestion
from app.editor.suggestion_split import first_line, first_word
from app.editor.text_view import TextView

_DETECT_IN = 100_000
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class CodeEditor(TextView):
    """Edits one text and offers one suggestion at the cursor.

    Typing what the suggestion says shortens it; any other edit or move of the cursor takes
    it away.
    """

    suggestion_accepted = Signal(str, str)
    """Kind (``all``, ``word`` or ``line``) and the text that went into the document."""
    suggestion_dismissed = Signal()
    """The person refused the suggestion (not: it went away because the text moved on)."""
    suggestion_requested = Signal()
    cycle_requested = Signal(int)
    composing_changed = Signal(bool)
    """An input method begins to compose text at the cursor, or has ended."""

    def __init__(self, parent: QWidget | None = None, hint_count: int = 3) -> None:
        """``hint_count``: beside how many suggestions the key that takes them is shown."""
        super().__init__(parent)
        self._hints_left = hint_count
        self._suggestion: Suggestion | None = None
        self._edited = False
        self._unit: str | None = None
        self.document().contentsChange.connect(self._note_edit)
        self.document().contentsChanged.connect(self._after_edit)
        self.cursorPositionChanged.connect(self._after_move)
        self.selectionChanged.connect(self._after_move)

    # --- the suggestion ----------------------------------------------------------------

    def suggestion(self) -> str:
        """Return the suggestion that is shown, or ''."""
        return self._suggestion.text if self._suggestion else ""

    def show_suggestion(self, text: str, replaces: int = 0) -> None:
        """Show a suggestion at the cursor in place of the one before; '' clears. With a selection nothing is shown.

        Taken as a whole, it goes in place of the next ``replaces`` characters right of the cursor, on its line.
        """
        cursor = self.textCursor()
        if not text or cursor.hasSelection() or self.isReadOnly():
            self.clear_suggestion()
            return
        if self._suggestion is None:
            self._hint = self.tr("Tab") if self._hints_left > 0 else ""
            self._hints_left = max(0, self._hints_left - 1)
            if QAccessible.isActive():
                said = self.tr("Suggestion: {0}").format(text)
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self._suggestion = Suggestion(cursor.position(), text, replaces)
        self.set_ghost(text, self._hint, replaces)

    def clear_suggestion(self) -> None:
        """Take the suggestion away without a signal."""
        if self._suggestion is not None:
            self._suggestion = None
            self.set_ghost("")

    @Slot()
    def dismiss_suggestion(self) -> None:
        """Take the suggestion away because the person refuses it."""
        if self._suggestion is not None:
            self.clear_suggestion()
            self.suggestion_dismissed.emit()

    @Slot(str)
    def accept_suggestion(self, kind: str = "all") -> None:
        """Put the suggestion, or its first ``word`` or ``line``, into the document as one undo step."""
        part = {"all": str, "word": first_word, "line": first_line}[kind](self.suggestion())
        if not part:
            return
        cursor = self.textCursor()
        with editing.one_step(cursor):
            if part == self.suggestion() and self._suggestion is not None:
                editing.select_after(cursor, self._suggestion.replaces)
            cursor.insertText(part)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        self.suggestion_accepted.emit(kind, part)

    def set_hint_count(self, count: int) -> None:
        """Set beside how many more suggestions the key that takes them is shown."""
        self._hints_left = count

    def hint_count(self) -> int:
        """Return beside how many more suggestions the key will be shown."""
        return self._hints_left

    # --- following the document --------------------------------------------------------

    @Slot(int, int, int)
    def _note_edit(self, position: int, removed: int, added: int) -> None:
        # The layout hears of the edit only after this signal: what is painted changes in _after_edit.
        self._edited = True
        self._unit = None
        if self._suggestion is not None:
            text = self.plain_text()
            inserted = text[from_utf16(text, position) : from_utf16(text, position + added)]
            self._suggestion = self._suggestion.after_edit(position, removed, inserted)

    @Slot()
    def _after_edit(self) -> None:
        if self._edited:
            self._edited = False
            self.set_ghost(self.suggestion(), self._hint, self._suggestion.replaces if self._suggestion else 0)

    @Slot()
    def _after_move(self) -> None:
        cursor = self.textCursor()
        if self._suggestion and (cursor.hasSelection() or cursor.position() != self._suggestion.anchor):
            self.clear_suggestion()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Text being composed stands where the ghost would be."""
        composing = bool(event.preeditString())
        if composing:
            self.clear_suggestion()
            self.composing_changed.emit(True)
        super().inputMethodEvent(event)
        if not composing:
            self.composing_changed.emit(False)

    # --- keys --------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep the keys that take a suggestion from being shortcuts of the window while there is one."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._taking(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the suggestion first, then of indentation, then Qt's own."""
        kind = self._taking(event)
        if kind == "dismiss":
            self.dismiss_suggestion()
        elif kind:
            self.accept_suggestion(kind)
        elif not self._asks(event) and (self.isReadOnly() or not self._edits(event)):
            super().keyPressEvent(event)

    def _taking(self, event: QKeyEvent) -> str:
        if self._suggestion is None:
            return ""
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~_KEYPAD
        if modifiers == Qt.KeyboardModifier.NoModifier:
            return {Qt.Key.Key_Tab: "all", Qt.Key.Key_Escape: "dismiss"}.get(key, "")
        if modifiers == Qt.KeyboardModifier.ControlModifier:
            return {Qt.Key.Key_Right: "word", Qt.Key.Key_Down: "line"}.get(key, "")
        return ""

    def _asks(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~_KEYPAD != Qt.KeyboardModifier.AltModifier:
            return False
        if event.key() == Qt.Key.Key_Backslash:
            self.suggestion_requested.emit()
        elif event.key() in {Qt.Key.Key_BracketRight, Qt.Key.Key_BracketLeft}:
            self.cycle_requested.emit(1 if event.key() == Qt.Key.Key_BracketRight else -1)
        else:
            return False
        return True

    def _edits(self, event: QKeyEvent) -> bool:
        """Make the edit of a key that means more than its character; False where it does not."""
        cursor = self.textCursor()
        key, modifiers = event.key(), event.modifiers() & ~_KEYPAD
        shift = modifiers == Qt.KeyboardModifier.ShiftModifier
        if event.text() in brackets.CLOSING:
            done = editing.close_bracket(cursor, event.text(), self._opener)
        elif modifiers and not shift:
            done = False
        elif key == Qt.Key.Key_Backspace:
            done = not shift and editing.delete_back(cursor, self.indent_unit())
        else:
            done = True
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                editing.break_line(cursor, self.indent_unit(), self.colon_begins_block())
            elif key == Qt.Key.Key_Tab and not shift:
                editing.indent_at(cursor, self.indent_unit())
            elif key in {Qt.Key.Key_Backtab, Qt.Key.Key_Tab}:
                editing.outdent(cursor, self.indent_unit())
            elif key == Qt.Key.Key_Home:
                editing.to_line_start(cursor, keep_anchor=shift)
            else:
                done = False
        if done:
            self.setTextCursor(cursor)
            self.ensureCursorVisible()
        return done

    def _opener(self, line: int, column: int, bracket: str) -> brackets.Place | None:
        return brackets.find_opener(self._code, line, column, bracket)

    def indent_unit(self) -> str:
        """Return one level of indentation as the text has it: a tab or spaces."""
        if self._unit is None:
            self._unit = indent.detect_unit(self.plain_text()[:_DETECT_IN])
        return self._unit
