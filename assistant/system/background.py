"""Work that nobody waits for at this moment: processes that leave the processor to the editor and its model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

import psutil

NICENESS = 10
"""Of what works in the background, on POSIX."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS")


def background_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a child that works in the background: its libraries compute with few threads.

    Half of the cores, at least one: with all of them each product of the model would wait for a core that is away.
    """
    cores = psutil.cpu_count(logical=False) or 1
    few = max(cores // 2, 1)
    counts = {name: environment.get(name, "") for name in _THREADS}
    fewer = {name: said if said.isdecimal() and 0 < int(said) < few else str(few) for name, said in counts.items()}
    return {**environment, **fewer, "TOKENIZERS_PARALLELISM": "false"}


def step_back(pid: int) -> None:
    """Let a child that was just started have the processor only when no other program wants it.

    A system that refuses, and a child that has ended already, are no reason to stop.
    """
    with contextlib.suppress(psutil.Error, OSError):
        child = psutil.Process(pid)
        below_normal = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None)  # Windows has classes, not numbers
        child.nice(max(int(child.nice()), NICENESS) if below_normal is None else below_normal)
