"""Which files of a workspace count, and why each of the others does not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.repository.exclusions import Reason, reason_of_content, reason_of_folder, reason_of_name
from assistant.repository.gitignore import IgnoreRules

MOST_BYTES = 1_000_000
"""Larger files are data, or made by programs."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that counts by its name and size. ``path`` is relative to the workspace, with forward slashes."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a whole folder, that does not count."""

    path: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a file: UTF-8 decoded where it can be, line feeds only; ``data`` are the bytes as they lie there."""

    text: str
    data: bytes


class Walk:
    """The files of a workspace by one set of rules.

    Rules are read once, so a changed .gitignore needs a new Walk. Links are not followed: what they lead to inside of
    the workspace is found by its own path, loops end, and nothing outside is read. What the system refuses to show is
    reported as left out, never raised.
    """

    def __init__(self, root: Path, most_bytes: int = MOST_BYTES) -> None:
        self._root = root
        self._most_bytes = most_bytes
        self._ignore = IgnoreRules(root)

    def files(self, folder: str = "") -> Iterator[FoundFile | LeftOut]:
        """Yield everything below a folder (relative; empty: the whole workspace), in the order of the paths."""
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            try:
                with os.scandir(self._root / here) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                yield LeftOut(here, "unreadable")
                continue
            folders: list[str] = []
            for entry in listed:
                path = f"{here}/{entry.name}" if here else entry.name
                if not _encodable(path):
                    yield LeftOut(path.encode("utf-8", "replace").decode(), "unreadable")
                elif entry.is_symlink():
                    yield LeftOut(path, "link")
                elif entry.is_dir(follow_symlinks=False):
                    reason = self._reason_of_folder(path, entry.name)
                    if reason is None:
                        folders.append(path)
                    else:
                        yield LeftOut(path, reason)
                else:
                    yield self._judge(path, entry)
            waiting += reversed(folders)

    def find(self, path: str) -> FoundFile | LeftOut | None:
        """Return what ``files`` would say of one file; None where there is none, or where it is a folder."""
        if reason := self._reason_above(path):
            return LeftOut(path, reason)
        try:
            status = (self._root / path).lstat()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError:
            return LeftOut(path, "unreadable")
        if stat.S_ISLNK(status.st_mode):
            return LeftOut(path, "link")
        name = path.rpartition("/")[2]
        return None if stat.S_ISDIR(status.st_mode) else self._judge_status(path, name, status)

    def reason_of(self, path: str, text: str) -> Reason | None:
        """Return why a file of this path (whether it exists or not) with this text does not count, or None."""
        if reason := self._reason_above(path) or reason_of_name(path.rpartition("/")[2]):
            return reason
        if self._ignore.ignores(path, is_folder=False):
            return "ignored"
        data = text.encode("utf-8", "replace")
        return "too large" if len(data) > self._most_bytes else reason_of_content(data)

    def counts_folder(self, path: str) -> bool:
        """Return whether a folder, and each one above it, is one whose files count."""
        return self._reason_above(path + "/") is None

    def read(self, file: FoundFile) -> SourceText | LeftOut:
        """Return the text of a file, or why its content does not count."""
        try:
            with open(self._root / file.path, "rb", opener=_open_plain) as stream:
                data = stream.read(self._most_bytes + 1)
        except OSError:
            return LeftOut(file.path, "unreadable")
        if len(data) > self._most_bytes:
            return LeftOut(file.path, "too large")
        reason = reason_of_content(data)
        return LeftOut(file.path, reason) if reason else SourceText(decode(data), data)

    def _reason_above(self, path: str) -> Reason | None:
        """Return why the first of the folders that ``path`` is in does not count, or None."""
        parts = path.split("/")
        if not path or path.startswith("/") or ".." in parts:
            return "link"  # leads out of the workspace
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if (self._root / folder).is_symlink():
                return "link"
            if reason := self._reason_of_folder(folder, parts[end - 1]):
                return reason
        return None

    def _reason_of_folder(self, path: str, name: str) -> Reason | None:
        reason = reason_of_folder(name)
        if reason is None and self._ignore.ignores(path, is_folder=True):
            return "ignored"
        # A virtual environment says what it is by this file.
        if reason is None and (self._root / path / "pyvenv.cfg").is_file():
            return "dependencies"
        return reason

    def _judge(self, path: str, entry: os.DirEntry[str]) -> FoundFile | LeftOut:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return LeftOut(path, "unreadable")
        return self._judge_status(path, entry.name, status)

    def _judge_status(self, path: str, name: str, status: os.stat_result) -> FoundFile | LeftOut:
        reason = reason_of_name(name)
        if not stat.S_ISREG(status.st_mode):
            reason = "special"
        elif self._ignore.ignores(path, is_folder=False):
            reason = "ignored"
        elif reason is None and status.st_size > self._most_bytes:
            reason = "too large"
        return LeftOut(path, reason) if reason else FoundFile(path, status.st_size, status.st_mtime_ns)


def _open_plain(path: str, flags: int) -> int:
    """Open a file that was plain a moment ago: what is a link or a pipe by now is neither followed nor waited for."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def decode(data: bytes) -> str:
    """Return bytes of a file as text with line feeds; those that are not UTF-8 are read as Latin-1."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encodable(path: str) -> bool:
    """Return whether a name is UTF-8, as all that is stored and shown must be."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
