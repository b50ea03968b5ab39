"""The four ways of asking as bars: how often each is right on held-out code, with the interval of that share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.features.train import labels
from app.features.train.report.view_model import Arm
from app.theme import Theme
from app.theme.palette import mixed
from app.widgets import plots

HEIGHT = 212
_BAR = 0.56


class ArmsChart(QWidget):
    """The arms from top to bottom; those with the adapter stand out. A table beside it says the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(self.tr("Exact matches on held-out code"))
        self.plot: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def show_arms(self, arms: Mapping[str, Arm], theme: Theme) -> None:
        """Draw the arms that there are."""
        import pyqtgraph as pg  # noqa: PLC0415 - see plots.make

        if self.plot is None:
            self.plot = plots.make(self, self._column)
        plot = plots.clear(self.plot, theme, bars=True)
        most = 0.0
        for row, (name, arm) in enumerate(arms.items()):
            # Half strength: the interval has to be seen on the bar too.
            color = mixed(
                theme.colors["accent" if name in {"adapter", "both"} else "muted"], theme.colors["background"], 0.6
            )
            plot.addItem(
                pg.BarGraphItem(x0=0, y=[-row], height=_BAR, width=[arm.exact_match * 100], brush=color, pen=None)
            )
            low, high = arm.interval or (arm.exact_match, arm.exact_match)
            if arm.interval is not None:
                pen = QPen(QColor(theme.colors["text"]), 2)
                pen.setCosmetic(True)
                for xs, ys in (
                    ((low, high), (-row, -row)),
                    ((low, low), (-row - 0.12, -row + 0.12)),
                    ((high, high), (-row - 0.12, -row + 0.12)),
                ):
                    plot.plot([value * 100 for value in xs], list(ys), pen=pen, antialias=True)
            most = max(most, high, arm.exact_match)
            plots.write(self, plot, labels.percent(arm.exact_match), (max(high, arm.exact_match) * 100, -row), theme)
        right = min(118.0, max(10.0, most * 100) * 1.22)
        plot.setXRange(0, right, padding=0)
        plot.setYRange(0.6 - len(arms), 0.6, padding=0)
        plot.setLabel("bottom", self.tr("Exact matches (%)"), **plots.label_style(self, theme))
        step = next((step for step in (1, 2, 5, 10, 20, 25) if right / step <= 7), 25)
        plot.getAxis("bottom").setTicks([[(at, str(at)) for at in range(0, min(101, int(right) + 1), step)]])
        plot.getAxis("left").setTicks([[(-row, labels.arm(name)) for row, name in enumerate(arms)]])
        said = (f"{labels.arm(name)}: {labels.percent(arm.exact_match)}" for name, arm in arms.items())
        self.setAccessibleDescription("; ".join(said))
