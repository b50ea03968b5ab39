"""What is painted beside and between lines: several at once, following their lines, seen where they should be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtTest import QTest

from app.editor.code_editor import CodeEditor
from app.editor.decorations import Decoration, LineChange, column_after, line_map
from app.editor.ghost import Woven
from app.editor.view.line_cache import lowered_runs
from app.theme import load_theme
from app.theme.lowering import contrast, lowered

pytestmark = pytest.mark.gui
LINES = 12


@pytest.fixture(params=["light", "dark", "high-contrast"])
def theme(request):
    return load_theme(request.param)


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor(hint_count=0)
    qtbot.addWidget(editor)
    editor.resize(600, 500)
    editor.setPlainText("\n".join(f"line {i}" for i in range(LINES)))
    editor.show()
    editor.setFocus()
    editor.setCursorWidth(0)
    return editor


def inserted(block, *lines, anchor="above", **more):
    return Decoration(block, "inserted", lines, anchor, **more)


def top_of(editor, block):
    """Where the letters' slot of a line is, by Qt's own place for a cursor in it."""
    rect = editor.cursorRect(QTextCursor(editor.document().findBlockByNumber(block)))
    return round(rect.center().y() - editor.line_pitch / 2 - editor.contentOffset().y())


def row_of(editor, block):
    return round(top_of(editor, block) / editor.line_pitch)


def grounds(editor, x=300):
    """The colour of each row of the viewport right of the text."""
    image = editor.viewport().grab().toImage()
    pitch, top = editor.line_pitch, editor.contentOffset().y()
    rows = int((image.height() - top) // pitch)
    return [image.pixelColor(x, round(top + (row + 0.5) * pitch)).name() for row in range(rows)]


def edit(editor, line, column, length=0, text=""):
    block = editor.document().findBlockByNumber(line)
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + column)
    cursor.setPosition(cursor.position() + length, QTextCursor.MoveMode.KeepAnchor)
    cursor.insertText(text)


# --- where lines are after a change -----------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["abc"], ["a", "bc"], [0]),
        (["abc"], ["", "abc"], [1]),
        (["abc"], ["abc", ""], [0]),
        (["a", "b"], ["ab"], [0, None]),
        (["a", "b"], ["b"], [None, 0]),
        (["", "b"], ["b"], [None, 0]),
        (["a", "b", "c"], [""], [0, None, None]),
        (["a", "b", "c"], ["  a", "  b", "  c"], [0, 1, 2]),
        (["a", "b", "c", "d"], ["a", "x", "y", "c", "d"], [0, 1, 3, 4]),
        (["a", "b", "c", "d"], ["b", "d"], [None, 0, None, 1]),
    ],
)
def test_lines_are_found_again(old, new, expected):
    assert line_map(old, new) == expected


@given(st.lists(st.sampled_from("ab "), max_size=8), st.lists(st.sampled_from("ab "), max_size=8))
def test_lines_keep_their_order_and_no_two_become_one(old, new):
    found = [number for number in line_map(old, new) if number is not None]
    assert found == sorted(set(found))
    assert all(0 <= number < len(new) for number in found)


@given(st.text("ab", max_size=6), st.text("abc", max_size=6), st.integers(0, 6))
def test_a_column_stays_in_its_line(old, new, column):
    assert 0 <= column_after(old, new, min(column, len(old))) <= len(new)
    assert column_after(old, "xy" + old, min(column, len(old)) or 1) in ((min(column, len(old)) or 1) + 2, 0, 1, 2)


@pytest.mark.parametrize(("column", "after"), [(0, 0), (2, 2), (3, 2), (4, 3), (6, 5)])
def test_columns_move_with_what_is_right_of_an_edit(column, after):
    assert column_after("abcdef", "abXef", column) == after


def test_a_range_grows_and_shrinks():
    tint = Decoration(2, "removed", count=3)
    assert LineChange(3, ["b"], ["b1", "b2", "b3"]).moved(tint) == Decoration(2, "removed", count=5)
    assert LineChange(1, ["x", "a"], ["x"]).moved(tint) == Decoration(2, "removed", count=2)
    assert LineChange(1, ["x", "a", "b", "c", "y"], ["x", "y"]).moved(tint) is None
    assert LineChange(0, ["", ""], [""]).moved(tint) == Decoration(1, "removed", count=3)


# --- at once, and in their places ---------------------------------------------------------------


def test_several_make_room_and_say_where_lines_are(editor):
    editor.decorate("a", [inserted(2, "one", "two")])
    editor.decorate("b", [inserted(5, "three", anchor="below"), Decoration(7, "removed", count=2)])
    assert [row_of(editor, block) for block in range(9)] == [0, 1, 4, 5, 6, 7, 9, 10, 11]
    editor.decorate("a", [])
    assert [row_of(editor, block) for block in range(9)] == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    editor.decorate("b", [])
    assert [row_of(editor, block) for block in range(9)] == list(range(9))


def test_rows_have_their_grounds(editor, theme):
    editor.set_theme(theme)
    colors = theme.colors
    editor.go_to(12)
    editor.verticalScrollBar().setValue(0)
    editor.decorate("a", [inserted(2, "one", "two"), Decoration(2, "removed", count=2)])
    editor.decorate("b", [inserted(5, "three", anchor="below")])
    plain, added, removed = colors["background"], colors["added_line"], colors["removed_line"]
    expected = [plain, plain, added, added, removed, removed, plain, plain, added, plain]
    assert grounds(editor)[:10] == expected


def test_virtual_rows_hold_their_text_and_nothing_else_is_painted_over(editor):
    plain = editor.viewport().grab().toImage()
    editor.decorate("a", [inserted(2, "\u2588 \u2588", "\t\u2588"), Decoration(4, "ghost", ("\u2588",), "below")])
    image = editor.viewport().grab().toImage()
    pitch, top, letter = round(editor.line_pitch), round(editor.contentOffset().y()), editor.letter_width

    def color(row, column):
        x = round(editor.contentOffset().x() + editor.document().documentMargin() + (column + 0.5) * letter)
        return image.pixelColor(x, top + row * pitch + pitch // 2).name()

    text, added, ghost = (editor._theme.colors[name] for name in ("text", "added_line", "ghost"))
    text = lowered(text, added, [added], 0.2)
    assert [color(2, column) for column in range(4)] == [text, added, text, added]
    assert [color(3, column) for column in range(6)] == [added] * 4 + [text, added]
    assert color(7, 0) == ghost
    for row, now in ((0, 0), (1, 1), (2, 4), (3, 5), (4, 6), (5, 8), (6, 9)):
        before, after = (
            picture.copy(0, top + place * pitch, 500, pitch) for picture, place in ((plain, row), (image, now))
        )
        assert before == after, row


def test_virtual_rows_have_the_colours_of_their_place_lowered(editor, theme, qtbot):
    editor.set_theme(theme)
    editor.setPlainText('x = 1\n"""A text.\nto its end"""\n')
    editor.set_language("python")
    qtbot.waitUntil(lambda: not editor._highlighter.busy)
    block = "\u2588"
    editor.go_to(4)
    editor.decorate("a", [inserted(0, f"'{block}' #{block}"), inserted(2, f" {block}"), inserted(1, f" {block}")])
    editor.decorate("b", [Decoration(0, "ghost", (f"'{block}' #{block}",), "below")])
    image = editor.viewport().grab().toImage()
    pitch, top, letter = round(editor.line_pitch), round(editor.contentOffset().y()), editor.letter_width

    def color(row, column):
        x = round(editor.contentOffset().x() + editor.document().documentMargin() + (column + 0.5) * letter)
        return image.pixelColor(x, top + row * pitch + pitch // 2).name()

    def made(name, towards, ground, share):
        own = theme.syntax.get(name) or theme.colors[name]
        least = 7 if theme.name == "high-contrast" else 4.5
        return lowered(own, theme.colors[towards], [theme.colors[each] for each in ground], share, least)

    for column, name in ((1, "string"), (5, "comment")):
        assert color(0, column) == made(name, "added_line", ["added_line"], 0.2)
        assert color(2, column) == made(name, "ghost", ["background", "current_line"], 0.5)
    assert color(3, 1) == made("text", "added_line", ["added_line"], 0.2)
    assert color(5, 1) == made("string", "added_line", ["added_line"], 0.2)  # in a text that begins a line above


@pytest.mark.parametrize("grounds", [("background", "current_line"), ("added_line",)])
def test_lowered_colours_can_be_read(theme, grounds):
    grounds = [theme.colors[name] for name in grounds]
    least = 7 if theme.name == "high-contrast" else 4.5
    for color in theme.syntax.values():
        for towards in (theme.colors["ghost"], grounds[0]):
            made = lowered(color, towards, grounds, 0.5, least)
            assert all(contrast(made, ground) >= least for ground in grounds)


def test_lowering_and_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lowered("#000000", "#ffffff", ["#ffffff"], 0.25) == "#404040"
    assert lowered("#000000", "#ffffff", ["#ffffff"], 1.0) == "#606060"  # five of eight steps less: 6.3
    assert lowered("#888888", "#ffffff", ["#ffffff"], 0.5) == "#888888"  # it cannot be read by itself


def test_runs_of_a_virtual_line_cover_all_of_it():
    assert lowered_runs("ghost", (), 3) == ((0, 3, "ghost:"),)
    runs = ((1, 2, "keyword"), (5, 1, "string"))
    whole = ((0, 1, ""), (1, 2, "keyword"), (3, 2, ""), (5, 1, "string"), (6, 2, ""))
    assert lowered_runs("inserted", runs, 8) == tuple((at, count, f"inserted:{style}") for at, count, style in whole)
    assert lowered_runs("ghost", ((0, 2, "type"),), 2) == ((0, 2, "ghost:type"),)
    assert lowered_runs("ghost", (), 0) == ()


def test_the_gutter_has_numbers_beside_lines_and_signs_beside_changes(editor, theme):
    editor.set_theme(theme)
    editor.decorate("a", [inserted(1, "one"), Decoration(1, "removed"), Decoration(3, "mark", color="warn", count=2)])
    image = editor._gutter.grab().toImage()
    pitch, top = round(editor.line_pitch), round(editor.contentOffset().y())

    def has(row, color, left=0, right=99):
        wanted = QColor(theme.colors[color])
        return any(
            all(abs(a - b) < 12 for a, b in zip(image.pixelColor(x, y).getRgb(), wanted.getRgb(), strict=True))
            for x in range(left, min(right, image.width()))
            for y in range(top + row * pitch, top + (row + 1) * pitch)
        )

    assert [has(row, "ok") for row in range(6)] == [False, True, False, False, False, False]
    assert [has(row, "error") for row in range(6)] == [False, False, True, False, False, False]
    assert [has(row, "warn", 0, 3) for row in range(7)] == [False, False, False, False, True, True, False]
    numbers = [has(row, "ghost", 8) for row in range(2, 6)]
    assert numbers == [True] * 4


def test_texts_are_laid_into_a_line_beside_the_ghost(editor):
    editor.set_cursor_offset(len("line"))
    editor.show_suggestion(" of\ncode")
    editor.decorate("a", [inserted(0, "!", anchor="inline", column=6), inserted(0, ">", anchor="inline", column=0)])
    rows = editor.rows_of(editor.document().firstBlock())
    assert rows.woven.shown == ">line of\u2028code 0!"
    assert row_of(editor, 1) == 2
    assert editor.suggestion() == " of\ncode"
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.plain_text().startswith("line of\ncode 0\nline 1")
    assert editor.rows_of(editor.document().firstBlock()).woven.shown == ">line of"


def test_woven_lines_map_places_back():
    woven = Woven.of("abcd", [(1, "XY", 0, "ghost"), (3, "\U0001f600", 1, "inserted_text")])
    assert woven.shown == "aXYbc\U0001f600"
    assert [woven.line_position(place) for place in range(8)] == [0, 1, 1, 1, 2, 3, 3, 3]
    assert woven.span("ghost") == (1, 3)
    assert woven.span("inserted_text") == (5, 6)
    assert sorted(woven.runs(((0, 4, "name"),))) == [
        (0, 1, "name"),
        (1, 2, "ghost"),
        (3, 2, "name"),
        (5, 1, "inserted_text"),
    ]


# --- edits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "block"),
    [
        ((0, 0, 0, "x\ny\n"), 5),
        ((0, 6, 7, ""), 2),
        ((3, 0, 0, "x\n"), 4),
        ((3, 6, 0, "\nx"), 3),
        ((3, 2, 0, "\n"), 3),
        ((3, 0, 6, "other"), 3),
        ((2, 6, 1, ""), None),
        ((3, 0, 7, ""), None),
        ((5, 0, 7, ""), 3),
    ],
)
def test_an_anchor_follows_its_line_and_goes_with_it(editor, where, block):
    decorations = [inserted(3, "new"), Decoration(3, "mark"), Decoration(3, "removed")]
    editor.decorate("a", decorations)
    text = editor.plain_text()
    edit(editor, *where)
    found = editor.decorations("a")
    assert [one.block for one in found] == ([] if block is None else [block] * 3)
    if block is not None:
        extra = editor.document().blockCount()
        assert row_of(editor, extra - 1) == extra
        editor.undo()
        assert editor.plain_text() == text
        assert editor.decorations("a") == tuple(decorations)
        editor.redo()
        assert [one.block for one in editor.decorations("a")] == [block] * 3
    else:
        assert row_of(editor, editor.blockCount() - 1) == editor.blockCount() - 1


def test_several_edits_in_one_step_keep_the_anchors(editor):
    editor.decorate("a", [Decoration(block, "mark") for block in (2, 4, 9)])
    cursor = QTextCursor(editor.document())
    cursor.beginEditBlock()
    edit(editor, 10, 0, 0, "z\nz\n")
    edit(editor, 3, 0, 7, "")
    edit(editor, 0, 0, 0, "a\n")
    cursor.endEditBlock()
    lines = editor.plain_text().split("\n")
    assert [lines[one.block] for one in editor.decorations("a")] == ["line 2", "line 4", "line 9"]
    editor.undo()
    assert [one.block for one in editor.decorations("a")] == [2, 4, 9]


def test_indenting_keeps_the_marks_of_its_lines(editor):
    editor.decorate("a", [Decoration(2, "mark"), Decoration(3, "mark")])
    editor.selectAll()
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert [one.block for one in editor.decorations("a")] == [2, 3]


def test_an_inline_anchor_moves_with_its_column(editor):
    editor.decorate("a", [inserted(0, "\U0001f600", anchor="inline", column=5)])
    edit(editor, 0, 2, 0, "\U0001f600\U0001f600")
    assert editor.decorations("a")[0].column == 7
    edit(editor, 0, 0, 0, "\n")
    assert (editor.decorations("a")[0].block, editor.decorations("a")[0].column) == (1, 7)
    edit(editor, 1, 3, 0, "\n")
    assert (editor.decorations("a")[0].block, editor.decorations("a")[0].column) == (2, 4)
    edit(editor, 1, 3, 1, "")
    assert (editor.decorations("a")[0].block, editor.decorations("a")[0].column) == (1, 7)
    edit(editor, 0, 0, 1, "")
    assert (editor.decorations("a")[0].block, editor.decorations("a")[0].column) == (0, 7)
    edit(editor, 0, 0, 11, "")
    assert editor.decorations("a") == ()


def test_another_document_has_none(editor):
    editor.decorate("a", [inserted(0, "x"), Decoration(0, "mark")])
    editor.setPlainText("one line")
    assert editor.decorations("a") == ()
    assert row_of(editor, 0) == 0


def test_owners_hear_when_theirs_have_moved(editor, qtbot):
    editor.decorate("a", [Decoration(3, "mark")])
    with qtbot.waitSignal(editor._decorations.changed):
        edit(editor, 0, 0, 0, "\n")
    with qtbot.assertNotEmitted(editor._decorations.changed):
        edit(editor, 9, 0, 0, "x")


# --- pointing and seeing --------------------------------------------------------------------------


def test_clicks_hit_lines_between_virtual_rows(editor):
    editor.decorate("a", [inserted(2, "one", "two"), inserted(5, "three", anchor="below")])
    pitch, top = editor.line_pitch, editor.contentOffset().y()
    hit = []
    for row in range(10):
        point = QPoint(20, round(top + (row + 0.5) * pitch))
        QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        hit.append(editor.textCursor().blockNumber())
    assert hit == [0, 1, 2, 2, 2, 3, 4, 5, 5, 6]


@pytest.mark.parametrize("rows", [1, 4, 12])
def test_a_ghost_among_virtual_rows_is_scrolled_to_and_taken_as_seen(editor, rows):
    editor.decorate("a", [inserted(block, "above 1", "above 2") for block in range(1, LINES)])
    ghost = "\n".join(f"g{i}" for i in range(rows))
    for height in range(100, 500, 40):
        editor.resize(600, height)
        editor.go_to(9, 99)
        editor.verticalScrollBar().setValue(0)
        editor.show_cursor()
        editor.show_suggestion(ghost)
        top, pitch = top_of(editor, 8) + editor.contentOffset().y(), editor.line_pitch
        seen = min(rows, int((editor.viewport().height() - top) // pitch))
        assert top >= 0
        # More would only be seen if a line, with its rows above, were scrolled out that need not be.
        assert seen == rows or top < 3 * pitch
        before = editor.plain_text()
        QTest.keyClick(editor, Qt.Key.Key_Tab)
        assert editor.plain_text() == before.replace("line 8", "line 8" + "\n".join(ghost.split("\n")[:seen]))
        editor.clear_suggestion()
        editor.setPlainText("\n".join(f"line {i}" for i in range(LINES)))
        editor.decorate("a", [inserted(block, "above 1", "above 2") for block in range(1, LINES)])


def test_the_last_line_scrolls_to_the_top_with_rows_around_it(editor):
    editor.decorate("a", [inserted(LINES - 1, "a", "b"), inserted(LINES - 1, "c", anchor="below")])
    bar = editor.verticalScrollBar()
    assert bar.maximum() == LINES - 1
    bar.setValue(bar.maximum())
    assert row_of(editor, LINES - 1) == 2


def test_wide_rows_widen_the_scroll_range(editor):
    editor.decorate("a", [inserted(3, "x" * 200)])
    assert editor.horizontalScrollBar().maximum() > 100
    editor.decorate("a", [])
    assert editor.horizontalScrollBar().maximum() == 0


def test_a_ghost_is_slanted_and_its_rows_have_a_bar(editor, theme):
    editor.set_theme(theme)
    editor.show_suggestion("one\ntwo\nthree")
    visual = editor.rows_of(editor.document().firstBlock()).line
    slanted = [item.format.fontItalic() for item in visual.formats()]
    assert True in slanted
    image = editor.viewport().grab().toImage()
    pitch, top = editor.line_pitch, editor.contentOffset().y()
    bars = [image.pixelColor(3, round(top + (row + 0.5) * pitch)).name() for row in range(4)]
    assert bars[1:3] == [theme.colors["ghost"]] * 2
    assert theme.colors["ghost"] not in (bars[0], bars[3])
