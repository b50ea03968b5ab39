"""Lines to type in: unbound keys leave their text, on their own and inside number fields; the window has no others."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from app.widgets.fields import DecimalSpin, Spin
from app.widgets.line_edit import LineEdit
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
    all_modifiers,
    send,
    text_of,
)

pytestmark = pytest.mark.gui
TEXT = "two words"
STEPS = {"Up", "Down", "PageUp", "PageDown"}


@pytest.fixture
def show(qtbot):
    """Show a field inside of a window, which has no smallest size that Qt would warn of."""
    holder = QWidget()
    qtbot.addWidget(holder)

    def put(field):
        field.setParent(holder)
        holder.show()
        field.setFocus()
        return field

    return put


@pytest.fixture
def line(show):
    return show(LineEdit())


def test_no_key_changes_a_line_but_those_that_are_known(line):
    changed = set()
    for modifiers in all_modifiers():
        plain = modifiers & ~ALTGR
        for key in NAMED + LETTERS:
            line.setText(TEXT)
            QTest.keyClick(line, Key.Key_Q)
            line.undo()  # so that there is something to make again
            assert line.text() == TEXT
            QGuiApplication.clipboard().setText("pasted")
            line.setSelection(3, 2)
            send(line, key, modifiers, text_of(key, modifiers))
            if line.text() == TEXT:
                continue
            name = key.name.removeprefix("Key_")
            typed = key in LETTERS and plain in (NONE, SHIFT)
            assert typed or name in EDITS.get(plain, ()), (key, modifiers)
            if not typed:
                changed.add((plain, name))
    expected = {"Delete", "Backspace"}, {"Insert", "Delete"}, {"X", "V", "Y", "Backspace", "Delete"}
    wanted = {(mod, name) for mod, names in zip((NONE, SHIFT, CONTROL), expected, strict=True) for name in names}
    assert wanted <= changed


@pytest.mark.parametrize("make", [Spin, DecimalSpin])
def test_no_key_changes_a_number_but_those_that_are_known(make, show):
    field = show(make())
    field.setRange(0, 9999)
    QGuiApplication.clipboard().setText("7")
    for modifiers in all_modifiers():
        plain = modifiers & ~ALTGR
        for key in NAMED + LETTERS:
            field.setValue(5000)
            field.lineEdit().setSelection(1, 2)
            before = field.text()
            send(field, key, modifiers, text_of(key, modifiers))
            if field.text() != before:
                name = key.name.removeprefix("Key_")
                typed = key in LETTERS and plain in (NONE, SHIFT)
                assert typed or name in EDITS.get(plain, set()) | STEPS, (key, modifiers)
    field.setValue(5000)
    field.lineEdit().setSelection(0, 1)
    QTest.keyClick(field, Key.Key_1)
    assert field.value() == 1000


@pytest.mark.parametrize(
    ("key", "modifiers"),
    [(Key.Key_D, CONTROL), (Key.Key_K, CONTROL), (Key.Key_U, CONTROL), (Key.Key_E, CONTROL), (Key.Key_Z, ALT),
     (Key.Key_2, ALT), (Key.Key_Minus, CONTROL | ALT), (Key.Key_A, META)],
)  # fmt: skip
def test_familiar_keys_leave_a_line_and_go_to_the_window(line, key, modifiers):
    line.setText(TEXT)
    line.setCursorPosition(4)
    for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, key, modifiers, text_of(key, modifiers))
        event.ignore()
        line.event(event)
        assert not event.isAccepted()
    assert (line.text(), line.cursorPosition()) == (TEXT, 4)


def test_control_y_makes_the_step_again(line):
    QTest.keyClicks(line, "xy")
    line.undo()
    assert line.text() == ""
    QTest.keyClick(line, Key.Key_Y, CONTROL)
    assert line.text() == "xy"


def test_altgr_types(line):
    send(line, Key.Key_At, ALTGR, "@")
    assert line.text() == "@"


def test_every_line_of_the_window_is_such_a_line(window, folder):
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "README.md")
    for feature in window.features.values():
        feature.open()
    lines = window.findChildren(QLineEdit)
    assert len(lines) > 10
    assert {type(line) for line in lines} == {LineEdit}
