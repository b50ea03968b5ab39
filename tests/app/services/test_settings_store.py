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


def test_two_windows_keep_what_the_other_changed(qapp):
    one, other = SettingsStore(find_paths()), SettingsStore(find_paths())
    one.update(theme="dark")
    one.remember("/orchard")
    other.update(font_size=15)
    other.remember("/cellar")
    assert load_settings(find_paths()) == Settings(theme="dark", font_size=15, recent=("/cellar", "/orchard"))
    assert other.settings == load_settings(find_paths())
    one.update(theme="light")
    assert load_settings(find_paths()).font_size == 15


def test_what_could_not_be_saved_is_saved_with_the_next_change(qapp, grafter_home):
    store = SettingsStore(find_paths())
    store.update(theme="dark")
    saved = (grafter_home / "settings.toml").read_text()
    (grafter_home / "settings.toml").unlink()
    (grafter_home / "settings.toml").mkdir()
    store.update(font_size=20)
    (grafter_home / "settings.toml").rmdir()
    (grafter_home / "settings.toml").write_text(saved)
    store.update(debounce_ms=40)
    assert load_settings(find_paths()) == Settings(theme="dark", font_size=20, debounce_ms=40)


def test_a_disk_that_refuses_is_said(qapp, qtbot, grafter_home):
    store = SettingsStore(find_paths())
    (grafter_home / "settings.toml").mkdir()
    with qtbot.waitSignal(store.problem) as said:
        store.update(font_size=20)
    assert "could not be saved" in said.args[0]
    assert store.settings.font_size == 20
