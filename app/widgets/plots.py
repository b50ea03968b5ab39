"""What every plot of the window shares: pyqtgraph in the colours of the theme, quiet axes, and signs for a legend."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.theme import Theme

# Blue and amber in every theme: told apart also by those who see no red or no green. Shape and dashes say it too.
TOKENS = ("accent", "warn")
SYMBOLS = ("o", "s")


class Sign(QWidget):
    """The line and the mark of a series, for the legend."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index, self._color = index, QColor()
        self.setFixedSize(24, 12)

    def show_color(self, color: str) -> None:
        """Use another colour."""
        self._color = QColor(color)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw line and mark."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = Qt.PenStyle.DashLine if self._index else Qt.PenStyle.SolidLine
        painter.setPen(QPen(self._color, 2, style))
        painter.drawLine(0, 6, 24, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        mark = QRectF(8, 2, 8, 8)
        painter.drawRect(mark) if self._index else painter.drawEllipse(mark)


def make(owner: QWidget, column: QBoxLayout) -> Any:
    """Return a plot for ``owner``, which it is named after, shown in ``column``; nothing in it reacts to the mouse."""
    # It takes a third of a second and brings numpy: the window must be there before.
    import pyqtgraph as pg  # noqa: PLC0415

    plot = pg.PlotWidget()
    plot.setAntialiasing(True)
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setAccessibleName(owner.accessibleName())
    # The wheel scrolls the page, and what the mouse rests on is found by the owner.
    plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    column.addWidget(plot, 1)
    plot.show()  # a layout does so only later, and who points at it meanwhile would miss it
    column.activate()
    return plot


def clear(plot: Any, theme: Theme, *, bars: bool) -> Any:
    """Empty a plot, dress it in the theme and return its item; ``bars`` lie, so their grid stands."""
    plot.clear()
    plot.setBackground(theme.colors["background"])
    strong = theme.name == "high-contrast"
    plot.showGrid(x=bars, y=not bars, alpha=0.5 if strong else 0.25)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setZValue(-1)  # its grid goes behind what is drawn
        axis.setPen(QColor(theme.colors["border"]))
        axis.setTextPen(QColor(theme.colors["muted"]))
        axis.setStyle(tickFont=small_font(plot), tickLength=0, tickTextOffset=6)
    return plot.getPlotItem()


def write(owner: QWidget, plot: Any, text: str, place: tuple[float, float], theme: Theme) -> None:
    """Write a text beside a place of the plot."""
    import pyqtgraph as pg  # noqa: PLC0415 - see make

    item = pg.TextItem(text, color=QColor(theme.colors["muted"]), anchor=(0, 0.5))
    item.setFont(small_font(owner))
    item.setPos(*place)
    plot.addItem(item, ignoreBounds=True)


def small_font(widget: QWidget) -> QFont:
    """Return the font of what stands at a plot."""
    font = QFont(widget.font())
    font.setPointSizeF(font.pointSizeF() * 0.9)
    return font


def label_style(widget: QWidget, theme: Theme) -> dict[str, str]:
    """Return how an axis is named."""
    return {"color": theme.colors["muted"], "font-size": f"{small_font(widget).pointSizeF():.1f}pt"}
