"""Which keys edit a text or move in it. What is in no table here is left alone, whatever Qt binds to it.

Qt's text widgets know many keys by the customs of each system: on X11 Ctrl+D deletes a letter and Ctrl+K the rest of
the line, and Alt or Ctrl+Alt with a letter types it. In an editor those are keys that destroy text.
"""

from __future__ import annotations

import sys
import unicodedata

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

_Key, _Mod = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CONTROL, ALT = _Mod.NoModifier, _Mod.ShiftModifier, _Mod.ControlModifier, _Mod.AltModifier

_IGNORED = _Mod.KeypadModifier | _Mod.GroupSwitchModifier
"""Say where a key is, or that AltGr chose its character; not that it means something else."""

_MOVES = frozenset(
    {
        _Key.Key_Left,
        _Key.Key_Right,
        _Key.Key_Up,
        _Key.Key_Down,
        _Key.Key_Home,
        _Key.Key_End,
        _Key.Key_PageUp,
        _Key.Key_PageDown,
    }
)
_LINE = frozenset({_Key.Key_Return, _Key.Key_Enter, _Key.Key_Tab, _Key.Key_Backtab})
_MEDIA = frozenset({_Key.Key_Copy, _Key.Key_Cut, _Key.Key_Paste, _Key.Key_Undo, _Key.Key_Redo})
_TABLE: dict[Qt.KeyboardModifier, frozenset[Qt.Key]] = {
    NONE: _MOVES | _LINE | _MEDIA | {_Key.Key_Backspace, _Key.Key_Delete},
    SHIFT: _MOVES | _LINE | {_Key.Key_Backspace, _Key.Key_Delete, _Key.Key_Insert},
    CONTROL: _MOVES
    | {_Key.Key_Backspace, _Key.Key_Delete, _Key.Key_Insert}
    | {_Key.Key_A, _Key.Key_C, _Key.Key_V, _Key.Key_X, _Key.Key_Y, _Key.Key_Z},
    CONTROL | SHIFT: _MOVES | {_Key.Key_Z},
}

_StandardKey = QKeySequence.StandardKey
_MAC_STANDARD = (
    *(_StandardKey.Copy, _StandardKey.Cut, _StandardKey.Paste, _StandardKey.Undo, _StandardKey.Redo),
    *(_StandardKey.SelectAll, _StandardKey.Backspace, _StandardKey.Delete),
    *(_StandardKey.DeleteStartOfWord, _StandardKey.DeleteEndOfWord, _StandardKey.DeleteEndOfLine),
    *(_StandardKey.MoveToNextChar, _StandardKey.MoveToPreviousChar, _StandardKey.MoveToNextWord),
    *(_StandardKey.MoveToPreviousWord, _StandardKey.MoveToNextLine, _StandardKey.MoveToPreviousLine),
    *(_StandardKey.MoveToStartOfLine, _StandardKey.MoveToEndOfLine, _StandardKey.MoveToStartOfBlock),
    *(_StandardKey.MoveToEndOfBlock, _StandardKey.MoveToStartOfDocument, _StandardKey.MoveToEndOfDocument),
    *(_StandardKey.SelectNextChar, _StandardKey.SelectPreviousChar, _StandardKey.SelectNextWord),
    *(_StandardKey.SelectPreviousWord, _StandardKey.SelectNextLine, _StandardKey.SelectPreviousLine),
    *(_StandardKey.SelectStartOfLine, _StandardKey.SelectEndOfLine, _StandardKey.SelectStartOfBlock),
    *(_StandardKey.SelectEndOfBlock, _StandardKey.SelectStartOfDocument, _StandardKey.SelectEndOfDocument),
)
"""What every text field of macOS knows, Ctrl+K and Ctrl+D among it: people expect those there."""


def modifiers_of(event: QKeyEvent) -> Qt.KeyboardModifier:
    """Return the modifiers that change what a key means."""
    return event.modifiers() & ~_IGNORED


def types(event: QKeyEvent, system: str = sys.platform) -> bool:
    """Return whether a key types its character, which is so without modifiers, with Shift, and with AltGr.

    Windows tells of AltGr as Ctrl+Alt, and gives a text then only where the layout has a character there; Option
    does it on macOS; X11 and Wayland tell of it as no modifier, or as GroupSwitch. ``system`` is sys.platform's name.
    """
    text = event.text()
    if not text:
        return False
    category = unicodedata.category(text[0])
    if category == "Cf":
        return True  # joiners and direction marks, which Windows types with Ctrl+Shift
    if category[0] == "C" and category != "Co":
        return False
    chosen = modifiers_of(event) & ~SHIFT
    if system == "win32":
        return chosen in (NONE, CONTROL | ALT)
    return chosen in (NONE, ALT) if system == "darwin" else chosen == NONE


def edits_or_moves(event: QKeyEvent, system: str = sys.platform) -> bool:
    """Return whether a key that types nothing means an edit or a move to an editor."""
    if system == "darwin" and any(event.matches(key) for key in _MAC_STANDARD):
        return True
    return event.key() in _TABLE.get(modifiers_of(event), ())
