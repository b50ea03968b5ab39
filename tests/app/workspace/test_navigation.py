import pytest
from PySide6.QtCore import Qt

pytestmark = pytest.mark.gui


def titles(window):
    return [item.title for item, _ in window.bench.picker._rows.rows]


def test_the_palette_holds_every_command_with_its_key_and_runs_it(window, folder, qtbot):
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "README.md")
    window.bench.commands["view.palette"].action.trigger()
    assert len(titles(window)) == len(list(window.bench.commands))
    assert any(item.keys == "Ctrl+S" for item, _ in window.bench.picker._rows.rows)
    qtbot.keyClicks(window.bench.picker.line, "settings")
    assert "Settings" in titles(window)[0]
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert window.bench.central.current is window.features["settings"].get_page()
    assert window.bench.picker.isHidden()


def test_only_what_can_do_something_is_offered(window, folder, qtbot):
    offered = {command.id for command in window.bench.commands if command.action.isEnabled()}
    assert "file.open" in offered
    assert offered.isdisjoint({"file.save", "file.close", "file.rename", "edit.find", "assistant.take"})
    window.bench.folder.open(folder)
    assert window.bench.commands["file.rename"].action.isEnabled()
    window.features["settings"].open()
    assert window.bench.commands["file.close"].action.isEnabled()
    assert not window.bench.commands["file.save"].action.isEnabled()
    window.bench.commands["view.palette"].action.trigger()
    assert "File: Save" not in titles(window)


def test_the_picker_goes_round_by_arrows_and_away_by_escape(window, qtbot):
    window.bench.commands["view.palette"].action.trigger()
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Up)
    assert window.bench.picker.view.currentIndex().row() == len(titles(window)) - 1
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Down)
    assert window.bench.picker.view.currentIndex().row() == 0
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Escape)
    assert window.bench.picker.isHidden()


def test_nothing_found_is_said(window, qtbot):
    window.bench.commands["view.palette"].action.trigger()
    qtbot.keyClicks(window.bench.picker.line, "qqqqq")
    assert titles(window) == []
    assert "qqqqq" in window.bench.picker.hint.text()
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert window.bench.picker.isVisible()


def test_quick_open_finds_files_and_opens_one(window, folder, qtbot):
    window.bench.folder.open(folder)
    window.bench.navigation.quick_open()
    qtbot.waitUntil(lambda: len(titles(window)) == 3)
    qtbot.keyClicks(window.bench.picker.line, "graft")
    assert titles(window) == ["graft.py"]
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert window.bench.central.current.path == folder / "src" / "graft.py"


def test_quick_open_without_a_folder_asks_for_one(window, folder):
    window.services.dialogs.answers["folder"] = str(folder)
    window.bench.navigation.quick_open()
    assert window.bench.folder.path == folder


@pytest.mark.parametrize(
    ("typed", "place"), [("2", (1, 0)), ("2:5", (1, 4)), ("999", (2, 0)), ("nonsense", (0, 0)), ("", (0, 0))]
)
def test_go_to_line(window, folder, qtbot, typed, place):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    window.bench.navigation.go_to_line()
    qtbot.keyClicks(window.bench.picker.line, typed)
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    cursor = page.editor.textCursor()
    assert (cursor.blockNumber(), cursor.positionInBlock()) == place


def test_another_language(window, folder, qtbot):
    page = window.bench.documents.open(folder / "README.md")
    window.bench.navigation.choose_language()
    qtbot.keyClicks(window.bench.picker.line, "Haskell")
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert page.info()[3] == "Haskell"
    assert window.bench.file_status.language.text() == "Haskell"
    assert not page.modified


def test_recent_folders_can_be_opened_again(window, folder, tmp_path, qtbot):
    window.bench.folder.open(folder)
    window.bench.folder.open(tmp_path)
    window.bench.navigation.recent_folders()
    qtbot.keyClicks(window.bench.picker.line, "orchard")
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert window.bench.folder.path == folder


def test_find_counts_and_goes_round(window, folder, qtbot):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    bar = page.find_bar
    window.bench.commands["edit.find"].action.trigger()
    assert bar.isVisible()
    qtbot.keyClicks(bar.line, "a")
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 2")
    qtbot.keyClick(bar.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.count.text() == "2 of 2")
    qtbot.keyClick(bar.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 2")
    qtbot.keyClick(bar.line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: bar.count.text() == "2 of 2")
    bar.line.setText("A")
    bar.case.setChecked(True)
    qtbot.waitUntil(lambda: bar.count.text() == "No matches")
    qtbot.keyClick(bar.line, Qt.Key.Key_Escape)
    assert bar.isHidden()
    page.editor.setFocus()
    window.bench.commands["edit.find"].action.trigger()
    qtbot.keyClick(page.editor, Qt.Key.Key_Escape)
    assert bar.isHidden()
    bar.line.clear()
    window.bench.commands["edit.next"].action.trigger()
    assert bar.isVisible()


def test_find_tells_no_break_spaces_from_blanks(window, folder, qtbot):
    (folder / "spaces.txt").write_text("a\xa0b a b\na\u202fb\n", encoding="utf-8")
    page = window.bench.documents.open(folder / "spaces.txt")
    bar = page.find_bar
    bar.open_bar()
    for words, place in (("a b", (4, 7)), ("a\xa0b", (0, 3)), ("a\u202fb", (8, 11))):
        bar.line.setText(words)
        bar.find_next()
        qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
        assert page.editor.selection() == place
    page.editor.select(0, 3)
    bar.open_bar()
    assert bar.line.text() == "a\xa0b"


def test_find_counts_characters_and_keeps_to_case(window, folder, qtbot):
    (folder / "wide.txt").write_text("\U0001f600 tree \U0001f600\nTree\xa0tree\n", encoding="utf-8")
    page = window.bench.documents.open(folder / "wide.txt")
    bar = page.find_bar
    bar.open_bar()
    bar.line.setText("tree")
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 3")
    assert page.editor.selection() == (2, 6)
    bar.find_next(backward=True)
    qtbot.waitUntil(lambda: bar.count.text() == "3 of 3")
    assert page.editor.selection() == (14, 18)
    bar.case.setChecked(True)
    qtbot.waitUntil(lambda: bar.count.text() == "2 of 2")
    bar.line.setText("(tree")
    qtbot.waitUntil(lambda: bar.count.text() == "No matches")
