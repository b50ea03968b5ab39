"""The window's view of ``grafter finetune`` before a run: the files, samples and the plan, each a child process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

from PySide6.QtCore import QObject, Signal

from app.services.json_command import JsonCommand
from finetune.config import RunConfig, to_json

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
        self._asked: dict[Question, JsonCommand] = {question: self._make(question) for question in get_args(Question)}

    def _make(self, question: Question) -> JsonCommand:
        command = JsonCommand(self.tr("The program that prepares training"), self)
        command.answered.connect(partial(self.answered.emit, question))
        command.failed.connect(partial(self.failed.emit, question))
        command.dropped.connect(partial(self.dropped.emit, question))
        return command

    def ask(self, question: Question, config: RunConfig) -> None:
        """Ask about a run with these settings."""
        # All of it as it would be started with: no setting can be told otherwise, or forgotten, on the way.
        self._asked[question].start([*self._command, *_FLAGS[question], "--json", "--config=-"], to_json(config))

    def drop(self, question: Question) -> None:
        """Give a question up."""
        self._asked[question].drop()

    def busy(self, question: Question) -> bool:
        """Return whether an answer is awaited."""
        return self._asked[question].busy

    def close(self) -> None:
        """End what runs and wait for that; for the end of the application."""
        for command in self._asked.values():
            command.close()
