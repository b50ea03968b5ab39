"""The settings of a server that runs the model: checked before they are kept, and said where they matter."""

import pytest
from PySide6.QtCore import Qt

from assistant.config import Settings, find_paths, load_settings, save_settings

pytestmark = pytest.mark.gui

RESTART = ("restart", "")


@pytest.fixture
def settings(window):
    window.features["settings"].open()
    return window.features["settings"].get_page()


def type_address(qtbot, settings, text):
    settings.server.selectAll()
    qtbot.keyClick(settings.server, Qt.Key.Key_Delete)
    qtbot.keyClicks(settings.server, text)
    qtbot.keyClick(settings.server, Qt.Key.Key_Return)


def stored():
    return load_settings(find_paths())


def test_an_address_is_kept_and_starts_the_service_anew(qtbot, window, settings):
    type_address(qtbot, settings, " https://gpu-box/v1 ")
    assert stored().server == "https://gpu-box/v1"
    assert not settings.server_note.isVisible()
    assert window.services.connection.calls == [RESTART]
    settings.server.editingFinished.emit()
    assert window.services.connection.calls == [RESTART]
    type_address(qtbot, settings, "")
    assert stored().server == ""
    assert window.services.connection.calls == [RESTART, RESTART]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("gpu-box:8000", "write it like http://gpu-box:8000/v1"),
        ("http://gpu box", "is not the address of a server"),
        ("http://me:secret@gpu-box", "must not hold a password"),
        ("http://1.2.3.400:8000", "nothing in a network is called"),
    ],
)
def test_a_bad_address_is_said_in_the_page_and_not_kept(qtbot, window, settings, typed, said):
    type_address(qtbot, settings, "https://gpu-box/v1")
    type_address(qtbot, settings, typed)
    assert said in settings.server_note.text()
    assert settings.server_note.property("tone") == "error"
    assert settings.server_note.isVisible()
    assert stored().server == "https://gpu-box/v1"
    assert window.services.connection.calls == [RESTART]


def test_a_bad_address_stays_to_be_mended_while_other_settings_change(qtbot, settings):
    type_address(qtbot, settings, "gpu-box")
    settings.font_size.setValue(17)
    settings.server_fallback.click()
    assert settings.server.text() == "gpu-box"
    assert settings.server_note.isVisible()
    assert (stored().server, stored().font_size, stored().server_fallback) == ("", 17, False)
    type_address(qtbot, settings, "https://gpu-box")
    assert stored().server == "https://gpu-box"
    assert not settings.server_note.isVisible()


def test_a_half_typed_address_survives_another_change(qtbot, window, settings):
    qtbot.keyClicks(settings.server, "https://gpu")
    window.services.store.remember("/tmp/folder")
    assert settings.server.text() == "https://gpu"
    assert stored().server == ""


def test_an_open_connection_is_warned_of_but_kept(qtbot, settings):
    type_address(qtbot, settings, "http://gpu-box:8000/v1")
    assert "not encrypted" in settings.server_note.text()
    assert settings.server_note.property("tone") == "warn"
    assert stored().server == "http://gpu-box:8000/v1"


def test_a_bad_address_in_the_file_is_said_when_the_page_is_opened(make_window):
    save_settings(find_paths(), Settings(server="nonsense"))
    window = make_window()
    window.features["settings"].open()
    assert "is not the address of a server" in window.features["settings"].get_page().server_note.text()


def test_the_welcome_page_does_not_promise_that_code_stays_here(qtbot, window):
    assert "Nothing you write leaves it" in window.bench.welcome._lead.text()
    window.features["settings"].open()
    type_address(qtbot, window.features["settings"].get_page(), "https://gpu-box/v1")
    assert window.bench.welcome._lead.text().endswith("runs on https://gpu-box/v1, to which code is sent.")


def test_the_models_page_does_not_promise_that_code_stays_here(window):
    window.services.connection.show("ready", model="Qwen/Qwen2.5-Coder-7B", device="remote gpu-box:8000")
    window.features["models"].open()
    said = window.features["models"].get_page()._lead.text()
    assert "never leaves" not in said
    assert said.startswith("Qwen/Qwen2.5-Coder-7B on a server writes the suggestions (remote gpu-box:8000;")
    window.services.connection.show("ready", model="small", device="cpu (gpu-box:8000 is away)")
    assert "on a server" not in window.features["models"].get_page()._lead.text()


@pytest.mark.parametrize("width", [640, 1600])
def test_the_status_line_says_that_the_model_is_elsewhere(window, folder, width):
    window.bench.documents.open(folder / "src" / "graft.py")
    window.resize(width, 600)
    window.services.connection.show("ready", model="Qwen/Qwen2.5-Coder-7B-Instruct", device="remote gpu-box:8000")
    assert "remote gpu-box:8000" in window.features["models"].model.text()
