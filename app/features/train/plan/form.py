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
        self.learning_rate = DecimalSpin()
        self.learning_rate.setDecimals(6)
        self.learning_rate.setRange(0.000001, 0.1)
        self.learning_rate.setSingleStep(0.00005)
        self.max_seq_length = _spin(64, 131_072)
        self.max_seq_length.setSingleStep(128)
        self.max_seq_length.setSuffix(self.tr(" tokens"))
        self.batch = _spin(1, 4096)
        self.gradient_accumulation_steps = _spin(1, 4096)
        self.retrieval = DecimalSpin()
        self.retrieval.setRange(0.0, 100.0)
        self.retrieval.setDecimals(0)
        self.retrieval.setSuffix(self.tr(" %"))
        self.retrieval.setValue(DataConfig().retrieval_share * 100)
        self.holes = _spin(10, 100_000)
        self.holes.setValue(DataConfig().holes)
        self.four_bit = QCheckBox(self.tr("Keep the base in 4 bits (QLoRA)"))
        self.outliers = QCheckBox(self.tr("Leave out outlier files"))
        self.outliers.setChecked(DataConfig().drop_outliers)
        outliers = self.tr("Files with outlying perplexity under this model. The plan names them.")
        share = self.tr("Share of samples with retrieved context in front, as in the editor.")
        judged = self.tr("Held-out holes for the final evaluation. More is surer and takes longer.")
        for title, field, help_text in (
            (self.tr("Method"), self.method, self.tr("LoRA unless you have a reason for another.")),
            (self.tr("Rank"), self.rank, self.tr("Capacity of the adapter; more takes more memory.")),
            (self.tr("Learning rate"), self.learning_rate, self.tr("Too high forgets; too low learns little.")),
            (
                self.tr("Sequence length"),
                self.max_seq_length,
                self.tr("Longest packed row in tokens (max_seq_length)."),
            ),
            (self.tr("Batch size"), self.batch, self.tr("Rows in each step. More takes more memory.")),
            (
                self.tr("Gradient accumulation"),
                self.gradient_accumulation_steps,
                self.tr("Batches whose gradients are added up for one step."),
            ),
            (self.tr("With retrieval"), self.retrieval, share),
            (self.tr("Outlier files"), self.outliers, outliers),
            (self.tr("Test holes"), self.holes, judged),
            (self.tr("4-bit base"), self.four_bit, self.tr("For NVIDIA cards with little memory.")),
        ):
            self.add(title, field, help_text)
            for signal in ("valueChanged", "currentIndexChanged", "toggled"):
                if hasattr(field, signal):
                    getattr(field, signal).connect(self._tell)

    def show_settings(self, train: TrainConfig, data: DataConfig) -> None:
        """Show the settings of a preset; what it says nothing about stays."""
        choose(self.method, train.method)
        self.rank.setValue(train.rank)
        self.learning_rate.setValue(train.learning_rate)
        self.max_seq_length.setValue(train.max_seq_length)
        self.batch.setValue(train.batch)
        self.gradient_accumulation_steps.setValue(train.gradient_accumulation_steps)
        self.holes.setValue(data.holes)

    def train(self, preset: TrainConfig, minutes: float) -> TrainConfig:
        """Return the settings for so many minutes; what is not asked here is as the preset says."""
        return dataclasses.replace(
            preset,
            method=self.method.currentData(),
            rank=self.rank.value(),
            alpha=2 * self.rank.value(),
            learning_rate=self.learning_rate.value(),
            max_seq_length=self.max_seq_length.value(),
            batch=self.batch.value(),
            gradient_accumulation_steps=self.gradient_accumulation_steps.value(),
            minutes=minutes,
            load_in_4bit=self.four_bit.isChecked(),
        )

    def data(self, data: DataConfig) -> DataConfig:
        """Return ``data`` with what is chosen here."""
        return dataclasses.replace(
            data,
            holes=self.holes.value(),
            retrieval_share=self.retrieval.value() / 100,
            drop_outliers=self.outliers.isChecked(),
        )

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def _spin(least: int, most: int) -> Spin:
    spin = Spin()
    spin.setRange(least, most)
    return spin
