"""Run git to read a repository: argument lists, no shell, no network, and nothing of it is changed or started.

This is the only place that starts git. It runs in a git directory of ours that stands in for the repository's own
(git_folder.py), so that no setting of the repository is in force; of the person's settings only ``safe.directory`` is,
and only to ask whether git trusts the repository at all.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

from assistant.errors import InputError
from assistant.system.bounded import NO_CONSOLE, Alarm, Answer, TooLongError, run_bounded
from assistant.system.git_folder import NotARepository, find_place, make_stand_in, read_refs
from assistant.system.programs import find_program

LIMIT = 1 << 30
"""Most bytes of an answer."""
TIMEOUT = 600.0
"""Most seconds for an answer: a pipe in the place of a file would never end."""

# For the questions that are asked in the repository itself; the stand-in has nothing that these would switch off.
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=",  # before git 2.36 "false" is the name of a program
    "protocol.allow=never",
    "safe.bareRepository=all",  # only one that was named itself comes here
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",  # above all settings: no protocol may fetch what a partial clone lacks
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
}
# Where the person's own settings are, as some set-ups say it.
_OWN_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")

# The start of a revision that only the repository's settings and logs explain: main@{upstream}, @{yesterday}.
_OF_ITS_OWN = re.compile(r"([^\s~^:{}]*(?:@\{[^{}]*\})+)(.*)", re.DOTALL)


class NoGit(InputError):  # noqa: N818 - a name that reads as what it says
    """The program git is not installed, or cannot be started."""


class Git:
    """The program git in one folder of a repository, with the branches and tags of the moment when this was made.

    Raises NotARepository, NoGit, or InputError with git's own words, each one sentence.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` is the repository's or lies in it; it is absolute, with links resolved."""
        self._program = _find_git()
        self._place = find_place(folder)
        self.top = self._place.top
        """The folder of the whole repository."""
        self.folder = self.top if folder.is_relative_to(self._place.git_dir) else folder
        """The folder that git runs in, where paths begin."""
        self.bare = self._place.bare
        """Whether there are commits alone, no files."""
        self._kept = _TemporaryFolder()
        self._stand_in = self._kept.path
        object_format = self._ask_format()
        try:
            make_stand_in(self._place, self._stand_in, object_format, *self._refs())
        except OSError as error:
            raise InputError(f"The repository {self.top} cannot be read: {error.strerror or error}.") from None

    @property
    def partial(self) -> bool:
        """Whether this is a partial clone: objects may be missing, and are not fetched."""
        return any(self._place.objects.glob("pack/*.promisor"))

    def close(self) -> None:
        """Remove what stands in for the repository; this, and what ``at`` returned, is of no use any more."""
        self._kept.remove()

    def at(self, folder: Path) -> Git:
        """Return the same in another folder of the repository."""
        other = copy.copy(self)
        other.folder = folder
        return other

    def text(self, *arguments: str) -> str:
        """Return what a command prints, without the line end at its end."""
        return _decode(self.data(*arguments))

    def says(self, *arguments: str) -> str | None:
        """Return what a command prints, or None where it fails."""
        answer = self._run(self._command(arguments), self._environment())
        return None if answer.status else _decode(answer.output)

    def commit(self, revision: str) -> str | None:
        """Return the id of the commit that a revision names (gitrevisions), or None where it names none.

        ``@{upstream}`` and ``main@{yesterday}`` are looked up in the repository itself, for the stand-in has neither
        its settings nor its logs; only names of branches and ids are read there, no object.
        """
        if "\0" in revision:
            return None
        own = _OF_ITS_OWN.fullmatch(revision)
        if own is not None:
            try:
                id_ = self._ask_itself("rev-parse", "--verify", "--quiet", "--end-of-options", own[1])
            except InputError:
                return None
            revision = id_ + own[2]
        return self.says("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")

    def data(
        self,
        *arguments: str,
        stdin: bytes = b"",
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        check: Callable[[], None] | None = None,
    ) -> bytes:
        """Return the bytes that a command prints when it is given ``stdin``.

        At most ``limit`` bytes within ``timeout`` seconds, else InputError. ``check`` is called ten times a second;
        what it raises ends git and is raised.
        """
        answer = self._run(self._command(arguments), self._environment(), stdin, limit, timeout, check)
        return self._output(answer)

    def blobs(self, ids: Iterable[str], *, timeout: float = TIMEOUT) -> Generator[bytes]:
        """Yield the content of each object, in order; empty bytes for one that is not here (a partial clone).

        Each within ``timeout`` seconds, else InputError. Closing the generator ends git.
        """
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    self._command(("cat-file", "--batch")),
                    cwd=self._stand_in,
                    env=self._environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    creationflags=NO_CONSOLE,
                )
            )
            stack.callback(process.kill)  # before the wait of the with above; it has nothing left to do
            alarm = stack.enter_context(contextlib.closing(Alarm(process, timeout)))
            for id_ in ids:
                with alarm.waiting():
                    data = _ask(process, id_)
                if data is None:
                    raise InputError(f"git stopped while it read {self.folder}; run 'git fsck' there, or try again.")
                yield data

    # --- the stand-in -----------------------------------------------------------------------

    def _ask_format(self) -> str:
        """Return the object format. Raises InputError where git does not trust the repository or does not know it.

        ``rev-parse`` answers this from the repository's configuration, and reads neither its objects nor its index.
        """
        said = self._ask_itself("rev-parse", "--git-dir", "--show-object-format")
        git_dir, _, object_format = said.partition("\n")
        try:
            same = (self.top / git_dir).samefile(self._place.git_dir)
        except OSError:
            same = False
        if not same:
            raise NotARepository(f"{self.top} is not a git repository that git itself would find.")
        return "sha256" if object_format == "sha256" else "sha1"

    def _refs(self) -> tuple[str, dict[str, str]]:
        """Return what HEAD says, and the ids of branches and tags by name."""
        if not (self._place.common / "reftable").is_dir():
            return read_refs(self._place)
        # Every git that reads this format knows GIT_NO_LAZY_FETCH, too: none of these starts anything.
        said = self._ask_itself("for-each-ref", "--format=%(objectname) %(refname)")
        refs = {name: id_ for id_, _, name in (line.partition(" ") for line in said.splitlines())}
        head = self._ask_itself("rev-parse", "--symbolic-full-name", "HEAD")
        return (self._ask_itself("rev-parse", "HEAD") if head == "HEAD" else f"ref: {head}"), refs

    def _ask_itself(self, *arguments: str) -> str:
        """Return what a command prints that is asked in the repository, with its own settings and the person's."""
        environment = _environment() | {name: os.environ[name] for name in _OWN_SETTINGS if name in os.environ}
        environment["GIT_CEILING_DIRECTORIES"] = str(self.top.parent)
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        command = [self._program, *settings, "-C", str(self.top), *arguments]
        return _decode(self._output(self._run(command, environment)))

    # --- running ----------------------------------------------------------------------------

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [self._program, "-C", str(self._stand_in if self.bare else self.folder), *arguments]

    def _environment(self) -> dict[str, str]:
        """Return the variables for a command in the stand-in: nobody's settings but its own."""
        nobody = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": str(self._stand_in),  # before git 2.32 there was no other way
            "XDG_CONFIG_HOME": str(self._stand_in),
        }
        where = {"GIT_DIR": str(self._stand_in), "GIT_OBJECT_DIRECTORY": str(self._place.objects)}
        if not self.bare:
            where |= {"GIT_WORK_TREE": str(self.top), "GIT_INDEX_FILE": str(self._place.index)}
        return _environment() | nobody | where

    def _run(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        stdin: bytes = b"",
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        check: Callable[[], None] | None = None,
    ) -> Answer:
        try:
            return run_bounded(
                command, cwd=self._stand_in, env=environment, stdin=stdin, limit=limit, timeout=timeout, check=check
            )
        except TooLongError as error:
            raise InputError(f"git was ended while it read {self.folder}, for {error}; try again.") from None
        except OSError as error:
            raise NoGit(f"git could not be started: {error.strerror or error}.") from None

    def _output(self, answer: Answer) -> bytes:
        """Return what a command said, or raise what git said instead."""
        if not answer.status:
            return answer.output
        lines = answer.error.decode("utf-8", "replace").strip().splitlines() or [f"exit status {answer.status}"]
        what = (
            next((line for line in lines if line.startswith("fatal: ")), lines[0]).removeprefix("fatal: ").rstrip(".")
        )
        if "safe.directory" in " ".join(lines):
            raise InputError(
                f"git does not read {self.top}: {what}; if you trust it, run "
                f"'git config --global --add safe.directory {self.top}'."
            )
        if self.partial:
            what += "; it is a partial clone, so clone it without --filter"
        raise InputError(f"git cannot read {self.folder}: {what}.")


class _TemporaryFolder:
    """A folder that is there as long as this is, or as the program runs."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="grafter-git-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _find_git() -> str:
    program = find_program("git")
    if program is None:
        raise NoGit("The program git is not installed; install it, for the measure is read from commits.")
    return program


def _environment() -> dict[str, str]:
    """Return this program's environment without what would name another repository or run something."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT


def _ask(process: subprocess.Popen[bytes], id_: str) -> bytes | None:
    """Return an object's content from ``git cat-file --batch``, empty where it is not here, None where git ended."""
    asked, said = process.stdin, process.stdout
    if asked is None or said is None:
        return None
    try:
        asked.write(id_.encode() + b"\n")
        asked.flush()
    except OSError:
        return None
    head = said.readline().split()
    if not head:
        return None
    return said.read(int(head[2]) + 1)[:-1] if len(head) == 3 else b""


def _decode(said: bytes) -> str:
    return said.decode("utf-8", "surrogateescape").rstrip("\n")
