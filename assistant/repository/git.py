"""Run git to read a repository: argument lists, no shell, no hooks, no network, and nothing of it is changed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError

# What a repository's own settings could start or fetch stays off: hooks, a file-system monitor, missing objects.
_SETTINGS = (
    "core.quotepath=off",
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "diff.renames=true",
)


@dataclass(frozen=True, slots=True)
class Git:
    """The program git in one folder. Raises InputError, one sentence, where git is missing or says no."""

    folder: Path

    def text(self, *arguments: str) -> str:
        """Return what a command prints, without the line end at its end."""
        return self.data(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

    def data(self, *arguments: str) -> bytes:
        """Return the bytes that a command prints."""
        done = self._run(arguments)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit status {done.returncode}"]
            what = said[0].removeprefix("fatal: ").rstrip(".")
            raise InputError(f"git cannot read {self.folder}: {what}.")
        return done.stdout

    def says(self, *arguments: str) -> str | None:
        """Return what a command prints, or None where it fails."""
        done = self._run(arguments)
        return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def blobs(self, ids: Iterable[str]) -> Generator[bytes]:
        """Yield the content of each object, in order; empty bytes for one that is not here (a partial clone)."""
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    self._command(("cat-file", "--batch")),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                )
            )
            stack.callback(process.kill)  # before the wait of the with above; it has nothing left to do
            asked, said = process.stdin, process.stdout
            if asked is None or said is None:
                return
            for id_ in ids:
                asked.write(id_.encode() + b"\n")
                asked.flush()
                head = said.readline().split()
                if len(head) != 3:
                    yield b""
                    continue
                yield said.read(int(head[2]) + 1)[:-1]

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self._command(arguments), stdin=subprocess.DEVNULL, capture_output=True, env=_environment(), check=False
            )
        except OSError as error:
            raise InputError(f"git could not be started: {error.strerror or error}.") from None

    def _command(self, arguments: Sequence[str]) -> list[str]:
        program = shutil.which("git")
        if program is None:
            raise InputError("The program git is not installed; install it, for the measure is read from commits.")
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        return [program, *settings, "-C", str(self.folder), *arguments]


def _environment() -> dict[str, str]:
    """Return this program's environment without what would name another repository or run something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    safe = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")
    kept |= {name: os.environ[name] for name in safe if name in os.environ}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
