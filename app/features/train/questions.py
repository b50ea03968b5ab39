"""What the Train page asks the command line about the code and the plan, and what its steps show of the answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from app.features.train.plan.step import ModelStep
from app.features.train.plan.view_model import read_measured
from app.features.train.scope.files import FileRow
from app.features.train.scope.step import ScopeStep
from app.services.run_control import RunControl
from app.services.tune_jobs import TuneJobs
from app.widgets.message_bar import MessageBars
from assistant.errors import InputError
from finetune.config import RunConfig


class Questions(QObject):
    """Asks for files, samples and the plan; of each kind the newest question counts. Failures are said in ``bars``."""

    def __init__(
        self, tune: TuneJobs, control: RunControl, scope: ScopeStep, model: ModelStep, bars: MessageBars
    ) -> None:
        super().__init__(bars)
        self._tune, self._control, self._scope, self._model, self._bars = tune, control, scope, model, bars
        self._asked_of: Path | None = None
        """The repository whose files were asked for last."""
        self.base_model = ""
        """The model that the samples are laid out for until one is chosen."""
        scope.files_wanted.connect(self.ask_files)
        scope.samples_wanted.connect(lambda: self._ask("preview"))
        scope.trust_wanted.connect(self._ask_trust)
        model.plan_wanted.connect(self._ask_plan)
        model.plan_dropped.connect(lambda: tune.drop("plan"))
        tune.answered.connect(self._on_answer)
        tune.failed.connect(self._on_failed)
        tune.dropped.connect(self._on_dropped)

    def forget(self) -> None:
        """Drop what concerns the repository that was chosen before."""
        self._bars.clear("files")
        self._bars.clear("trust")
        self._tune.drop("preview")

    def ask_files_once(self) -> None:
        """Ask for the files of the repository that is chosen, where they were not asked for yet."""
        if self._scope.repository not in (None, self._asked_of):
            self.ask_files()

    def ask_files(self) -> None:
        """Ask which files would be learned from."""
        self._bars.clear("files")
        self._asked_of = self._scope.repository
        self._scope.show_busy()
        self._ask("files")

    def _ask(self, question: Any) -> None:
        """Ask about the repository; of the settings only what concerns the data counts."""
        repository = self._scope.repository
        if repository is None:
            return
        try:
            config = self._model.config()
        except InputError:
            config = RunConfig(str(repository), self.base_model, "preview", data=self._scope.data_config())
        if question == "files":  # the choices are applied here, at once
            config = dataclasses.replace(config, data=dataclasses.replace(config.data, keep=(), drop=(), trusted=()))
        self._tune.ask(question, config)

    def _ask_plan(self, config: RunConfig) -> None:
        busy = self._control.find_at_work()
        if busy is None:
            self._tune.ask("plan", config)
            return
        # Both would run at half their speed, and what is measured would be wrong.
        text = self.tr("The run {name} is going on. Measure the cost when it has ended.")
        self._model.show_waiting(text.format(name=busy.name))

    def _ask_trust(self, row: FileRow) -> None:
        text = self.tr("{path} may hold a secret{detail}. A model can repeat what it was trained on: use it anyway?")
        detail = f" ({row.detail})" if row.detail else ""
        choices = [
            (self.tr("Trust this file"), lambda: self._scope.trust(row)),
            (self.tr("Leave it out"), lambda: None),
        ]
        self._bars.show_message("trust", text.format(path=row.path, detail=detail), "warn", choices)

    def _on_answer(self, question: str, answer: Mapping[str, Any]) -> None:
        if question == "files":
            self._scope.show_files(answer)
        elif question == "preview":
            self._bars.clear("preview")
            self._scope.show_samples(answer)
        else:
            self._model.show_answer(read_measured(answer, 1.0))

    def _on_failed(self, question: str, sentence: str) -> None:
        if question == "plan":
            self._model.show_refused(sentence)
            return
        if question == "files":
            self._scope.show_failed()
            again = self.ask_files
        else:
            self._scope.show_no_samples()
            again = lambda: self._ask("preview")  # noqa: E731
        self._bars.show_message(question, sentence, "error", [(self.tr("Try again"), again)])

    def _on_dropped(self, question: str) -> None:
        if question == "plan":
            self._model.show_dropped()
        elif question == "files":
            self._scope.show_failed()
        else:
            self._scope.show_no_samples()
