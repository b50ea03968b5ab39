"""What the processor can do, as far as it decides how fast a model runs; read without torch."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Instructions that matter for the products of matrices, by their name in /proc/cpuinfo (x86, then ARM).
_FEATURES = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
)
_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True, slots=True)
class Processor:
    """Name, physical or logical cores that this process may use, and features among those that matter."""

    name: str
    cores: int
    features: tuple[str, ...]

    @property
    def bfloat16(self) -> bool:
        """Whether it multiplies bfloat16 at full speed; else models run in float32 and need twice the memory."""
        return bool(_BFLOAT16.intersection(self.features))


def find_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """Look at this machine's processor."""
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable else os.cpu_count() or 1
    name, flags = _read(cpuinfo) if cpuinfo.is_file() else (_plain_name(), frozenset[str]())
    return Processor(name or platform.machine(), cores, tuple(f for f in _FEATURES if f in flags))


def _read(cpuinfo: Path) -> tuple[str, frozenset[str]]:
    name, flags = "", frozenset[str]()
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and not name:
            name = value.strip()
        if key.strip() in ("flags", "Features"):
            return name, frozenset(value.split())
    return name, flags


def _plain_name() -> str:
    if sys.platform == "darwin":
        try:
            query = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(query, capture_output=True, text=True, timeout=2, check=True).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return ""
    return platform.processor()
