import pytest
from PySide6.QtCore import QModelIndex, Qt

pytestmark = pytest.mark.gui


@pytest.fixture
def files(window, folder, qtbot):
    window.bench.folder.open(folder)
    qtbot.waitUntil(lambda: "README.md" in names(window.features["files"].panel))
    return window.features["files"].panel


def names(files, parent=None):
    model, root = files.tree.model(), parent or files.tree.rootIndex()
    return [model.index(row, 0, root).data() for row in range(model.rowCount(root))]


def index_of(files, name):
    model, root = files.tree.model(), files.tree.rootIndex()
    return next(
        model.index(row, 0, root) for row in range(model.rowCount(root)) if model.index(row, 0, root).data() == name
    )


def test_folders_come_first_and_git_is_hidden(files):
    assert names(files) == ["node_modules", "src", "README.md"]


def test_click_and_enter_open_a_file_and_unfold_a_folder(window, files, qtbot, folder):
    files.tree.setCurrentIndex(index_of(files, "README.md"))
    qtbot.keyClick(files.tree, Qt.Key.Key_Return)
    assert window.bench.central.current.path == folder / "README.md"
    files.tree.clicked.emit(index_of(files, "src"))
    assert files.tree.isExpanded(index_of(files, "src"))
    files.tree.clicked.emit(index_of(files, "src"))
    assert not files.tree.isExpanded(index_of(files, "src"))


def test_a_double_click_unfolds_once_and_escape_leads_back_to_the_text(window, files, qtbot, folder):
    page = window.bench.documents.open(folder / "README.md")
    place = files.tree.visualRect(index_of(files, "src")).center()
    for event in (qtbot.mouseClick, qtbot.mouseDClick, qtbot.mouseRelease):  # as a desktop sends them
        event(files.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert files.tree.isExpanded(index_of(files, "src"))
    files.tree.setFocus()
    qtbot.keyClick(files.tree, Qt.Key.Key_Tab)
    qtbot.keyClick(window.bench.central.tabs, Qt.Key.Key_Tab)
    assert page.editor.hasFocus()
    files.tree.setFocus()
    qtbot.keyClick(files.tree, Qt.Key.Key_Escape)
    assert page.editor.hasFocus()


def test_a_new_file_is_made_beside_the_selected_one_and_opened(window, files, qtbot, folder):
    files.tree.setCurrentIndex(index_of(files, "src"))
    files.new_file()
    assert window.bench.picker.line.text() == "src/"
    qtbot.keyClicks(window.bench.picker.line, "deep/leaf.py")
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert (folder / "src" / "deep" / "leaf.py").read_bytes() == b""
    assert window.bench.central.current.path == folder / "src" / "deep" / "leaf.py"


@pytest.mark.parametrize(
    ("name", "said"), [("README.md", "already"), ("../outside.py", "outside"), ("src/graft.py/x", "could not")]
)
def test_a_file_that_cannot_be_made_is_said(files, folder, name, said):
    files._make_file(name)
    assert said in files.bars.texts()["make"]
    assert not (folder.parent / "outside.py").exists()


def test_renaming_takes_the_open_tab_along(window, files, qtbot, folder):
    page = window.bench.documents.open(folder / "README.md")
    page.editor.insertPlainText("x")
    files.tree.setCurrentIndex(index_of(files, "README.md"))
    files.rename()
    assert window.bench.picker.line.selectedText() == "README"
    qtbot.keyClicks(window.bench.picker.line, "LIESMICH")
    qtbot.keyClick(window.bench.picker.line, Qt.Key.Key_Return)
    assert page.path == folder / "LIESMICH.md"
    assert page.modified
    assert window.bench.documents.save(page)
    assert (folder / "LIESMICH.md").read_bytes().startswith(b"x#")


def test_a_name_that_is_taken_is_said(files, folder):
    files._rename(folder / "README.md", "src")
    assert "already" in files.bars.texts()["rename"]
    files._rename(folder / "README.md", "a/b")
    assert "a/b" in files.bars.texts()["rename"]


def test_the_trash_asks_first(window, files, folder):
    files.tree.setCurrentIndex(QModelIndex())
    files.delete()
    files.tree.setCurrentIndex(index_of(files, "README.md"))
    files.delete()
    assert [name for name, _ in window.services.dialogs.asked] == ["confirm"]
    assert (folder / "README.md").exists()


def test_a_nul_in_a_new_name_is_said(window, folder):
    window.bench.folder.open(folder)
    window.features["files"].panel._make_file("a\0b.py")
    assert "NUL" in window.features["files"].panel.bars.texts()["make"]
