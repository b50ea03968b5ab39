"""How much memory training may take, and how much it took at most."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import torch

_SYSTEM = Path("/")


def free_bytes(place: torch.device, system: Path = _SYSTEM) -> int:
    """Return the bytes that this process can still take on the device, as the system and its control group let it."""
    if place.type == "cuda":
        return int(torch.cuda.mem_get_info(place)[0])
    available = psutil.virtual_memory().available
    limit = _group_room(system)
    return available if limit is None else min(available, limit)


def start_counting(place: torch.device) -> None:
    """Forget the peak so far, where the system lets it be forgotten."""
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats(place)
    elif sys.platform == "linux":
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            return


def peak_bytes(place: torch.device) -> int:
    """Return the most bytes that this process held on the device since counting started."""
    if place.type == "cuda":
        return int(torch.cuda.max_memory_reserved(place))
    return max(_high_water(), psutil.Process().memory_info().rss)


def _high_water() -> int:
    if sys.platform == "linux":
        try:
            text = Path("/proc/self/status").read_text(encoding="utf-8")
        except OSError:
            return 0
        row = next((line for line in text.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(row.split()[1]) * 1024
    return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))


def _group_room(system: Path) -> int | None:
    """Return what the control groups of this process leave it; None: they set no limit."""
    rooms: list[int] = []
    for line in _text(system / "proc" / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            base, names = system / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            base = system / "sys/fs/cgroup/memory"
        else:
            continue
        parts = [part for part in path.split("/") if part]
        # Inside of a container the path is the host's, and only the root of the tree is to be seen.
        for depth in range(len(parts), -1, -1):
            room = _room(base.joinpath(*parts[:depth]), *names)
            if room is not None:
                rooms.append(room)
    return min(rooms, default=None)


def _room(folder: Path, limit: str, used: str, cached: str) -> int | None:
    """Return the bytes left below a group's limit; what only caches files counts as left."""
    most, now = _text(folder / limit).strip(), _text(folder / used).strip()
    if not most.isdecimal() or not now.isdecimal():
        return None
    stat = dict(row.split(" ", 1) for row in _text(folder / "memory.stat").splitlines() if " " in row)
    spare = stat.get(cached, "0").strip()
    return max(int(most) - int(now) + (int(spare) if spare.isdecimal() else 0), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
