"""Saving: atomic, with the file's mode and links, and never over another program's work."""

import errno
import os
import random
import stat
import subprocess
import sys

import pytest

from app.editor.files.disk import BackupLeft
from app.editor.files.save import save_text_file
from app.editor.files.text_file import CannotEncode, FileChanged, TextFile, read_text_file, stamp_of
from assistant.errors import DiskError
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.gui
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "code.py"
    path.write_bytes(b"a\r\nb\r\n")
    return path


def test_save_writes_and_remembers(path):
    file = read_text_file(path)
    saved = save_text_file(file, "a\nb\nc\n")
    assert path.read_bytes() == b"a\r\nb\r\nc\r\n"
    assert saved == read_text_file(path)
    again = save_text_file(saved, "x")
    assert path.read_bytes() == b"x"
    assert again.newline == "\r\n"  # a second line will end as the others did
    assert [entry.name for entry in path.parent.iterdir()] == ["code.py"]


def test_a_new_file_is_made(tmp_path):
    saved = save_text_file(TextFile(tmp_path / "new.py"), "é\n")
    assert (tmp_path / "new.py").read_bytes() == "é\n".encode()
    assert saved.stamp is not None


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_a_new_file_has_the_mode_that_the_persons_umask_gives_and_not_ours(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        save_text_file(TextFile(tmp_path / "new.py"), "x\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.py").stat().st_mode) == mode


@POSIX
@pytest.mark.parametrize("mode", [0o755, 0o600, 0o640])
def test_permissions_are_kept(path, mode):
    path.chmod(mode)
    save_text_file(read_text_file(path), "x\n")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@POSIX
def test_a_link_stays_one(path, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link.py"
    link.symlink_to(path)
    save_text_file(read_text_file(link), "new\n")
    assert link.is_symlink()
    assert path.read_bytes() == b"new\r\n"


def test_another_programs_work_is_not_overwritten(path):
    file = read_text_file(path)
    path.write_bytes(b"theirs, longer\n")
    with pytest.raises(FileChanged, match=r"code\.py was changed by another program"):
        save_text_file(file, "mine\n")
    assert path.read_bytes() == b"theirs, longer\n"
    save_text_file(file, "mine\n", overwrite=True)
    assert path.read_bytes() == b"mine\r\n"


def test_a_file_that_appeared_is_not_overwritten(path):
    with pytest.raises(FileChanged):
        save_text_file(TextFile(path), "mine\n")


def test_another_time_alone_is_no_change(path):
    file = read_text_file(path)
    os.utime(path, ns=(1, 1))
    save_text_file(file, "mine\n")
    assert path.read_bytes() == b"mine\r\n"


@POSIX
def test_a_rewrite_of_the_same_size_and_time_is_not_overwritten(path):
    status = path.stat()
    file = read_text_file(path)
    while stamp_of(path) == file.stamp:  # until the clock of the file system has moved on
        path.write_bytes(b"A\r\nB\r\n")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(FileChanged):
        save_text_file(file, "mine\n")
    assert path.read_bytes() == b"A\r\nB\r\n"


def test_a_file_that_a_checkout_made_again_is_no_change(path):
    file = read_text_file(path)
    path.unlink()
    path.write_bytes(b"a\r\nb\r\n")
    save_text_file(file, "mine\n")
    assert path.read_bytes() == b"mine\r\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are bytes only there")
def test_a_name_that_is_not_utf8_is_saved_under_itself(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.py")
    path.write_bytes(b"a\n")
    save_text_file(read_text_file(path), "b\n")
    assert [os.fsencode(entry.name) for entry in tmp_path.iterdir()] == [b"caf\xe9.py"]
    assert path.read_bytes() == b"b\n"


@POSIX
def test_the_advice_fits_the_reason(path, monkeypatch):
    def refuse(number):
        def write(*_):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("app.editor.files.save.write_file", write)
        with pytest.raises(DiskError) as caught:
            save_text_file(read_text_file(path), "x\n")
        return str(caught.value)

    assert refuse(errno.ENOSPC).endswith("The file on disk is as it was; free space or save it elsewhere.")
    assert refuse(errno.EACCES).endswith("change its permissions or save it elsewhere.")
    assert "free space" not in refuse(errno.EBUSY)


def test_a_copy_that_was_left_is_named(path, monkeypatch, tmp_path):
    def write(*_):
        raise BackupLeft(tmp_path / "copy", OSError(errno.EIO, "Input/output error"))

    monkeypatch.setattr("app.editor.files.save.write_file", write)
    with pytest.raises(DiskError, match=r"What it held before is in .*copy"):
        save_text_file(read_text_file(path), "x\n")


def test_text_that_does_not_fit_leaves_the_file(path):
    path.write_bytes("# Größe für Übung, déjà vu\n".encode("latin-1"))
    before = path.read_bytes()
    with pytest.raises(CannotEncode):
        save_text_file(read_text_file(path), "\U0001f600\n")
    assert path.read_bytes() == before


def test_a_folder_that_is_gone_says_so(tmp_path):
    with pytest.raises(DiskError, match=r"x\.py could not be saved"):
        save_text_file(TextFile(tmp_path / "gone" / "x.py"), "x\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses a file size limit")
def test_a_disk_that_refuses_more_leaves_the_old_file(path):
    """A process whose files may have 4 kB stands for a full disk: the write fails in the middle."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from PySide6.QtCore import QCoreApplication; app = QCoreApplication([])\n"
        "from app.editor.files.save import save_text_file; from app.editor.files.text_file import read_text_file\n"
        "from assistant.errors import DiskError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "file = read_text_file(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    save_text_file(file, 'x' * 100000)\n"
        "except DiskError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "code.py could not be saved" in done.stdout, done.stderr
    assert path.read_bytes() == b"a\r\nb\r\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["code.py"]


_BYTES = [
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b" = 1",
    b"\t",
    b"\f",
    b"\xe9",
    b"\x92",
    b"\xff",
    "é\u2028\ufffd\ufeff".encode(),
    "返回".encode("gb18030"),
]


@pytest.mark.parametrize("encoding", ["", "utf-8", "cp1252", "gb18030", "cp932", "big5hkscs", "utf-16-le"])
def test_whatever_a_file_holds_is_saved_as_it_was(tmp_path, encoding):
    dice = random.Random(f"save {encoding}")
    path = tmp_path / "file"
    for _ in range(40):
        data = b"".join(dice.choices(_BYTES, k=dice.randrange(1, 60)))
        path.write_bytes(data)
        file = read_text_file(path, encoding)
        saved = save_text_file(file, file.text)
        assert path.read_bytes() == data
        assert saved.breaks == file.breaks
        edited = save_text_file(saved, file.text + "x")
        end = "x".encode(file.encoding)
        assert path.read_bytes() == data + end
        save_text_file(edited, file.text)
        assert path.read_bytes() == data
