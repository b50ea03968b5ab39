import pytest

from app.services.settings_store import SettingsStore
from assistant.config import Settings, find_paths, load_settings

pytestmark = pytest.mark.gui


def test_a_change_is_told_and_saved_at_once(qapp, qtbot):
    store = SettingsStore(find_paths())
    with qtbot.waitSignal(store.changed):
        store.update(theme="dark", debounce_ms=40)
    assert load_settings(find_paths()) == Settings(theme="dark", debounce_ms=40)
    with qtbot.assertNotEmitted(store.changed):
        store.update(theme="dark")


def test_a_bad_file_is_left_alone_until_the_person_changes_something(qapp):
    paths = find_paths()
    paths.settings.write_text('theme = "pink"\n', encoding="utf-8")
    store = SettingsStore(paths)
    assert "theme" in store.load_error
    assert store.settings == Settings()
    store.remember("/orchard")
    assert paths.settings.read_text(encoding="utf-8") == 'theme = "pink"\n'
    store.update(font_size=14)
    assert load_settings(paths) == Settings(font_size=14, recent=("/orchard",))
    assert store.load_error == ""


def test_recent_folders_are_newest_first_without_doubles(qapp):
    store = SettingsStore(find_paths())
    for name in ("a", "b", "a"):
        store.remember(name)
    assert store.settings.recent == ("a", "b")
    for number in range(20):
        store.remember(str(number))
    assert len(store.settings.recent) == 10


def test_a_disk_that_refuses_is_said(qapp, qtbot, grafter_home):
    store = SettingsStore(find_paths())
    (grafter_home / "settings.part").mkdir()
    with qtbot.waitSignal(store.problem) as said:
        store.update(font_size=20)
    assert "could not be saved" in said.args[0]
    assert store.settings.font_size == 20
