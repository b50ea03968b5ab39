"""Keys that are bound to nothing do nothing: a sweep over keys and modifiers, and the ways in which characters come."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.editor import keys
from app.editor.code_editor import CodeEditor
from tests.support.key_sweep import (
    ALT,
    ALTGR,
    CONTROL,
    EDITS,
    LETTERS,
    META,
    NAMED,
    NONE,
    SHIFT,
    Key,
    Mod,
    all_modifiers,
    send,
    text_of,
)

pytestmark = pytest.mark.gui
TEXT = "def f(a):\n    return a\n"


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.setPlainText(TEXT)
    editor.show()
    editor.setFocus()
    QGuiApplication.clipboard().setText("pasted")
    return editor


def test_no_key_changes_the_text_but_those_that_are_known(editor):
    changed = set()
    QTest.keyClick(editor, Key.Key_Q)
    for modifiers in all_modifiers():
        plain = modifiers & ~ALTGR
        for key in NAMED + LETTERS:
            if editor.plain_text() != TEXT:
                editor.setPlainText(TEXT)
                QTest.keyClick(editor, Key.Key_Q)
                editor.undo()  # so that there is something to redo
            QGuiApplication.clipboard().setText("pasted")
            editor.set_cursor_offset(16)
            editor.moveCursor(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor)
            send(editor, key, modifiers, text_of(key, modifiers))
            if editor.plain_text() == TEXT:
                continue
            typed = key in LETTERS and plain in (NONE, SHIFT)
            name = key.name.removeprefix("Key_")
            assert typed or name in EDITS.get(plain, ()), (key, modifiers)
            if not typed:
                changed.add((plain, name))
    assert {(NONE, "Return"), (NONE, "Delete"), (CONTROL, "X"), (CONTROL, "V"), (SHIFT, "Insert")} <= changed


@pytest.mark.parametrize(
    ("key", "modifiers"),
    [(Key.Key_D, CONTROL), (Key.Key_K, CONTROL), (Key.Key_U, CONTROL), (Key.Key_E, CONTROL), (Key.Key_Z, ALT),
     (Key.Key_2, ALT), (Key.Key_F, ALT), (Key.Key_Minus, CONTROL | ALT), (Key.Key_ParenRight, ALT),
     (Key.Key_Return, CONTROL), (Key.Key_Tab, CONTROL), (Key.Key_Backspace, ALT), (Key.Key_A, META)],
)  # fmt: skip
def test_familiar_keys_leave_the_text_and_go_to_the_window(editor, key, modifiers):
    editor.set_cursor_offset(12)
    for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, key, modifiers, text_of(key, modifiers))
        event.ignore()
        editor.event(event)
        assert not event.isAccepted()
    assert editor.plain_text() == TEXT
    assert editor.cursor_offset() == 12


def test_control_y_makes_the_step_again(editor):
    QTest.keyClicks(editor, "xy")
    editor.undo()
    assert editor.plain_text() == TEXT
    QTest.keyClick(editor, Key.Key_Y, CONTROL)
    assert editor.plain_text() == "xy" + TEXT


@pytest.mark.parametrize(
    ("key", "modifiers", "text", "system", "expected"),
    [
        (Key.Key_Q, NONE, "q", "linux", True),
        (Key.Key_Q, SHIFT, "Q", "linux", True),
        (Key.Key_At, NONE, "@", "linux", True),
        (Key.Key_At, ALTGR, "@", "linux", True),
        (Key.Key_At, ALTGR | SHIFT, "Ω", "linux", True),
        (Key.Key_5, Mod.KeypadModifier, "5", "linux", True),
        (Key.Key_Space, ALTGR, "\xa0", "linux", True),
        (Key.Key_unknown, NONE, "\U0001f600", "linux", True),
        (Key.Key_unknown, NONE, "é", "linux", True),
        (Key.Key_Q, ALT, "q", "linux", False),
        (Key.Key_Minus, CONTROL | ALT, "-", "linux", False),
        (Key.Key_Q, META, "q", "linux", False),
        (Key.Key_K, CONTROL, "\x0b", "linux", False),
        (Key.Key_Dead_Acute, NONE, "", "linux", False),
        (Key.Key_Escape, NONE, "\x1b", "linux", False),
        (Key.Key_At, CONTROL | ALT, "@", "win32", True),
        (Key.Key_BraceLeft, CONTROL | ALT | SHIFT, "{", "win32", True),
        (Key.Key_Minus, CONTROL | ALT, "", "win32", False),
        (Key.Key_Q, ALT, "q", "win32", False),
        (Key.Key_unknown, CONTROL | SHIFT, "\u200d", "win32", True),
        (Key.Key_A, ALT, "å", "darwin", True),
        (Key.Key_A, ALT | SHIFT, "Å", "darwin", True),
        (Key.Key_A, CONTROL, "a", "darwin", False),
    ],
)
def test_what_types_its_character(key, modifiers, text, system, expected):
    assert keys.types(QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text), system) is expected


def test_altgr_and_input_methods_reach_the_text(editor):
    send(editor, Key.Key_At, ALTGR, "@")
    send(editor, Key.Key_BraceLeft, NONE, "{")
    composed = QInputMethodEvent("´", [])
    QApplication.sendEvent(editor, composed)
    done = QInputMethodEvent()
    done.setCommitString("é")
    QApplication.sendEvent(editor, done)
    assert editor.plain_text() == "@{é" + TEXT


def test_what_macos_knows_stays_there():
    event = QKeyEvent(QEvent.Type.KeyPress, Key.Key_Left, CONTROL)  # by the offscreen keys: a word to the left
    assert keys.edits_or_moves(event, "darwin")
    assert not keys.edits_or_moves(QKeyEvent(QEvent.Type.KeyPress, Key.Key_F7, NONE), "darwin")
