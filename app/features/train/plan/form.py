"""Fields with their names on the left and a sentence below; and the form of what few people change about training."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from app.widgets.fields import Combo, DecimalSpin, Spin, choose
from app.widgets.style import label
from finetune.config import DataConfig, TrainConfig

_FIELD_WIDTH = 296


class Form(QWidget):
    """Rows of fields, aligned."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(14)
        self._grid.setColumnMinimumWidth(0, 152)
        self._grid.setColumnStretch(1, 1)

    def add(self, title: str, field: QWidget, help_text: str = "") -> None:
        """Add a field, or several radio buttons in a widget of their own."""
        number = self._grid.rowCount()
        name = label(title, "muted")
        name.setBuddy(field)
        field.setAccessibleName(title)
        field.setAccessibleDescription(help_text)
        cell = QVBoxLayout()
        cell.setSpacing(4)
        if isinstance(field, (Combo, Spin, DecimalSpin, QLineEdit)):
            field.setFixedWidth(_FIELD_WIDTH)
        line = QHBoxLayout()
        line.addWidget(field)
        line.addStretch(1)
        cell.addLayout(line)
        if help_text:
            cell.addWidget(label(help_text, "muted", scale=0.9, wrap=True))
        first = next(iter(field.findChildren(QRadioButton)), field)
        name.setFixedHeight(first.sizeHint().height())
        holder = QVBoxLayout()
        holder.addWidget(name)
        holder.addStretch(1)
        self._grid.addLayout(holder, number, 0)
        self._grid.addLayout(cell, number, 1)


class AdvancedForm(Form):
    """How an adapter is trained and judged, apart from the minutes."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.method = Combo()
        for value, text in (("lora", "LoRA"), ("dora", "DoRA"), ("rslora", "rsLoRA")):
            self.method.addItem(text, value)
        self.rank = _spin(1, 512)
        self.rate = DecimalSpin()
        self.rate.setDecimals(6)
        self.rate.setRange(0.000001, 0.1)
        self.rate.setSingleStep(0.00005)
        self.length = _spin(64, 131_072)
        self.length.setSingleStep(128)
        self.length.setSuffix(self.tr(" tokens"))
        self.batch = _spin(1, 4096)
        self.accumulate = _spin(1, 4096)
        self.retrieval = DecimalSpin()
        self.retrieval.setRange(0.0, 100.0)
        self.retrieval.setDecimals(0)
        self.retrieval.setSuffix(self.tr(" %"))
        self.retrieval.setValue(DataConfig().retrieval_share * 100)
        self.holes = _spin(10, 100_000)
        self.holes.setValue(DataConfig().holes)
        self.four_bit = QCheckBox(self.tr("Keep the base in 4 bits (QLoRA)"))
        self.strange = QCheckBox(self.tr("Leave out what is no code to the model"))
        self.strange.setChecked(DataConfig().drop_strange)
        strange = self.tr("Files that it finds so odd that they would teach it nothing. The plan names them.")
        share = self.tr("Share of samples with other places of the project in front, as in the editor.")
        judged = self.tr("Held-out places that judge it in the end; more is surer and takes longer.")
        for title, field, help_text in (
            (self.tr("Method"), self.method, self.tr("LoRA, unless you know why another.")),
            (self.tr("Rank"), self.rank, self.tr("How much can be learned; more takes more memory.")),
            (self.tr("Learning rate"), self.rate, self.tr("Too high forgets, too low learns little.")),
            (self.tr("Length of a row"), self.length, self.tr("How much code is looked at together.")),
            (self.tr("Rows at once"), self.batch, self.tr("More takes more memory.")),
            (
                self.tr("Rows of a step"),
                self.accumulate,
                self.tr("How often rows are gathered before the weights change."),
            ),
            (self.tr("With retrieval"), self.retrieval, share),
            (self.tr("Odd files"), self.strange, strange),
            (self.tr("Judged on"), self.holes, judged),
            (self.tr("Memory"), self.four_bit, self.tr("For NVIDIA cards with little memory.")),
        ):
            self.add(title, field, help_text)
            for signal in ("valueChanged", "currentIndexChanged", "toggled"):
                if hasattr(field, signal):
                    getattr(field, signal).connect(self._tell)

    def show_settings(self, train: TrainConfig, data: DataConfig) -> None:
        """Show the settings of a preset; what it says nothing about stays."""
        choose(self.method, train.method)
        self.rank.setValue(train.rank)
        self.rate.setValue(train.rate)
        self.length.setValue(train.length)
        self.batch.setValue(train.batch)
        self.accumulate.setValue(train.accumulate)
        self.holes.setValue(data.holes)

    def train(self, preset: TrainConfig, minutes: float) -> TrainConfig:
        """Return the settings for so many minutes; what is not asked here is as the preset says."""
        return dataclasses.replace(
            preset,
            method=self.method.currentData(),
            rank=self.rank.value(),
            alpha=2 * self.rank.value(),
            rate=self.rate.value(),
            length=self.length.value(),
            batch=self.batch.value(),
            accumulate=self.accumulate.value(),
            minutes=minutes,
            load_in_4bit=self.four_bit.isChecked(),
        )

    def data(self, data: DataConfig) -> DataConfig:
        """Return ``data`` with what is chosen here."""
        return dataclasses.replace(
            data,
            holes=self.holes.value(),
            retrieval_share=self.retrieval.value() / 100,
            drop_strange=self.strange.isChecked(),
        )

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def _spin(least: int, most: int) -> Spin:
    spin = Spin()
    spin.setRange(least, most)
    return spin
