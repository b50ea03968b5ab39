"""On which systems Grafter's packages install, and what a system lacks. Standard library only, for any Python from 3.7.

One table: set-up asks it before anything is downloaded, and ``tools/resolve.py`` holds it against the package index.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
from typing import NamedTuple

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
# PySide6's wheels ask for this glibc since 6.10; those of 6.8 and 6.9, which do as well, for OLDEST_GLIBC.
PINNED_GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}
OLDEST_GLIBC = (2, 28)
OLDEST_MACOS = (14, 0)
QT_PACKAGES = ("PySide6_Essentials", "shiboken6")


class System(NamedTuple):
    """What decides which wheels fit. ``name``: linux, darwin or win32; ``glibc`` is None where it is another libc."""

    name: str
    machine: str
    python: tuple[int, int]
    bits: int = 64
    glibc: tuple[int, int] | None = None
    macos: tuple[int, int] | None = None


def this_system() -> System:
    """Return the system that this Python runs on."""
    machine = platform.machine().lower()
    if sys.platform == "win32":
        # What the Python was built for: one for x64 runs on ARM too, and takes x64 wheels.
        machine = sysconfig.get_platform().partition("-")[2]
    return System(
        sys.platform,
        {"amd64": "x86_64", "arm64": "aarch64", "win32": "x86"}.get(machine, machine),
        (sys.version_info[0], sys.version_info[1]),
        64 if sys.maxsize > 2**32 else 32,
        _glibc() if sys.platform.startswith("linux") else None,
        _version(platform.mac_ver()[0]) if sys.platform == "darwin" else None,
    )


def problem(system: System) -> str | None:
    """Return one sentence that says why Grafter cannot be installed here and what to do, or None."""
    return _python_problem(system) or _machine_problem(system)


def unpinned(system: System) -> tuple[str, ...]:
    """Return the packages whose pinned version has no wheel for this system, though an older one has."""
    least = PINNED_GLIBC.get(system.machine)
    old = system.name.startswith("linux") and least is not None and system.glibc is not None and system.glibc < least
    return QT_PACKAGES if old else ()


def _python_problem(system: System) -> str | None:
    written = "{}.{}".format(*system.python)
    if system.python < OLDEST_PYTHON:
        return f"Python {written} is too old: Grafter needs 3.11 or newer. Name one with 'make PYTHON=python3.12 ...'."
    if system.python > NEWEST_PYTHON:
        return (
            f"Python {written} is too new: not all packages have builds for it yet. Take 3.11 to 3.14, for example "
            "'make PYTHON=python3.13 ...'."
        )
    if system.bits != 64:
        return "This Python has 32 bits, and PyTorch has builds for 64 bits alone: install a Python of 64 bits."
    return None


def _machine_problem(system: System) -> str | None:
    if system.name.startswith("linux"):
        return _linux_problem(system)
    if system.name == "darwin":
        return _mac_problem(system)
    if system.name != "win32":
        return f"PyTorch and PySide6 have no builds for {system.name}: Grafter needs Linux, macOS or Windows."
    if system.machine != "x86_64":
        return (
            "PyTorch has no builds for Windows on ARM: install Python's x64 version, which runs here too, and set "
            "up with that one, or use Linux under WSL."
        )
    return None


def _linux_problem(system: System) -> str | None:
    if system.machine not in PINNED_GLIBC:
        return f"PyTorch and PySide6 have no builds for {system.machine}: Grafter needs x86-64 or 64-bit ARM."
    if system.glibc is None:
        return (
            "This system has no glibc (Alpine, for example, has musl), for which PyTorch and PySide6 have no builds: "
            "use a container of Debian or Ubuntu."
        )
    if system.glibc < OLDEST_GLIBC:
        return (
            "This system's glibc {}.{} is older than 2.28, which PyTorch and PySide6 need: use Debian 11, "
            "Ubuntu 20.04, RHEL 8 or anything newer.".format(*system.glibc)
        )
    return None


def _mac_problem(system: System) -> str | None:
    if system.machine != "aarch64":
        return (
            "PyTorch has no builds for Macs with an Intel processor any more: Grafter needs a Mac with an Apple chip "
            "(and there a Python for it, not one under Rosetta)."
        )
    if system.macos is not None and system.macos < OLDEST_MACOS:
        return "macOS {}.{} is too old for PyTorch's builds: Grafter needs macOS 14 or newer.".format(*system.macos)
    return None


def _glibc() -> tuple[int, int] | None:
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return None
    return _version(name.partition(" ")[2]) if name.startswith("glibc") else None


def _version(text: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2] or 0)) if found else None
