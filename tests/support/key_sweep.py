"""Every key with every modifier, with the text that X11 gives it; which of them may change a text."""

import itertools

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

Key, Mod = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CONTROL, ALT, META = (
    Mod.NoModifier,
    Mod.ShiftModifier,
    Mod.ControlModifier,
    Mod.AltModifier,
    Mod.MetaModifier,
)
ALTGR = Mod.GroupSwitchModifier

NAMED = [key for key in Key if 0x01000000 <= key.value < 0x01100000 and not Key.Key_Shift <= key <= Key.Key_ScrollLock]
LETTERS = [key for key in Key if 0x20 <= key.value < 0x7F]

# What may change a text, by modifiers; typing a character is beside these.
EDITS = {
    NONE: {"Return", "Enter", "Tab", "Backtab", "Backspace", "Delete", "Undo", "Redo", "Cut", "Paste"},
    SHIFT: {"Return", "Enter", "Tab", "Backtab", "Backspace", "Delete", "Insert"},
    CONTROL: {"Backspace", "Delete", "X", "V", "Z", "Y"},
    CONTROL | SHIFT: {"Z"},
}


def send(editor, key, modifiers, text, kind=QEvent.Type.KeyPress):
    event = QKeyEvent(kind, key, modifiers, text)
    event.ignore()
    QApplication.sendEvent(editor, event)
    return event


def text_of(key, modifiers):
    """What X11 gives as a key's text: the letter also with Alt, a control character with Ctrl."""
    if key.value < 0x7F:
        letter = chr(key.value) if modifiers & SHIFT else chr(key.value).lower()
        return chr(key.value & 0x1F) if modifiers & CONTROL and not modifiers & ALT else letter
    return {Key.Key_Return: "\r", Key.Key_Enter: "\r", Key.Key_Tab: "\t", Key.Key_Backspace: "\b"}.get(key, "")


def all_modifiers():
    for chosen in itertools.product((NONE, SHIFT), (NONE, CONTROL), (NONE, ALT), (NONE, META)):
        yield chosen[0] | chosen[1] | chosen[2] | chosen[3]
    yield from (ALTGR, ALTGR | SHIFT, ALTGR | CONTROL, ALTGR | ALT)
