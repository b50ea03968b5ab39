"""Files are whole or not there: after kills, on a full disk, and where two write one."""

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import DiskError
from assistant.system import files
from assistant.system.files import (
    disk_errors,
    mend,
    part_of,
    put,
    remove_folder,
    replacing,
    staged,
    write_file,
    write_folder,
    write_own_file,
)
from assistant.system.modes import OWN, PUBLIC

posix = pytest.mark.skipif(os.name != "posix", reason="modes and signals are POSIX's")
WRITER = """
import sys
from pathlib import Path
from assistant.system.files import write_file, write_folder
place, letter = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
number = 0
while True:
    number += 1
    text = (letter * 400_000 + str(number)).encode()
    if sys.argv[3] == "file":
        write_file(place, text)
    else:
        write_folder(place, {"one": text, "two": text}, alone=True)
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def start(place, letter, kind):
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", WRITER, str(place), letter, kind], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def is_whole(data, letters="ab"):
    return data[:1].decode() in letters and data[:400_000] == data[:1] * 400_000 and data[400_000:].isdigit()


@given(st.binary(max_size=300), st.text(max_size=300).filter(lambda text: text.isprintable()))
def test_what_is_written_is_read_again(tmp_path_factory, data, text):
    place = tmp_path_factory.mktemp("place") / "file"
    write_file(place, data)
    assert place.read_bytes() == data
    write_file(place, text)
    assert place.read_text(encoding="utf-8") == text
    assert [path.name for path in place.parent.iterdir()] == ["file"]


@posix
def test_two_that_write_one_file_and_are_killed_leave_it_whole(tmp_path):
    place = tmp_path / "settings"
    write_file(place, b"a" * 400_000 + b"0")
    for turn in range(8):
        writers = [start(place, letter, "file") for letter in "ab"]
        for _ in range(30):
            assert is_whole(place.read_bytes())
        for number, writer in enumerate(writers):
            time.sleep(0.003 * (turn + number))
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        assert is_whole(place.read_bytes())


@posix
def test_a_folder_whose_writer_is_killed_is_the_old_or_the_new_one(tmp_path):
    place = tmp_path / "step"
    for turn in range(8):
        writer = start(place, "a", "folder")
        time.sleep(0.05 + 0.007 * turn)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        mend(place)
        if place.exists():
            one, two = (place / "one").read_bytes(), (place / "two").read_bytes()
            assert one == two
            assert is_whole(one)
    write_folder(place, {"one": b"last"}, alone=True)
    assert [path.name for path in tmp_path.iterdir()] == ["step"], "what the kills left is gone"
    assert [path.name for path in place.iterdir()] == ["one"]


@pytest.mark.parametrize("step", ["os.fsync", "Path.replace"])
def test_on_a_full_disk_the_old_file_stays_and_a_sentence_says_why(tmp_path, monkeypatch, step):
    place = tmp_path / "settings"
    write_file(place, "old")
    monkeypatch.setattr(f"assistant.system.files.{step}", full)
    sentence = r"^The settings could not be saved: the disk is full\. Free some space"
    with pytest.raises(DiskError, match=sentence), disk_errors("The settings could not be saved"):
        write_file(place, "new")
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["settings"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_device_that_is_full_says_so():
    with pytest.raises(DiskError, match="the disk is full"), disk_errors("It could not be written"):
        write_own_file(Path("/dev/full"), "text")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode), "and was not replaced"


def test_an_error_names_the_file_and_not_its_part(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        write_file(tmp_path / "nowhere" / "file", "text")
    assert raised.value.filename == str(tmp_path / "nowhere" / "file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder") as refused:
        write_file(tmp_path / "folder", "text")
    assert refused.value.filename == str(tmp_path / "folder")


def test_what_fails_half_way_changes_nothing(tmp_path):
    def fails(text=b"half"):
        raise ZeroDivisionError(text)

    place = tmp_path / "file"
    write_file(place, "old")
    with contextlib.suppress(ZeroDivisionError), replacing(place) as stream:
        stream.write(b"half")
        fails()
    with contextlib.suppress(ZeroDivisionError), staged(tmp_path / "folder") as part:
        (part / "half").touch()
        fails()
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_is_on_the_disk_before_it_is_in_its_place_and_its_name_after(tmp_path, monkeypatch):
    told = []
    sync, replace = os.fsync, files.Path.replace
    monkeypatch.setattr(
        files.os, "fsync", lambda handle: (told.append(stat.S_ISDIR(os.fstat(handle).st_mode)), sync(handle))
    )
    monkeypatch.setattr(files.Path, "replace", lambda self, to: (told.append("rename"), replace(self, to)))
    write_file(tmp_path / "file", "text")
    assert told == [False, "rename", True]
    told.clear()
    (tmp_path / "download.part").write_text("text")
    put(tmp_path / "download.part", tmp_path / "download")
    assert told == [False, "rename", True]
    told.clear()
    write_folder(tmp_path / "folder", {"a": b"1", "b": b"2"})
    assert told == [False, False, True, "rename", True]


def test_a_disk_that_fails_to_flush_is_no_success(tmp_path, monkeypatch):
    write_file(tmp_path / "file", "old")

    def broken(_handle):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(files.os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        write_file(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"


def test_a_disk_that_cannot_flush_is_written_all_the_same(tmp_path, monkeypatch):
    def unknown(_handle):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(files.os, "fsync", unknown)
    write_file(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"


def test_what_a_kill_left_goes_when_it_is_old(tmp_path):
    old, young, other = part_of(tmp_path / "file"), part_of(tmp_path / "file"), part_of(tmp_path / "another")
    for path in (old, young, other, tmp_path / ".file.part", tmp_path / ".file.mine.of.somebody.part"):
        path.touch()
    for path in (old, other):
        os.utime(path, (1, 1))
    write_file(tmp_path / "file", "text")
    assert not old.exists()
    assert young.exists()
    assert other.exists()
    part_of(tmp_path / "file", alone=True)
    assert not young.exists()
    assert (tmp_path / ".file.part").exists()
    assert (tmp_path / ".file.mine.of.somebody.part").exists()


@posix
def test_a_persons_own_file_keeps_its_mode_and_its_link(tmp_path, no_umask):
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    write_own_file(target, "one")
    assert mode(target) == 0o666  # as that umask wants it
    target.chmod(0o640)
    link.symlink_to(target)
    write_own_file(link, "two")
    assert link.is_symlink()
    assert (target.read_text(), mode(target)) == ("two", 0o640)


@posix
@pytest.mark.parametrize(("umask", "public", "own"), [(0, 0o644, 0o666), (0o077, 0o600, 0o600), (0o002, 0o644, 0o664)])
def test_modes_follow_the_umask_but_for_what_is_private(tmp_path, umask, public, own):
    before = os.umask(umask)
    try:
        for name, wanted in (("private", 0o600), ("public", PUBLIC), ("own", OWN)):
            write_file(tmp_path / name, "text", wanted)
            write_folder(tmp_path / f"{name}s", {"file": b"text"}, wanted)
    finally:
        os.umask(before)
    for name, wanted in (("private", 0o600), ("public", public), ("own", own)):
        assert mode(tmp_path / name) == mode(tmp_path / f"{name}s" / "file") == wanted
        assert mode(tmp_path / f"{name}s") == wanted | (wanted & 0o444) >> 2


def test_a_removed_folder_is_never_half_there(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "file").touch()
    seen = []
    remove = files.shutil.rmtree
    monkeypatch.setattr(files.shutil, "rmtree", lambda path: (seen.append((tmp_path / "run").exists()), remove(path)))
    remove_folder(tmp_path / "run")
    assert seen == [False]
    assert list(tmp_path.iterdir()) == []
