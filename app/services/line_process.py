"""One QProcess, kept and reused, as lines of standard output and an outcome; never leaves a process behind."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

STDERR_LINES = 200
_STDERR_LINE_BYTES = 8192


MAX_LINE_BYTES = 4 * 1024 * 1024


class LineSplitter:
    """Feed bytes, get whole lines without their ends; a line beyond ``limit`` bytes comes in pieces."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        """Return the lines that this chunk completes."""
        searched = len(self._rest)
        self._rest += chunk
        if self._rest.find(b"\n", searched) < 0 and len(self._rest) <= self._limit:
            return []
        *lines, rest = bytes(self._rest).split(b"\n")
        if len(rest) > self._limit:
            lines.append(rest)
            rest = b""
        self._rest = bytearray(rest)
        return [_text(line) for line in lines]

    def flush(self) -> list[str]:
        """Return what is left without a line end, and start afresh."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended. ``exit_code`` counts for ``exited`` only; ``stderr`` holds its last lines."""

    kind: Literal["exited", "killed", "not_started"]
    exit_code: int
    stderr: tuple[str, ...]

    @property
    def last_line(self) -> str:
        """The last line of standard error that says something, without the name of our own command line."""
        said = next((line.strip() for line in reversed(self.stderr) if line.strip()), "")
        return said.removeprefix("grafter: ")

    def sentence(self, name: str, program: str) -> str:
        """Say how it ended, where it should not have; ``name`` is what a person calls it, with a capital letter."""
        if self.kind == "not_started":
            said = _tr("{name} cannot be started: {program} is missing or may not be run.")
            return said.format(name=name, program=program)
        if self.kind == "killed":
            return _tr("{name} was killed or crashed, perhaps because memory ran out.").format(name=name)
        return _tr("{name} ended unexpectedly (status {code}).").format(name=name, code=self.exit_code)


class LineProcess(QObject):
    """Runs one command at a time; ``line`` for each line of its output, ``ended`` with an Outcome exactly once."""

    line = Signal(str)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None, *, kill_after_ms: int = 3000) -> None:
        super().__init__(parent)
        self._kill_after_ms = kill_after_ms
        self._active = False
        self._out = LineSplitter()
        self._err = LineSplitter(_STDERR_LINE_BYTES)
        self._tail: deque[str] = deque(maxlen=STDERR_LINES)
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUTF8", "1")  # the lines are UTF-8 on every platform
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardOutput.connect(self._read_output)
        self._process.readyReadStandardError.connect(self._read_error)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._kill_timer = QTimer(self)
        self._kill_timer.setSingleShot(True)
        self._kill_timer.timeout.connect(self.kill)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    @property
    def active(self) -> bool:
        """True from ``start`` until ``ended``."""
        return self._active

    @property
    def process_id(self) -> int:
        """The operating system's number of the running process, 0 without one."""
        return int(self._process.processId())

    @property
    def stderr_tail(self) -> tuple[str, ...]:
        """The last lines that the current or last process wrote to standard error."""
        return tuple(self._tail)

    def start(self, command: Sequence[str], text: str = "") -> None:
        """Start ``command`` (program and arguments), which reads ``text``. The last one must have ended."""
        if self._active:
            raise RuntimeError("the last process has not ended yet")
        self._active = True
        self._out, self._err = LineSplitter(), LineSplitter(_STDERR_LINE_BYTES)
        self._tail.clear()
        self._process.start(command[0], list(command[1:]))
        if text:
            self._process.write(text.encode())
        self._process.closeWriteChannel()  # what reads on meets the end

    @Slot()
    def stop(self) -> None:
        """Ask the process to end; it is killed when it does not within the time given."""
        if self._active and not self._kill_timer.isActive():
            # Console programs on Windows never see the message that terminate() posts.
            if sys.platform == "win32":
                self._process.kill()
            else:
                self._process.terminate()
            self._kill_timer.start(self._kill_after_ms)

    @Slot()
    def kill(self) -> None:
        """End the process at once."""
        if self._active:
            self._process.kill()

    @Slot()
    def close(self) -> None:
        """End the process and wait for that, for the end of the application."""
        if not self._active:
            return
        self.stop()
        if not self._process.waitForFinished(self._kill_after_ms):
            self._process.kill()
            self._process.waitForFinished(self._kill_after_ms)

    @Slot()
    def _read_output(self) -> None:
        for line in self._out.feed(bytes(self._process.readAllStandardOutput().data())):
            self.line.emit(line)

    @Slot()
    def _read_error(self) -> None:
        self._tail.extend(self._err.feed(bytes(self._process.readAllStandardError().data())))

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._read_output()
        for line in self._out.flush():
            self.line.emit(line)
        self._read_error()
        self._tail.extend(self._err.flush())
        self._end("exited" if status == QProcess.ExitStatus.NormalExit else "killed", exit_code)

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # the only error that no finished() follows
            self._end("not_started", -1)

    def _end(self, kind: Literal["exited", "killed", "not_started"], exit_code: int) -> None:
        self._kill_timer.stop()
        self._active = False
        self.ended.emit(Outcome(kind, exit_code, self.stderr_tail))


def _tr(text: str) -> str:
    return QCoreApplication.translate("LineProcess", text)
