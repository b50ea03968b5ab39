"""The code editor: typing with the right indentation, and a suggestion that is painted and never inserted."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from app.editor import brackets, editing, indent_style, keys
from app.editor.code_points import from_utf16
from app.editor.ghost import Suggestion
from app.editor.indent_style import IndentStyle
from app.editor.suggestion_split import first_line, first_word
from app.editor.view.text_view import TextView


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
    indent_changed = Signal()

    def __init__(self, parent: QWidget | None = None, hint_count: int = 3) -> None:
        """``hint_count``: beside how many suggestions the key that takes them is shown."""
        super().__init__(parent)
        self._hints_left = hint_count
        self._suggestion: Suggestion | None = None
        self._edited = False
        self._indent: IndentStyle | None = None
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
        seen = self.cursor_is_on_screen()
        self._suggestion = Suggestion(cursor.position(), text, replaces)
        self.set_ghost(text, self._hint, replaces)
        if seen and self.isVisible():  # a person who reads elsewhere is left there
            self._reveal()

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
        """Put the suggestion, or its first ``word`` or ``line``, into the document as one undo step.

        What cannot be seen is not taken: where there is something to scroll to, this scrolls and takes nothing; where
        the view is too small for all of it, this takes what is seen, as a ``line``.
        """
        part = {"all": str, "word": first_word, "line": first_line}[kind](self.suggestion())
        if not part or (self.isVisible() and self._reveal()):
            return
        seen = self.ghost_seen()[0] if self.isVisible() else part
        if part[len(seen) :].strip():
            # A break of the line alone, with its indentation, lets the next line be seen.
            kind, part = "line", seen or first_word(part)
        cursor = self.textCursor()
        with editing.one_step(cursor):
            if part == self.suggestion() and self._suggestion is not None:
                editing.select_after(cursor, self._suggestion.replaces)
            cursor.insertText(part)
        self.setTextCursor(cursor)
        self.show_cursor()
        self.suggestion_accepted.emit(kind, part)

    def _reveal(self) -> bool:
        """Scroll so that more of the suggestion is seen; return whether that was possible."""
        before = self.ghost_seen()
        if before == (self.suggestion(), 0):
            return False
        self.show_cursor()
        return before != self.ghost_seen()

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
        if added > 1 and added >= self.document().characterCount() - 1:
            self._indent_first_text()
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
        self.show_cursor()
        if not composing:
            self.composing_changed.emit(False)

    # --- edits that come by name ---------------------------------------------------------

    def undo(self) -> None:
        """Take the last step back and show where it was."""
        super().undo()
        self.show_cursor()

    def redo(self) -> None:
        """Make the step again and show where it is."""
        super().redo()
        self.show_cursor()

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802 - Qt's name
        """Paste, and show the end of it."""
        super().insertFromMimeData(source)
        self.show_cursor()

    # --- keys --------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep the keys that take a suggestion from the window's shortcuts while there is one, and no more than we use.

        Qt's own text keys, such as Ctrl+K, would else never reach the window.
        """
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._taking(event):
                event.accept()
                return True
            if not keys.types(event) and not keys.edits_or_moves(event):
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the suggestion first, then of indentation, then Qt's own; others go to whoever holds the editor."""
        kind = self._taking(event)
        if kind == "dismiss":
            self.dismiss_suggestion()
        elif kind:
            self.accept_suggestion(kind)
        elif self._asks(event):
            pass
        elif not keys.types(event) and not keys.edits_or_moves(event):
            event.ignore()
        elif self.isReadOnly() or not self._edits(event):
            before = self.textCursor().position(), self.document().revision()
            super().keyPressEvent(event)
            if before != (self.textCursor().position(), self.document().revision()):
                self.show_cursor(in_view=True)

    def _taking(self, event: QKeyEvent) -> str:
        if self._suggestion is None:
            return ""
        key, modifiers = Qt.Key(event.key()), keys.modifiers_of(event)
        if modifiers == keys.NONE:
            return {Qt.Key.Key_Tab: "all", Qt.Key.Key_Escape: "dismiss"}.get(key, "")
        if modifiers == keys.CONTROL:
            return {Qt.Key.Key_Right: "word", Qt.Key.Key_Down: "line"}.get(key, "")
        return ""

    def _asks(self, event: QKeyEvent) -> bool:
        if keys.modifiers_of(event) != keys.ALT:
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
        cursor, style = self.textCursor(), self.indent_style()
        key, modifiers = event.key(), keys.modifiers_of(event)
        shift = modifiers == keys.SHIFT
        if event.text() in brackets.CLOSING:
            done = editing.close_bracket(cursor, event.text(), self._opener)
        elif modifiers == keys.CONTROL and key == Qt.Key.Key_Y:
            self.redo()
            return True
        elif modifiers and not shift:
            done = False
        elif key == Qt.Key.Key_Backspace:
            done = not shift and editing.delete_back(cursor, style)
        else:
            done = True
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                editing.break_line(cursor, style, self.colon_begins_block())
            elif key == Qt.Key.Key_Tab and not shift:
                editing.indent_at(cursor, style)
            elif key in {Qt.Key.Key_Backtab, Qt.Key.Key_Tab}:
                editing.outdent(cursor, style)
            elif key == Qt.Key.Key_Home:
                editing.to_line_start(cursor, keep_anchor=shift)
            else:
                done = False
        if done:
            self.setTextCursor(cursor)
            self.show_cursor()
        return done

    def _opener(self, line: int, column: int, bracket: str) -> brackets.Place | None:
        return brackets.find_opener(self._code, line, column, bracket)

    # --- indentation -------------------------------------------------------------------

    def indent_style(self) -> IndentStyle:
        """Return the indentation of the document: what was set, or what its text shows when first asked."""
        if self._indent is None:
            self.set_indent_style(indent_style.decide(self.plain_text(), self.language()))
        return self._indent or IndentStyle()

    def set_indent_style(self, style: IndentStyle | None) -> None:
        """Indent like this from now on, whatever the text becomes; None: decide when next asked."""
        changed, self._indent = style != self._indent, style
        if style is not None:
            self.set_tab_width(style.tab_width)
            if changed:
                self.indent_changed.emit()

    def _indent_first_text(self) -> None:
        """Go by a text of several lines that came at once into a document that showed no indentation."""
        style, text = self._indent, self.plain_text()
        if style is not None and not style.sure and "\n" in text.strip():
            decided = indent_style.decide(text, self.language())
            self.set_indent_style(dataclasses.replace(decided, tab_width=style.tab_width))

    def indent_unit(self) -> str:
        """Return one level of indentation: a tab or spaces."""
        return self.indent_style().unit

    def setPlainText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show another document."""
        self._indent = None
        super().setPlainText(text)
