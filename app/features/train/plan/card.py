"""What the run will cost, in a card: samples, tokens, steps, time, memory, and why it cannot be where it cannot."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.features.train.plan.view_model import Measured, scaled
from app.widgets import numbers
from app.widgets.style import button, label, set_tone


class PlanCard(QFrame):
    """``measure_wanted`` and ``stop_wanted``: somebody pressed the card's button."""

    measure_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(self.tr("Plan"))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Plan"), bold=True))
        head.addStretch(1)
        self.measure = button(self.tr("Measure"))
        self.measure.clicked.connect(self._press)
        head.addWidget(self.measure)
        column.addLayout(head)
        self.text = label("", "muted", wrap=True)
        column.addWidget(self.text)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName(self.tr("Measuring this machine"))
        column.addWidget(self.busy)
        self._grid_holder = QWidget()
        self._grid = QGridLayout(self._grid_holder)
        self._grid.setContentsMargins(0, 2, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(8)
        self.figures: dict[str, QLabel] = {}
        captions = {
            "time": self.tr("of training"),
            "proof": self.tr("of evaluation afterwards"),
            "memory": self.tr("memory at most"),
            "steps": self.tr("steps"),
            "samples": self.tr("samples"),
            "rate": self.tr("speed"),
        }
        for place, (name, caption) in enumerate(captions.items()):
            cell = QVBoxLayout()
            cell.setSpacing(0)
            self.figures[name] = label("", scale=1.15, bold=True)
            cell.addWidget(self.figures[name])
            cell.addWidget(label(caption, "muted", scale=0.9))
            self._grid.addLayout(cell, place // 3, place % 3)
        for number in range(3):
            self._grid.setColumnStretch(number, 1)
        column.addWidget(self._grid_holder)
        self.changes = label("", "warn", scale=0.95, wrap=True)
        column.addWidget(self.changes)
        self.measuring = False
        self.show_unknown()

    def show_unknown(self) -> None:
        """Show that nothing was measured yet."""
        text = self.tr("A few steps on this machine tell how long it takes and how much memory it needs.")
        self._show(text, "muted")

    def show_measuring(self) -> None:
        """Show that a few steps are being made."""
        self._show(self.tr("Measuring: a few steps with these settings…"), "muted", measuring=True)

    def show_waiting(self, sentence: str) -> None:
        """Show why nothing is measured now."""
        self._show(sentence, "muted")

    def show_refused(self, sentence: str) -> None:
        """Show why this cannot be."""
        self._show(sentence, "error")

    def show_plan(self, measured: Measured, minutes: float) -> None:
        """Show what ``minutes`` of training come to."""
        plan = scaled(measured, minutes)
        about = self.tr("about {value}")
        self.figures["time"].setText(about.format(value=numbers.duration(plan.seconds)))
        self.figures["proof"].setText(about.format(value=numbers.duration(plan.judging_seconds)))
        self.figures["memory"].setText(numbers.size(plan.peak_bytes))
        self.figures["steps"].setText(f"{plan.steps:,}")
        samples = self.tr("{count} ({tokens} tokens)")
        self.figures["samples"].setText(samples.format(count=f"{plan.samples:,}", tokens=count(plan.tokens)))
        self.figures["rate"].setText(self.tr("{count} tokens/s").format(count=f"{plan.tokens_per_second:,.0f}"))
        data = measured.data
        text = self.tr("On {device} in {precision}. {test} held-out places will judge it, {validation} more choose.")
        self._show(
            text.format(
                device=plan.device, precision=plan.precision, test=data.test_holes, validation=data.validation_holes
            ),
            "muted",
            known=True,
        )
        self.changes.setText("\n".join(plan.changes))
        self.changes.setVisible(bool(plan.changes))

    def _show(self, text: str, tone: str, *, measuring: bool = False, known: bool = False) -> None:
        self.measuring = measuring
        self.text.setText(text)
        set_tone(self.text, tone)
        self.busy.setVisible(measuring)
        self._grid_holder.setVisible(known)
        self.changes.hide()
        self.measure.setText(
            self.tr("Stop") if measuring else self.tr("Measure again") if known else self.tr("Measure")
        )

    def _press(self) -> None:
        (self.stop_wanted if self.measuring else self.measure_wanted).emit()


def count(number: float) -> str:
    """Return a large number in three digits: ``812``, ``41 k``, ``2.3 M``."""
    if number < 1000:
        return f"{number:.0f}"
    if number < 999_500:
        return f"{number / 1000:.0f} k"
    return f"{number / 1e6:.1f} M"
