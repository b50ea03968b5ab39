"""Writes a file that somebody else may own, link to or mount: by a new file in its place where that loses nothing.

A new file that takes the place of the old one is never seen half-written, but it is another file: hard links go on
naming the old one, the owner becomes the writer, and a folder that may not be written, or a mount point, refuses it.
There the old file itself is written, while a copy of what it held lies on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The folder refuses (permissions, a sticky bit), or the file is a mount point: its own file can still be written.
_REFUSES_RENAME = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV, errno.ETXTBSY}
_BINARY = getattr(os, "O_BINARY", 0)


class BackupLeft(OSError):  # noqa: N818 - named for what is the case
    """Writing failed and so did going back: what the file held is in ``backup``."""

    def __init__(self, backup: Path, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.backup, self.cause = backup, cause


def write_file(target: Path, data: bytes) -> None:
    """Write ``data`` to a file, which may be there already and is no symbolic link; it is on the disk on return.

    Mode, owner, group, extended attributes and hard links stay. Raises OSError where it cannot be
    written, in which case the file is as it was, and BackupLeft where that is in doubt.
    """
    try:
        status = target.stat()
    except FileNotFoundError:
        _write_beside(target, data, None)
        return
    if not os.access(target, os.W_OK):  # a new file in its place would get past that
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if status.st_nlink == 1:
        try:
            if _write_beside(target, data, status):
                return
        except OSError as error:
            if error.errno not in _REFUSES_RENAME:
                raise
    _write_in_place(target, data)


# --- by a new file ---------------------------------------------------------------------


def _write_beside(target: Path, data: bytes, like: os.stat_result | None) -> bool:
    """Write a new file and rename it; return False, leaving none, where it could not be made like the old one."""
    made = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.part")
    descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600 if like else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like is not None and not _make_alike(file.fileno(), like, target):
                return False
            _write_all(file.fileno(), data)
        os.replace(made, target)  # noqa: PTH105 - beside os.open
    finally:
        with contextlib.suppress(OSError):
            made.unlink()
    _sync_folder(target.parent)
    return True


def _make_alike(descriptor: int, like: os.stat_result, target: Path) -> bool:
    """Give the new file owner, attributes and mode of the old one; return whether it has them."""
    if not hasattr(os, "fchown"):
        return True  # Windows: files inherit what their folder says
    try:
        if (like.st_uid, like.st_gid) != _owner(os.fstat(descriptor)):
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))  # after the owner, whose change clears setuid and setgid
        _copy_attributes(target, descriptor)
    except OSError:
        return False
    made = os.fstat(descriptor)
    return (made.st_mode, *_owner(made)) == (like.st_mode, *_owner(like))


def _owner(status: os.stat_result) -> tuple[int, int]:
    return status.st_uid, status.st_gid


def _copy_attributes(source: Path, descriptor: int) -> None:
    """Copy extended attributes, access lists among them. Raises OSError where one cannot be written."""
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(source)
    except OSError:
        return  # a file system that has none
    there = set(os.listxattr(descriptor))
    for name in names:
        value = os.getxattr(source, name)
        if name not in there or os.getxattr(descriptor, name) != value:
            os.setxattr(descriptor, name, value)


# --- in place --------------------------------------------------------------------------


def _write_in_place(target: Path, data: bytes) -> None:
    with target.open("r+b", buffering=0) as file:
        before = target.read_bytes()
        with _backup(target, before) as backup:
            try:
                _overwrite(file.fileno(), data)
            except OSError as error:
                try:
                    _overwrite(file.fileno(), before)
                except OSError:
                    raise BackupLeft(backup, error) from None
                raise


@contextlib.contextmanager
def _backup(target: Path, data: bytes) -> Iterator[Path]:
    """Keep ``data`` on the disk while the block runs, beside the file or among temporary ones; leave it if in doubt."""
    name = f".{target.name[:40]}.{secrets.token_hex(6)}.before"
    try:
        place = target.with_name(name)
        descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
    except OSError:
        place = Path(tempfile.gettempdir(), name)
        descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
    keep = False
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write_all(file.fileno(), data)
        yield place
    except BackupLeft:
        keep = True
        raise
    finally:
        if not keep:
            with contextlib.suppress(OSError):
                place.unlink()


def _overwrite(descriptor: int, data: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if len(data) > size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, size, len(data) - size)  # a full disk is known before a byte is changed
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}:
                raise
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write_all(descriptor, data)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write and sync: an error of the disk that comes late is one of this saving."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk; not every system and file system knows how."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
