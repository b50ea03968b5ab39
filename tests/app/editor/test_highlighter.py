"""Colours follow edits, in whatever mode the size of the text asks for."""

import pytest
from PySide6.QtTest import QTest

from app.editor import highlighter
from app.editor.code_editor import CodeEditor

pytestmark = pytest.mark.gui


@pytest.fixture
def editor(qtbot, monkeypatch):
    monkeypatch.setattr(highlighter, "SETTLE_MS", 30)
    monkeypatch.setattr(highlighter, "DEBOUNCE_MS", 30)
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    return editor


def styles(editor, line):
    block = editor.document().findBlockByNumber(line - 1)
    return [style for _, _, style in editor._highlighter.runs(block)]


def settle(editor, qtbot):
    qtbot.waitUntil(lambda: not editor._highlighter.busy)


@pytest.mark.parametrize("order", ["language first", "text first"])
def test_text_and_language_in_either_order(editor, qtbot, order):
    acts = [lambda: editor.set_language("python"), lambda: editor.setPlainText("import os\nx = 1\n")]
    for act in acts if order == "language first" else reversed(acts):
        act()
    settle(editor, qtbot)
    assert styles(editor, 1) == ["keyword"]
    assert "number" in styles(editor, 2)
    assert editor.language() == "Python"


def test_typing_is_coloured_at_once(editor, qtbot):
    editor.set_language("python")
    editor.setPlainText("x\n" * 500)
    settle(editor, qtbot)
    editor.go_to(250, 0)
    QTest.keyClicks(editor, "import ")
    assert styles(editor, 250) == ["keyword"]


def test_an_edit_reaches_lines_below_and_above(editor, qtbot):
    editor.set_language("java")
    editor.setPlainText("/*\nint a;\nint b;\n")
    settle(editor, qtbot)
    assert styles(editor, 2) != ["comment"]
    editor.go_to(3, 6)
    QTest.keyClicks(editor, "*/")
    settle(editor, qtbot)
    assert styles(editor, 2) == ["comment"]


def test_lexers_without_state_follow_too(editor, qtbot):
    editor.set_language("c")
    editor.setPlainText("int a;\nint b;\n")
    settle(editor, qtbot)
    editor.go_to(2, 0)
    QTest.keyClicks(editor, "return ")
    assert styles(editor, 2)[0] == "keyword"
    editor.go_to(1, 0)
    QTest.keyClicks(editor, "/*")
    settle(editor, qtbot)
    editor.go_to(2, 0)
    QTest.keyClicks(editor, "*/")
    settle(editor, qtbot)
    assert styles(editor, 1) == ["comment"]


def test_large_texts_are_coloured_where_they_are_seen(editor, qtbot, monkeypatch):
    monkeypatch.setattr(highlighter, "MAX_CHARACTERS", 1000)
    editor.set_language("python")
    editor.setPlainText("import os\n" * 500)
    assert not editor._highlighter.busy
    assert styles(editor, 400) == ["keyword"]
    editor.go_to(400, 0)
    QTest.keyClicks(editor, "x = 1 #")
    assert styles(editor, 400)[-1] == "comment"
    editor.setPlainText("import os\n")
    settle(editor, qtbot)
    assert styles(editor, 1) == ["keyword"]


def test_a_lexer_that_fails_leaves_plain_text(editor, qtbot):
    editor.setPlainText("import os\n")
    editor.set_language("python")

    class Broken(type(editor._highlighter._lexer)):
        def get_tokens_unprocessed(self, text, stack=("root",)):
            raise ValueError("broken")

    editor._highlighter._lexer = Broken()
    editor._highlighter._start_over()
    settle(editor, qtbot)
    assert styles(editor, 1) == []
    QTest.keyClicks(editor, "x")
    assert editor.plain_text() == "ximport os\n"


def test_very_long_lines_stay_plain(editor, qtbot):
    editor.set_language("python")
    editor.setPlainText("x = '" + "a" * 20_000 + "'\ny = 1\n")
    settle(editor, qtbot)
    assert styles(editor, 1) == []
    assert "number" in styles(editor, 2)
    editor.viewport().grab()
