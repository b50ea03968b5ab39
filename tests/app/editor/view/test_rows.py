"""How often rows are made: once for each line that is painted, and the decorated ones once for each change."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from app.editor.code_editor import CodeEditor
from app.editor.decorations import Decoration
from app.editor.view.gutter import Gutter
from app.editor.view.rows import Rows
from app.theme import load_theme

pytestmark = pytest.mark.gui
GHOST = "xyz = 1\n    second\n    third"


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor(hint_count=0)
    qtbot.addWidget(editor)
    editor.setPlainText("\n".join(f"line {i}" for i in range(90)))
    editor.resize(600, int(editor.line_pitch * 35))
    editor.show()
    editor.setFocus()
    editor.go_to(10, 7)
    return editor


@pytest.fixture
def work(monkeypatch, editor):
    """By what was asked of ``Rows``: how often for each line."""
    counts = {"of": Counter(), "_make": Counter()}

    def counted(made, counter):
        def count(rows, block, *rest):
            counter[block.blockNumber()] += 1
            return made(rows, block, *rest)

        return count

    for name, counter in counts.items():
        monkeypatch.setattr(Rows, name, counted(getattr(Rows, name), counter))
    QTest.qWait(0)
    for counter in counts.values():
        counter.clear()
    return counts


def seen(editor):
    return {block.blockNumber() for block, _ in editor.visible_blocks()}


def test_a_painting_asks_for_each_line_once(editor, work):
    shown = seen(editor)
    assert len(shown) > 30
    editor.viewport().repaint()
    assert work["of"] == Counter(shown)


def test_a_painting_with_decorations_makes_nothing_anew(editor, work):
    editor.show_suggestion(GHOST)
    editor.decorate("marks", [Decoration(3, "removed", count=2), Decoration(6, "inserted", ("new",), "above")])
    QTest.qWait(0)
    decorated = {3, 4, 6, 9}
    work["of"].clear()
    work["_make"].clear()
    editor.viewport().repaint()
    plain = {line: count for line, count in work["of"].items() if line not in decorated}
    assert plain == dict.fromkeys(seen(editor) - decorated, 1)
    assert not work["_make"]


def test_line_numbers_ask_for_decorated_lines_alone(editor, work):
    editor.show_suggestion(GHOST)
    QTest.qWait(0)
    work["of"].clear()
    editor.findChild(Gutter).repaint()
    assert set(work["of"]) == {9}


def test_a_key_that_types_the_ghost_makes_its_rows_once(editor, work):
    editor.show_suggestion(GHOST)
    QTest.qWait(0)
    work["of"].clear()
    work["_make"].clear()
    QTest.keyClick(editor, Qt.Key.Key_X)
    editor.grab()
    assert editor.suggestion() == GHOST[1:]
    assert set(work["_make"]) == {9}
    # Once between the edit and the ghost's own move, once after it.
    assert work["_make"][9] <= 2
    assert max(count for line, count in work["of"].items() if line != 9) <= 2


def test_rows_that_were_made_are_not_kept_when_the_look_changes(editor):
    editor.go_to(10, 7)
    editor.show_suggestion("word " * 60)
    block = editor.document().findBlockByNumber(9)
    before = editor.rows_of(block)
    assert editor.rows_of(block) is before
    editor.set_theme(load_theme("dark"))
    assert editor.rows_of(block).line is not before.line
    assert editor.rows_of(block).line.lineCount() == 1
    editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
    assert editor.rows_of(block).line.lineCount() > 3
    narrow = editor.rows_of(block).line.lineCount()
    editor.resize(300, editor.height())
    assert editor.rows_of(block).line.lineCount() > narrow
    editor.clear_suggestion()
    assert editor.rows_of(block).woven is None
