import pytest
from PySide6.QtCore import Qt

pytestmark = pytest.mark.gui


def titles(window):
    return [item.title for item, _ in window.picker._rows.rows]


def test_the_palette_holds_every_command_with_its_key_and_runs_it(window, folder, qtbot):
    window.open_folder(folder)
    window.documents.open(folder / "README.md")
    window.navigation.palette()
    assert len(titles(window)) == len(list(window.commands))
    assert any(item.keys == "Ctrl+S" for item, _ in window.picker._rows.rows)
    qtbot.keyClicks(window.picker.line, "settings")
    assert "Settings" in titles(window)[0]
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    assert window.central.current is window.settings
    assert window.picker.isHidden()


def test_only_what_can_do_something_is_offered(window, folder, qtbot):
    offered = {command.id for command in window.commands if command.action.isEnabled()}
    assert "file.open" in offered
    assert offered.isdisjoint({"file.save", "file.close", "file.rename", "edit.find", "assistant.take"})
    window.open_folder(folder)
    assert window.commands["file.rename"].action.isEnabled()
    window.show_settings()
    assert window.commands["file.close"].action.isEnabled()
    assert not window.commands["file.save"].action.isEnabled()
    window.navigation.palette()
    assert "File: Save" not in titles(window)


def test_the_picker_goes_round_by_arrows_and_away_by_escape(window, qtbot):
    window.navigation.palette()
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Up)
    assert window.picker.view.currentIndex().row() == len(titles(window)) - 1
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Down)
    assert window.picker.view.currentIndex().row() == 0
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Escape)
    assert window.picker.isHidden()


def test_nothing_found_is_said(window, qtbot):
    window.navigation.palette()
    qtbot.keyClicks(window.picker.line, "qqqqq")
    assert titles(window) == []
    assert "qqqqq" in window.picker.hint.text()
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    assert window.picker.isVisible()


def test_quick_open_finds_files_and_opens_one(window, folder, qtbot):
    window.open_folder(folder)
    window.navigation.quick_open()
    qtbot.waitUntil(lambda: len(titles(window)) == 3)
    qtbot.keyClicks(window.picker.line, "graft")
    assert titles(window) == ["graft.py"]
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    assert window.central.current.path == folder / "src" / "graft.py"


def test_quick_open_without_a_folder_asks_for_one(window, folder):
    window.services.dialogs.answers["folder"] = str(folder)
    window.navigation.quick_open()
    assert window.folder == folder


@pytest.mark.parametrize(
    ("typed", "place"), [("2", (1, 0)), ("2:5", (1, 4)), ("999", (2, 0)), ("nonsense", (0, 0)), ("", (0, 0))]
)
def test_go_to_line(window, folder, qtbot, typed, place):
    page = window.documents.open(folder / "src" / "graft.py")
    window.navigation.go_to_line()
    qtbot.keyClicks(window.picker.line, typed)
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    cursor = page.editor.textCursor()
    assert (cursor.blockNumber(), cursor.positionInBlock()) == place


def test_another_language(window, folder, qtbot):
    page = window.documents.open(folder / "README.md")
    window.navigation.choose_language()
    qtbot.keyClicks(window.picker.line, "Haskell")
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    assert page.info()[3] == "Haskell"
    assert window.status.language.text() == "Haskell"
    assert not page.modified


def test_recent_folders_can_be_opened_again(window, folder, tmp_path, qtbot):
    window.open_folder(folder)
    window.open_folder(tmp_path)
    window.navigation.recent_folders()
    qtbot.keyClicks(window.picker.line, "orchard")
    qtbot.keyClick(window.picker.line, Qt.Key.Key_Return)
    assert window.folder == folder


def test_find_counts_and_goes_round(window, folder, qtbot):
    page = window.documents.open(folder / "src" / "graft.py")
    bar = page.find_bar
    window.commands["edit.find"].action.trigger()
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
    window.commands["edit.find"].action.trigger()
    qtbot.keyClick(page.editor, Qt.Key.Key_Escape)
    assert bar.isHidden()
    bar.line.clear()
    window.commands["edit.next"].action.trigger()
    assert bar.isVisible()
