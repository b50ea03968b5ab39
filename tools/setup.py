"""Make the virtual environment that the Makefile's targets use. Runs on the system's own Python, standard library only.

    python3 tools/setup.py [--dev] [--window | --offscreen]

It says what it does, does nothing twice, and ends with one message and the mending command where something is missing.
On Debian and Ubuntu, when run by root (a container, a CI machine), it installs missing system packages itself.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
sys.path.insert(0, str(ROOT))

from app import preflight  # noqa: E402 - the repository is not installed yet


class SetupError(Exception):
    """One message that says what is missing and how to mend it."""


def main() -> int:
    """Set everything up; return the exit status."""
    parser = argparse.ArgumentParser(description="Make Grafter's virtual environment.")
    parser.add_argument("--dev", action="store_true", help="also install what the tests and checks need")
    screen = parser.add_mutually_exclusive_group()
    screen.add_argument("--window", action="store_true", help="check that a window can be opened here")
    screen.add_argument("--offscreen", action="store_true", help="check that Qt can draw without a screen")
    args = parser.parse_args()
    try:
        if args.window or args.offscreen:
            check_qt(offscreen=args.offscreen)
        make_venv()
        install(dev=args.dev)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def may_apt() -> bool:
    """Return whether missing Debian packages may be installed without asking: root on a system with apt-get."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> None:
    """Install Debian packages. Raises SetupError when apt-get cannot."""
    print(f"setup: installing system packages: {' '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt_get = ["apt-get", "-q", "-y"]
    for command in ([*apt_get, "update"], [*apt_get, "install", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise SetupError(f"'{' '.join(command)}' failed: {' '.join(last)}")


def check_qt(*, offscreen: bool) -> None:
    """Raise SetupError with the mending command when Qt's system libraries, fonts or the display are missing."""
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen"} if offscreen else os.environ
    if sys.platform.startswith("linux") and may_apt():
        packages = preflight.debian_packages(preflight.missing_libraries(environ))
        if offscreen and not any(Path("/usr/share/fonts").rglob("*.ttf")):
            packages.append("fonts-dejavu-core")
        if packages:
            apt_install(packages)
    if problem := preflight.find_problem(environ, sys.platform):
        raise SetupError(problem)


def make_venv() -> None:
    """Create the virtual environment where there is none."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the system's Python may be older than the project's
        raise SetupError(
            f"Python {sys.version_info.major}.{sys.version_info.minor} is too old: Grafter needs 3.11 or newer. "
            "Name one with 'make PYTHON=python3.12 ...'."
        )
    if PYTHON.exists():
        pip = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False)
        if pip.returncode == 0:
            return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian keeps it in a package of its own
    except ImportError:
        if not may_apt():
            raise SetupError(f"Python's venv module is incomplete; run: sudo apt-get install -y {package}") from None
        apt_install([package])
    print("setup: making the virtual environment in .venv", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode != 0:
        raise SetupError(f"'{sys.executable} -m venv .venv' failed; the message stands above.")


def install(*, dev: bool) -> None:
    """Install the project, editable, with the known-good versions; skipped while nothing has changed."""
    project = (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(project + (ROOT / "constraints.txt").read_bytes() + str(ROOT).encode()).hexdigest()
    stamp = VENV / ("installed-dev" if dev else "installed")
    if any(mark.exists() and mark.read_text() == wanted for mark in (stamp, VENV / "installed-dev")):
        return
    tools = tomllib.loads(project.decode())["dependency-groups"]["dev"] if dev else []
    print(
        "setup: installing Grafter and what it needs (the first time this downloads 400 MB; with CUDA, some GB)",
        flush=True,
    )
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", "constraints.txt"]
    if subprocess.run([*pip, "-e", ".", *tools], cwd=ROOT, check=False).returncode != 0:
        raise SetupError(
            "pip could not install everything; its message stands above. Behind a proxy set HTTPS_PROXY; "
            "with a company mirror set PIP_INDEX_URL; then run the same command again."
        )
    stamp.write_text(wanted)


if __name__ == "__main__":
    sys.exit(main())
