import pytest
from PySide6.QtCore import Qt

from tests.support import training

pytestmark = pytest.mark.gui


def texts(page):
    model = page.scope.files
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def place(page, path):
    return texts(page).index(path)


def test_the_open_folder_is_looked_at_at_once(page, tune, folder):
    assert [question for question, _ in tune.asked] == ["files"]
    assert tune.asked[0][1].repository == str(folder)
    assert page.scope.busy.isVisible()
    assert not page.scope.content.isVisible()


def test_files_are_listed_with_reasons_totals_and_what_is_held_out(page, tune):
    tune.answered.emit("files", training.files_answer())
    scope = page.scope
    assert scope.content.isVisible()
    assert not scope.busy.isVisible()
    assert scope.held_out.text().startswith("The additions of the latest 34 commits, 2026-08-02 to 2026-11-20.")
    assert scope.note.text().startswith("3 files with changes")
    assert scope.totals.text() == "3 in the training data (28 kB) · 8 left out"
    row = place(page, "src/orchard/_version.py")
    assert scope.files.index(row, 2).data() == "Generated: its first line says so"
    assert scope.files.index(row, 0).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked


def test_without_git_it_says_that_files_are_held_out(page, tune):
    tune.answered.emit("files", training.files_answer(kind="files"))
    assert "since there is no git history" in page.scope.held_out.text()


def test_files_are_found_by_text_and_by_reason(page, tune, qtbot):
    tune.answered.emit("files", training.files_answer())
    page.scope.which.setCurrentIndex(page.scope.which.findData("secret"))
    assert texts(page) == ["src/orchard/settings.py", ".env"]
    page.scope.search.setText("orch sett")
    qtbot.waitUntil(lambda: texts(page) == ["src/orchard/settings.py"])
    page.scope.search.setText("nothing of that name")
    qtbot.waitUntil(page.scope.none.isVisible)
    assert not page.scope.table.isVisible()


def test_space_decides_on_what_is_selected(page, tune, qtbot):
    tune.answered.emit("files", training.files_answer())
    table = page.scope.table
    table.selectRow(place(page, "src/orchard/tree.py"))
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert page.scope.data_config().drop == ("src/orchard/tree.py",)
    row = place(page, "src/orchard/tree.py")
    assert page.scope.files.index(row, 2).data() == "No: left out by you"
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert page.scope.data_config().drop == ()
    table.selectRow(place(page, "src/orchard/_version.py"))
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert page.scope.data_config().keep == ("src/orchard/_version.py",)
    assert page.scope.which.findData("overruled") >= 0


def test_a_click_on_the_box_decides(page, tune):
    tune.answered.emit("files", training.files_answer())
    model = page.scope.files
    index = model.index(place(page, "src/orchard/tree.py"), 0)
    assert model.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert page.scope.data_config().drop == ("src/orchard/tree.py",)
    picture = model.index(place(page, "docs/picture.png"), 0)
    assert not picture.flags() & Qt.ItemFlag.ItemIsUserCheckable


def test_a_secret_is_kept_only_when_it_is_trusted(page, tune, qtbot):
    tune.answered.emit("files", training.files_answer())
    page.scope.table.selectRow(place(page, "src/orchard/settings.py"))
    qtbot.keyClick(page.scope.table, Qt.Key.Key_Space)
    assert page.scope.data_config().keep == ()
    bar = page.bars.bar("trust")
    assert "line 12 looks like a password" in bar.text.text()
    bar.buttons[0].click()
    config = page.scope.data_config()
    assert (config.keep, config.trusted) == (("src/orchard/settings.py",), ("src/orchard/settings.py",))
    qtbot.keyClick(page.scope.table, Qt.Key.Key_Space)
    assert page.scope.data_config().trusted == ()


def test_fifty_thousand_files_are_no_trouble(page, tune, qtbot):
    tune.answered.emit("files", training.files_answer(extra=50_000))
    assert page.scope.files.rowCount() == 50_011
    page.scope.search.setText("part49999")
    qtbot.waitUntil(lambda: texts(page) == ["src/orchard/part49999/module.py"])


def test_samples_show_what_is_to_be_filled_in(page, tune):
    tune.answered.emit("files", training.files_answer())
    page.scope.show_them.click()
    assert tune.asked[-1][0] == "preview"
    assert not page.scope.show_them.isEnabled()
    tune.answered.emit("preview", training.preview_answer())
    view = page.scope.samples
    assert view.isVisible()
    assert view.code.marked.startswith("ripe = [apple")
    assert view.title.whole == "src/orchard/tree.py:48"
    assert "src/orchard/graft.py" in view.front.whole
    view.forth.click()
    assert view.code.marked == "x = 1"
    assert view.count.text() == "2 / 2"
    view.forth.click()
    assert view.count.text() == "1 / 2"


def test_a_failure_stands_in_a_bar_with_another_try(page, tune):
    tune.failed.emit("files", "This folder cannot be read.")
    bar = page.bars.bar("files")
    assert bar.text.text() == "This folder cannot be read."
    bar.buttons[0].click()
    assert [question for question, _ in tune.asked] == ["files", "files"]
    assert page.bars.bar("files") is None


def test_another_folder_starts_anew(page, tune, window, tmp_path):
    tune.answered.emit("files", training.files_answer())
    page.scope.files.decide([0], False)
    other = tmp_path / "vineyard"
    other.mkdir()
    window.services.dialogs.answers["folder"] = str(other)
    page.scope.other.click()
    assert page.scope.repository == other
    assert tune.asked[-1][1].repository == str(other)
    assert page.scope.data_config().drop == ()
    assert page.model.name.text() == "vineyard"
