"""Who may read what Grafter keeps: its owner alone (0600 in 0700), or everybody where it is public (models).

Modes count on POSIX; on Windows a person's folders are private by their place. Nothing here reads or sets the umask,
which all threads of a process share.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600
"""Source, unsaved text, secrets and settings: for their owner, whatever the umask."""
PUBLIC = 0o644
"""Models and other public downloads: for everybody, less what the umask takes away."""
OWN = 0o666
"""What a person names on the command line: as any program would make it under that person's umask."""

_OTHERS = 0o077


def folder_mode(mode: int) -> int:
    """Return the mode of a folder for files of ``mode``: who may read them may enter."""
    return mode | (mode & 0o444) >> 2


def make_folder(folder: Path, mode: int = PUBLIC) -> None:
    """Make a folder, and those above it that are missing; one that is there stays as it is. Raises OSError.

    Those above are made for everybody to enter and for nobody else to write, less the umask.
    """
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(folder_mode(mode), exist_ok=True)


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, or make it so, with all in it. Raises OSError.

    Only a folder that others could enter is gone through: what an older program left.
    """
    make_folder(folder, PRIVATE)
    folder = Path(os.path.realpath(folder))
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) != folder_mode(PRIVATE):
        for place in (folder, *_inside(folder)):
            tighten(place)


def tighten(path: Path) -> None:
    """Take a file or folder away from all but its owner; nothing where it is missing, a link, or another user's."""
    if os.name != "posix":
        return
    with contextlib.suppress(FileNotFoundError, PermissionError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
            kept = folder_mode(PRIVATE) if stat.S_ISDIR(found.st_mode) else stat.S_IMODE(found.st_mode) & ~_OTHERS
            if stat.S_IMODE(found.st_mode) != kept:
                path.chmod(kept)


def private_database(file: Path) -> None:
    """Make an SQLite database's file private before it is opened, with the files of its log; an empty one if none is.

    SQLite gives the files that it makes beside a database the mode of that. Raises OSError.
    """
    private_file(file)
    for ending in ("-wal", "-shm", "-journal"):
        tighten(file.with_name(file.name + ending))


def private_file(file: Path) -> None:
    """Make a file private before another library opens it; an empty one if there is none. Raises OSError.

    One that is there is not opened: closing it would free the locks that this process has on it, as SQLite does.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    tighten(file)


def private(path: str, flags: int) -> int:
    """Open a file as its owner's alone: an ``opener`` for ``open``. Raises OSError."""
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), PRIVATE)
    if os.name == "posix" and stat.S_IMODE(os.fstat(handle).st_mode) & _OTHERS:
        with contextlib.suppress(PermissionError):  # another user's: it is that one's to say
            os.fchmod(handle, PRIVATE)
    return handle


def public(path: str, flags: int) -> int:
    """Open a file that everybody may read and nobody else may write: an ``opener`` for ``open``. Raises OSError."""
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), PUBLIC)


def set_modes(folder: Path, mode: int) -> None:
    """Give a folder and all in it the modes that new ones would have, whoever wrote them. Raises OSError.

    ``mode``: PRIVATE exactly; PUBLIC and OWN less what the umask takes away, which a new file in the folder shows.
    """
    if os.name != "posix":
        return
    of_files = PRIVATE if mode == PRIVATE else _granted(folder, mode)
    for place in (folder, *_inside(folder)):
        wanted = folder_mode(of_files) if place.is_dir() else of_files
        if stat.S_IMODE(place.stat().st_mode) != wanted:
            place.chmod(wanted)


def share(folder: Path) -> None:
    """Let everybody read a folder and all in it, less what the umask takes away: what an older program kept to itself.

    Nothing is taken from anybody. Another user's files, and a disk that cannot be written, stay as they are.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        of_files = _granted(folder, PUBLIC)
        for place in (folder, *_inside(folder)):
            found = stat.S_IMODE(place.stat().st_mode)
            wanted = found | (folder_mode(of_files) if place.is_dir() else of_files)
            if found != wanted:
                place.chmod(wanted)


def _granted(folder: Path, mode: int) -> int:
    """Return what is left of a mode for a new file in a folder."""
    probe = folder / f".{os.urandom(6).hex()}.part"
    handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
        probe.unlink()


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the files and folders in a folder, at any depth; no links, and not what they lead to."""
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(top, name)
            if not path.is_symlink():
                yield path
