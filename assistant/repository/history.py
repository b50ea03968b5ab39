"""The commits of a repository: which are the latest, what they added, and what every file said before and after."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import InputError
from assistant.repository.git import Git

_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_PLAIN_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit by its whole id; ``date`` is the committer's, ISO 8601."""

    id: str
    date: str


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of a file in a commit by its id, with its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Change:
    """A file that two commits have differently. ``old`` is its path before, None where it is new.

    ``added`` are the numbers, from 1, of the lines that are new in it.
    """

    path: str
    old: str | None
    added: frozenset[int]


class History:
    """What is committed in a repository. Raises InputError with one sentence for what cannot be measured."""

    def __init__(self, path: Path, *, uncommitted: bool = False) -> None:
        """``path`` is the repository or a folder of it. ``uncommitted``: what is not committed does not matter."""
        if not path.is_dir():
            raise InputError(f"There is no folder {path}.")
        git = Git(path.resolve())
        if git.says("rev-parse", "--git-dir") is None:
            # A repository of somebody else, which git does not trust, is one all the same: then git says so.
            none = f"{path} is not a git repository; name one with at least two commits."
            raise InputError(_why_not(git) or none)
        root = git.says("rev-parse", "--show-toplevel")
        self.root = Path(root) if root else git.folder
        """The whole repository's folder."""
        self._git = Git(self.root)
        if self._git.says("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            raise InputError(f"{self.root} has no commit yet; commit twice, and what the last one added is measured.")
        status = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules")
        self.uncommitted = bool(root and self._git.text(*status))
        """Whether files differ from the newest commit; nothing of that is measured."""
        if self.uncommitted and not uncommitted:
            raise InputError(
                f"{self.root} has changes that are not committed and would not be measured; commit or stash them."
            )
        self.commits = self._git.text("rev-list", "--first-parent", "HEAD").split("\n")
        """The newest first, along first parents: what was merged counts with its merge."""
        self.shallow = self._git.text("rev-parse", "--is-shallow-repository") == "true"
        if len(self.commits) < 2:
            what = "run 'git fetch --unshallow'" if self.shallow else "commit what comes next, or measure later"
            only = "is a shallow clone with only one commit" if self.shallow else "has only one commit"
            raise InputError(f"{self.root} {only}, and nothing was added after it; {what}.")

    @property
    def head(self) -> Commit:
        """The newest commit."""
        return self.commit(self.commits[0])

    def commit(self, id_: str) -> Commit:
        """Return what is known of a commit."""
        found, _, date = self._git.text("show", "--no-patch", "--format=%H %cI", id_).partition(" ")
        return Commit(found, date)

    def back(self, commits: int) -> Commit:
        """Return the commit that so many lie after. Raises InputError where there are not so many."""
        if commits < 1:
            raise InputError(f"--commits is {commits}; it has to be at least 1.")
        if commits >= len(self.commits):
            more = "; it is a shallow clone: run 'git fetch --unshallow'" if self.shallow else ""
            raise InputError(f"--commits is {commits}, but only {len(self.commits) - 1} follow the first one{more}.")
        return self.commit(self.commits[commits])

    def since(self, place: str) -> Commit:
        """Return the commit named by a revision, or the last one before a date (ISO 8601, UTC unless it says)."""
        found = self._git.says("rev-parse", "--verify", "--quiet", "--end-of-options", place + "^{commit}")
        if found is None:
            found = self._before(place)
        elif self._git.says("merge-base", "--is-ancestor", found, "HEAD") is None or found == self.commits[0]:
            raise InputError(f"--since {place}: this commit does not lie before the newest one.")
        return self.commit(found)

    def _before(self, place: str) -> str:
        try:
            day = datetime.fromisoformat(place)
        except ValueError:
            raise InputError(
                f"--since {place}: this is neither a commit of {self.root} nor a date such as 2025-03-31."
            ) from None
        day = day if day.tzinfo else day.replace(tzinfo=UTC)
        found = self._git.text("rev-list", "-1", "--first-parent", f"--before={day.isoformat()}", "HEAD")
        if not found:
            raise InputError(f"--since {place}: there is no commit before that; the first is of {self._first_day()}.")
        if found == self.commits[0]:
            raise InputError(f"--since {place}: there is no commit after that; the newest is of {self.head.date[:10]}.")
        return found

    def _first_day(self) -> str:
        return self.commit(self.commits[-1]).date[:10]

    def count_between(self, base: str) -> int:
        """Return how many commits, merged ones too, came after ``base``."""
        return int(self._git.text("rev-list", "--count", f"{base}..HEAD"))

    def files(self, commit: str) -> dict[str, Blob]:
        """Return the plain files of a commit by path, as UTF-8 spells it; others, links and submodules are left out."""
        found: dict[str, Blob] = {}
        for entry in self._git.data("ls-tree", "-r", "-z", "-l", commit).split(b"\0"):
            about, _, name = entry.partition(b"\t")
            fields = about.decode().split()
            path = _path(name)
            if path and fields[0] in _PLAIN_FILES and fields[3].isdecimal():
                found[path] = Blob(fields[2], int(fields[3]))
        return found

    def touched(self, commit: str, most: int) -> list[tuple[str, ...]]:
        """Return the paths that each of ``most`` commits up to this one changed, merges as a whole, newest first."""
        said = self._git.data(
            "log", "-z", "--first-parent", "--diff-merges=first-parent", "--name-only", "--no-renames",
            f"--max-count={most}", "--format=%x01", commit,
        )  # fmt: skip
        return [
            tuple(path for name in entry.split(b"\0") if (path := _path(name.strip(b"\n"))))
            for entry in said.split(b"\x01")[1:]
        ]

    def ignored(self) -> frozenset[str]:
        """Return the files that are committed although .gitignore names them."""
        said = self._git.says("ls-files", "--cached", "--ignored", "--exclude-standard", "-z") or ""
        return frozenset(said.split("\0"))

    def read(self, blobs: Iterable[Blob]) -> Generator[bytes]:
        """Yield the content of each, in order."""
        yield from self._git.blobs(blob.id for blob in blobs)

    def changes(self, base: str) -> list[Change]:
        """Return what the newest commit has more than ``base``: new, changed, renamed files, with their new lines."""
        said = self._git.data(
            "diff-tree", "-r", "-z", "--raw", "--patch", "--unified=0", "--find-renames", "--diff-filter=AMR",
            "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "--submodule=short", base, self.commits[0],
        )  # fmt: skip
        files, patch = _raw_entries(said)
        added = _added_lines(patch)
        return [
            Change(path, old, lines)
            for (path, old), lines in zip(files, added, strict=True)
            if path is not None and (lines or old not in (None, path))
        ]


def _why_not(git: Git) -> str:
    """Return git's own words where it is not just that there is no repository."""
    try:
        git.data("rev-parse", "--git-dir")
    except InputError as error:
        return "" if "not a git repository" in str(error) else str(error)
    return ""


def _raw_entries(said: bytes) -> tuple[list[tuple[str | None, str | None]], bytes]:
    """Return the paths, new and old, of each entry of ``--raw -z``, and the patch that follows them."""
    found: list[tuple[str | None, str | None]] = []
    while said.startswith(b":"):
        about, _, said = said.partition(b"\0")
        kind = about.split()[4][:1]
        first, _, said = said.partition(b"\0")
        if kind == b"R":
            second, _, said = said.partition(b"\0")
            found.append((_path(second), _path(first)))
        else:
            found.append((_path(first), None if kind == b"A" else _path(first)))
    return found, said.removeprefix(b"\0")


def _added_lines(patch: bytes) -> list[frozenset[int]]:
    """Return the numbers of the new lines of each file of a patch without context, in its order."""
    files: list[set[int]] = []
    for line in patch.split(b"\n"):
        if line.startswith(b"diff --git "):
            files.append(set())
        elif files and (hunk := _HUNK.match(line)):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            files[-1].update(range(first, first + count))
    return [frozenset(lines) for lines in files]


def _path(name: bytes) -> str | None:
    """Return a path that can be written below a folder on any system, or None."""
    try:
        path = name.decode()
    except UnicodeDecodeError:
        return None
    odd = any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/"))
    return None if odd or "\\" in path or ":" in path or "\n" in path else path
