"""Make the virtual environment that the Makefile's targets use. Runs on the system's own Python, standard library only.

    python3 tools/setup.py [--dev] [--window | --offscreen]

It says what it does, does nothing twice, and ends with one message and the mending command where something is missing,
before anything is downloaded. On Debian and Ubuntu, when run by root (a container, a CI machine), it says so and
installs missing system packages itself; GRAFTER_APT=no has it print the command instead.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
sys.path.insert(0, str(ROOT))

from tools import systems  # noqa: E402 - the repository is not installed yet

LOCK_SECONDS = 600
_LOCK_POLL_S = 5.0
# pip's lines that say what takes long; the size stands in brackets.
_DOWNLOADING = re.compile(r"\s*Downloading (\S+?)-\d\S*\.(?:whl|tar\.gz)\S* \((\d[\d.]* \wB)\)")
_KEPT_LINES = 12


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
        system = systems.this_system()
        check_system(system)
        if args.window or args.offscreen:
            check_qt(offscreen=args.offscreen)
        make_venv()
        install(system, dev=args.dev)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def say(text: str) -> None:
    """Print one line of what is done."""
    print(f"setup: {text}", flush=True)


def check_system(system: systems.System) -> None:
    """Raise SetupError where no set of packages fits this system."""
    if problem := systems.problem(system):
        raise SetupError(problem)


# --- Debian's packages -------------------------------------------------------------------------


def may_apt() -> bool:
    """Return whether missing Debian packages may be installed without asking: root on a system with apt-get."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return root and shutil.which("apt-get") is not None and os.environ.get("GRAFTER_APT", "") != "no"


def apt_install(packages: list[str]) -> None:
    """Install Debian packages, waiting for a lock that another program holds. Raises SetupError when apt-get cannot."""
    say(f"you are root, so the system packages that are missing are installed with apt-get: {' '.join(packages)}")
    apt_get = ["apt-get", "-q", "-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    for command in ([*apt_get, "update"], [*apt_get, "install", "--no-install-recommends", *packages]):
        if failure := run_apt(command):
            raise SetupError(
                f"apt-get cannot install them ({failure.rstrip('.')}). Run 'apt-get update && apt-get install -y "
                f"{' '.join(packages)}' yourself, then the same command again."
            )


def run_apt(command: list[str]) -> str:
    """Run apt-get; return "" or why it failed. It is tried again while another program holds one of its locks.

    ``DPkg::Lock::Timeout`` has it wait for one of them only: the lock of its package lists it does not wait for.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    end, told = time.monotonic() + LOCK_SECONDS, False
    while True:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        said = (done.stderr or done.stdout).strip()
        if "lock" not in said.lower() or time.monotonic() > end:
            return next((line for line in said.splitlines() if line.startswith("E:")), said[-200:]).removeprefix("E: ")
        if not told:
            say(f"another program is installing packages; waiting for it, at most {LOCK_SECONDS // 60} minutes")
            told = True
        time.sleep(_LOCK_POLL_S)


def check_qt(*, offscreen: bool) -> None:
    """Raise SetupError with the mending command when Qt's system libraries, fonts or the display are missing."""
    from app import preflight  # noqa: PLC0415 - no module for a Python that is too old

    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen"} if offscreen else os.environ
    if sys.platform.startswith("linux") and may_apt():
        packages = preflight.debian_packages(preflight.missing_libraries(environ))
        if offscreen and not any(Path("/usr/share/fonts").rglob("*.ttf")):
            packages.append("fonts-dejavu-core")
        if packages:
            apt_install(packages)
    if problem := preflight.find_problem(environ, sys.platform, command="make run"):
        raise SetupError(problem)


# --- Python's packages -------------------------------------------------------------------------


def make_venv() -> None:
    """Create the virtual environment where there is none."""
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
    say("making the virtual environment in .venv")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode != 0:
        raise SetupError(f"'{sys.executable} -m venv .venv' failed; the message stands above.")


def install(system: systems.System, *, dev: bool) -> None:
    """Install the project, editable, with the known-good versions; skipped while nothing has changed."""
    import tomllib  # noqa: PLC0415 - no module for a Python that is too old

    project, pins = (ROOT / "pyproject.toml").read_bytes(), (ROOT / "constraints.txt").read_text(encoding="utf-8")
    wanted = hashlib.sha256(project + pins.encode() + str(ROOT).encode()).hexdigest()
    stamp = VENV / ("installed-dev" if dev else "installed")
    if any(mark.exists() and mark.read_text() == wanted for mark in (stamp, VENV / "installed-dev")):
        return
    tools = tomllib.loads(project.decode())["dependency-groups"]["dev"] if dev else []
    constraints = VENV / "constraints.txt"
    constraints.write_text(loosened(pins, systems.unpinned(system)), encoding="utf-8")
    if systems.unpinned(system):
        say("this system's glibc is older than the pinned Qt asks for: the newest Qt that fits is taken instead")
    say("installing Grafter and what it needs: about five minutes, once (400 MB to download, 2 GB of disk;")
    say("where torch comes for CUDA, some GB more)")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off"]
    begin = time.monotonic()
    if not run_pip([*pip, "-c", str(constraints), "-e", ".", *tools]):
        raise SetupError(
            "pip could not install everything; its message stands above. Behind a proxy set HTTPS_PROXY; "
            "with a company mirror set PIP_INDEX_URL; then run the same command again."
        )
    stamp.write_text(wanted)
    say(f"installed in {time.monotonic() - begin:.0f} s")


def loosened(pins: str, packages: tuple[str, ...]) -> str:
    """Return constraints without those of these packages."""
    return "".join(line for line in pins.splitlines(keepends=True) if line.partition("==")[0] not in packages)


def run_pip(command: list[str]) -> bool:
    """Run pip, say what it fetches as it does, and its last lines where it fails; return whether it was well."""
    last: list[str] = []
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            last = [*last[1 - _KEPT_LINES :], line]
            if told := told_of_pip(line):
                say(f"{time.monotonic() - begin:4.0f} s  {told}")
    if process.returncode != 0:
        sys.stderr.write("".join(last))
    return process.returncode == 0


def told_of_pip(line: str) -> str | None:
    """Return what a line of pip's means to a person who waits, if it tells of something that takes long."""
    if found := _DOWNLOADING.match(line):
        size = found[2]
        return f"downloading {found[1]} ({size})" if size.endswith(("MB", "GB")) else None
    if line.startswith("Installing collected packages"):
        return f"unpacking {line.count(',') + 1} packages; this takes a minute or two"
    return None


if __name__ == "__main__":
    sys.exit(main())
