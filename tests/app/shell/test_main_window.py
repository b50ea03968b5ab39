import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from app.features.output.panel import unseen
from app.workspace.welcome_page import WelcomePage
from assistant.config import find_paths, load_settings

pytestmark = pytest.mark.gui


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.ControlModifier):
    target = QApplication.focusWidget() or window
    qtbot.keyClick(target, key, modifier)


def test_without_a_folder_the_welcome_page_teaches(window):
    page = window.findChild(WelcomePage)
    assert page.isVisible()
    assert page.folder_button.isVisible()
    assert not page.find_button.isVisible()


def test_opening_a_folder_is_remembered_and_its_tabs_come_back(make_window, folder):
    window = make_window()
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "README.md")
    window.bench.documents.open(folder / "src" / "tree.py")
    window.bench.central.step(1)
    assert load_settings(find_paths()).recent == (str(folder),)
    assert window.close()
    again = make_window()
    again.bench.folder.open(folder)
    assert [page.name for page in again.bench.central.editors] == ["README.md", "tree.py"]
    assert again.bench.central.current.name == "README.md"


def test_a_folder_that_is_gone_is_said(window, folder):
    window.bench.folder.open(folder / "nowhere")
    assert "nowhere" in window.bench.central.bars.texts()["open"]
    assert window.bench.folder.path is None


def test_command_line_paths(window, folder):
    window.bench.folder.open_paths([folder, folder / "README.md", folder / "new.py"])
    assert window.bench.folder.path == folder
    assert [page.name for page in window.bench.central.editors] == ["README.md", "new.py"]
    assert window.bench.documents.save(window.bench.central.current)
    assert (folder / "new.py").exists()
    window.bench.folder.open_paths([folder / "src" / ".." / "README.md"])
    assert len(window.bench.central.editors) == 2
    window.bench.folder.open_paths([folder / "src" / ".."])
    assert window.windowTitle() == "orchard – Grafter"


def test_tabs_close_by_middle_click_and_go_round_by_keys(window, folder, qtbot):
    window.bench.folder.open(folder)
    for name in ("README.md", "src/tree.py", "src/graft.py"):
        window.bench.documents.open(folder / name)
    window.bench.commands["view.next_tab"].action.trigger()
    assert window.bench.central.current.name == "README.md"
    window.bench.commands["view.previous_tab"].action.trigger()
    assert window.bench.central.current.name == "graft.py"
    center = window.bench.central.tabs.tabRect(1).center()
    qtbot.mouseClick(window.bench.central.tabs, Qt.MouseButton.MiddleButton, pos=QPoint(center.x(), center.y()))
    assert [page.name for page in window.bench.central.editors] == ["README.md", "graft.py"]


def test_saving_and_a_refused_closing_leave_the_suggestion(window, folder, monkeypatch):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    page.editor.insertPlainText("x")
    left = []
    monkeypatch.setattr(window.features["suggest"].completion, "detach", lambda: left.append(page))
    assert not window.bench.close_page(page)
    assert window.bench.documents.save(page)
    assert left == []


def test_the_status_line_follows_the_cursor(window, folder):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    page.editor.go_to(2, 4)
    assert window.bench.file_status.place.text() == "Ln 2, Col 5"
    assert window.bench.file_status.language.text() == "Python"
    assert window.bench.file_status.indent.text() == "4 spaces"
    window.features["settings"].open()
    assert window.bench.file_status.place.isHidden()


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("loading", {"model": "m", "progress": 0.42}, "m · loading 42 %"),
        ("ready", {"model": "m", "device": "cpu"}, "m · cpu · ready"),
        ("thinking", {"model": "m", "device": "cpu"}, "m · cpu · thinking"),
        ("restarting", {"message": "It crashed."}, "Service stopped: restarting…"),
        ("none", {}, "No model"),
    ],
)
def test_the_state_of_the_model_is_a_few_words(window, kind, values, text):
    window.services.connection.show(kind, **values)
    assert window.features["models"].model.text() == text


def test_latency_is_shown_with_its_unit(window):
    window.services.connection.show("ready", model="m", device="cpu", latency_ms=83.6)
    assert window.features["models"].latency.text() == "84 ms"


def test_a_failure_is_a_bar_with_what_mends_it(window, folder):
    window.bench.documents.open(folder / "README.md")
    connection = window.services.connection
    connection.log = "Traceback\nRuntimeError: no luck\n"
    connection.show("failed", message="The service was killed or crashed.")
    bar = window.bench.central.bars.bar("service")
    assert bar.text.text() == "The service was killed or crashed."
    restart, show_log = bar.buttons
    show_log.click()
    assert window.features["output"].panel.isVisible()
    assert "no luck" in window.features["output"].panel.text.toPlainText()
    window.features["models"]._on_clicked()
    window.bench.central.bars.bar("service").buttons[0].click()
    assert connection.calls == [("restart", "")]
    connection.show("failed", message="Again.")
    connection.show("ready", model="m")
    assert "service" not in window.bench.central.bars.texts()
    assert restart.text() == "Restart"


@pytest.mark.parametrize(
    ("seen", "tail", "new"),
    [
        ([], ["a"], ["a"]),
        (["a"], ["a"], []),
        (["a", "b"], ["a", "b", "c"], ["c"]),
        (["a", "b"], ["b", "c"], ["c"]),
        (["a", "b"], ["x"], ["x"]),
        (["a"], [], []),
    ],
)
def test_a_log_whose_first_lines_were_dropped_is_not_written_twice(seen, tail, new):
    assert unseen(seen, tail) == new


def test_typing_goes_on_while_the_service_is_gone(window, folder, qtbot):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    window.services.connection.show("restarting", message="It crashed.")
    qtbot.keyClicks(page.editor, "abc")
    window.services.connection.show("failed", message="It crashed.")
    qtbot.keyClicks(page.editor, "def")
    assert page.editor.plain_text().startswith("abcdef")


def test_without_a_model_the_models_page_comes_once(window):
    window.services.connection.show("none")
    assert window.bench.central.current is window.features["models"].get_page()
    window.bench.close_page(window.features["models"].get_page())
    window.services.connection.show("starting")
    window.services.connection.show("none")
    assert window.features["models"].get_page() not in window.bench.central.pages


def test_an_unexpected_error_is_a_bar_not_the_end(window):
    window.report("Traceback …\nValueError: boom\n")
    assert "ValueError: boom" in window.bench.central.bars.texts()["unexpected"]
    assert "Traceback" in window.features["output"].panel.text.toPlainText()


def test_settings_take_force_and_are_saved_at_once(window, folder):
    page = window.bench.documents.open(folder / "README.md")
    window.features["settings"].open()
    settings = window.features["settings"].get_page()
    settings.font_size.setValue(17)
    assert page.editor.font().pointSize() == 17
    settings.theme.setCurrentIndex(settings.theme.findData("dark"))
    assert window.services.theme.theme.name == "dark"
    assert window.bench.icons.theme.dark
    settings.suggestions.setChecked(False)
    settings.debounce.setValue(300)
    settings.device.setCurrentIndex(settings.device.findData("cpu"))
    assert ("restart", "") in window.services.connection.calls
    settings.bits.setCurrentIndex(settings.bits.findText("4 bits, one copy: least memory"))
    settings.confidence.setValue(0.35)
    assert window.services.connection.calls.count(("restart", "")) == 2
    settings.sources.setCurrentIndex(1)
    stored = load_settings(find_paths())
    assert (stored.font_size, stored.theme, stored.suggestions, stored.debounce_ms) == (17, "dark", False, 300)
    assert stored.confidence == 0.35
    assert (stored.device, stored.bits, stored.lean, stored.sources) == ("cpu", 4, True, ("index", "hub"))


def test_a_bad_settings_file_is_said(make_window):
    find_paths().settings.write_text("theme = 3\n", encoding="utf-8")
    window = make_window()
    assert "theme" in window.bench.central.bars.texts()["settings"]
    assert find_paths().settings.read_text(encoding="utf-8") == "theme = 3\n"


def test_sizes_and_panels_are_remembered(make_window):
    window = make_window()
    window.resize(1000, 640)
    window.features["files"].show(False)
    window.close()
    again = make_window()
    assert again.features["files"].panel.isHidden()


def test_every_command_has_a_title_and_no_key_is_taken_twice(window):
    seen: dict[str, str] = {}
    for command in window.bench.commands:
        assert command.action.text()
        for key in command.action.shortcuts():
            assert key.toString() not in seen, f"{command.id} and {seen[key.toString()]}"
            seen[key.toString()] = command.id


def test_menus_show_the_keys_that_the_editor_handles_too(window):
    assert window.bench.commands["edit.undo"].action.text() == "Undo\tCtrl+Z"
    assert window.bench.commands["edit.undo"].title == "Undo"


def test_many_tabs_scroll_and_keep_their_names(window, folder):
    window.resize(700, 600)
    for number in range(12):
        (folder / f"conftest{number}.py").touch()
        window.bench.documents.open(folder / f"conftest{number}.py")
    tabs = window.bench.central.tabs
    room = tabs.tabRect(3).width() - tabs.tabButton(3, tabs.ButtonPosition.RightSide).width() - tabs.iconSize().width()
    assert room > tabs.fontMetrics().horizontalAdvance("conftest3.py")


def test_the_suggestion_toggle_is_one_setting_everywhere(window):
    window.features["suggest"].switch.click()
    assert not window.services.store.settings.suggestions
    assert not window.bench.commands["assistant.toggle"].action.isChecked()
    assert not window.features["settings"].get_page().suggestions.isChecked()


def test_a_model_that_sleeps_is_no_error(window, folder):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    before = set(window.bench.central.bars.texts())
    said = "Nobody asked for a while, so the model's memory was given back; the next request loads it again."
    window.services.connection.show("idle", model="small", message=said)
    assert window.features["models"].model.text() == "small · unloaded; the next key loads it"
    assert window.features["models"].model.toolTip() == said
    assert window.features["models"].model.property("tone") in (None, "")
    assert set(window.bench.central.bars.texts()) == before
    assert not page.bars.texts()
    window.services.connection.show("loading", model="small", progress=0.5)
    assert window.features["models"].model.text() == "small · loading 50 %"


def test_when_the_model_falls_asleep_is_a_setting_that_restarts_nothing(window):
    window.features["settings"].open()
    assert window.features["settings"].get_page().idle.value() == 20
    window.features["settings"].get_page().idle.setValue(0)
    assert window.features["settings"].get_page().idle.text() == "Never"
    assert load_settings(find_paths()).idle_minutes == 0
    assert ("restart", "") not in window.services.connection.calls


@pytest.mark.parametrize("kind", ["ready", "idle"])
@pytest.mark.parametrize("width", [640, 900, 1600])
def test_the_status_line_fits_every_width(window, folder, width, kind):
    window.bench.documents.open(folder / "src" / "graft.py")
    window.services.connection.show(kind, model="qwen2.5-coder-0.5b-instruct", device="cpu", latency_ms=84.0)
    window.resize(width, 600)
    QApplication.processEvents()
    assert window.width() == width
    assert window.features["suggest"].switch.geometry().right() <= window.bench.status.width()
