"""Plots in the colours of the theme: shares over time as lines, shares by name as bars. pyqtgraph draws them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets import plots
from app.widgets.style import label

HEIGHT = 248
_NAME_CHARACTERS = 18
_BAR = 0.34


@dataclass(frozen=True, slots=True)
class Point:
    """What two series say of one day or name, from 0 to 1 (None: too little to tell), and the whole of it as text."""

    name: str
    values: tuple[float | None, float | None]
    tip: str
    day: dt.date | None = None


class Chart(QWidget):
    """Two series of shares with a legend above them. Its table says the same to those who cannot see it."""

    def __init__(self, title: str, series: tuple[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(title)
        self.points: Sequence[Point] = ()
        self.plot: Any = None
        self._bars = False
        self._signs = [plots.Sign(index) for index in range(2)]
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._legend = QWidget()
        legend = QHBoxLayout(self._legend)
        legend.setContentsMargins(0, 0, 0, 0)
        legend.setSpacing(8)
        for sign, name in zip(self._signs, series, strict=True):
            legend.addWidget(sign)
            legend.addWidget(label(name, "muted", scale=0.9))
            legend.addSpacing(8)
        legend.addStretch(1)
        self._column.addWidget(self._legend)
        self.nothing = label(self.tr("Too few suggestions to tell."), "muted")
        self._column.addWidget(self.nothing, 1)
        self.nothing.hide()

    def show_lines(self, points: Sequence[Point], theme: Theme, unit: str) -> None:
        """Draw shares over time; each point has its day, ``unit`` says what one is."""
        if not self._any(points, theme):
            return
        plot = self._cleared(points, theme, bars=False)
        days = [float((point.day or dt.date.min).toordinal()) for point in points]
        for index, token in enumerate(plots.TOKENS):
            told = [(day, share * 100) for day, point in zip(days, points, strict=True)
                    if (share := point.values[index]) is not None]  # fmt: skip
            if not told:
                continue  # pyqtgraph wants one value at least
            style = Qt.PenStyle.DashLine if index else Qt.PenStyle.SolidLine
            color = QColor(theme.colors[token])
            pen = QPen(color, 2, style)
            pen.setCosmetic(True)
            plot.plot(
                [day for day, _ in told], [share for _, share in told],
                pen=pen, symbol=plots.SYMBOLS[index], symbolSize=7, symbolBrush=color, symbolPen=None, antialias=True,
            )  # fmt: skip
        first, last = (days[0], days[-1]) if days else (0.0, 1.0)
        margin = max(0.5, (last - first) * 0.08)  # a name at the very end of the axis would be left out
        plot.setXRange(first - margin, last + margin, padding=0)
        plot.setYRange(0, 100, padding=0.04)
        plot.setLabel("left", self.tr("Share (%)"), **self._label_style(theme))
        plot.setLabel("bottom", unit, **self._label_style(theme))
        plot.getAxis("left").setTicks([[(value, str(value)) for value in range(0, 101, 25)]])
        plot.getAxis("bottom").setTicks([_day_ticks(points)])

    def show_bars(self, points: Sequence[Point], theme: Theme) -> None:
        """Draw shares by name, the first at the top."""
        if not self._any(points, theme):
            return
        import pyqtgraph as pg  # noqa: PLC0415 - see plots.make

        plot = self._cleared(points, theme, bars=True)
        for index, token in enumerate(plots.TOKENS):
            rows = [(-row + (0.5 - index) * _BAR, point.values[index]) for row, point in enumerate(points)]
            plot.addItem(
                pg.BarGraphItem(
                    x0=0, y=[at for at, _ in rows], height=_BAR * 0.9, width=[(share or 0) * 100 for _, share in rows],
                    brush=QColor(theme.colors[token]), pen=None,
                )
            )  # fmt: skip
            for at, share in rows:
                if share is not None:
                    self._write(plot, f"{share * 100:.0f} %", share * 100, at, theme)
        for row, point in enumerate(points):
            if point.values[0] is None:
                self._write(plot, self.tr("too few to tell"), 0, -row, theme)
        plot.setXRange(0, 118, padding=0)
        rows_shown = max(len(points), 2)
        plot.setYRange(0.6 - rows_shown, 0.6, padding=0)
        plot.setLabel("bottom", self.tr("Share (%)"), **self._label_style(theme))
        plot.getAxis("bottom").setTicks([[(value, str(value)) for value in range(0, 101, 25)]])
        plot.getAxis("left").setTicks([[(-row, shortened(point.name)) for row, point in enumerate(points)]])

    def _write(self, plot: Any, text: str, x: float, y: float, theme: Theme) -> None:
        plots.write(self, plot, text, (x, y), theme)

    def _any(self, points: Sequence[Point], theme: Theme) -> bool:
        """Whether there is something to draw; else say so in the place of the plot."""
        self.points = points
        for sign, token in zip(self._signs, plots.TOKENS, strict=True):
            sign.show_color(theme.colors[token])
        some = any(share is not None for point in points for share in point.values)
        self.nothing.setVisible(not some)
        self._legend.setVisible(some)
        self.setFixedHeight(HEIGHT if some else self.nothing.sizeHint().height() + 16)
        if self.plot is not None:
            self.plot.setVisible(some)
        return some

    def _cleared(self, points: Sequence[Point], theme: Theme, *, bars: bool) -> Any:
        self.points, self._bars = points, bars
        if self.plot is None:
            self.plot = plots.make(self, self._column)
        return plots.clear(self.plot, theme, bars=bars)

    def _label_style(self, theme: Theme) -> dict[str, str]:
        return plots.label_style(self, theme)

    # --- what the mouse points at ---------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Say all that is known of the day or name that the mouse rests on."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            point = self.point_at(event.pos())
            QToolTip.showText(event.globalPos(), point.tip if point else "", self)
            return True
        return super().event(event)

    def point_at(self, pos: QPoint) -> Point | None:
        """Return what is nearest to a place of this widget, if anything is near."""
        if self.plot is None or not self.points:
            return None
        place = self.plot.getPlotItem().getViewBox().mapSceneToView(self.plot.mapToScene(self.plot.mapFrom(self, pos)))
        if self._bars:
            row = round(-place.y())
            return self.points[row] if 0 <= row < len(self.points) else None
        return min(self.points, key=lambda point: abs((point.day or dt.date.min).toordinal() - place.x()))


def shortened(name: str) -> str:
    """Return a name that fits beside a bar: its middle gives way, since the ends tell models apart."""
    if len(name) <= _NAME_CHARACTERS:
        return name
    half = (_NAME_CHARACTERS - 1) // 2
    return f"{name[: _NAME_CHARACTERS - 1 - half]}…{name[-half:]}"


def _day_ticks(points: Sequence[Point], most: int = 6) -> list[tuple[float, str]]:
    """Return at most so many days to write below the axis, evenly spread, the last one among them."""
    step = -(-len(points) // most) if points else 1
    chosen = list(points)[::-1][::step]
    return [(float(point.day.toordinal()), point.name) for point in chosen if point.day is not None]
