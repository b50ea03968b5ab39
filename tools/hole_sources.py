"""Fetch source code in many languages for ``grafter evaluate holes``: ``make hole-sources``.

    python tools/hole_sources.py [LANGUAGE...]

Permissively licensed packages, each one file that hole_sources.toml pins by its hash, come from where this computer
gets its packages anyway: Debian's sources and packages by apt, from the mirror that apt is set up for, and wheels by
pip. What is of the language lies in build/sources/LANGUAGE/PACKAGE/ afterwards, with the licences in
build/sources/LICENCES.txt. What cannot be had is one sentence, and the rest goes on. Nothing that was fetched is run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assistant.repository.spans import code_language  # noqa: E402 - it is not on the path of a program

SOURCES = ROOT / "build" / "sources"
FETCHED = ROOT / "build" / "hole-sources"
TABLE = Path(__file__).resolve().with_suffix(".toml")
RELEASE = "bookworm"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SECONDS = 300
_MOST_BYTES = 1 << 20
_FIRST_LINE = 200

Way = Literal["source", "package", "wheel"]


class Source(NamedTuple):
    """One file with the code of a package; ``way`` says who fetches it: a Debian source or package by apt, or pip."""

    language: str
    way: Way
    name: str
    version: str
    file: str
    sha256: str
    licence: str


def read_table() -> list[Source]:
    """Return what is pinned beside this file."""
    with TABLE.open("rb") as file:
        return [Source(**fields) for fields in tomllib.load(file)["source"]]


class SourceError(Exception):
    """One message that says what cannot be had and why."""


def main() -> int:
    """Fetch and unpack what is not there; return the exit status: 1 where a language has nothing."""
    table = read_table()
    languages = sorted({source.language for source in table})
    parser = argparse.ArgumentParser(description="Fetch source code for 'grafter evaluate holes'.")
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=f"only these: {', '.join(languages)}")
    wanted = parser.parse_args().languages or languages
    if unknown := sorted(set(wanted) - set(languages)):
        parser.error(f"there is nothing for {', '.join(unknown)}; choose from {', '.join(languages)}")
    try:
        files = fetch_all([source for source in table if source.language in wanted])
    except KeyboardInterrupt:
        return 130
    remove_unpinned(table)
    write_licences(table)
    empty = [language for language in wanted if not files[language]]
    for language in wanted:
        print(f"hole-sources: {language}: {files[language]} files", flush=True)
    if empty:
        print(f"hole-sources: nothing is there for {', '.join(empty)}; see above why.", file=sys.stderr)
    return 1 if empty else 0


def fetch_all(sources: Sequence[Source]) -> defaultdict[str, int]:
    """Fetch and unpack; return how many files there are of each language, and print a sentence for what is missing."""
    files: defaultdict[str, int] = defaultdict(int)
    for source in sources:
        folder = SOURCES / source.language / source.name
        stamp = folder / ".sha256"
        try:
            if not stamp.exists() or stamp.read_text(encoding="utf-8") != source.sha256:
                count = unpack(source, fetch(source), folder)
                stamp.write_text(source.sha256, encoding="utf-8")
                print(f"hole-sources: {source.language}/{source.name} {source.version}, {count} files", flush=True)
        except (SourceError, OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.SubprocessError) as error:
            print(f"hole-sources: {source.name} {source.version} cannot be had: {one_line(error)}", file=sys.stderr)
            continue
        files[source.language] += sum(1 for path in folder.rglob("*") if path.is_file() and path != stamp)
    return files


def fetch(source: Source) -> Path:
    """Return the file of a source, fetched unless it is there. Raises SourceError where it is another one, or none."""
    place = FETCHED / source.file
    if not place.exists() or digest(place) != source.sha256:
        FETCHED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FETCHED) as folder:
            said = {"source": by_apt, "package": by_apt, "wheel": by_pip}[source.way](source, Path(folder))
            found = Path(folder, source.file)
            if not found.exists():
                raise SourceError(said or "it is not there under this version")
            if digest(found) != source.sha256:
                raise SourceError("what came is another file than the one that was pinned")
            found.replace(place)
    return place


# --- who fetches -----------------------------------------------------------------------


def by_apt(source: Source, folder: Path) -> str:
    """Have apt fetch into a folder; return why it did not, which is not sure: other files of a source do not matter."""
    options = apt_options()
    # apt hands its work to a user of its own, who has to get into the folder.
    folder.chmod(0o755)
    what = (
        ["source", "--download-only", "--tar-only", source.name]
        if source.way == "source"
        else ["download", f"{source.name}={source.version}"]
    )
    return run(["apt-get", "-q", *options, *what], folder)


def apt_options() -> list[str]:
    """Return the options with which apt knows Debian's sources, with lists of its own under build/; made once."""
    apt = FETCHED / "apt"
    listed = apt / "sources.list"
    options = [
        *("-o", f"Dir::Etc::SourceList={listed}", "-o", "Dir::Etc::SourceParts=/dev/null"),
        *("-o", f"Dir::State::Lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}"),
    ]
    if (apt / "made").exists():
        return options
    if shutil.which("apt-get") is None:
        raise SourceError("this system has no apt; on Debian or Ubuntu it can be had")
    for name in ("lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    listed.write_text(sources_list(debian_mirror()), encoding="utf-8")
    print("hole-sources: apt reads the list of Debian's sources, once", flush=True)
    if said := run(["apt-get", "-q", *options, "update"], apt):
        raise SourceError(said)
    (apt / "made").touch()
    return options


def debian_mirror() -> str:
    """Return the address from which this system's apt takes Debian's packages. Raises SourceError where it does not."""
    form = "$(ORIGIN)|$(REPO_URI)"
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", form], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    for line in done.stdout.splitlines():
        origin, _, address = line.partition("|")
        if origin == "Debian" and "security" not in address:
            return address
    raise SourceError("apt is not set up for a mirror of Debian; add one and run 'apt-get update'")


def sources_list(mirror: str) -> str:
    """Return what tells apt of the packages and the sources of the pinned release."""
    signed = f" [signed-by={_KEYRING}]" if _KEYRING.exists() else ""
    return "".join(f"{kind}{signed} {mirror} {RELEASE} main\n" for kind in ("deb", "deb-src"))


def by_pip(source: Source, folder: Path) -> str:
    """Have pip fetch a wheel into a folder; return why it did not."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps"]
    return run([*pip, "--only-binary", ":all:", "--dest", str(folder), f"{source.name}=={source.version}"], folder)


def run(command: Sequence[str], folder: Path) -> str:
    """Run a program in a folder; return "" or its last complaint."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode == 0:
        return ""
    lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
    errors = [line for line in lines if line.startswith(("E:", "ERROR:"))]
    return (errors or lines)[0]


# --- unpacking -------------------------------------------------------------------------


def unpack(source: Source, file: Path, folder: Path) -> int:
    """Write what is of the source's language into a folder, anew; return how many files that is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    count = 0
    for name, data in members(file):
        first = data[:_FIRST_LINE].decode("utf-8", "replace")
        if code_language(name, first) != source.language or not is_inside(name):
            continue
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        count += 1
    return count


def members(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the plain files of an archive, a wheel or a Debian package that are no larger than sources are."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            for entry in wheel.infolist():
                if not entry.is_dir() and entry.file_size <= _MOST_BYTES:
                    yield entry.filename, wheel.read(entry)
        return
    packed = file.read_bytes()
    if file.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", str(file)]
        packed = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            if member.isfile() and member.size <= _MOST_BYTES and (opened := archive.extractfile(member)) is not None:
                yield member.name.removeprefix("./"), opened.read()


def is_inside(name: str) -> bool:
    """Return whether a member's name stays inside of the folder that it is unpacked into."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in name


# --- small things ----------------------------------------------------------------------


def remove_unpinned(table: Sequence[Source]) -> None:
    """Remove what an older table had unpacked: the same table gives the same holes."""
    pinned = {SOURCES / source.language / source.name for source in table}
    for stamp in SOURCES.glob("*/*/.sha256"):
        if stamp.parent not in pinned:
            shutil.rmtree(stamp.parent)


def write_licences(table: Sequence[Source]) -> None:
    """Say beside the sources what is there, and under which licence."""
    lines = [
        f"{source.language}/{source.name} {source.version}: {source.licence}, sha256 {source.sha256}\n"
        for source in table
        if (SOURCES / source.language / source.name / ".sha256").exists()
    ]
    SOURCES.mkdir(parents=True, exist_ok=True)
    (SOURCES / "LICENCES.txt").write_text("".join(lines), encoding="utf-8")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_line(error: Exception) -> str:
    """Return what went wrong as the end of a sentence."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return said[0].removeprefix("E: ").removeprefix("ERROR: ").rstrip(".") + "."


if __name__ == "__main__":
    sys.exit(main())
