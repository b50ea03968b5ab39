"""Memory of a process that is measured, and which process listens on a port."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of a process and its children: now, and at the highest (None where the system does not say)."""

    now: int
    peak: int | None


def memory_of(pid: int) -> Memory | None:
    """Return the memory of a process with all that it started; None where it cannot be seen."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        now = process.memory_info().rss
    except psutil.Error:
        return None
    peaks = [_peak(process)]
    for child in family[1:]:
        with contextlib.suppress(psutil.Error):
            now += child.memory_info().rss
            peaks.append(_peak(child))
    return Memory(now, sum(peak for peak in peaks if peak is not None) if None not in peaks else None)


def _peak(process: psutil.Process) -> int | None:
    """Return the highest resident size so far: Windows and Linux remember it for every process."""
    info = process.memory_info()
    if (peak := getattr(info, "peak_wset", None)) is not None:
        return int(peak)
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


def listening_pid(url: str) -> int | None:
    """Return the process that serves ``url``, where it is on this machine and the system lets us see it."""
    parts = urlsplit(url)
    if parts.hostname not in _LOOPBACK or parts.port is None:
        return None
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:  # macOS tells only the superuser
        return None
    for each in connections:
        if each.status == psutil.CONN_LISTEN and each.pid and each.laddr and each.laddr[1] == parts.port:
            return each.pid
    return None
