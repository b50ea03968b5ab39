"""Which services of this user are running: one small file for each, that programs on this machine find them by.

``runtime/service-<pid>.json`` names the address and the token's file; both are readable by their owner alone. What a
service that was killed leaves behind is removed by whoever looks next.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from assistant.config import Paths
from assistant.errors import InputError


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A running service. ``started`` is its process's creation time, which tells a reused process id apart."""

    pid: int
    started: float
    url: str
    token_file: str
    model: str | None


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter.

    Raises InputError where it cannot be had: the platform's fallback lies in a folder that others may write.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                raise InputError(
                    f"The folder {folder} belongs to somebody else; set GRAFTER_HOME to a folder of yours."
                )
            if status.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The folder {folder} cannot be made ({reason}); set GRAFTER_HOME to another.") from None


def write_private(path: Path, text: str) -> None:
    """Write a new file of mode 0600; what stood there before is replaced, never followed or reused. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def record_path(paths: Paths, pid: int) -> Path:
    """Return where the record of a process lies."""
    return paths.runtime / f"service-{pid}.json"


def token_path(paths: Paths, pid: int) -> Path:
    """Return where the token of a process lies, unless the person chose a file."""
    return paths.runtime / f"token-{pid}"


def publish(paths: Paths, record: ServiceRecord) -> None:
    """Make a service known. Raises OSError."""
    write_private(record_path(paths, record.pid), json.dumps(asdict(record)))


def withdraw(paths: Paths, pid: int) -> None:
    """Remove what a service left in the runtime folder."""
    for path in (record_path(paths, pid), token_path(paths, pid)):
        with contextlib.suppress(OSError):
            path.unlink()


def running_services(paths: Paths) -> list[ServiceRecord]:
    """Return the records of services whose process lives, newest first; the others are removed."""
    found: list[ServiceRecord] = []
    for path in paths.runtime.glob("service-*.json"):
        try:
            record = ServiceRecord(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        # The name must agree with the content: only what is surely ours is trusted, or removed.
        if path != record_path(paths, record.pid):
            continue
        if _lives(record):
            found.append(record)
        else:
            withdraw(paths, record.pid)
    return sorted(found, key=lambda record: record.started, reverse=True)


def own_record(url: str, token_file: Path, model: str | None) -> ServiceRecord:
    """Return the record of this process."""
    pid = os.getpid()
    return ServiceRecord(pid, psutil.Process(pid).create_time(), url, str(token_file), model)


def _lives(record: ServiceRecord) -> bool:
    try:
        return abs(psutil.Process(record.pid).create_time() - record.started) < 1.0
    except (psutil.NoSuchProcess, ValueError, TypeError, OverflowError):
        return False
    except psutil.AccessDenied:
        return True
