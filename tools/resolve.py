"""Hold the pinned set of packages against the package index, for every system that README names: ``make lint``.

    python tools/resolve.py [--anew]

For each system and each Python, uv looks for wheels of every package as set-up would install them: pinned, or with the
newest Qt that fits where tools/systems.py says so. A system that set-up refuses must still lack something. Only the
index's descriptions are read, and nothing is asked while pyproject.toml, constraints.txt and these tools are as they
were at the last success.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import systems  # noqa: E402 - run as a program, this folder's parent is not on the path
from tools.setup import loosened  # noqa: E402

STAMP = ROOT / "build" / "resolved"
_READ = ("pyproject.toml", "constraints.txt", "tools/systems.py", "tools/resolve.py")
_SECONDS = 300
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))


class Target(NamedTuple):
    """One system: its name for people, uv's name for it, and what set-up would see there."""

    name: str
    platform: str
    system: systems.System


def linux(name: str, machine: str, glibc: tuple[int, int]) -> Target:
    """Return a Linux with this glibc, under uv's name for what its pip takes."""
    return Target(
        name, f"{machine}-manylinux_{glibc[0]}_{glibc[1]}", systems.System("linux", machine, PYTHONS[0], 64, glibc)
    )


def mac(name: str, machine: str, version: tuple[int, int]) -> Target:
    """Return a Mac with this version of macOS, which uv reads from the environment."""
    chip = f"{machine}-apple-darwin"
    return Target(name, chip, systems.System("darwin", machine, PYTHONS[0], macos=version))


TARGETS = (
    linux("Linux x86-64, glibc 2.34 (RHEL 9)", "x86_64", (2, 34)),
    linux("Linux x86-64, glibc 2.31 (Ubuntu 20.04)", "x86_64", (2, 31)),
    linux("Linux x86-64, glibc 2.28 (RHEL 8)", "x86_64", (2, 28)),
    linux("Linux ARM, glibc 2.39 (Ubuntu 24.04)", "aarch64", (2, 39)),
    linux("Linux ARM, glibc 2.36 (Debian 12)", "aarch64", (2, 36)),
    linux("Linux ARM, glibc 2.35 (Ubuntu 22.04, Jetson)", "aarch64", (2, 35)),
    Target("Windows x64", "x86_64-pc-windows-msvc", systems.System("win32", "x86_64", PYTHONS[0])),
    mac("macOS 14, Apple chip", "aarch64", (14, 0)),
)
REFUSED = (
    linux("Linux x86-64, glibc 2.17", "x86_64", (2, 17)),
    Target("Windows on ARM", "aarch64-pc-windows-msvc", systems.System("win32", "aarch64", PYTHONS[0])),
    mac("macOS 13, Apple chip", "aarch64", (13, 0)),
    mac("macOS 14, Intel", "x86_64", (14, 0)),
)


def main() -> int:
    """Resolve for all; return the exit status."""
    parser = argparse.ArgumentParser(description="Look for wheels of the pinned set on every system.")
    parser.add_argument("--anew", action="store_true", help="ask the index though nothing has changed")
    wanted = hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in _READ)).hexdigest()
    if not parser.parse_args().anew and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        print("resolve: the pinned set is as it was when it was last found on every system")
        return 0
    questions = [(target, python) for target in (*TARGETS, *REFUSED) for python in PYTHONS]
    questions = [(target, python) for target, python in questions if target in TARGETS or python == PYTHONS[1]]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda question: resolve(*question), questions))
    faults = list(find_faults(questions, answers))
    for fault in faults:
        print(f"resolve: {fault}", file=sys.stderr)
    if not faults:
        print(f"resolve: the pinned set installs on {len(TARGETS)} systems with Python 3.11 to 3.14")
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(wanted, encoding="utf-8")
    return 1 if faults else 0


def find_faults(questions: Sequence[tuple[Target, tuple[int, int]]], answers: Sequence[str]) -> list[str]:
    """Return a sentence for each answer that is not what tools/systems.py says."""
    if unreachable := next((answer for answer in answers if is_unreachable(answer)), ""):
        return [f"the package index cannot be reached ({unreachable}). Run the same command again with a network."]
    faults: list[str] = []
    for (target, python), answer in zip(questions, answers, strict=True):
        where = f"{target.name}, Python {python[0]}.{python[1]}"
        if target in TARGETS and answer:
            faults.append(f"{where}: {answer}")
        elif target in REFUSED and not answer:
            faults.append(f"{where}: everything is there now, though tools/systems.py refuses this system. Let it in.")
    return faults


def resolve(target: Target, python: tuple[int, int]) -> str:
    """Return "" where every package has a wheel, or why not, in uv's words."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text(loosened(pins, systems.unpinned(target.system)), encoding="utf-8")
        command = [
            *(sys.executable, "-P", "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--only-binary", ":all:"),
            *("--python-platform", target.platform, "--python-version", f"{python[0]}.{python[1]}"),
            *("--constraints", str(constraints), "--group", "dev", "--output-file", os.devnull, "pyproject.toml"),
        ]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(target), capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[:500]


def environment(target: Target) -> dict[str, str]:
    """Return uv's environment: the index that pip uses, and no wheels of this machine's own, which prove nothing."""
    own = {name: value for name, value in os.environ.items() if name not in ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL")}
    if "PIP_INDEX_URL" in own:
        own.setdefault("UV_DEFAULT_INDEX", own["PIP_INDEX_URL"])
    if target.system.macos:
        own["MACOSX_DEPLOYMENT_TARGET"] = "{}.{}".format(*target.system.macos)
    return own


def is_unreachable(answer: str) -> bool:
    """Whether uv failed for the network's sake."""
    return any(
        sign in answer for sign in ("error sending request", "Failed to fetch", "dns error", "Connection refused")
    )


if __name__ == "__main__":
    sys.exit(main())
