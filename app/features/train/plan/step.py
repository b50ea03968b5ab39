"""Second step: which model learns, for how long and how; with the plan of what that costs on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.features.train.plan.card import PlanCard
from app.features.train.plan.form import AdvancedForm, Form
from app.features.train.plan.view_model import Measured, shape
from app.services.model_rows import ModelRow
from app.widgets import numbers
from app.widgets.empty_hint import EmptyHint
from app.widgets.fields import Combo, DecimalSpin, choose
from app.widgets.icons import IconSet
from app.widgets.line_edit import LineEdit
from app.widgets.style import button, label
from assistant.errors import InputError
from assistant.names import name_for
from finetune.config import PRESETS, DataConfig, Preset, RunConfig, check

_MEASURE_MS = 700


class ModelStep(QWidget):
    """Makes the settings of a run. What was measured is kept for each model and shape."""

    plan_wanted = Signal(object)
    """A RunConfig to be measured."""
    plan_dropped = Signal()
    start_wanted = Signal(object)
    """A RunConfig to begin with."""
    models_wanted = Signal()
    back_wanted = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._repository: Path | None = None
        self._data = DataConfig()
        self._measured: dict[object, Measured] = {}
        self._refused: dict[object, str] = {}
        self._asked: tuple[object, float] | None = None
        self._loading = True
        self._measure_soon = QTimer(self)
        self._measure_soon.setSingleShot(True)
        self._measure_soon.setInterval(_MEASURE_MS)
        self._measure_soon.timeout.connect(self._measure)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        text = self.tr("No installed model can be tuned. Download one first: the smallest is enough to try it.")
        self.empty = EmptyHint(text, self.tr("Go to the models"))
        self.empty.begin_wanted.connect(self.models_wanted)
        column.addWidget(self.empty)
        self.looking = label(self.tr("Looking for the installed models…"), "muted")
        column.addWidget(self.looking)
        self.form = QWidget()
        column.addWidget(self.form)
        inner = QVBoxLayout(self.form)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(14)
        self.basics = Form()
        self._add_basics()
        inner.addWidget(self.basics)
        self.more = QToolButton()
        self.more.setProperty("kind", "tool")
        self.more.setText(self.tr("More settings"))
        self.more.setCheckable(True)
        self.more.setIcon(icons.icon("sliders-horizontal"))
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        inner.addWidget(self.more)
        self.advanced = AdvancedForm()
        self.advanced.changed.connect(self._on_changed)
        self.advanced.hide()
        self.more.toggled.connect(self.advanced.setVisible)
        inner.addWidget(self.advanced)
        self.plan = PlanCard()
        self.plan.measure_wanted.connect(lambda: self._measure(anew=True))
        self.plan.stop_wanted.connect(self._drop)
        inner.addWidget(self.plan)
        self.problem = label("", "error", wrap=True)
        inner.addWidget(self.problem)
        inner.addLayout(self._make_actions())
        self._choose_preset("normal")
        self._hide_until_known()

    # --- making ---------------------------------------------------------------------------

    def _add_basics(self) -> None:
        self.model = Combo()
        self.model.currentIndexChanged.connect(self._on_changed)
        self.basics.add(
            self.tr("Model"),
            self.model,
            self.tr("The model itself does not change; what it learns is kept in an adapter."),
        )
        self.presets: dict[Preset, QRadioButton] = {}
        self._group = QButtonGroup(self)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        names: tuple[tuple[Preset, str], ...] = (
            ("quick", self.tr("Quick: about 10 minutes, to see whether it helps at all")),
            ("normal", self.tr("Normal: about half an hour, right for most projects")),
            ("thorough", self.tr("Thorough: about 2 hours, for large projects")),
        )
        for name, text in names:
            radio = QRadioButton(text)
            radio.toggled.connect(partial(self._on_preset, name))
            self.presets[name] = radio
            self._group.addButton(radio)
            inside.addWidget(radio)
        self.basics.add(self.tr("How long"), holder)
        self.minutes = DecimalSpin()
        self.minutes.setDecimals(0)
        self.minutes.setRange(1, 60 * 24 * 7)
        self.minutes.setSuffix(self.tr(" min"))
        self.minutes.valueChanged.connect(self._tell)
        text = self.tr("Training time; the evaluation afterwards takes longer. It can be paused at any time.")
        self.basics.add(self.tr("Minutes"), self.minutes, text)
        self.name = LineEdit()
        self.name.setMaxLength(100)
        self.name.textChanged.connect(self._tell)
        self.basics.add(self.tr("Name of the adapter"), self.name, self.tr("The adapter is kept under this name."))
        self.activate = QCheckBox(self.tr("Use it if it helps"))
        self.activate.setChecked(True)
        text = self.tr("It is switched on only if it is right more often on held-out code than the base model.")
        self.basics.add(self.tr("Afterwards"), self.activate, text)

    def _make_actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.back = button(self.tr("Back"))
        self.back.clicked.connect(self.back_wanted)
        row.addWidget(self.back)
        row.addStretch(1)
        self.start = button(self.tr("Start learning"), "primary")
        self.start.clicked.connect(self._on_start)
        row.addWidget(self.start)
        return row

    def _hide_until_known(self) -> None:
        """Show neither the form nor that there is no model, until it is known which models there are."""
        self.empty.hide()
        self.form.hide()

    # --- from outside -----------------------------------------------------------------------

    def show_models(self, rows: Sequence[ModelRow], preferred: str | None = None) -> None:
        """Offer the installed models that can fill in; ``preferred`` is chosen where nothing was yet."""
        chosen = self.model.currentData() or preferred
        self._loading = True
        self.model.clear()
        for row in rows:
            if row.installed and row.fim:
                self.model.addItem(row.name, row.id)
        if chosen:
            choose(self.model, chosen)
        self._loading = False
        some = self.model.count() > 0
        self.looking.hide()
        self.empty.setVisible(not some)
        self.form.setVisible(some)
        self._on_changed()

    def show_scope(self, repository: Path | None, data: DataConfig) -> None:
        """Learn from another repository, or from other files of it."""
        if repository != self._repository and repository is not None:
            self.name.setText(name_for(repository.name))
        self._repository = repository
        self._data = data
        self._on_changed()

    def config(self) -> RunConfig:
        """Return the settings. Raises InputError with one sentence where they cannot be."""
        if self._repository is None:
            raise InputError(self.tr("No folder is chosen; choose one in the first step."))
        if self.model.currentData() is None:
            raise InputError(self.tr("No model is chosen; install one first."))
        mine = self._data
        scope = dataclasses.replace(self._held_out, keep=mine.keep, drop=mine.drop, trusted=mine.trusted)
        data = self.advanced.data(scope)
        train = self.advanced.train(self._train, self.minutes.value())
        config = RunConfig(
            repository=str(self._repository),
            model=str(self.model.currentData()),
            name=self.name.text().strip(),
            activate=self.activate.isChecked(),
            data=data,
            train=train,
        )
        check(config)
        return config

    def arrive(self) -> None:
        """Somebody looks at this step: measure what was not measured yet."""
        self._on_changed(at_once=True)

    def show_answer(self, measured: Measured | None) -> None:
        """Take what was measured."""
        asked, self._asked = self._asked, None
        if measured is None:
            self.show_refused(
                self.tr(
                    "The measured plan cannot be read. The command line may be older than this window; reinstall it."
                )
            )
        elif asked is not None:
            self._measured[asked[0]] = Measured(measured.data, measured.plan, asked[1])
            self._tell()

    def show_refused(self, sentence: str) -> None:
        """Take that it cannot be measured, or that it cannot fit."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._refused[asked[0]] = sentence
        self._tell()

    def show_waiting(self, sentence: str) -> None:
        """Take that it is not measured now, and why."""
        self._asked = None
        self._tell()
        self.plan.show_waiting(sentence)

    def show_dropped(self) -> None:
        """Take that nobody measures any more."""
        self._asked = None
        self._tell()

    # --- what the person does -----------------------------------------------------------------

    def _on_preset(self, name: Preset, chosen: bool) -> None:
        if chosen and not self._loading:
            self._choose_preset(name)

    def _choose_preset(self, name: Preset) -> None:
        self._train, self._held_out = train, _ = PRESETS[name]
        self._loading = True
        self.presets[name].setChecked(True)
        self.minutes.setValue(train.minutes)
        self.advanced.show_settings(train, self._held_out)
        self._loading = False
        self._on_changed()

    def _on_changed(self, *_: object, at_once: bool = False) -> None:
        if self._loading:
            return
        self._tell()
        if self.isVisible() or at_once:
            self._measure_soon.start(0 if at_once else _MEASURE_MS)

    def _measure(self, *, anew: bool = False) -> None:
        try:
            config = self.config()
        except InputError:
            return
        key = shape(config)
        if anew:
            self._measured.pop(key, None)
            self._refused.pop(key, None)
        if key in self._measured or key in self._refused or (self._asked is not None and self._asked[0] == key):
            return
        self._asked = (key, config.train.minutes)
        self._tell()
        self.plan_wanted.emit(config)

    def _drop(self) -> None:
        self._measure_soon.stop()
        self._asked = None
        self.plan_dropped.emit()
        self._tell()

    def _on_start(self) -> None:
        self._measure_soon.stop()
        try:
            config = self.config()
        except InputError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.start_wanted.emit(config)

    def _tell(self, *_: object) -> None:
        """Show the plan for the settings as they are, or what is wrong with them."""
        if self._loading:
            return
        try:
            config = self.config()
        except InputError as error:
            some = self.model.count() > 0 and self._repository is not None
            self.problem.setText(str(error))
            self.problem.setVisible(some)
            self.start.setEnabled(False)
            self.plan.show_unknown()
            return
        self.problem.hide()
        key = shape(config)
        if key in self._measured:
            self.plan.show_plan(self._measured[key], config.train.minutes)
        elif key in self._refused:
            self.plan.show_refused(self._refused[key])
        elif self._asked is not None and self._asked[0] == key:
            self.plan.show_measuring()
        else:
            self.plan.show_unknown()
        self.start.setEnabled(key not in self._refused)
        text = self.tr("Start learning: {minutes}")
        self.start.setText(text.format(minutes=numbers.duration(config.train.minutes * 60)))
