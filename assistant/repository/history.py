"""The commits of a repository: which are the latest, what they added, and what every file said before and after."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from assistant.errors import InputError
from assistant.system.git import Git
from assistant.system.git_folder import NotARepository

_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_PLAIN_FILES = frozenset({"100644", "100755"})
_COMMITTER = re.compile(rb"^committer .*?(\d+) ([+-])(\d{4})$", re.MULTILINE)
_NO_FILTER = frozenset({b"unspecified", b"unset", b"set"})


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


class TooFewCommits(InputError):  # noqa: N818 - a name that reads as what it says
    """There are not two commits, so that nothing was added after one."""


class FolderNotCommitted(InputError):  # noqa: N818 - a name that reads as what it says
    """The folder lies in a git repository that has none of its files."""


class History:
    """What is committed in a repository, or in one folder of it.

    Nothing outside of the folder counts: its paths begin there, and its commits are those that changed something in
    it. Raises InputError with one sentence for what cannot be measured.
    """

    def __init__(self, path: Path, *, uncommitted: bool = False) -> None:
        """``path`` is the folder that counts, often a whole repository.

        ``uncommitted``: what is not committed does not matter.
        """
        if not path.is_dir():
            raise InputError(f"There is no folder {path}.")
        git = _open(path)
        self.top = git.top
        """The whole repository's folder."""
        self.root = git.folder
        """The folder that counts."""
        self._prefix = "" if git.folder == git.top else f"{git.folder.relative_to(git.top).as_posix()}/"
        # "." is the folder itself, not a pattern: its name may hold what git takes for one.
        self._inside = ("--", ".") if self._prefix else ()
        self._git = git
        if self._git.says("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            raise TooFewCommits(
                f"{self.root} has no commit yet; commit twice, and what the last one added is measured."
            )
        if self._prefix and not self._has_files():
            raise FolderNotCommitted(self._why_no_files())
        self.uncommitted = not git.bare and self._is_changed()
        """Whether files differ from the newest commit; nothing of that is measured."""
        if self.uncommitted and not uncommitted:
            raise InputError(
                f"{self.root} has changes that are not committed and would not be measured; commit or stash them."
            )
        self.commits = self._git.text("rev-list", "--first-parent", "HEAD", *self._inside).split("\n")
        """The newest first, along first parents: what was merged counts with its merge."""
        self.partial = self._git.partial
        """Whether files of older commits may be missing."""
        self.shallow = self._git.text("rev-parse", "--is-shallow-repository") == "true"
        if len(self.commits) < 2:
            what = "run 'git fetch --unshallow'" if self.shallow else "commit what comes next, or measure later"
            one = "one commit that changed it" if self._prefix else "one commit"
            only = f"is a shallow clone with only {one}" if self.shallow else f"has only {one}"
            few = InputError if self.shallow else TooFewCommits
            raise few(f"{self.root} {only}, and nothing was added after it; {what}.")

    def close(self) -> None:
        """Forget the repository: nothing more can be read. It happens by itself when nobody holds this any more."""
        self._git.close()

    @property
    def head(self) -> Commit:
        """The newest commit."""
        return self.commit(self.commits[0])

    def commit(self, id_: str) -> Commit:
        """Return what is known of a commit."""
        # Not "show" or "log": a setting of the repository's could have them run something, and print more.
        head = self._git.data("cat-file", "commit", id_).partition(b"\n\n")[0]
        return Commit(id_, _committed(head))

    def back(self, commits: int) -> Commit:
        """Return the commit that so many lie after. Raises InputError where there are not so many."""
        if commits < 1:
            raise InputError(f"--commits is {commits}; it has to be at least 1.")
        if commits >= len(self.commits):
            more = "; it is a shallow clone: run 'git fetch --unshallow'" if self.shallow else ""
            raise InputError(f"--commits is {commits}, but only {len(self.commits) - 1} follow the first one{more}.")
        return self.commit(self.commits[commits])

    def since(self, place: str) -> Commit:
        """Return the commit named by a revision, or the last one before a date (ISO 8601, UTC unless it says).

        Any revision that git knows: ``v1.2``, ``HEAD~3``, ``@{upstream}``, ``main@{yesterday}``.
        """
        found = self._git.commit(place)
        if found is None:
            found = self._before(place)
        elif self._git.says("merge-base", "--is-ancestor", found, "HEAD") is None or not self.count_between(found):
            of = f" that changed {self.root}" if self._prefix else ""
            raise InputError(f"--since {place}: this commit does not lie before the newest one{of}.")
        return self.commit(found)

    def _is_changed(self) -> bool:
        """Return whether a file differs from the newest commit.

        A file with a filter (``git lfs``, keywords) that looks changed is passed over: what the filter would make of it
        is known to the filter alone, which is not run.
        """
        said = self._git.data(
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=no",
            "--ignore-submodules=all",
            "--no-renames",
            *self._inside,
        )
        entries = [entry for entry in said.split(b"\0") if entry]
        if any(not entry.startswith(b" ") for entry in entries):
            return True
        paths = {entry[3:] for entry in entries}  # from the whole repository's folder, wherever git runs
        asked = b"".join(path + b"\0" for path in paths)
        told = self._git.at(self.top).data("check-attr", "--stdin", "-z", "filter", stdin=asked).split(b"\0")
        filtered = {path for path, value in zip(told[::3], told[2::3], strict=False) if value not in _NO_FILTER}
        return bool(paths - filtered)

    def _before(self, place: str) -> str:
        try:
            day = datetime.fromisoformat(place)
        except ValueError:
            if "@{" in place:
                raise InputError(
                    f"--since {place}: git knows no such commit of {self.root}: the branch follows no other, or its "
                    "log does not go back that far; name a commit, a branch or a date such as 2025-03-31."
                ) from None
            raise InputError(
                f"--since {place}: this is neither a commit of {self.root} nor a date such as 2025-03-31."
            ) from None
        day = day if day.tzinfo else day.replace(tzinfo=UTC)
        found = self._git.text("rev-list", "-1", "--first-parent", f"--before={day.isoformat()}", "HEAD")
        if not found:
            raise InputError(f"--since {place}: there is no commit before that; the first is of {self._first_day()}.")
        if not self.count_between(found):
            raise InputError(f"--since {place}: there is no commit after that; the newest is of {self.head.date[:10]}.")
        return found

    def _first_day(self) -> str:
        return self.commit(self.commits[-1]).date[:10]

    def count_between(self, base: str) -> int:
        """Return how many commits, merged ones too, came after ``base`` and changed something that counts."""
        return int(self._git.text("rev-list", "--count", f"{base}..HEAD", *self._inside))

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
        commits = self._git.data(
            "rev-list", "--first-parent", "--parents", f"--max-count={most}", commit, *self._inside
        )
        # A commit and its first parent alone: a merge is then what it brought into this line.
        pairs = b"".join(b" ".join(line.split()[:2]) + b"\n" for line in commits.splitlines())
        said = self._git.data(
            "diff-tree", "--stdin", "-r", "-z", "--root", "--always", "--name-only", "--no-renames", "--format=%x01",
            self._relative(), stdin=pairs,
        )  # fmt: skip
        return [
            tuple(path for name in entry.split(b"\0") if (path := _path(name.strip(b"\n"))))
            for entry in said.split(b"\x01")[1:]
        ]

    def ignored(self) -> frozenset[str]:
        """Return the files that are committed although .gitignore names them."""
        if self._git.bare:
            return frozenset()
        return frozenset(self._git.text("ls-files", "--cached", "--ignored", "--exclude-standard", "-z").split("\0"))

    def read(self, blobs: Iterable[Blob]) -> Generator[bytes]:
        """Yield the content of each, in order."""
        yield from self._git.blobs(blob.id for blob in blobs)

    def changes(self, base: str) -> list[Change]:
        """Return what the newest commit has more than ``base``: new, changed, renamed files, with their new lines."""
        said = self._git.data(
            "diff-tree", "-r", "-z", "--raw", "--patch", "--unified=0", "--find-renames", "--diff-filter=AMR",
            "--no-color", "--no-ext-diff", "--no-textconv", self._relative(), "--submodule=short",
            base, self.commits[0],
        )  # fmt: skip
        files, patch = _raw_entries(said)
        added = _added_lines(patch)
        return [
            Change(path, old, lines)
            for (path, old), lines in zip(files, added, strict=True)
            if path is not None and (lines or old not in (None, path))
        ]

    def _relative(self) -> str:
        return f"--relative={self._prefix}" if self._prefix else "--no-relative"

    def _has_files(self) -> bool:
        """Return whether the newest commit has a file of the folder that .gitignore does not name."""
        ignored = self.ignored()
        return any(path not in ignored for path in self.files("HEAD"))

    def _why_no_files(self) -> str:
        own = f"run 'git init' in {self.root} to make it a repository of its own, or name {self.top}"
        if self._git.says("check-ignore", "--quiet", "--no-index", ".") is not None:
            return f"{self.root} lies in the git repository {self.top}, which ignores it; {own}."
        return (
            f"{self.root} lies in the git repository {self.top}, which has committed nothing of it; commit it, {own}."
        )


def _open(path: Path) -> Git:
    try:
        return Git(path.resolve())
    except NotARepository as error:
        what = str(error).rstrip(".")
        raise NotARepository(f"{what}; name one with at least two commits.") from None


def _committed(head: bytes) -> str:
    """Return when a commit was made by its head, ISO 8601; the epoch where that cannot be, as git says."""
    found = _COMMITTER.search(head)
    with contextlib.suppress(ValueError, OverflowError):
        if found:
            minutes = int(found[3]) // 100 * 60 + int(found[3]) % 100
            zone = timezone(timedelta(minutes=-minutes if found[2] == b"-" else minutes))
            return datetime.fromtimestamp(int(found[1]), zone).isoformat()
    return datetime.fromtimestamp(0, UTC).isoformat()


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
