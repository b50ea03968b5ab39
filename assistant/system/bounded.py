"""Run a program to its end with bounds on how long it takes and how much it says, and let it be called off."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHECK_SECONDS = 0.1
_CHUNK = 1 << 16
_MOST_ERROR = 1 << 16
# A window has no console; without this Windows would show one for a moment.
NO_CONSOLE = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0


class TooLongError(Exception):
    """The program was ended, for it took longer than it may, or said more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program that ended said: its exit status, all of standard output, the beginning of standard error."""

    status: int
    output: bytes
    error: bytes


def run_bounded(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    limit: int,
    timeout: float,
    check: Callable[[], None] | None = None,
) -> Answer:
    """Run a program in the folder ``cwd`` and return what it said.

    Raises TooLongError where it says more than ``limit`` bytes or takes longer than ``timeout`` seconds, and OSError
    where it cannot be started. ``check`` is called ten times a second; what it raises is raised. In each case the
    program is ended first.
    """
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as error:
        asked.write(stdin)
        asked.seek(0)
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=asked, stdout=subprocess.PIPE, stderr=error, creationflags=NO_CONSOLE
        )
        with contextlib.closing(_Output(process, limit)) as output:
            _wait(output, timeout, check)
        error.seek(0)
        if output.too_much:
            raise TooLongError(f"it said more than {limit / 1e6:.0f} MB")
        return Answer(process.returncode, b"".join(output.parts), error.read(_MOST_ERROR))


def _wait(output: _Output, timeout: float, check: Callable[[], None] | None) -> None:
    end = time.monotonic() + timeout
    while not output.ended(min(_CHECK_SECONDS, timeout) if check else timeout):
        if check:
            check()
        if time.monotonic() >= end:
            raise TooLongError(f"it took longer than {timeout:.0f} s")


class _Output:
    """Reads a program's standard output in a thread, so that the program can be called off while it is silent."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        self.parts: list[bytes] = []
        self.too_much = False
        self._process = process
        self._limit = limit
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        size, source = 0, self._process.stdout.fileno()
        while part := os.read(source, _CHUNK):
            size += len(part)
            if size > self._limit:
                self.too_much = True
                break
            self.parts.append(part)

    def ended(self, seconds: float) -> bool:
        """Wait so long for the end, and return whether it came."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        if self.too_much:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End the program if it has not ended."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Alarm:
    """Kills a program that is waited for longer than it may take; what waits for it then reads its end."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """``seconds`` is how long each wait may take."""
        self._process = process
        self._seconds = seconds
        self._end: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="alarm", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def waiting(self) -> Generator[None]:
        """Watch over one wait."""
        self._end = time.monotonic() + self._seconds
        try:
            yield
        finally:
            self._end = None

    def close(self) -> None:
        """Watch no longer."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self._seconds)):
            end = self._end
            if end is not None and time.monotonic() >= end:
                self._process.kill()
                return
