"""A line to type in, where keys that are bound to nothing do nothing, as in the code editor."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app.editor import keys


class LineEdit(QLineEdit):
    """A QLineEdit without those keys of Qt's that destroy text unasked: on X11 Ctrl+K, Ctrl+D and Alt with a letter.

    Such keys go to whoever holds the line, and to the window's shortcuts.
    """

    def event(self, event: QEvent) -> bool:
        """Keep no key from the window's shortcuts but those that edit or move here."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and not _is_ours(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take keys that type, edit or move; Ctrl+Y makes a step again on every system."""
        if not _is_ours(event):
            event.ignore()
        elif event.key() == Qt.Key.Key_Y and keys.modifiers_of(event) == keys.CONTROL:
            self.redo()
        else:
            super().keyPressEvent(event)


def _is_ours(event: QKeyEvent) -> bool:
    return keys.types(event) or keys.edits_or_moves(event)
