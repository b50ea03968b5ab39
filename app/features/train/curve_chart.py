"""The losses of a run over its steps: while learning, on what is held out, and the base model's as a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app.services.run_progress import LossPoint
from app.theme import Theme
from app.widgets import plots
from app.widgets.style import label

HEIGHT = 256
_MOST_POINTS = 600


class CurveChart(QWidget):
    """Losses in nats a token: lower is better. Its accessible description says the last of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(self.tr("Loss over the steps"))
        self.plot: Any = None
        self.losses: Sequence[LossPoint] = ()
        self.held_out: Sequence[LossPoint] = ()
        self.base: float | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._signs = [plots.Sign(0), plots.Sign(1)]
        legend = QHBoxLayout()
        legend.setSpacing(16)
        self._names = []
        for sign, name in zip(self._signs, (self.tr("Training"), self.tr("Held-out code")), strict=True):
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            row.addWidget(sign)
            row.addWidget(label(name, "muted", scale=0.9))
            legend.addWidget(holder)
            self._names.append(holder)
        legend.addStretch(1)
        self.best = label("", "muted", scale=0.9)
        legend.addWidget(self.best)
        self._column.addLayout(legend)
        self.nothing = label(self.tr("The curves begin with the first steps."), "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(self.nothing, 1)

    def show_curves(
        self, losses: Sequence[LossPoint], held_out: Sequence[LossPoint], base: float | None, theme: Theme
    ) -> None:
        """Draw the losses while learning and on held-out code; ``base`` is the held-out loss without an adapter."""
        self.losses, self.held_out, self.base = _thinned(losses), held_out, base
        for sign, token in zip(self._signs, plots.TOKENS, strict=True):
            sign.show_color(theme.colors[token])
        for name, points in zip(self._names, (losses, held_out), strict=True):
            name.setVisible(bool(points))
        some = bool(losses or held_out)
        self.nothing.setVisible(not some)
        best = min((point.loss for point in held_out), default=None)
        self.best.setText("" if best is None else self.tr("best on held-out code: {loss:.3f}").format(loss=best))
        self.setAccessibleDescription(self.best.text())
        if self.plot is not None:
            self.plot.setVisible(some)
        if some:
            self._draw(theme)

    def _draw(self, theme: Theme) -> None:
        if self.plot is None:
            self.plot = plots.make(self, self._column)
        plot = plots.clear(self.plot, theme, bars=False)
        for index, points in enumerate((self.losses, self.held_out)):
            if not points:
                continue
            color = QColor(theme.colors[plots.TOKENS[index]])
            pen = QPen(color, 2, Qt.PenStyle.DashLine if index else Qt.PenStyle.SolidLine)
            pen.setCosmetic(True)
            marks = {"symbol": plots.SYMBOLS[1], "symbolSize": 7, "symbolBrush": color, "symbolPen": None}
            plot.plot(
                [point.step for point in points],
                [point.loss for point in points],
                pen=pen,
                antialias=True,
                **(marks if index else {}),
            )
        values = [point.loss for point in (*self.losses, *self.held_out)]
        last = max((point.step for point in (*self.losses, *self.held_out)), default=1)
        if self.base is not None:
            values.append(self.base)
            pen = QPen(QColor(theme.colors["muted"]), 1, Qt.PenStyle.DotLine)
            pen.setCosmetic(True)
            plot.plot([0, max(last, 1)], [self.base, self.base], pen=pen, antialias=True)
            text = self.tr("base {loss:.3f}").format(loss=self.base)
            plots.write(self, plot, text, (max(last, 1) * 1.01, self.base), theme)
        low, high = min(values), max(values)
        margin = max(0.02, (high - low) * 0.1)
        plot.setYRange(low - margin, high + margin, padding=0)
        plot.setXRange(0, max(last, 1) * (1.16 if self.base is not None else 1.02), padding=0.01)
        style = plots.label_style(self, theme)
        plot.setLabel("left", self.tr("Loss (nats a token)"), **style)
        plot.setLabel("bottom", self.tr("Step"), **style)

    def event(self, event: QEvent) -> bool:
        """Say the values of the step that the mouse rests on."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self)
            return True
        return super().event(event)

    def tip_at(self, pos: QPoint) -> str:
        """Return what is known of the step at a place of this widget."""
        if self.plot is None or not (self.losses or self.held_out):
            return ""
        place = self.plot.getPlotItem().getViewBox().mapSceneToView(self.plot.mapToScene(self.plot.mapFrom(self, pos)))
        lines = []
        for points, text in (
            (self.losses, self.tr("step {step}: training {loss:.3f}")),
            (self.held_out, self.tr("step {step}: held-out {loss:.3f}")),
        ):
            if points:
                nearest = min(points, key=lambda point: abs(point.step - place.x()))
                lines.append(text.format(step=nearest.step, loss=nearest.loss))
        return "\n".join(lines)


def _thinned(points: Sequence[LossPoint]) -> Sequence[LossPoint]:
    """Return at most so many points that are evenly spread, the last among them: more than pixels help nobody."""
    every = -(-len(points) // _MOST_POINTS)
    return points if every <= 1 else points[::-1][::every][::-1]
