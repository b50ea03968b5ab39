"""Writing a file that others link to, own or mount: nothing of it is lost, and a failure leaves it as it was."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.editor.files import disk
from app.editor.files.disk import BackupLeft, write_file
from tests.support.patience import PATIENCE_S

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
ROOT = pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "code.py"
    path.write_bytes(b"before\n")
    return path


def only(path):
    """Return whether nothing else was left in the folder."""
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


def fail(number):
    """Return a function that refuses with this error."""

    def refuse(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_file_is_replaced_whole(path):
    inode = path.stat().st_ino
    write_file(path, b"after\n")
    assert path.read_bytes() == b"after\n"
    assert path.stat().st_ino != inode or os.name != "posix"
    assert only(path)


@POSIX
def test_a_new_file_has_the_usual_mode(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@POSIX
@pytest.mark.parametrize("data", [b"short\n", b"much longer than before\n" * 1000, b""])
def test_a_hard_link_goes_on_naming_the_same_file(path, tmp_path, data):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link"
    link.hardlink_to(path)
    write_file(path, data)
    assert link.read_bytes() == data
    assert link.samefile(path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"code.py", "elsewhere"}


@POSIX
@ROOT
def test_owner_group_and_setgid_stay(path):
    os.chown(path, 1234, 2345)
    path.chmod(0o2755)
    write_file(path, b"after\n")
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o2755)


@POSIX
def test_where_the_owner_cannot_be_kept_the_file_itself_is_written(path, monkeypatch):
    inode = path.stat().st_ino
    monkeypatch.setattr(disk, "_owner", lambda status: (status.st_ino, 0))
    monkeypatch.setattr(os, "fchown", fail(errno.EPERM))
    write_file(path, b"after\n")
    assert (path.read_bytes(), path.stat().st_ino) == (b"after\n", inode)
    assert only(path)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux only")
def test_extended_attributes_stay(path):
    try:
        os.setxattr(path, "user.origin", b"here")
    except OSError:
        pytest.skip("this file system has none")
    write_file(path, b"after\n")
    assert os.getxattr(path, "user.origin") == b"here"


@POSIX
@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM])
def test_a_mount_point_is_written_in_place(path, monkeypatch, number):
    inode = path.stat().st_ino
    monkeypatch.setattr(os, "replace", fail(number))
    write_file(path, b"after\n")
    assert (path.read_bytes(), path.stat().st_ino) == (b"after\n", inode)
    assert only(path)


@POSIX
@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_writable_file_in_a_folder_that_is_not_is_written(path):
    path.parent.chmod(0o500)
    try:
        write_file(path, b"after\n")
        assert path.read_bytes() == b"after\n"
    finally:
        path.parent.chmod(0o700)


@POSIX
@ROOT
def test_another_user_may_write_a_file_in_a_folder_that_is_not_theirs():
    """In a process of its own, and outside of pytest's folders, which are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        _write_as_nobody(Path(folder, "code.py"))


def _write_as_nobody(path):
    path.write_bytes(b"before\n")
    path.chmod(0o666)
    program = (
        "import os, sys; from pathlib import Path; from app.editor.files.disk import write_file\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "write_file(Path(sys.argv[1]), b'after')\n"
    )
    subprocess.run([sys.executable, "-P", "-c", program, str(path)], check=True, timeout=PATIENCE_S)
    assert path.read_bytes() == b"after"
    assert path.owner() == "root"
    assert only(path)


@POSIX
def test_a_late_error_of_the_disk_is_no_saving(path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        write_file(path, b"after\n")
    assert path.read_bytes() == b"before\n"
    assert only(path)


@POSIX
def test_in_place_what_fails_is_taken_back(path, monkeypatch):
    monkeypatch.setattr(os, "replace", fail(errno.EBUSY))
    sync, calls = os.fsync, []

    def sometimes(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:  # the new file, the copy, and now the file itself
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sometimes)
    with pytest.raises(OSError, match="Input/output error"):
        write_file(path, b"after, and longer\n")
    assert path.read_bytes() == b"before\n"
    assert only(path)


@POSIX
def test_where_nothing_can_be_taken_back_the_copy_stays(path, monkeypatch):
    monkeypatch.setattr(os, "replace", fail(errno.EBUSY))
    monkeypatch.setattr(disk, "_overwrite", fail(errno.EIO))
    with pytest.raises(BackupLeft) as caught:
        write_file(path, b"after\n")
    assert caught.value.backup.read_bytes() == b"before\n"
    assert stat.S_IMODE(caught.value.backup.stat().st_mode) == 0o600


@POSIX
def test_a_full_disk_is_known_before_a_byte_is_changed(path, monkeypatch, tmp_path):
    (tmp_path / "link").hardlink_to(path)
    monkeypatch.setattr(os, "posix_fallocate", fail(errno.ENOSPC), raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, b"longer than before\n")
    assert path.read_bytes() == b"before\n"


@POSIX
@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_not_replaced_either(path):
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        write_file(path, b"after\n")
    assert path.read_bytes() == b"before\n"


def test_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / ("é" * 127)
    write_file(path, b"x")
    write_file(path, b"y")
    assert path.read_bytes() == b"y"
