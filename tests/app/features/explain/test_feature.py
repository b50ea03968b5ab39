"""The panel in the window: opened, remembered, filled, and left by a click."""

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from assistant.types import ContextPiece

pytestmark = pytest.mark.gui


def tell(window, finished, number=0):
    window.features["suggest"].completion.explained.emit(finished, number)


def row_of(window, path):
    return next(row for row in window.features["why"].panel.rows if row.piece.path == path)


@pytest.fixture
def page(window, folder):
    """Return the page of src/graft.py in a window on the folder, with the panel open."""
    window.bench.folder.open(folder)
    page = window.bench.documents.open(folder / "src" / "graft.py")
    window.features["why"].show(True)
    return page


def test_it_is_a_command_an_icon_and_a_part_of_the_status_line(window):
    panel = window.features["why"].panel
    assert panel.isHidden()
    window.bench.commands["assistant.why"].action.trigger()
    assert panel.isVisible()
    assert window.activity_bar._buttons["why"].isChecked()
    window.activity_bar._buttons["why"].click()
    assert panel.isHidden()
    assert not window.activity_bar._buttons["why"].isChecked()
    window.services.connection.show("ready", model="m", device="cpu", latency_ms=83.6)
    window.features["models"].latency.click()
    assert panel.isVisible()
    panel.close_button.click()
    assert panel.isHidden()


def test_whether_it_is_open_is_remembered(make_window):
    window = make_window()
    window.features["why"].show(True)
    window.close()
    again = make_window()
    assert again.features["why"].panel.isVisible()
    again.features["why"].show(False)
    again.close()
    assert make_window().features["why"].panel.isHidden()


def test_what_was_shown_while_it_was_hidden_is_there_when_it_opens(window, folder, answer):
    window.bench.documents.open(folder / "src" / "graft.py")
    tell(window, answer())
    assert window.features["why"].panel.rows == []
    window.features["why"].toggle()
    assert len(window.features["why"].panel.rows) == 4


def test_a_click_opens_the_file_at_the_line(window, page, folder, answer, qtbot):
    pieces = (
        ContextPiece("src/tree.py", (2, 2), 9, "similar lines"),
        ContextPiece("src/graft.py", (1, 2), 9, "this file"),
    )
    tell(window, answer(context=pieces))
    row_of(window, "src/tree.py").click()
    assert window.bench.central.current.path == folder / "src" / "tree.py"
    assert window.bench.central.current.editor.textCursor().blockNumber() == 1
    page.editor.go_to(2)
    row_of(window, "src/graft.py").click()
    assert window.bench.central.current is page
    assert page.editor.textCursor().blockNumber() == 0
    window.bench.close_page(page)
    row_of(window, "src/graft.py").click()
    assert window.bench.central.current.path == folder / "src" / "graft.py"


def test_a_file_that_is_gone_is_said(window, page, answer):
    tell(window, answer(context=(ContextPiece("src/gone.py", (1, 2), 9, "similar lines"),)))
    row_of(window, "src/gone.py").click()
    assert "gone.py" in window.bench.central.bars.texts()["open"]
    assert window.bench.central.current is page


def test_a_text_without_a_name_is_found_again(window, answer):
    page = window.bench.documents.new(None)
    window.features["why"].show(True)
    tell(window, answer(context=(ContextPiece("", (1, 1), 9, "this file"),)))
    other = window.bench.documents.new(None)
    assert window.bench.central.current is other
    assert window.features["why"].panel.rows[0].text() == "this file:1–1, 9 tokens, this file"
    window.features["why"].panel.rows[0].click()
    assert window.bench.central.current is page
    window.bench.central.remove(page)
    window.features["why"].panel.rows[0].click()  # nowhere to go
    assert window.bench.central.current is other


def test_a_file_outside_of_the_folder_is_found_again(window, page, tmp_path, answer):
    outside = tmp_path / "outside.py"
    outside.write_text("a = 1\nb = 2\n", encoding="utf-8")
    own = window.bench.documents.open(outside)
    tell(window, answer(context=(ContextPiece("outside.py", (2, 2), 9, "this file"),)))
    window.bench.close_page(own)
    row_of(window, "outside.py").click()
    assert window.bench.central.current.path == outside
    assert window.bench.central.current.editor.textCursor().blockNumber() == 1


def test_the_focus_goes_there_by_a_command_and_back_by_escape(window, page, answer, qtbot):
    window.activateWindow()
    tell(window, answer())
    window.bench.commands["assistant.focus_why"].action.trigger()
    qtbot.waitUntil(window.features["why"].panel.tokens.hasFocus)
    qtbot.keyClick(window.features["why"].panel.tokens, Qt.Key.Key_Escape)
    qtbot.waitUntil(page.editor.hasFocus)
    window.bench.commands["assistant.focus_why"].action.trigger()
    qtbot.waitUntil(window.features["why"].panel.tokens.hasFocus)
    window.features["why"].toggle()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.editor)


def test_opening_it_leaves_the_editor_its_focus(window, page, qtbot):
    window.features["why"].show(False)
    window.activateWindow()
    page.editor.setFocus()
    window.features["why"].toggle()
    assert window.features["why"].panel.isVisible()
    assert QApplication.focusWidget() is page.editor


def test_a_failure_and_the_next_answer(window, page, answer):
    window.features["suggest"].completion.failed.emit("It broke.")
    assert window.features["why"].panel.bars.texts() == {"request": "It broke."}
    tell(window, answer())
    assert window.features["why"].panel.bars.texts() == {}


def test_theme_and_font_follow_the_settings(window, page, answer):
    tell(window, answer())
    before = window.features["why"].panel.tokens.grab().toImage()
    window.services.store.update(theme="dark")
    assert window.features["why"].panel.tokens.grab().toImage() != before
    window.services.store.update(font_size=6)
    assert window.features["why"].panel.tokens.font().pointSize() == 6


def test_a_narrow_window_leaves_the_editor_room(window, page, qtbot):
    window.features["why"].show(False)
    window.resize(900, 600)
    window.features["why"].show(True)
    qtbot.waitUntil(lambda: window.bench.panels.upright.width() > 370)
    window.resize(1300, 600)
    window.bench.panels.widget.setSizes([240, 600, 400])
    window.resize(900, 600)
    qtbot.waitUntil(lambda: window.bench.panels.upright.width() > 370)
    assert window.features["why"].panel.width() >= window.features["why"].panel.minimumWidth()


def test_sizes_of_a_time_before_the_panel_are_taken_over(make_window):
    window = make_window()
    window.bench.state.set_bytes("window/across", window.bench.panels.widget.saveState())
    window.features["why"].show(True)
    assert window.bench.panels.upright.width() > 300


def test_another_alternative_replaces_the_first(window, page, answer):
    first = answer().choices[0]
    second = dataclasses.replace(first, index=1, text="pass", spans=(), logprobs=())
    tell(window, answer(choices=(first, second)), 1)
    assert window.features["why"].panel.tokens.document().toPlainText() == "pass"
