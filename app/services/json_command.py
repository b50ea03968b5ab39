"""One of our command line programs as the window runs it: started, followed by its JSON lines, answered or failed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from app.services.line_process import LineProcess, Outcome

# Of a program that prints without end; an answer is a few MB at most.
_MAX_KEPT = 64 * 1024 * 1024


class JsonCommand(QObject):
    """Runs one command at a time; a newer one takes the older one's place, whose answer never comes.

    The program prints JSON objects: ``{"event": "progress", ...}`` and other events on a line each, and its answer
    last, on one line or on several. Lines that are no JSON are what libraries print, and are passed over. Each command
    that is not followed by another ends with exactly one of ``answered``, ``failed`` and ``dropped``.
    """

    progress = Signal(object)
    """An object that was printed on a line of its own, as it comes: a dict. The answer may be among them."""
    answered = Signal(object)
    """The answer, a dict; the program ended with status 0."""
    failed = Signal(str)
    """Why there is no answer, in one sentence: the program's own, or else how it ended."""
    dropped = Signal()
    """The command was given up; it has ended."""

    def __init__(self, name: str, parent: QObject | None = None, *, needs_answer: bool = True) -> None:
        """``name`` is what a person calls the program: "The program that manages models".

        Without ``needs_answer`` a program that prints nothing and ends with status 0 has answered ``{}``.
        """
        super().__init__(parent)
        self._name, self._needs_answer = name, needs_answer
        self._program = ""
        self._objects = _Objects()
        self._next: tuple[tuple[str, ...], str] | None = None
        self._given_up = False
        self._process = LineProcess(self)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._process.active and (not self._given_up or self._next is not None)

    def start(self, command: Sequence[str], text: str = "") -> None:
        """Start ``command`` (program and arguments), which reads ``text``; one that runs is ended before."""
        if self._process.active:
            self._next, self._given_up = (tuple(command), text), True
            self._process.stop()
            return
        self._program = command[0]
        self._objects, self._next, self._given_up = _Objects(), None, False
        self._process.start(command, text)

    @Slot()
    def drop(self) -> None:
        """Give the answer up: the program is asked to end, and killed where it does not; ``dropped`` follows."""
        self._next = None
        if self._process.active:
            self._given_up = True
            self._process.stop()

    @Slot()
    def close(self) -> None:
        """End what runs and wait for that; for the end of the application."""
        self._next, self._given_up = None, True
        self._process.close()

    @Slot(str)
    def _on_line(self, line: str) -> None:
        found = self._objects.feed(line)
        if found is not None and not self._is_stale:
            self.progress.emit(found)

    @property
    def _is_stale(self) -> bool:
        """Whether another command follows: what the old one still says is not for those who wait for the new one."""
        return self._next is not None

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        if self._next is not None:
            self.start(*self._next)
        elif self._given_up:
            self.dropped.emit()
        else:
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        worked = outcome.kind == "exited" and outcome.exit_code == 0
        answer = self._objects.answer()
        if worked and answer is not None:
            self.answered.emit(answer)
        elif worked and not self._needs_answer:
            self.answered.emit({})
        else:
            self.failed.emit(self._objects.sentence() or outcome.last_line or self._why(outcome, worked))

    def _why(self, outcome: Outcome, worked: bool) -> str:
        if worked:
            return self.tr("{name} ended without an answer.").format(name=self._name)
        return outcome.sentence(self._name, self._program)


class _Objects:
    """The JSON objects among lines: those on a line each, and a last one that may stand on several."""

    def __init__(self) -> None:
        self._last: dict[str, Any] | None = None
        self._failure: dict[str, Any] | None = None
        self._rest: list[str] = []
        self._size = 0

    def feed(self, line: str) -> dict[str, Any] | None:
        """Take a line; return the object that it is, if it is one."""
        if not line.startswith("{"):
            if self._rest and self._size < _MAX_KEPT:
                self._keep(line)
            return None
        found = _object(line)
        if found is None:
            if self._size < _MAX_KEPT:
                self._keep(line)
            return None
        self._rest, self._size = [], 0
        if found.get("event") == "failed":
            self._failure = found
        elif found.get("event") != "progress":
            self._last = found
        return found

    def answer(self) -> dict[str, Any] | None:
        """Return the last object that was printed and is neither progress nor a failure."""
        return self._over_several_lines() or self._last

    def sentence(self) -> str:
        """Return what the program itself said of its failure."""
        said = self._failure or self.answer() or {}
        return str(said.get("message") or said.get("sentence") or "")

    def _keep(self, line: str) -> None:
        self._rest.append(line)
        self._size += len(line)

    def _over_several_lines(self) -> dict[str, Any] | None:
        for first, line in enumerate(self._rest):
            if line.startswith("{") and (found := _object("\n".join(self._rest[first:]))) is not None:
                return found
        return None


def _object(text: str) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        return found if isinstance(found, dict) else None
    return None
