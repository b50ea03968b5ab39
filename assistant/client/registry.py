"""Which services of this user are running: one small file for each, that programs on this machine find them by.

``runtime/service-<pid>.json`` names the address and the token's file; both are readable by their owner alone. What a
service that was killed leaves behind is removed by whoever looks next.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.config import Paths
from assistant.errors import InputError
from assistant.system.files import write_file
from assistant.system.modes import PRIVATE, make_folder, private_folder
from assistant.system.processes import Identity, identity_of, lives


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A running service. ``started``: when, in seconds since 1970 by the clock of then; ``mark``: see Identity."""

    pid: int
    started: float
    url: str
    token_file: str
    model: str | None
    mark: str = ""


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter.

    Raises InputError where it cannot be had: the platform's fallback lies in a folder that others may write.
    """
    try:
        make_folder(folder, PRIVATE)
        if os.name == "posix":
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                raise InputError(
                    f"The folder {folder} belongs to somebody else; set GRAFTER_HOME to a folder of yours."
                )
        private_folder(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The folder {folder} cannot be made ({reason}); set GRAFTER_HOME to another.") from None


def record_path(paths: Paths, pid: int) -> Path:
    """Return where the record of a process lies."""
    return paths.runtime / f"service-{pid}.json"


def token_path(paths: Paths, pid: int) -> Path:
    """Return where the token of a process lies, unless the person chose a file."""
    return paths.runtime / f"token-{pid}"


def publish(paths: Paths, record: ServiceRecord) -> None:
    """Make a service known. Raises OSError."""
    write_file(record_path(paths, record.pid), json.dumps(asdict(record)))


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
        if lives(Identity(record.pid, record.mark)):
            found.append(record)
        else:
            withdraw(paths, record.pid)
    return sorted(found, key=lambda record: record.started, reverse=True)


def own_record(url: str, token_file: Path, model: str | None) -> ServiceRecord:
    """Return the record of this process."""
    me = identity_of() or Identity(os.getpid())
    return ServiceRecord(me.pid, time.time(), url, str(token_file), model, me.mark)
