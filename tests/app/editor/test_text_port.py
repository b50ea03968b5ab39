"""The one protocol of an editor, on the editor itself: offsets in characters, edits as one step."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.editor.code_editor import CodeEditor
from app.editor.decorations import Decoration
from app.editor.text_port import Change, SuggestionPort, TextPort

pytestmark = pytest.mark.gui
TEXT = "\U0001f600 one\ntwo\nthree\n"


@pytest.fixture
def editor(qtbot):
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.setPlainText(TEXT)
    editor.show()
    return editor


def test_the_editor_is_a_port(editor):
    port: SuggestionPort = editor
    names = [name for kind in (TextPort, SuggestionPort) for name in vars(kind) if not name.startswith("_")]
    names += [*TextPort.__annotations__, *SuggestionPort.__annotations__]
    assert {"apply", "edited", "suggestion_accepted", "textChanged"} <= set(names)
    assert [name for name in names if not hasattr(port, name)] == []


def test_places_count_characters(editor):
    editor.select(2, 5)
    assert editor.selection() == (2, 5)
    assert editor.cursor_offset() == 5
    assert editor.cursor_place() == (1, 5)
    assert editor.textCursor().selectedText() == "one"
    editor.select(6, 6)
    assert (editor.selection(), editor.cursor_place()) == ((6, 6), (2, 0))


def test_changes_are_one_step_with_the_places_of_before(editor):
    editor.decorate("a", [Decoration(2, "mark")])
    editor.apply([Change(0, 2, ""), Change(6, 9, "2\n2\n2"), Change(2, 5, "eins"), Change(16, 16, "end")])
    assert editor.plain_text() == "eins\n2\n2\n2\nthree\nend"
    assert editor.decorations("a") == (Decoration(4, "mark"),)
    editor.undo()
    assert editor.plain_text() == TEXT
    assert editor.decorations("a") == (Decoration(2, "mark"),)
    editor.redo()
    assert editor.plain_text() == "eins\n2\n2\n2\nthree\nend"


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3), st.text("x\n\U0001f600", max_size=3)), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changes_give_what_they_say(editor, parts):
    editor.setPlainText(TEXT)
    changes, free, expected = [], 0, ""
    for start, length, text in sorted(parts):
        if start >= free and (not changes or start > changes[-1].start):
            changes.append(Change(start, min(start + length, len(TEXT)), text))
            expected += TEXT[free:start] + text
            free = changes[-1].end
    expected += TEXT[free:]
    editor.apply(list(reversed(changes)))
    assert editor.plain_text() == expected
    if expected != TEXT:
        editor.undo()
    assert editor.plain_text() == TEXT


def test_edits_are_told_in_characters_before_the_text_changed(editor, qtbot):
    told = []
    editor.edited.connect(lambda *place: told.append((*place, editor.plain_text()[place[0] : sum(place)])))
    editor.textChanged.connect(lambda: told.append("changed"))
    editor.apply([Change(6, 9, "\U0001f600\n")])
    assert told == [(6, 2, "\U0001f600\n"), "changed"]


def test_what_is_selected_out_of_sight_comes_to_the_middle(editor):
    editor.resize(500, 300)
    editor.setPlainText("\n".join(f"line {i}" for i in range(200)))
    start = editor.plain_text().index("line 150")
    editor.select(start, start + 4)
    middle = editor.cursorRect().center().y()
    assert abs(middle - editor.viewport().height() / 2) <= 1.5 * editor.line_pitch
    top = editor.verticalScrollBar().value()
    editor.select(start + 18, start + 20)
    assert editor.verticalScrollBar().value() == top
