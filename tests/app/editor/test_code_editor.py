"""The editor widget: suggestions never touch the document, keys do what they say."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QFont, QInputMethodEvent, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextEdit

from app.editor.code_editor import CodeEditor
from app.editor.files.newlines import split_breaks
from app.editor.files.text_file import decode
from app.editor.indent_style import IndentStyle
from app.theme import load_theme

pytestmark = pytest.mark.gui
CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
SOURCE = "def gcd(a, b):\n    \n    return a\n"


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.resize(600, 400)
    editor.setPlainText(SOURCE)
    editor.set_language("python")
    editor.show()
    editor.setFocus()
    editor.go_to(2, 4)
    return editor


def document_state(editor):
    document = editor.document()
    return (
        editor.toPlainText(),
        document.revision(),
        document.isUndoAvailable(),
        document.isRedoAvailable(),
        document.isModified(),
        document.blockCount(),
        editor.textCursor().position(),
    )


def press(editor, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(editor, key, modifiers)


def drawn(editor):
    """The viewport as an image, without the blinking caret."""
    editor.setCursorWidth(0)
    return editor.viewport().grab().toImage()


# --- the ghost is paint alone ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["x", "while b:\n        a, b = b, a % b", "\ta\n\tb\n", "\U0001f600 写"])
def test_showing_and_clearing_leave_the_document_alone(editor, text):
    before = document_state(editor)
    plain = drawn(editor)
    editor.show_suggestion(text)
    assert editor.suggestion() == text
    assert document_state(editor) == before
    assert drawn(editor) != plain
    editor.clear_suggestion()
    assert editor.suggestion() == ""
    assert document_state(editor) == before
    assert drawn(editor) == plain


def test_more_lines_take_room_below(editor):
    third = editor.document().findBlockByNumber(2)
    top = editor.blockBoundingGeometry(third).top()
    editor.show_suggestion("a\nb\nc")
    assert editor.blockBoundingGeometry(third).top() == top + 2 * editor.line_pitch
    editor.show_suggestion("a")
    assert editor.blockBoundingGeometry(third).top() == top
    editor.show_suggestion("a\nb")
    editor.clear_suggestion()
    assert editor.blockBoundingGeometry(third).top() == top


def test_the_ghost_has_the_themes_colour(editor):
    theme = load_theme("dark")
    editor.set_theme(theme)
    editor.set_hint_count(0)

    def ghost_pixels():
        image, wanted = drawn(editor), QColor(theme.colors["ghost"])
        return sum(image.pixelColor(x, y) == wanted for x in range(image.width()) for y in range(80))

    assert ghost_pixels() == 0
    editor.show_suggestion("\u2588\u2588\u2588")
    assert ghost_pixels() > 0


def test_text_to_the_right_is_shifted_and_not_hidden(editor):
    editor.set_hint_count(0)
    editor.setPlainText("f()\n")
    editor.set_language("no such language")
    editor.set_cursor_offset(3)
    editor.setPlainText("f(#####)")
    editor.set_cursor_offset(2)
    width = editor.fontMetrics().horizontalAdvance("m")

    def column_has_ink(column):
        image = drawn(editor)
        left = int(editor.contentOffset().x() + 8 + column * width)
        ground = QColor(editor._theme.colors["current_line"])
        top = int(editor.contentOffset().y())
        return any(
            image.pixelColor(x, y) != ground
            for x in range(left + 1, left + width - 1)
            for y in range(top + 1, top + int(editor.line_pitch) - 1)
        )

    assert column_has_ink(7)
    assert not column_has_ink(12)
    editor.show_suggestion("     ")
    assert not column_has_ink(4)
    assert column_has_ink(12)


def test_long_ghosts_widen_the_scroll_range(editor):
    bar = editor.horizontalScrollBar()
    assert bar.maximum() == 0
    editor.show_suggestion("x" * 200)
    assert bar.maximum() > 100
    editor.clear_suggestion()
    assert bar.maximum() == 0


@pytest.mark.parametrize("ghost", ["", "a", "\n".join("abcdef"), "\n" * 99])
@pytest.mark.parametrize("height", [12, 20, 40, 41, 200, 403])
def test_the_last_line_and_none_after_it_scrolls_to_the_top(editor, height, ghost):
    editor.resize(600, height)
    editor.setPlainText("\n".join(str(i) for i in range(60)))
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.show_suggestion(ghost)
    bar = editor.verticalScrollBar()
    assert bar.maximum() == 59
    bar.setValue(59)
    assert editor.firstVisibleBlock().blockNumber() == 59
    assert bar.pageStep() == max(1, int(editor.viewport().height() / editor.line_pitch))


def test_no_ghost_with_a_selection_or_read_only(editor):
    editor.selectAll()
    editor.show_suggestion("x")
    assert editor.suggestion() == ""
    editor.go_to(2, 4)
    editor.setReadOnly(True)
    editor.show_suggestion("x")
    assert editor.suggestion() == ""


def test_the_hint_is_shown_the_first_times_only(qtbot):
    editor = CodeEditor(hint_count=1)
    qtbot.addWidget(editor)
    editor.show_suggestion("ab")
    editor.show_suggestion("abc")
    assert editor.hint_count() == 0
    assert editor._hint == "Tab"
    editor.clear_suggestion()
    editor.show_suggestion("ab")
    assert editor._hint == ""


def test_places_can_be_marked(editor):
    plain = drawn(editor)
    found, wrong = QTextEdit.ExtraSelection(), QTextEdit.ExtraSelection()
    found.cursor = QTextCursor(editor.document())
    found.cursor.setPosition(3, QTextCursor.MoveMode.KeepAnchor)
    found.format.setBackground(QColor("#ff0000"))
    wrong.cursor = QTextCursor(editor.document().findBlockByNumber(2))
    wrong.cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    wrong.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    wrong.format.setUnderlineColor(QColor("#00ff00"))
    editor.setExtraSelections([found, wrong])
    marked = drawn(editor)
    seen = {marked.pixelColor(x, y).name() for x in range(marked.width()) for y in range(marked.height())}
    assert {"#ff0000", "#00ff00"} <= seen
    editor.setExtraSelections([])
    assert drawn(editor) == plain


def test_a_selection_fills_the_space_between_lines(editor):
    editor.selectAll()
    image = drawn(editor)
    color = QColor(editor._theme.colors["selection"])
    x = round(editor.contentOffset().x() + 9)
    top = round(editor.contentOffset().y())
    column = [image.pixelColor(x, y) == color for y in range(top, top + 3 * round(editor.line_pitch))]
    assert column[0]
    assert column[round(editor.line_pitch) - 1]
    assert column[round(editor.line_pitch)]


# --- typing and moving ----------------------------------------------------------------------


def test_typing_along_shortens(editor, qtbot):
    editor.show_suggestion("while b:")
    with qtbot.assertNotEmitted(editor.suggestion_dismissed):
        QTest.keyClicks(editor, "whi")
    assert editor.suggestion() == "le b:"
    QTest.keyClicks(editor, "le b:")
    assert editor.suggestion() == ""
    assert editor.plain_text() == "def gcd(a, b):\n    while b:\n    return a\n"


def test_a_line_break_that_agrees_shortens(editor):
    editor.go_to(1, 14)
    editor.show_suggestion("\n    x = 1")
    press(editor, Qt.Key.Key_Return)
    assert editor.suggestion() == "x = 1"


def test_other_typing_clears_without_a_signal(editor, qtbot):
    for act in (
        lambda: QTest.keyClicks(editor, "x"),
        lambda: press(editor, Qt.Key.Key_Backspace),
        lambda: press(editor, Qt.Key.Key_Left),
        lambda: press(editor, Qt.Key.Key_Left, SHIFT),
        editor.undo,
        lambda: editor.go_to(1, 0),
        lambda: editor.setPlainText("other"),
    ):
        editor.setPlainText(SOURCE + " ")
        editor.go_to(2, 4)
        QTest.keyClicks(editor, "y")
        editor.show_suggestion("while")
        with qtbot.assertNotEmitted(editor.suggestion_dismissed):
            act()
        assert editor.suggestion() == ""


def test_text_being_composed_clears(editor):
    editor.show_suggestion("x")
    QTest.qWait(0)
    editor.inputMethodEvent(QInputMethodEvent("に", []))
    assert editor.suggestion() == ""


# --- taking it -------------------------------------------------------------------------------


def test_tab_takes_all_in_one_undo_step(editor, qtbot):
    QTest.keyClicks(editor, "# ")
    typed = editor.plain_text()
    editor.show_suggestion("while b:\n        a, b = b, a % b")
    with qtbot.waitSignal(editor.suggestion_accepted) as told:
        press(editor, Qt.Key.Key_Tab)
    assert told.args == ["all", "while b:\n        a, b = b, a % b"]
    taken = editor.plain_text()
    assert taken == "def gcd(a, b):\n    # while b:\n        a, b = b, a % b\n    return a\n"
    assert editor.suggestion() == ""
    QTest.keyClicks(editor, "!")
    editor.undo()
    assert editor.plain_text() == taken
    editor.undo()
    assert editor.plain_text() == typed


def test_control_right_takes_words(editor, qtbot):
    editor.show_suggestion("return a + b")
    with qtbot.waitSignal(editor.suggestion_accepted) as told:
        press(editor, Qt.Key.Key_Right, CONTROL)
    assert told.args == ["word", "return"]
    assert editor.suggestion() == " a + b"
    press(editor, Qt.Key.Key_Right, CONTROL)
    assert editor.textCursor().block().text() == "    return a"
    editor.undo()
    assert editor.textCursor().block().text() == "    return"


def test_control_down_takes_lines(editor, qtbot):
    editor.show_suggestion("while b:\n        a = b\n    c")
    with qtbot.waitSignal(editor.suggestion_accepted) as told:
        press(editor, Qt.Key.Key_Down, CONTROL)
    assert told.args == ["line", "while b:\n"]
    assert editor.suggestion() == "        a = b\n    c"
    press(editor, Qt.Key.Key_Down, CONTROL)
    press(editor, Qt.Key.Key_Down, CONTROL)
    assert editor.suggestion() == ""
    assert editor.plain_text() == "def gcd(a, b):\n    while b:\n        a = b\n    c\n    return a\n"


def test_escape_dismisses_once(editor, qtbot):
    editor.show_suggestion("x")
    with qtbot.waitSignal(editor.suggestion_dismissed):
        press(editor, Qt.Key.Key_Escape)
    with qtbot.assertNotEmitted(editor.suggestion_dismissed):
        press(editor, Qt.Key.Key_Escape)
    assert editor.plain_text() == SOURCE


def test_asking_and_cycling(editor, qtbot):
    with qtbot.waitSignal(editor.suggestion_requested):
        press(editor, Qt.Key.Key_Backslash, ALT)
    for key, step in ((Qt.Key.Key_BracketRight, 1), (Qt.Key.Key_BracketLeft, -1)):
        with qtbot.waitSignal(editor.cycle_requested) as told:
            press(editor, key, ALT)
        assert told.args == [step]
    assert editor.plain_text() == SOURCE


def test_keys_keep_their_meaning_without_a_suggestion(editor):
    editor.go_to(1, 0)
    press(editor, Qt.Key.Key_Right, CONTROL)
    assert editor.cursor_offset() == 4
    editor.go_to(1, 0)
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text().startswith("    def")


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Escape])
def test_keys_of_a_suggestion_win_over_shortcuts_only_while_it_is_there(editor, key):
    def claims():
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        editor.event(event)
        return event.isAccepted()

    without = claims()
    editor.show_suggestion("x")
    assert claims()
    assert key != Qt.Key.Key_Escape or not without


# --- indentation -----------------------------------------------------------------------------


def test_tab_and_shift_tab_move_selected_lines(editor):
    cursor = editor.textCursor()
    cursor.setPosition(2)
    cursor.setPosition(len("def gcd(a, b):\n    \n  "), QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    editor.show_suggestion("x")
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text() == "    def gcd(a, b):\n    \n        return a\n"
    assert editor.textCursor().hasSelection()
    press(editor, Qt.Key.Key_Backtab, SHIFT)
    assert editor.plain_text() == SOURCE
    editor.undo()
    editor.undo()
    assert editor.plain_text() == SOURCE


def test_tab_then_shift_tab_gives_a_body_back(editor):
    body = "def f():\n    x = 1\n    y = 2\n    return x"
    editor.setPlainText(body)
    cursor = editor.textCursor()
    cursor.setPosition(len("def f():\n"))
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text() == "def f():\n        x = 1\n        y = 2\n        return x"
    press(editor, Qt.Key.Key_Backtab, SHIFT)
    assert editor.plain_text() == body


LINE = st.one_of(
    st.sampled_from(["", "  ", "\t", "x = 1", "    return x", "\tfoo()", "  \tbar", "\t  baz {", "      y,", "\xa0z"]),
    st.text(" \tab\U0001f600\r", max_size=8),
)


@given(st.lists(LINE, min_size=1, max_size=8).map("\n".join), st.integers(0, 60), st.integers(0, 60), st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_indenting_and_outdenting_gives_back_every_text(editor, text, start, end, crlf):
    editor.setPlainText(split_breaks(text.replace("\n", "\r\n" if crlf else "\n"))[0])
    text, unit = editor.plain_text(), editor.indent_unit()
    cursor = editor.textCursor()
    last = editor.document().characterCount() - 1
    cursor.setPosition(min(start, last))
    cursor.setPosition(min(end, last), QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    if not cursor.hasSelection():
        editor.selectAll()
    times = 0
    while times < 3:
        press(editor, Qt.Key.Key_Tab)
        times += 1
        if not editor.textCursor().hasSelection():
            break  # there was no letter, so no line, to be moved
    assert editor.indent_unit() == unit
    for _ in range(times if editor.textCursor().hasSelection() else 0):
        press(editor, Qt.Key.Key_Backtab, SHIFT)
    if editor.textCursor().hasSelection():
        assert editor.plain_text() == text


def test_the_unit_stays_whatever_the_text_becomes(editor):
    editor.setPlainText("if x:\n  y\n")
    assert editor.indent_unit() == "  "
    editor.selectAll()
    editor.insertPlainText("if x:\n    y\nif z:\n    a\n")
    assert editor.indent_unit() == "  "


def test_the_first_text_of_a_new_document_decides(editor, qtbot):
    editor.setPlainText("")
    assert editor.indent_unit() == "    "
    with qtbot.waitSignal(editor.indent_changed):
        editor.insertPlainText("if x:\n  y\n")
    assert editor.indent_unit() == "  "


def test_the_tab_stops_are_as_wide_as_they_should_be(editor):
    editor.setPlainText("\tx")
    narrow = point_of(editor, 1, 1).x()
    editor.set_indent_style(IndentStyle("\t", 8))
    editor.grab()
    letter = editor.fontMetrics().horizontalAdvance(" ")
    assert point_of(editor, 1, 1).x() - narrow == pytest.approx(4 * letter, abs=3)


def test_enter_indents_as_the_language_wants(editor):
    editor.setPlainText("if x:")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    press(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "return 1")
    press(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "y")
    assert editor.plain_text() == "if x:\n    return 1\ny"


def test_enter_between_brackets_opens_a_line_of_its_own(editor):
    editor.setPlainText("    f()")
    editor.set_cursor_offset(6)
    press(editor, Qt.Key.Key_Return)
    assert editor.plain_text() == "    f(\n        \n    )"
    assert editor.cursor_offset() == len("    f(\n        ")
    editor.undo()
    assert editor.plain_text() == "    f()"


def test_a_closing_bracket_goes_to_the_depth_of_its_line(editor):
    editor.setPlainText("  call(\n      a,\n      ")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, ")")
    assert editor.plain_text() == "  call(\n      a,\n  )"


def test_backspace_goes_to_the_stop_before(editor):
    editor.setPlainText("def f():\n    if y:\n        x")
    editor.go_to(3, 8)
    press(editor, Qt.Key.Key_Backspace)
    assert editor.plain_text() == "def f():\n    if y:\n    x"
    editor.go_to(3, 5)
    press(editor, Qt.Key.Key_Backspace)
    assert editor.plain_text() == "def f():\n    if y:\n    "


def test_home_goes_to_the_first_letter_then_the_margin(editor):
    editor.go_to(3, 8)
    press(editor, Qt.Key.Key_Home)
    assert editor.textCursor().positionInBlock() == 4
    press(editor, Qt.Key.Key_Home)
    assert editor.textCursor().positionInBlock() == 0
    press(editor, Qt.Key.Key_Home, SHIFT)
    assert editor.textCursor().selectedText() == "    "


def test_read_only_text_stays(editor):
    editor.setReadOnly(True)
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Backspace):
        press(editor, key)
    assert editor.plain_text() == SOURCE


# --- text, places, mouse -------------------------------------------------------------------


def test_plain_text_keeps_every_character(editor):
    text = "a\xa0b\u2028c\x0b\x0c\u200b\ufeff\U0001f600\ufffc\n\n"
    editor.setPlainText(text)
    assert editor.plain_text() == text


def test_offsets_count_characters(editor, qtbot):
    editor.setPlainText("\U0001f600a\n\U0001f600\U0001f600b\n")
    editor.set_cursor_offset(5)
    assert editor.cursor_offset() == 5
    assert editor.textCursor().positionInBlock() == 4
    with qtbot.waitSignal(editor.cursor_info_changed) as told:
        editor.go_to(2, 3)
    assert told.args == [2, 3]
    editor.show_suggestion("\U0001f600x")
    QTest.keyClicks(editor, "")
    press(editor, Qt.Key.Key_Right, CONTROL)
    assert (editor.suggestion(), editor.cursor_offset()) == ("x", 7)
    editor.go_to(99, 99)
    assert editor.cursor_offset() == len(editor.plain_text())


def point_of(editor, line, column):
    """The middle of the gap before a column, in viewport pixels, by Qt's own geometry."""
    block = editor.document().findBlockByNumber(line - 1)
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + column)
    return editor.cursorRect(cursor).center()


@pytest.mark.parametrize("shift", [-0.4, 0.0, 0.4])
def test_clicks_hit_the_line_also_between_its_letters_and_the_next(editor, shift):
    for line, column in ((1, 4), (3, 6), (1, 0), (3, 12)):
        point = point_of(editor, line, column) + QPoint(0, round(shift * editor.line_pitch))
        QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        cursor = editor.textCursor()
        assert (cursor.blockNumber() + 1, cursor.positionInBlock()) == (line, column)


def test_clicks_on_shifted_text_hit_what_is_seen(editor):
    editor.setPlainText("f(abc)")
    editor.set_cursor_offset(2)
    width = editor.fontMetrics().horizontalAdvance("m")
    shifted = point_of(editor, 1, 4) + QPoint(round(5 * width), 0)
    editor.show_suggestion("12345")
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, shifted)
    assert editor.textCursor().position() == 4
    editor.set_cursor_offset(2)
    editor.show_suggestion("12345\n6")
    inside = point_of(editor, 1, 2) + QPoint(round(3 * width), 0)
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, inside)
    assert (editor.textCursor().position(), editor.suggestion()) == (2, "12345\n6")


def test_points_outside_are_left_to_qt(editor):
    assert editor.text_point(QPointF(5, -20)) == QPointF(5, -20)


def test_caret_and_lines_agree(editor):
    for line in (1, 2, 3):
        rect = editor.cursorRect(QTextCursor(editor.document().findBlockByNumber(line - 1)))
        slot = editor.contentOffset().y() + (line - 1) * editor.line_pitch
        assert abs(rect.center().y() - (slot + editor.line_pitch / 2)) <= 2


def test_brackets_beside_the_caret_are_marked(editor):
    editor.go_to(1, 8)
    assert editor._brackets == (7, 12)
    editor.go_to(1, 2)
    assert editor._brackets == ()


def test_a_new_font_changes_lines_tabs_and_gutter(editor):
    pitch, width = editor.line_pitch, editor._gutter.width()
    font = QFont(editor.font())
    font.setPointSize(font.pointSize() * 2)
    editor.set_editor_font(font)
    assert editor.line_pitch > 1.5 * pitch
    assert editor._gutter.width() > width
    assert editor.tabStopDistance() == pytest.approx(4 * editor.fontMetrics().horizontalAdvance(" "), rel=0.1)


def test_gutter_widens_with_the_digits_and_selects_lines(editor):
    width = editor._gutter.width()
    editor.setPlainText("x\n" * 1000)
    assert editor._gutter.width() > width
    editor.go_to(1)
    y = round(editor.contentOffset().y() + editor.line_pitch * 1.5)
    QTest.mouseClick(editor._gutter, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(5, y))
    assert (editor.textCursor().selectionStart(), editor.textCursor().selectionEnd()) == (2, 4)


def test_files_dropped_are_not_text(editor):
    files, text = QMimeData(), QMimeData()
    files.setUrls([QUrl.fromLocalFile("/x")])
    text.setText("x")
    assert not editor.canInsertFromMimeData(files)
    assert editor.canInsertFromMimeData(text)


def test_names_for_screen_readers(editor):
    assert editor.accessibleName() == "Code editor"
    assert editor._gutter.accessibleName() == "Line numbers"


def test_taking_one_that_replaces_is_one_undo_step(editor, qtbot):
    editor.setPlainText("f(\U0001f600)]\nz")
    editor.set_cursor_offset(2)
    editor.show_suggestion("a, b)", 2)
    press(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert (editor.plain_text(), editor.suggestion()) == ("f(a\U0001f600)]\nz", ", b)")
    with qtbot.waitSignal(editor.suggestion_accepted):
        press(editor, Qt.Key.Key_Tab)
    assert (editor.plain_text(), editor.cursor_offset()) == ("f(a, b)]\nz", 7)
    editor.undo()
    assert editor.plain_text() == "f(a\U0001f600)]\nz"


def test_never_more_than_the_line_is_replaced(editor):
    editor.setPlainText("f(\nz")
    editor.set_cursor_offset(2)
    editor.show_suggestion("x)", 5)
    press(editor, Qt.Key.Key_Tab)
    assert editor.plain_text() == "f(x)\nz"


def test_cutting_and_pasting_keeps_every_character(editor):
    text = "a\xa0b\u202fc\u2028d\x0ce\U0010fe80f\n\xa0g\U0001f600\n"
    editor.setPlainText(text)
    editor.selectAll()
    editor.cut()
    assert editor.plain_text() == ""
    editor.paste()
    assert editor.plain_text() == text


def test_whatever_a_file_holds_goes_in_and_out_again(editor):
    dice = random.Random(5)
    for _ in range(150):
        data = b"".join(dice.choice([dice.randbytes(2), b"\n", "\ufeff\u2029\ufdd0é\0".encode()]) for _ in range(20))
        text = decode(Path("x"), data, dice.choice(["utf-8", "cp1252", "gb18030", "utf-16-le"])).text
        editor.setPlainText(text)
        assert editor.plain_text() == text
