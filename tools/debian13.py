"""Run the plain tests under Debian 13 and its Python 3.13, in a root of its own: ``make debian13``.

    python tools/debian13.py [TARGET...]

Runs as root on a Debian or Ubuntu that has debootstrap. build/debian13 becomes a small Debian 13, once (some GB with
what pip installs), the committed files are copied into it, and ``make TARGET`` (``plain``) runs there. pip is
configured in there as out here: its settings are handed in, and files and folders that they name are shown
there, read-only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = ROOT / "build" / "debian13"
PROJECT = "/srv/grafter"
RELEASE = "trixie"
_PACKAGES = ("python3", "python3-venv", "make", "git", "ca-certificates", "procps")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_SETTING = re.compile(r"(?:global|install|:env:)\.([\w-]+)='(.*)'")


class RootError(Exception):
    """One message that says what is missing and how to mend it."""


def main() -> int:
    """Make the root where there is none, and run the targets in it; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the tests under Debian 13.")
    parser.add_argument("targets", nargs="*", default=["plain"], help="what make runs in there")
    targets = parser.parse_args().targets
    try:
        environment = inner_environment(os.environ, pip_settings())
        make_root(os.environ.get("DEBIAN_MIRROR", ""))
        copy_project()
        with mounted([Path("/proc"), Path("/dev")]):
            # Before anything of out here but those is seen in there: packages write what they install.
            inside(["apt-get", "-q", "update"], environment)
            inside(["apt-get", "-q", "-y", "install", "--no-install-recommends", *_PACKAGES], environment)
            with mounted(named_paths(environment), read_only=True):
                return inside(["make", "-C", PROJECT, *targets], environment, check=False)
    except RootError as error:
        print(f"debian13: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def make_root(mirror: str) -> None:
    """Make a small Debian 13, unless a whole one is there. Raises RootError where that cannot be done here."""
    if (DEBIAN / "made").exists():
        return
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise RootError("only root can make and enter a root of its own; run: sudo make debian13")
    if shutil.which("debootstrap") is None:
        raise RootError("debootstrap is missing; run: apt-get install -y debootstrap")
    DEBIAN.mkdir(parents=True, exist_ok=True)
    print(f"debian13: making a Debian 13 in {DEBIAN.relative_to(ROOT)}, once", flush=True)
    command = ["debootstrap", "--variant=minbase", RELEASE, str(DEBIAN), *([mirror] if mirror else [])]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        raise RootError("debootstrap failed; its message stands above. A mirror of yours: DEBIAN_MIRROR=http://...")
    (DEBIAN / "made").touch()


def copy_project() -> None:
    """Put the committed files where the root has the project; what was built there stays."""
    place = DEBIAN / PROJECT.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        if old.name not in (".venv", "build"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", place], input=archive, check=True)


def pip_settings() -> dict[str, str]:
    """Return pip's settings out here, by their names as options."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    return {found[1]: found[2] for line in done.stdout.splitlines() if (found := _SETTING.fullmatch(line))}


def inner_environment(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of what runs in there: of out here only pip's settings, proxies and certificates."""
    own = {name: environ[name] for name in (*_PROXIES, *_CERTIFICATES) if name in environ}
    own |= {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}
    return own | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}


def named_paths(environment: Mapping[str, str]) -> list[Path]:
    """Return the files and folders out here that pip's settings and the certificates name.

    An index in a folder is shown with the folder it lies in: its pages name wheels beside it.
    """
    values = [value for name, value in environment.items() if name.startswith("PIP_") or name in _CERTIFICATES]
    words = [word for value in values for word in value.split()]
    places = [Path(word) for word in words if word.startswith("/")]
    indexes = [Path(word.removeprefix("file://")) for word in words if word.startswith("file:///")]
    places += [index if index.parent == Path("/") else index.parent for index in indexes]
    return list(dict.fromkeys(place for place in places if place.exists()))


@contextlib.contextmanager
def mounted(places: list[Path], *, read_only: bool = False) -> Iterator[None]:
    """Show these places in the root under their own names, and take them away at the end.

    ``read_only``: nothing in there can change them, as a package that renews the list of certificates would.
    """
    done: list[Path] = []
    try:
        for place in places:
            inner = DEBIAN / str(place.resolve() if place.is_symlink() else place).lstrip("/")
            inner.parent.mkdir(parents=True, exist_ok=True)
            inner.mkdir(exist_ok=True) if place.is_dir() else inner.touch()
            subprocess.run(["mount", "--bind", str(place.resolve()), str(inner)], check=True)
            done.append(inner)
            if read_only:
                subprocess.run(["mount", "-o", "remount,bind,ro", str(inner)], check=True)
        yield
    finally:
        for inner in reversed(done):
            subprocess.run(["umount", "--lazy", str(inner)], check=False)


def inside(command: list[str], environment: Mapping[str, str], *, check: bool = True) -> int:
    """Run a command in the root; return its exit status. Raises RootError where it fails and ``check``."""
    done = subprocess.run(["chroot", str(DEBIAN), *command], env={**environment}, check=False)
    if check and done.returncode != 0:
        raise RootError(f"'{' '.join(command)}' failed in {DEBIAN.relative_to(ROOT)}; its message stands above.")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
