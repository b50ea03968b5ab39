"""What is not seen is not taken: scrolling to the cursor and its suggestion, at many heights of the window."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QTextCursor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.editor.code_editor import CodeEditor

pytestmark = pytest.mark.gui
CONTROL = Qt.KeyboardModifier.ControlModifier
HEIGHTS = range(60, 660, 20)
LINES = 120


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor(hint_count=0)
    qtbot.addWidget(editor)
    editor.resize(600, 400)
    editor.setPlainText("\n".join(f"line {i}" for i in range(LINES)))
    editor.show()
    editor.setFocus()
    return editor


def press(editor, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(editor, key, modifiers)


def ghost_of(rows):
    return "\n".join(f"ghost {i}" for i in range(rows))


def rows_seen(editor):
    """Which rows of the cursor's block lie whole in the viewport, by Qt's own geometry."""
    block = editor.textCursor().block()
    top = editor.blockBoundingGeometry(block).translated(editor.contentOffset()).top()
    pitch, height = editor.line_pitch, editor.viewport().height()
    count = editor.suggestion().count("\n") + 1
    return [row for row in range(count) if top + row * pitch >= -0.5 and top + (row + 1) * pitch <= height + 0.5]


def fitting(editor, rows):
    """How many rows fit below the top edge (the document's first line has a margin above)."""
    above = 0
    if editor.textCursor().blockNumber() == 0:
        above = editor.document().documentMargin()
    return min(rows, int((editor.viewport().height() - above) // editor.line_pitch))


def scroll_away(editor):
    """Turn the wheel until the cursor is off the screen, up, or down where it is at the top."""
    steps = 120 if editor.textCursor().blockNumber() > LINES // 2 else -120
    for _ in range(200):
        if not rows_seen(editor) and not editor.viewport().rect().intersects(editor.cursorRect()):
            return
        place = QPointF(5, 5)
        event = QWheelEvent(
            place, editor.mapToGlobal(place), QPoint(), QPoint(0, steps), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(editor.viewport(), event)
    pytest.fail("the cursor stays on the screen")


@pytest.mark.parametrize("line", [0, 1, 60, LINES - 2, LINES - 1])
@pytest.mark.parametrize("rows", [1, 4, 12])
def test_at_the_foot_of_every_window_the_ghost_is_seen(editor, rows, line):
    for height in HEIGHTS:
        editor.clear_suggestion()
        editor.resize(600, height)
        block = editor.document().findBlockByNumber(line)
        editor.setTextCursor(QTextCursor(block))
        editor.moveCursor(QTextCursor.MoveOperation.EndOfBlock)
        bar = editor.verticalScrollBar()
        bar.setValue(0)
        while editor.cursorRect().bottom() > editor.viewport().height() and bar.value() < bar.maximum():
            bar.setValue(bar.value() + 1)
        editor.show_suggestion(ghost_of(rows))
        assert rows_seen(editor) == list(range(fitting(editor, rows))), height
        assert editor.cursor_is_seen()


@pytest.mark.parametrize("rows", [1, 4, 12])
@pytest.mark.parametrize("line", [0, 60, LINES - 1])
def test_tab_takes_what_is_seen_and_shows_the_rest(editor, rows, line):
    text = editor.plain_text()
    for height in HEIGHTS:
        editor.resize(600, height)
        editor.go_to(line + 1, 99)
        editor.show_cursor()
        editor.show_suggestion(ghost_of(rows))
        taken = ""
        while editor.suggestion():
            seen = len(rows_seen(editor))
            before, scrolled = editor.plain_text(), editor.verticalScrollBar().value()
            lines = editor.suggestion().split("\n")
            press(editor, Qt.Key.Key_Tab)
            if editor.plain_text() == before:  # then it has shown more
                assert editor.verticalScrollBar().value() != scrolled
                assert len(rows_seen(editor)) > seen
                continue
            new = "\n".join(lines[: max(seen, 1)]) or "\n"
            taken += new
            offset = editor.cursor_offset()
            assert editor.plain_text()[offset - len(new) : offset] == new
            assert editor.cursor_is_seen()
        assert taken == ghost_of(rows)
        editor.setPlainText(text)


@pytest.mark.parametrize(("key", "modifiers"), [("Tab", None), ("Right", CONTROL), ("Down", CONTROL)])
@pytest.mark.parametrize("line", [0, 60, LINES - 1])
def test_scrolled_away_the_first_key_brings_it_back(editor, qtbot, key, modifiers, line):
    text = editor.plain_text()
    for height in (60, 200, 420):
        editor.resize(600, height)
        editor.go_to(line + 1, 99)
        editor.show_cursor()
        editor.show_suggestion(ghost_of(4))
        scroll_away(editor)
        with qtbot.assertNotEmitted(editor.suggestion_accepted):
            press(editor, Qt.Key[f"Key_{key}"], modifiers or Qt.KeyboardModifier.NoModifier)
        assert editor.plain_text() == text
        assert editor.suggestion() == ghost_of(4)
        assert rows_seen(editor) == list(range(fitting(editor, 4)))
        with qtbot.waitSignal(editor.suggestion_accepted):
            press(editor, Qt.Key[f"Key_{key}"], modifiers or Qt.KeyboardModifier.NoModifier)
        editor.setPlainText(text)


def test_a_suggestion_does_not_fetch_a_person_who_reads_elsewhere(editor):
    editor.go_to(60)
    scroll_away(editor)
    top = editor.verticalScrollBar().value()
    editor.show_suggestion(ghost_of(4))
    assert editor.verticalScrollBar().value() == top
    assert editor.suggestion() == ghost_of(4)


def test_the_command_takes_no_more_than_the_key(editor):
    editor.go_to(60, 99)
    editor.show_suggestion(ghost_of(4))
    scroll_away(editor)
    before = editor.plain_text()
    editor.accept_suggestion("all")
    assert editor.plain_text() == before
    editor.accept_suggestion("all")
    assert ghost_of(4) in editor.plain_text()


def test_a_break_alone_is_taken_where_one_row_has_room(editor):
    editor.resize(600, round(editor.line_pitch * 1.5) + 2 * editor.frameWidth())
    editor.go_to(60, 99)
    editor.show_cursor()
    editor.show_suggestion("\n    a\n    b")
    press(editor, Qt.Key.Key_Tab)
    assert editor.suggestion() == "a\n    b"
    press(editor, Qt.Key.Key_Tab)
    assert editor.suggestion() == "\n    b"
    press(editor, Qt.Key.Key_Tab)
    press(editor, Qt.Key.Key_Tab)
    assert "line 59\n    a\n    b\nline 60" in editor.plain_text()


def test_a_row_wider_than_the_view_leaves_what_is_before_it(editor):
    editor.setPlainText("x" * 200)
    editor.go_to(1, 200)
    editor.show_suggestion("y" * 300)
    third = editor.viewport().width() / 3
    assert abs(editor.cursorRect().left() - third) <= 3
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text() == "x" * 200 + "y" * 300


def test_sideways_the_beginning_is_seen_before_it_is_taken(editor):
    editor.setPlainText("x" * 200 + "\ny")
    editor.go_to(1, 200)
    bar = editor.horizontalScrollBar()
    editor.show_suggestion("a(b, c)")
    right = editor.cursorRect().left() + editor.letter_width * 7
    assert right <= editor.viewport().width()
    bar.setValue(0)
    press(editor, Qt.Key.Key_Tab)
    assert editor.suggestion() == "a(b, c)"
    assert 0 < editor.cursorRect().left() <= editor.viewport().width() - editor.letter_width * 7
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text() == "x" * 200 + "a(b, c)\ny"


@pytest.mark.parametrize("height", HEIGHTS)
def test_the_cursor_keeps_a_margin_and_its_line_is_never_cut(editor, height):
    editor.resize(600, height)
    editor.go_to(1)

    def check():
        rect = editor.cursorRect()
        pitch, rows = editor.line_pitch, int(editor.viewport().height() // editor.line_pitch)
        margin = min(3, (rows - 1) // 2) * pitch
        at_top = editor.verticalScrollBar().value() == 0
        assert rect.top() >= (0 if at_top else margin)
        assert rect.bottom() + (0 if at_top else margin) <= editor.viewport().height()

    for _ in range(LINES - 1):
        press(editor, Qt.Key.Key_Down)
        check()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_A, Qt.Key.Key_Backspace, Qt.Key.Key_Up):
        press(editor, key)
        check()
    editor.undo()
    check()
    for _ in range(LINES):
        press(editor, Qt.Key.Key_Up)
        check()


def test_a_lower_window_keeps_the_cursor_in_sight(editor):
    editor.resize(600, 600)
    editor.go_to(60, 0)
    editor.verticalScrollBar().setValue(40)
    editor.resize(600, 300)
    assert editor.cursor_is_seen()
    editor.verticalScrollBar().setValue(0)
    assert not editor.cursor_is_seen()
    editor.resize(600, 200)
    assert editor.verticalScrollBar().value() == 0


def test_a_click_near_the_edge_does_not_scroll(editor):
    editor.verticalScrollBar().setValue(20)
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 5))
    assert editor.verticalScrollBar().value() == 20
    assert editor.textCursor().blockNumber() == 20
