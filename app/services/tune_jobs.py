"""The window's view of ``grafter finetune`` before a run: the files, samples and the plan, each a child process."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from PySide6.QtCore import QObject, Signal

from app.services.line_process import LineProcess, Outcome

if TYPE_CHECKING:
    from finetune.config import RunConfig

Question = Literal["files", "preview", "plan"]
_FLAGS: dict[Question, list[str]] = {"files": ["--files"], "preview": ["--preview", "24"], "plan": ["--dry-run"]}


class TuneJobs(QObject):
    """Runs ``command`` (up to and with ``finetune``), one process for each kind of question at a time.

    A newer question of a kind gives the older one up. Each ends with exactly one of ``answered``, ``failed`` and, where
    it was given up and no other follows, ``dropped``.
    """

    answered = Signal(str, object)
    """The question and its answer, a dict."""
    failed = Signal(str, str)
    """The question, and why there is no answer in one sentence."""
    dropped = Signal(str)

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = tuple(command)
        self._askers = {question: _Asker(question, self) for question in get_args(Question)}

    @property
    def program(self) -> str:
        """What is started."""
        return self._command[0]

    def ask(self, question: Question, config: RunConfig) -> None:
        """Ask about a run with these settings."""
        flags = [*_FLAGS[question], "--json"]
        self._askers[question].start([*self._command, config.repository, *flags, *options(config)])

    def drop(self, question: Question) -> None:
        """Give a question up."""
        self._askers[question].drop()

    def busy(self, question: Question) -> bool:
        """Return whether an answer is awaited."""
        return self._askers[question].busy

    def close(self) -> None:
        """End what runs and wait for that; for the end of the application."""
        for asker in self._askers.values():
            asker.close()


def options(config: RunConfig) -> list[str]:
    """Return the options of the command line that say what ``config`` says, but its preset and its name."""
    data, train = config.data, config.train
    found = [
        ("--model", config.model),
        ("--device", config.device),
        ("--seed", config.seed),
        ("--since", data.since),
        ("--holes", data.holes),
        ("--retrieval-share", data.retrieval_share),
        ("--minutes", train.minutes),
        ("--method", train.method),
        ("--rank", train.rank),
        ("--rate", train.rate),
        ("--length", train.length),
        ("--batch", train.batch),
        ("--accumulate", train.accumulate),
        *(("--keep", path) for path in data.keep),
        *(("--drop", path) for path in data.drop),
        *(("--trust", path) for path in data.trusted),
    ]
    flags = ["--load-in-4bit"] if train.load_in_4bit else []
    # With "=": a path may begin with a dash.
    return [f"{name}={value}" for name, value in found if value not in (None, "")] + flags


class _Asker(QObject):
    """One kind of question: its process, and the newest command where that has to wait for the older one's end."""

    def __init__(self, question: Question, jobs: TuneJobs) -> None:
        super().__init__(jobs)
        self._question, self._jobs = question, jobs
        self._lines: list[str] = []
        self._next: list[str] | None = None
        self._given_up = False
        self._process = LineProcess(self)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        return self._process.active and (not self._given_up or self._next is not None)

    def start(self, command: list[str]) -> None:
        if self._process.active:
            self._next, self._given_up = command, True
            self._process.stop()
            return
        self._lines, self._next, self._given_up = [], None, False
        self._process.start(command)

    def drop(self) -> None:
        self._next = None
        if self._process.active:
            self._given_up = True
            self._process.stop()

    def close(self) -> None:
        self._next, self._given_up = None, True
        self._process.close()

    def _on_line(self, line: str) -> None:
        self._lines.append(line)

    def _on_ended(self, outcome: Outcome) -> None:
        if self._next is not None:
            self.start(self._next)
            return
        if self._given_up:
            self._jobs.dropped.emit(self._question)
            return
        answer = _last_object(self._lines)
        if outcome.kind == "exited" and outcome.exit_code == 0 and answer is not None:
            self._jobs.answered.emit(self._question, answer)
            return
        said = (answer or {}).get("message") or (answer or {}).get("sentence") or outcome.last_line
        name = self.tr("The program that prepares training")
        self._jobs.failed.emit(self._question, str(said or outcome.sentence(name, self._jobs.program)))


def _last_object(lines: Sequence[str]) -> dict[str, Any] | None:
    """Return the JSON object that was printed, on one line or on several; other lines may stand before it."""
    for first in range(len(lines)):
        if not lines[first].startswith("{"):
            continue
        with contextlib.suppress(ValueError):
            data = json.loads("\n".join(lines[first:]))
            if isinstance(data, dict):
                return data
    return None
