"""Locks between processes on this machine; the system frees them when their holder ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from assistant.system.modes import make_folder, private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOOK_SECONDS = 0.02
_HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EINTR})


@contextmanager
def exclusive(path: Path, busy: Exception, wait_s: float = 0.0) -> Generator[None]:
    """Hold the lock ``path``, a file that stays; raises ``busy`` where another has it for ``wait_s`` seconds.

    Raises OSError where the file cannot be made.
    """
    make_folder(path.parent)
    handle = private(str(path), os.O_RDWR | os.O_CREAT)
    try:
        until = time.monotonic() + wait_s
        while not _taken(handle):
            if time.monotonic() >= until:
                raise busy
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    """Try to take the lock. On a disk that knows no locks each has it: better than that nobody has."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True
