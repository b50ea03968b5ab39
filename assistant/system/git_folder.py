"""Find a folder's git repository, and make a git directory that stands in for its own, without any configuration.

What a repository's configuration names (filters, hooks, monitors, signature checkers, remotes) can be started by git,
and it comes with the repository. So git never works with that configuration: it is given another git directory, with
copies of the branches and tags, and with settings of ours. Only the objects and the index are the repository's own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError

_MOST_LINE = 4096
_MOST_REFS = 256_000_000
_MOST_COPIED = 1_000_000_000
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# What git allows in the name of a ref, or less.
_REF = re.compile(r"refs(?:/(?!\.)(?:(?!\.\.|@\{|\.lock(?:/|$))[^\x00-\x20\x7f~^:?*\[\\/])+(?<!\.))+")
_MOST_LINKS = 5


class NotARepository(InputError):  # noqa: N818 - a name that reads as what it says
    """The folder is in no git repository."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository lies: the folder that its files are in, its git directory, and the one that worktrees share.

    Of a bare repository all three are the same.
    """

    top: Path
    git_dir: Path
    common: Path
    bare: bool = False

    @property
    def objects(self) -> Path:
        """The folder of the objects."""
        return self.common / "objects"

    @property
    def index(self) -> Path:
        """The index, which may be missing."""
        return self.git_dir / "index"


def find_place(folder: Path) -> Place:
    """Return where the repository of a folder (absolute, links resolved) lies. Raises NotARepository.

    It is looked for as git does, upwards to GIT_CEILING_DIRECTORIES and to the end of the file system, with two
    differences. ``core.worktree`` is not followed: the files are where ``.git`` is. And a bare repository counts only
    where its own folder is named, as git names it (``NAME.git``), and lies in no other repository: one that came with
    a repository's files, or hides among them, is data.
    """
    ceilings = {Path(each) for each in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if each}
    device = folder.stat().st_dev
    for here in (folder, *folder.parents):
        if here != folder and (here in ceilings or here.stat().st_dev != device):
            break
        git_dir = _git_dir_of(here)
        if git_dir is not None:
            return Place(here, git_dir, _common_of(git_dir))
    if _is_git_dir(folder):
        if folder.name.endswith(".git"):
            return Place(folder, folder, folder, bare=True)
        raise NotARepository(
            f"{folder} is a bare git repository, which counts only in a folder whose name ends with .git; rename it, "
            "or clone it and name the clone."
        )
    raise NotARepository(f"{folder} is not a git repository.")


def shared_git_dir(folder: Path) -> Path:
    """Return the git directory of a folder that holds ``.git``: of a worktree the one that all worktrees share."""
    entry = folder / ".git"
    if entry.is_file():
        named = _read(entry, _MOST_LINE).removeprefix("gitdir:").strip()
        entry = Path(os.path.normpath(folder / named))
    return _common_of(entry)


def _git_dir_of(folder: Path) -> Path | None:
    entry = folder / ".git"
    if entry.is_file():
        said = _read(entry, _MOST_LINE)
        named = said.removeprefix("gitdir:").strip()
        git_dir = Path(os.path.normpath(folder / named))
        if not said.startswith("gitdir:") or not named or not _is_git_dir(git_dir):
            raise NotARepository(
                f"{entry} leads to no git repository; run 'git worktree repair' where it was moved, or name another "
                "folder."
            )
        return git_dir
    return entry if _is_git_dir(entry) else None


def _is_git_dir(folder: Path) -> bool:
    try:
        head = folder / "HEAD"
        begins = head.is_symlink() or bool(re.match(r"ref:\s*refs/|[0-9a-f]{40}", _read(head, _MOST_LINE)))
        common = _common_of(folder)
        return begins and (common / "objects").is_dir() and (common / "refs").is_dir()
    except OSError:
        return False


def _common_of(git_dir: Path) -> Path:
    named = _read(git_dir / "commondir", _MOST_LINE).strip()
    return Path(os.path.normpath(git_dir / named)) if named else git_dir


def make_stand_in(place: Place, into: Path, object_format: str, head: str, refs: Mapping[str, str]) -> None:
    """Write a git directory into an empty folder that stands in for the repository's own.

    ``object_format`` is sha1 or sha256; ``head`` is what HEAD says, ``ref: refs/...`` or an id; ``refs`` are the ids by
    name. Raises OSError.
    """
    for name in ("objects", "refs/heads", "info"):
        (into / name).mkdir(parents=True)
    _write(into / "HEAD", head + "\n")
    _write(into / "packed-refs", "".join(f"{refs[name]} {name}\n" for name in sorted(refs, key=os.fsencode)))
    _write(into / "config", _settings(place, object_format))
    # Where a shallow clone ends, and what only this clone ignores; the index may lean on a shared one beside it.
    copied = [(place.common / "shallow", "shallow"), (place.common / "info" / "exclude", "info/exclude")]
    copied += [(file, file.name) for file in place.git_dir.glob("sharedindex.*")]
    for file, name in copied:
        if _is_plain(file, _MOST_COPIED):
            shutil.copyfile(file, into / name)


def _settings(place: Place, object_format: str) -> str:
    """Return the settings of the stand-in: what is the same on every machine, and compares files by their content.

    Line ends and modes are compared as loosely as any repository's settings could ask for: what differs in them alone
    is not a change to be measured.
    """
    extensions = f"[extensions]\n\tobjectFormat = {object_format}\n" if object_format != "sha1" else ""
    core = {
        "repositoryFormatVersion": "1" if extensions else "0",
        "bare": "true" if place.bare else "false",
        "fileMode": "false",
        "symlinks": "false" if sys.platform == "win32" else "true",
        "ignoreCase": "true" if (place.git_dir / "hEaD").exists() else "false",
        "longPaths": "true",
        "trustCtime": "false",
        "checkStat": "minimal",
        "autoCrlf": "input",
        "safeCrlf": "false",
        "quotePath": "false",
        "excludesFile": "",
        "attributesFile": "",
    }
    return "[core]\n" + "".join(f"\t{name} = {value}\n" for name, value in core.items()) + extensions


def read_refs(place: Place) -> tuple[str, dict[str, str]]:
    """Return what HEAD says, and the ids of branches and tags by name, from files as git has kept them for long.

    Names that git would not take, and what leads to none, are left out.
    """
    found: dict[str, str] = {}
    packed = _read(place.common / "packed-refs", _MOST_REFS)
    for line in packed.splitlines():
        id_, _, name = line.partition(" ")
        if _ID.fullmatch(id_) and _REF.fullmatch(name):
            found[name] = id_
    links: dict[str, str] = {}
    for name, said in _loose(place.common / "refs"):
        if said.startswith("ref:"):
            links[name] = said.removeprefix("ref:").strip()
        elif _ID.fullmatch(said):
            found[name] = said
    for name, target in links.items():
        for _ in range(_MOST_LINKS):
            target = links.get(target, target)  # noqa: PLW2901 - follows the chain
        if target in found:
            found[name] = found[target]
    return _head(place.git_dir / "HEAD"), found


def _head(file: Path) -> str:
    if file.is_symlink():  # as git wrote it long ago
        return "ref: " + file.readlink().as_posix()
    said = _read(file, _MOST_LINE).strip()
    name = said.removeprefix("ref:").strip()
    return f"ref: {name}" if said.startswith("ref:") else said


def _loose(folder: Path) -> Iterator[tuple[str, str]]:
    for here, _, files in os.walk(folder):
        below = Path(here).relative_to(folder)
        for file in files:
            name = (Path("refs") / below / file).as_posix()
            if _REF.fullmatch(name):
                yield name, _read(Path(here, file), _MOST_LINE).strip()


def _read(file: Path, most: int) -> str:
    """Return the text of a plain file; empty where there is none, or it is longer."""
    with contextlib.suppress(OSError):
        if _is_plain(file, most):
            return file.read_bytes().decode("utf-8", "surrogateescape")
    return ""


def _is_plain(file: Path, most: int) -> bool:
    """Return whether a file may be read: a pipe would never end."""
    with contextlib.suppress(OSError):
        status = file.stat()
        return stat.S_ISREG(status.st_mode) and status.st_size <= most
    return False


def _write(file: Path, text: str) -> None:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
