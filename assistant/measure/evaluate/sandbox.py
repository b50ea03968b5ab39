"""Run a program with its tests in a process that is limited in time, memory, files and processes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import psutil

_RUNNER = Path(__file__).with_name("runner.py")
# The system counts all processes and threads of the user against the limit, not only ours.
_SPARE_TASKS = 256

Verdict = Literal["passed", "failed", "timeout"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: seconds (by the clock, and of processor time), memory, and size of each file."""

    seconds: int = 10
    memory_bytes: int = 1 << 30
    file_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended. ``detail`` says what stopped it, e.g. the exception; empty for one that passed."""

    verdict: Verdict
    detail: str = ""


class Sandbox:
    """Runs one program at a time; ``stop`` may come from another thread.

    A program passes only if its last line was reached: ``sys.exit(0)`` or ``os._exit(0)`` in the middle is a failure.
    It has the standard library and a temporary folder of its own, which goes away with it; nothing to read on standard
    input, no environment, and its output goes nowhere. On Linux and macOS the system limits its processor time, the
    size of its files and how many processes there may be (not for root), on Linux its memory too; its whole process
    group is killed at the end. On Windows the clock is the only limit, and only the process itself is killed.

    Network, new processes and changes of files outside of the folder are refused by Python's audit hook, the network
    also by a namespace where Linux allows it. That holds against mistakes, not against code made to break out: such
    code can still read and write what the user can.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._processes = _tasks_of_user() + _SPARE_TASKS
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, program: str) -> Outcome:
        """Run a program to its end or to a limit."""
        nonce = secrets.token_hex(16)
        with (
            tempfile.TemporaryDirectory(prefix="grafter-test-", ignore_cleanup_errors=True) as folder,
            tempfile.TemporaryFile() as task,
            tempfile.TemporaryFile() as answer,
        ):
            task.write(json.dumps(self._task(program, nonce, folder)).encode())
            task.seek(0)
            process = self._start(task, answer, folder)
            if process is None:
                return Outcome("failed", "stopped")
            try:
                code = process.wait(self._limits.seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._end(process)
            answer.seek(0)
            said = answer.read(4096).decode("utf-8", "replace")
        return _judge(code, said, nonce)

    def stop(self) -> None:
        """Kill what runs; later programs are not started."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                _kill(self._process)

    def _task(self, program: str, nonce: str, folder: str) -> dict[str, object]:
        return {
            "program": program,
            "nonce": nonce,
            "folder": folder,
            "seconds": self._limits.seconds,
            "bytes": self._limits.memory_bytes,
            "file_bytes": self._limits.file_bytes,
            "processes": self._processes,
        }

    def _start(self, task: IO[bytes], answer: IO[bytes], folder: str) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            self._process = subprocess.Popen(
                # Without site: tests see the standard library, and the start takes a third of the time.
                [sys.executable, "-P", "-s", "-S", "-B", "-X", "utf8", str(_RUNNER)],
                stdin=task,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
            return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process and what it started, and forget it."""
        with self._lock:
            _kill(process)
            self._process = None
        process.wait()


def _judge(code: int | None, said: str, nonce: str) -> Outcome:
    if code == 0 and said == nonce:
        return Outcome("passed")
    if code is None or (os.name == "posix" and code == -signal.SIGXCPU):
        return Outcome("timeout", "ran out of time")
    if code < 0:
        return Outcome("failed", f"ended by signal {-code}")
    return Outcome("failed", said or "ended before its last line")


def _environment(folder: str) -> dict[str, str]:
    """Return the least that Python needs; the order of sets is the same in each run."""
    names = {"PYTHONHASHSEED": "0", "HOME": folder, "TMPDIR": folder, "TEMP": folder, "TMP": folder}
    if os.name == "nt":
        names["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", r"C:\Windows")
    return names


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process, and where there are process groups all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            # The group outlives its leader, whose number is not given anew while a member lives.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _tasks_of_user() -> int:
    """Return how many processes and threads the user has."""
    if os.name != "posix":
        return 0
    user = os.getuid()
    rows = (process.info for process in psutil.process_iter(["uids", "num_threads"]))
    return sum(row["num_threads"] or 1 for row in rows if row["uids"] and row["uids"].real == user)
