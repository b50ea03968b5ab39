"""Processes of this machine: which one it is, whether it lives, and how it is started apart, followed and ended.

A process id is given anew, so an identity has a mark beside it: when the process began, as its system counts that
without the clock on the wall, which people and time servers set.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import psutil

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 3.0
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process. ``mark`` tells it from all others that ever had its id; empty: unknown, and the id has to do."""

    pid: int
    mark: str = ""

    def __str__(self) -> str:
        """Return it as ``parse`` reads it."""
        return f"{self.pid} {self.mark}"

    @staticmethod
    def parse(text: str) -> Identity:
        """Return what ``str`` wrote. Raises ValueError.

        The times that older programs wrote in place of the mark are forgotten: they moved with the clock.
        """
        pid, _, mark = text.strip().partition(" ")
        return Identity(int(pid), mark if "/" in mark else "")


def identity_of(pid: int | None = None) -> Identity | None:
    """Return which process has an id, or this one; None where none has, or it has ended and nobody asked how."""
    pid = os.getpid() if pid is None else pid
    try:
        if sys.platform.startswith("linux"):
            mark = _mark_on_linux(pid)
        elif psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            mark = None
        else:
            mark = _mark_on_mac(pid) if sys.platform == "darwin" else _mark_elsewhere(pid)
    except (psutil.AccessDenied, PermissionError):
        mark = ""  # it is there, and cannot be looked at
    except (psutil.Error, OSError, ValueError, OverflowError, TypeError):
        return None
    return None if mark is None else Identity(pid, mark)


def lives(process: Identity) -> bool:
    """Return whether a process still runs, whatever became of the clock meanwhile."""
    now = identity_of(process.pid)
    return now is not None and (not process.mark or not now.mark or now.mark == process.mark)


def parent_of_this(pid: int | None = None) -> Identity | None:
    """Return the process that started this one, or the one that ``pid`` says did; None where it cannot be seen."""
    return identity_of(os.getppid() if pid is None else pid)


def watch(process: Identity, ended: Callable[[], None], every_s: float = _LOOK_SECONDS) -> None:
    """Call ``ended`` from a thread of its own once a process lives no more."""

    def follow() -> None:
        while lives(process):
            time.sleep(every_s)
        ended()

    threading.Thread(target=follow, name="parent-watch", daemon=True).start()


class Apart(TypedDict, total=False):
    """Options of ``Popen``."""

    start_new_session: bool
    creationflags: int


def apart() -> Apart:
    """Return what lets ``Popen`` start a process that Ctrl-C here does not reach, and that outlives this one."""
    if os.name == "nt":
        return {"creationflags": 0x00000200 | 0x08000000}  # CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW
    return {"start_new_session": True}


def end_all(process: Identity) -> None:
    """Kill a process and what it started, and wait a moment for their end; nothing where it lives no more."""
    if not lives(process):
        return
    try:
        first = psutil.Process(process.pid)
        # The first one first: it must not take the death of a child for a failure and act on it.
        family = [first, *first.children(recursive=True)]
    except psutil.Error:
        return
    for each in family:
        with contextlib.suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(family, timeout=_WAIT_SECONDS)


def end_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that was started ``apart``, and where there are process groups all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            # The group outlives its leader, whose number is not given anew while a member lives.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end_gently(process: subprocess.Popen[Any], grace_s: float) -> None:
    """Ask a child to end; kill it where it does not within ``grace_s`` seconds."""
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def how_it_ended(code: int) -> str:
    """Return how a process ended that should not have, for a sentence that begins with its name."""
    if os.name == "posix" and code in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return "was killed, perhaps because memory ran out"
    return f"ended unexpectedly (status {code})"


@cache
def _boot() -> str:
    """Return what tells this start of the system from all others."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "boot"


def _mark_on_linux(pid: int) -> str | None:
    # Behind the name, which may hold blanks and brackets: the state first, and as 20th the ticks from the boot on.
    data = (_PROC / str(int(pid)) / "stat").read_bytes()
    fields = data[data.rindex(b")") + 1 :].split()
    return None if fields[0] in (b"Z", b"X") else f"{_boot()}/{int(fields[19])}"


def _mark_on_mac(pid: int) -> str:
    """Return when the kernel started a process, which it writes down once: ``proc_bsdinfo`` of libproc."""
    import ctypes  # noqa: PLC0415 - for this system only

    size, seconds_at, flavour = 136, 120, 3
    buffer = ctypes.create_string_buffer(size)
    if ctypes.CDLL("/usr/lib/libproc.dylib").proc_pidinfo(pid, flavour, ctypes.c_uint64(0), buffer, size) != size:
        raise PermissionError(pid)
    seconds = int.from_bytes(buffer[seconds_at : seconds_at + 8], sys.byteorder)
    micros = int.from_bytes(buffer[seconds_at + 8 : seconds_at + 16], sys.byteorder)
    return f"mac/{seconds}.{micros:06}"


def _mark_elsewhere(pid: int) -> str:
    # Windows writes the time down once, when it makes the process.
    return f"start/{psutil.Process(pid).create_time():.3f}"
