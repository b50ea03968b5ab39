import pytest

from assistant.config import Settings, find_paths, save_settings
from assistant.errors import InputError
from assistant.server import settings as module
from assistant.server.settings import LiveSettings
from tests.support.patience import wait_until


def test_asking_reads_no_file(monkeypatch):
    settings = LiveSettings(find_paths())
    monkeypatch.setattr(module, "load_settings", lambda _paths: pytest.fail("the file was read"))
    monkeypatch.setattr(LiveSettings, "_read_stamp", lambda _self: pytest.fail("the file was looked at"))
    assert settings.now() == Settings()


def test_a_look_reads_only_what_has_changed(monkeypatch):
    paths = find_paths()
    settings = LiveSettings(paths)
    read = []
    load = module.load_settings
    monkeypatch.setattr(module, "load_settings", lambda given: read.append(1) or load(given))
    settings.look()
    assert not read
    for minutes in (5, 7):  # the same size, within one tick of the clock
        save_settings(paths, Settings(idle_minutes=minutes))
        settings.look()
        settings.look()
        assert settings.now().idle_minutes == minutes
    assert len(read) == 2
    paths.settings.write_text("idle_minutes = 'soon'")
    settings.look()
    assert settings.now().idle_minutes == 7
    paths.settings.unlink()
    settings.look()
    assert settings.now() == Settings()


def test_what_is_wrong_at_the_start_is_said():
    paths = find_paths()
    paths.settings.write_text("idle_minutes = 'soon'")
    with pytest.raises(InputError, match="idle_minutes"):
        LiveSettings(paths)


def test_the_file_is_followed(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    paths = find_paths()
    with LiveSettings(paths).followed() as settings:
        save_settings(paths, Settings(confidence=0.25))
        wait_until(lambda: settings.now().confidence == 0.25)
