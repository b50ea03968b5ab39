"""Files and folders that are whole or not there, also after a kill, a full disk or a power cut.

What is new is written beside its place under a name of its own, flushed to the disk, and renamed: two processes that
write one file do not meet, and a reader sees the old one or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assistant.errors import DiskError
from assistant.system.modes import OWN, PRIVATE, folder_mode, make_folder, set_modes

# What a kill left beside a file is removed by the next who writes that file, once nobody can be at work on it.
_LEFT_SECONDS, _LEFT_FOLDER_SECONDS = 3600.0, 7 * 86400.0
# Windows does not replace a file while another program reads it.
_TRIES, _PAUSE_SECONDS = 25, 0.02
# Something else stands where a folder or file should, or the disk is broken.
_BAD_PLACES = frozenset(
    {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.ENOENT}
)
# What file systems that cannot flush answer.
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EPERM})


def write_file(path: Path, content: bytes | str, mode: int = PRIVATE) -> None:
    """Write a file in place of what was there, text as UTF-8. Raises OSError, and then nothing has changed."""
    with replacing(path, mode) as file:
        file.write(_bytes(content))


def write_own_file(path: Path, content: bytes | str) -> None:
    """Write a file that a person named: through links, in the mode it had, or a new one under that person's umask.

    What is no file (``/dev/stdout``, a pipe) is written to as it is. Raises OSError, and then a file is as it was.
    """
    path = Path(os.path.realpath(path))
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        write_file(path, content, OWN)
        return
    if stat.S_ISREG(found):
        with replacing(path, stat.S_IMODE(found)) as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), stat.S_IMODE(found))
            file.write(_bytes(content))
    else:
        path.write_bytes(_bytes(content))


@contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Generator[BinaryIO]:
    """Yield a stream whose content takes the place of ``path`` when the block ends well; else nothing has changed.

    A link at ``path`` is replaced, not followed. Raises OSError.
    """
    part = part_of(path)
    try:
        # Path.open takes no opener.
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            if mode == PRIVATE and os.name == "posix":
                os.fchmod(file.fileno(), mode)  # an odd umask takes bits from the owner too
            yield file
            file.flush()
            sync(file.fileno())
        _rename(part, path)
        sync_folder(path.parent)
    except OSError as error:
        if error.filename in (str(part), None):
            error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def put(part: Path, target: Path) -> None:
    """Flush a finished file to the disk and rename it to its place, also across a power cut. Raises OSError."""
    _sync_file(part)
    _rename(part, target)
    sync_folder(target.parent)


def part_of(path: Path, *, alone: bool = False) -> Path:
    """Return a name beside ``path`` that nobody else has, hidden; what kills left under such names goes.

    It goes at once where the caller is ``alone`` in writing ``path``, else when it is old.
    """
    _sweep(path, alone)
    return path.with_name(f".{path.name[:200]}.{os.urandom(6).hex()}.part")


def write_folder(folder: Path, files: Mapping[str, bytes], mode: int = PRIVATE, *, alone: bool = False) -> None:
    """Write a folder of files in place of what was there. Raises OSError, and then nothing has changed."""
    with staged(folder, mode, alone=alone) as part:
        for name, content in files.items():
            part.joinpath(name).write_bytes(content)


@contextmanager
def staged(folder: Path, mode: int = PRIVATE, *, alone: bool = False) -> Generator[Path]:
    """Yield an empty folder that takes the place of ``folder`` when the block ends well; else nothing has changed.

    All in it gets the mode, and is flushed to the disk. A kill in the moment between two renames leaves the old one as
    ``<name>.gone``, which ``mend`` puts back. ``alone``: nobody else writes it at the same time. Raises OSError.
    """
    make_folder(folder.parent, mode)
    part = part_of(folder, alone=alone)
    part.mkdir(folder_mode(mode))
    try:
        yield part
        put_folder(part, folder, mode)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_folder(part: Path, folder: Path, mode: int = PRIVATE) -> None:
    """Let a finished folder take the place of ``folder``; see ``staged``. Raises OSError."""
    set_modes(part, mode)
    _sync_all(part)
    gone = folder.with_name(folder.name + ".gone")
    if folder.exists():  # rename does not replace a folder that holds files
        shutil.rmtree(gone, ignore_errors=True)
        _rename(folder, gone)
    _rename(part, folder)
    sync_folder(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all in it, under another name first: half of it is never there. Raises OSError."""
    gone = part_of(folder)
    _rename(folder, gone)
    shutil.rmtree(gone)


def mend(folder: Path) -> None:
    """Put a folder back where a kill came between taking the old one away and putting the new one there."""
    gone = folder.with_name(folder.name + ".gone")
    if gone.exists() and not folder.exists():
        gone.rename(folder)


def sync(handle: int) -> None:
    """Wait until the disk has what was written to an open file. Raises OSError where it has not."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system can. Raises OSError."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # one that may be written and not read
        return
    try:
        sync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(doing: str) -> Generator[None]:
    """Turn what a disk refuses inside the block into DiskError; ``doing`` begins the sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(f"{doing}: the disk is full. Free some space and try again.") from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DiskError(f"{doing}: {error.filename or 'the folder'} may not be written.") from None
        if error.errno in _BAD_PLACES:
            raise DiskError(f"{doing}: {error.filename or 'the folder'} cannot be used ({error.strerror}).") from None
        raise


def _rename(old: Path, new: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            old.replace(new)
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _sync_file(path: Path) -> None:
    # Windows flushes only what is open for writing.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


def _sync_all(folder: Path) -> None:
    for top, _folders, files in os.walk(folder):
        for name in files:
            path = Path(top, name)
            if path.is_file() and not path.is_symlink():
                _sync_file(path)
        sync_folder(Path(top))


def _sweep(path: Path, alone: bool) -> None:
    """Remove what processes that were killed left beside a file."""
    begin = f".{path.name[:200]}."
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(begin) and entry.name.endswith(".part") and len(entry.name) == len(begin) + 17:
                _remove_left(entry, alone)


def _remove_left(entry: os.DirEntry[str], alone: bool) -> None:
    with contextlib.suppress(OSError):
        age = time.time() - entry.stat(follow_symlinks=False).st_mtime
        if entry.is_dir(follow_symlinks=False):
            if alone or age > _LEFT_FOLDER_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)
        elif alone or age > _LEFT_SECONDS:
            Path(entry.path).unlink()


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content
