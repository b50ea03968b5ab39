"""How many threads compute: chosen once, here, for every library that would else choose for itself.

Decoding waits for memory more than for arithmetic, and each product waits for its slowest thread: one thread for each
fast core is best. A second one on the same core, or one on an efficiency core, makes all others wait. So this counts
the physical cores that this process may use, the fast ones where the system tells which those are.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

import psutil

MAX_THREADS = 512

_SYSTEM = Path("/")
_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# How often a thread of GNU's OpenMP looks for new work before it sleeps: about 0.2 ms, which bridges the gaps between
# the operations of one token. By default it looks for many milliseconds, and where another program wants a core, the
# threads that look keep the one that still computes from running: decoding was seen to fall from 44 tokens a second to
# between 1 and 12 beside one busy program, and to 19 with this number, which costs nothing while the cores are free.
_SPINS = "4000"
# A core with less than this share of the strongest one's capacity is an efficiency core.
_FAST_SHARE = 0.5

_log = logging.getLogger(__name__)


def apply(wanted: int = 0) -> int:
    """Make the calling thread, which is to be the one that decodes, compute with so many threads; return how many.

    ``wanted`` 0 leaves the number to OMP_NUM_THREADS where that is set, else to ``count_threads``. Called before the
    model is loaded, and best before anything has imported torch. OpenMP keeps the number for each thread that starts
    others, which is why the caller matters.
    """
    count = min(wanted, MAX_THREADS) if wanted > 0 else _from_environment() or count_threads()
    for name in _VARIABLES:
        os.environ[name] = str(count)
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    # The tokenizer's own pool would take every logical core for texts of a few kilobytes.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

    import torch  # noqa: PLC0415  (reads the variables above)

    torch.set_num_threads(count)
    _log.info("Computing with %d threads.", count)
    return count


def count_threads(system: Path = _SYSTEM) -> int:
    """Return how many cores this process should compute with, at least one.

    ``system`` is the root under which Linux's /sys and /proc lie. Respected are the processors that the process may run
    on, and the share of time that its control group has.
    """
    if not (system / "sys" / "devices" / "system" / "cpu").is_dir():
        return max(min(psutil.cpu_count(logical=False) or 1, len(_usable())), 1)
    cores = _count_cores(_fast(_usable(), system), system)
    limit = _group_limit(system)
    return max(cores if limit is None else min(cores, int(limit)), 1)


def _from_environment() -> int:
    """Return the number that the person has set for every OpenMP program, 0 without one."""
    text = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(int(text), MAX_THREADS) if text.isdecimal() else 0


def _usable() -> set[int]:
    """Return the numbers of the logical processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    try:
        return set(psutil.Process().cpu_affinity() or ())
    except (AttributeError, psutil.Error):  # macOS has no such thing
        return set(range(os.cpu_count() or 1))


def _fast(usable: set[int], system: Path) -> set[int]:
    """Return those of the logical processors that belong to fast cores; all where the system does not tell."""
    # Intel's hybrid processors have a device for each kind of core.
    performance = _read_list(system / "sys" / "devices" / "cpu_core" / "cpus")
    if not performance:
        found = {cpu: _read_number(_cpu(system, cpu) / "cpu_capacity") for cpu in usable}
        capacity = {cpu: value for cpu, value in found.items() if value is not None}
        least = _FAST_SHARE * max(capacity.values(), default=0.0)
        performance = {cpu for cpu, value in capacity.items() if value >= least}
    return usable & performance or usable


def _count_cores(cpus: Iterable[int], system: Path) -> int:
    """Return on how many physical cores these logical processors lie."""
    cores: set[frozenset[int]] = set()
    for cpu in cpus:
        topology = _cpu(system, cpu) / "topology"
        siblings = _read_list(topology / "core_cpus_list") or _read_list(topology / "thread_siblings_list")
        cores.add(frozenset(siblings or {cpu}))
    return len(cores)


def _group_limit(system: Path) -> float | None:
    """Return how many processors' time the control groups of this process leave it; None: all."""
    limits: list[float] = []
    for line in _read(system / "proc" / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):  # version 2 names none
            continue
        folder = root = system / "sys" / "fs" / "cgroup" / ("cpu" if controllers else "")
        if ".." not in path:  # a group outside of what a container can see; its own limits are at the root
            folder = root / path.lstrip("/")
        limits += [limit for place in _up_to(root, folder) if (limit := _limit(place)) is not None]
    return min(limits, default=None)


def _up_to(root: Path, folder: Path) -> list[Path]:
    """Return ``folder`` and those above it, up to ``root``."""
    return [place for place in (folder, *folder.parents) if place.is_relative_to(root)]


def _limit(group: Path) -> float | None:
    """Return a control group's own limit in processors, in the files of version 2 or 1."""
    words = _read(group / "cpu.max").split()
    if not words:
        words = [*_read(group / "cpu.cfs_quota_us").split(), *_read(group / "cpu.cfs_period_us").split()]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None  # "max", or -1: no limit
    return int(words[0]) / int(words[1])


def _cpu(system: Path, cpu: int) -> Path:
    return system / "sys" / "devices" / "system" / "cpu" / f"cpu{cpu}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _read_number(path: Path) -> float | None:
    text = _read(path).strip()
    return float(text) if text.isdecimal() else None


def _read_list(path: Path) -> set[int]:
    """Read a list of processors as Linux writes it, such as ``0-3,8``; empty where there is none."""
    found: set[int] = set()
    for part in _read(path).strip().split(","):
        first, _, last = part.partition("-")
        if first.isdecimal():
            found.update(range(int(first), int(last if last.isdecimal() else first) + 1))
    return found
