"""Colours follow edits, in whatever mode the size of the text asks for."""

import pytest
from PySide6.QtTest import QTest

from app.editor import highlighter, lexing
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


def virtual(editor, number, *lines):
    return [[style for _, _, style in runs] for runs in editor._highlighter.virtual_runs(number, lines)]


def test_lines_that_are_not_there_have_the_colours_of_their_place(editor, qtbot):
    editor.setPlainText('import os\n"""def\nx\n"""\ny = 2')
    editor.set_language("python")
    settle(editor, qtbot)
    assert virtual(editor, 0, "import re", "x = 1")[0] == ["keyword"]
    assert virtual(editor, 1, "import re", "x = 1")[1][-1] == "number"
    for number in (2, 3):
        assert virtual(editor, number, "import re", "x = 1") == [["string"], ["string"]]
    assert virtual(editor, 4, "import re") == [["keyword"]]
    assert virtual(editor, 5, "import re", "", "'a'") == [["keyword"], [], ["string"]]
    assert virtual(editor, 4, "'''a", "b", "'''") == [["string"]] * 3
    editor.go_to(2)
    editor.textCursor().insertText("#")  # what was a text is none any more
    settle(editor, qtbot)
    assert virtual(editor, 2, "import re")[0] == ["keyword"]


def test_they_are_coloured_in_every_mode(editor, qtbot, monkeypatch):
    editor.setPlainText("x = 1\n" * 5)
    assert virtual(editor, 1, "import re") == [[]]
    editor.set_language("python")
    settle(editor, qtbot)
    assert virtual(editor, 1, "import re", "x" * (lexing.MAX_LINE + 1)) == [[], []]
    with monkeypatch.context() as patch:
        patch.setattr(highlighter, "MAX_CHARACTERS", 10)
        assert virtual(editor, 1, "import re") == [["keyword"]]
    for language, text in (("html+php", "<!-- a\n" + "b\n" * 3 + "-->\n"), ("c", "/* a\n" + "b\n" * 300 + "*/\n")):
        editor.set_language(language)  # the first begins at the top alone
        editor.setPlainText(text)
        settle(editor, qtbot)
        for number in (2, editor.blockCount() - 3):
            assert virtual(editor, number, "int c;", "") == [["comment"], []]
    assert "type" in virtual(editor, editor.blockCount() - 1, "int c;")[0]


def test_a_lexer_that_fails_on_them_leaves_them_plain(editor, qtbot, monkeypatch):
    def broken(*_):
        yield (), None
        raise RuntimeError("no such state")

    editor.setPlainText("x = 1\n")
    editor.set_language("python")
    settle(editor, qtbot)
    monkeypatch.setattr(highlighter, "lex_lines", broken)
    assert virtual(editor, 0, "import re", "x = 1") == [[], []]


def test_the_context_of_a_place_far_down_is_not_read_from_the_top(editor, qtbot):
    editor.setPlainText("/* a\n" + "b\n\n" * 300 + "*/\n")
    editor.set_language("c")
    settle(editor, qtbot)
    assert editor._highlighter.beginning(300) == ("", ("root",), ())
    assert editor._highlighter.beginning(3) == ("", ("root",), ("/* a", "b", ""))
