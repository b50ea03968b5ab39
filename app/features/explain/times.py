"""Where the time of a suggestion went: one bar with a part for each stage, and the numbers below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.numbers import milliseconds
from assistant.types import Timings

_BAR = 10
_SWATCH = 8
_GAP = 4
_COLORS = ("muted", "warn", "accent", "ok")


class TimesBar(QWidget):
    """Draws Timings; stages that took no time are left out."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._times = Timings()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Time of the suggestion by stages"))

    def show_times(self, times: Timings) -> None:
        """Show other times."""
        self._times = times
        self.setAccessibleDescription(", ".join(f"{name} {milliseconds(ms)}" for name, ms, _ in self.stages()))
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def stages(self) -> Sequence[tuple[str, float, str]]:
        """Return each stage that took time: its name, milliseconds, and its colour's token."""
        times = self._times
        named = (
            (self.tr("Finding context"), times.context_ms),
            (self.tr("Waiting"), times.queue_ms),
            (self.tr("Reading"), times.prefill_ms),
            (self.tr("Writing"), times.decode_ms),
        )
        return [(name, ms, color) for (name, ms), color in zip(named, _COLORS, strict=True) if ms >= 0.5]

    def sizeHint(self) -> QSize:
        """Return the height of the bar and a line for each stage."""
        return QSize(200, _BAR + 2 * _GAP + len(self.stages()) * (self.fontMetrics().height() + _GAP))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar, and below it a line for each stage."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, stages = self._theme.colors, self.stages()
        whole = sum(ms for _, ms, _ in stages)
        left = 0.0
        height = self.fontMetrics().height() + _GAP
        room = self.width() - 2 * max(len(stages) - 1, 0)
        for row, (name, ms, color) in enumerate(stages):
            width = room * ms / whole
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors[color]))
            painter.drawRoundedRect(QRectF(left, 0, max(width, 1.0), _BAR), 2, 2)
            left += width + 2
            top = _BAR + 2 * _GAP + row * height
            painter.drawRoundedRect(QRectF(0, top + (height - _SWATCH) / 2, _SWATCH, _SWATCH), 2, 2)
            line = QRectF(_SWATCH + 8, top, self.width() - _SWATCH - 8, height)
            painter.setPen(QColor(colors["muted"]))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(QColor(colors["text"]))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, milliseconds(ms))
