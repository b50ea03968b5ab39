import os
import subprocess
import sys

import pytest

from assistant.config import Settings, find_paths, load_settings, save_settings
from assistant.errors import InputError


def test_everything_lies_under_grafter_home(grafter_home):
    paths = find_paths()
    for path in (paths.models, paths.downloads, paths.settings, paths.runtime):
        assert path.is_relative_to(grafter_home)


def test_the_home_of_nobody_is_bad_input(monkeypatch):
    monkeypatch.setenv("GRAFTER_HOME", "~nobody-has-this-name/x")
    with pytest.raises(InputError, match="no such home folder"):
        find_paths()


def test_no_file_means_the_defaults():
    assert load_settings(find_paths()) == Settings()


def test_what_is_saved_is_read_again():
    chosen = Settings(
        model="m", sources=("index",), theme="dark", font_size=14, suggestions=False, recent=("/a", "/ü b")
    )
    save_settings(find_paths(), chosen)
    assert load_settings(find_paths()) == chosen
    save_settings(find_paths(), Settings())
    assert load_settings(find_paths()) == Settings()


def test_a_whole_number_is_a_number():
    find_paths().settings.write_text("confidence = 0\n")
    assert load_settings(find_paths()).confidence == 0.0


def test_keys_of_a_newer_program_are_ignored():
    paths = find_paths()
    paths.settings.write_text('theme = "light"\nfrom_the_future = 1\n')
    assert load_settings(paths) == Settings(theme="light")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("font_size = 'big'", ["'font_size'", "'big'", "a whole number"]),
        ("font_size = true", ["'font_size'", "a whole number"]),
        ("theme = 'pink'", ["'theme'", "one of 'system', 'light'"]),
        ("sources = ['hub', 'moon']", ["'sources'", "a list, each one of 'hub', 'index'"]),
        ("sources = 'hub'", ["'sources'", "a list"]),
        ("confidence = 'high'", ["'confidence'", "a number"]),
        ("confidence = true", ["'confidence'", "a number"]),
        ("suggestions = 1", ["'suggestions'", "true or false"]),
        ("model = 3", ["'model'", "a text"]),
        ("theme = ", ["not valid TOML"]),
        ("recent = [['nested']]", ["'recent'"]),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_the_place(line, words):
    paths = find_paths()
    paths.settings.write_text(line)
    with pytest.raises(InputError) as caught:
        load_settings(paths)
    message = str(caught.value)
    assert str(paths.settings) in message
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_file_that_is_no_text_is_one_sentence():
    paths = find_paths()
    paths.settings.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        load_settings(paths)


def test_readers_see_the_old_settings_or_the_new_ones_while_two_programs_save():
    paths = find_paths()
    save_settings(paths, Settings())
    code = (
        "import sys\nfrom assistant.config import *\nfrom assistant.config import change_settings\n"
        "for number in range(60):\n"
        "    change_settings(find_paths(), Settings(), lambda s: s.replace(**{sys.argv[1]: number}))\n"
    )
    names = ("font_size", "debounce_ms")
    writers = [subprocess.Popen([sys.executable, "-P", "-c", code, name]) for name in names]
    while any(writer.poll() is None for writer in writers):
        load_settings(paths)  # raises where it is torn
    assert [writer.returncode for writer in writers] == [0, 0]
    assert load_settings(paths) == Settings(font_size=59, debounce_ms=59)
    assert {path.name for path in paths.config.iterdir()} == {"settings.toml", "settings.lock"}


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_settings_behind_a_link_stay_there(tmp_path):
    paths = find_paths()
    paths.settings.symlink_to(tmp_path / "mine.toml")
    save_settings(paths, Settings(theme="dark"))
    assert paths.settings.is_symlink()
    assert 'theme = "dark"' in (tmp_path / "mine.toml").read_text()
