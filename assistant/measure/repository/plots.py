"""The plots of the page: shares and differences with their intervals, and times, as SVG that any browser shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.measure.evaluate.metrics import percentile

_WIDTH = 820
_LEFT, _RIGHT = 176, 636
_TOP, _BOTTOM = 10, 44
_ROW, _MARK = 20, 22
_STEPS = (1, 2, 5)
_MOST_TICKS = 6
_CURVE_HEIGHT, _CURVE_TITLE = 260, 14


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval, all in the axis' unit, drawn in the colour of a series (from 0); ``text`` says it."""

    series: int
    value: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """What stands beside one label: a point for each series; ``note`` is said small below the label."""

    label: str
    note: str
    points: tuple[Point, ...]


def intervals(title: str, axis: str, rows: Sequence[Row], *, zero: bool = False) -> str:
    """Return points with whiskers, a row for each label; ``zero``: with a line there, for differences."""
    points = [point for row in rows for point in row.points]
    low = min([0.0, *(point.low for point in points)])
    high = max([0.0, *(point.high for point in points)])
    scale = _Scale(low, high)
    parts: list[str] = []
    y = float(_TOP)
    for row in rows:
        height = max(len(row.points) * _MARK, 2 * _ROW if row.note else _ROW) + 8
        middle = y + height / 2
        parts.append(_label(row, middle))
        start = middle - (len(row.points) - 1) * _MARK / 2
        for at, point in enumerate(row.points):
            parts.append(_point(point, start + at * _MARK, scale))
        y += height
    lines = scale.grid(_TOP, y, zero=zero)
    return _picture(title, y + _BOTTOM, [*lines, *parts, scale.legend(y, axis)])


def times(title: str, axis: str, rows: Sequence[tuple[str, int, Sequence[float]]]) -> str:
    """Return for each label and series how its values spread: 5 to 95 of 100, the middle half, and the median."""
    whole = [(label, series, values) for label, series, values in rows if values]
    high = max([percentile(values, 0.95) for _, _, values in whole], default=1.0)
    scale = _Scale(0.0, high)
    parts: list[str] = []
    y = float(_TOP)
    for label, series, values in whole:
        height = 2 * _ROW + 8
        middle = y + height / 2
        p5, p25, p50, p75, p95 = (percentile(values, share) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
        box = scale.x(p25), max(scale.x(p75) - scale.x(p25), 1.0)
        parts += [
            _label(Row(label, f"{len(values)} answers", ()), middle),
            _stroke(f"whisker s{series}", (scale.x(p5), scale.x(p95)), (middle, middle)),
            f'<rect class="box s{series}" x="{box[0]:.1f}" width="{box[1]:.1f}" y="{middle - 8}" height="16" rx="3"/>',
            _stroke("median", (scale.x(p50), scale.x(p50)), (middle - 8, middle + 8)),
            _said(f"median {p50:,.0f} ms", middle - 7),
            _said(f"95 of 100 under {p95:,.0f}", middle + 9, "beside"),
        ]
        y += height
    return _picture(title, y + _BOTTOM, [*scale.grid(_TOP, y), *parts, scale.legend(y, axis)])


def curves(title: str, across: str, up: str, series: Sequence[tuple[int, Sequence[tuple[float, float]]]]) -> str:
    """Return lines through points (x, y), one for each series that has a number for its colour; axes are named."""
    points = [point for _, line in series for point in line]
    wide = _Scale(0.0, max((x for x, _ in points), default=1.0))
    ys = [y for _, y in points] or [0.0, 1.0]
    tall = _Scale(min(ys), max(ys))
    top, bottom = float(_TOP + _ROW), float(_TOP + _ROW + _CURVE_HEIGHT)
    parts = wide.grid(top, bottom)
    for value in tall.ticks():
        y = tall.at(value, bottom, top)
        parts.append(_stroke("grid", (_LEFT, _RIGHT), (y, y)))
        parts.append(f'<text class="note" x="{_LEFT - 10}" y="{y + 4:.1f}">{_number(value)}</text>')
    for number, line in series:
        path = " ".join(f"{wide.x(x):.1f},{tall.at(y, bottom, top):.1f}" for x, y in line)
        parts.append(f'<polyline class="curve s{number}" points="{path}"/>')
    parts.append(f'<text class="axis" x="{_LEFT}" y="{_CURVE_TITLE}">{escape(up)}</text>')
    return _picture(title, bottom + _BOTTOM, [*parts, wide.legend(bottom, across)])


class _Scale:
    """A straight axis from ``low`` to ``high``, widened to round numbers."""

    def __init__(self, low: float, high: float) -> None:
        span = max(high - low, 1e-9)
        rough = span / _MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        self._step = next((step * power for step in _STEPS if step * power >= rough), 10 * power)
        self._low = math.floor(low / self._step + 1e-9) * self._step
        self._high = math.ceil(high / self._step - 1e-9) * self._step
        if self._high <= self._low:
            self._high = self._low + self._step

    def x(self, value: float) -> float:
        """Return where a value lies."""
        return _LEFT + (_RIGHT - _LEFT) * (value - self._low) / (self._high - self._low)

    def at(self, value: float, low: float, high: float) -> float:
        """Return where a value lies between the places of the least and the most."""
        return low + (high - low) * (value - self._low) / (self._high - self._low)

    def grid(self, top: float, bottom: float, *, zero: bool = False) -> list[str]:
        """Return the lines behind, and the numbers below."""
        parts: list[str] = []
        for value in self.ticks():
            name = "zero" if zero and value == 0 else "grid"
            x = self.x(value)
            parts.append(_stroke(name, (x, x), (top, bottom)))
            parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{_number(value)}</text>')
        return parts

    def legend(self, bottom: float, axis: str) -> str:
        """Return what the numbers mean."""
        return f'<text class="axis" x="{(_LEFT + _RIGHT) / 2}" y="{bottom + 36}">{escape(axis)}</text>'

    def ticks(self) -> list[float]:
        """Return the round numbers that the axis is divided by."""
        count = round((self._high - self._low) / self._step)
        return [round(self._low + index * self._step, 9) + 0.0 for index in range(count + 1)]


def _number(value: float) -> str:
    text = f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _point(point: Point, y: float, scale: _Scale) -> str:
    low, high, x = scale.x(point.low), scale.x(point.high), scale.x(point.value)
    return _stroke(f"whisker s{point.series}", (low, high), (y, y)) + (
        f'<circle class="dot s{point.series}" cx="{x:.1f}" cy="{y}" r="5"/>{_said(point.text, y)}'
    )


def _stroke(name: str, x: tuple[float, float], y: tuple[float, float]) -> str:
    return f'<line class="{name}" x1="{x[0]:.1f}" x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}"/>'


def _label(row: Row, y: float) -> str:
    at = y - 3 if row.note else y + 4
    note = f'<text class="note" x="{_LEFT - 16}" y="{y + 13}">{escape(row.note)}</text>' if row.note else ""
    return f'<text class="label" x="{_LEFT - 16}" y="{at}">{escape(row.label)}</text>{note}'


def _said(text: str, y: float, name: str = "said") -> str:
    return f'<text class="{name}" x="{_RIGHT + 14}" y="{y + 4}">{escape(text)}</text>'


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    name = escape(title, quote=True)
    inside = "\n".join(parts)
    return f'<svg role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {height:.0f}">\n{inside}\n</svg>'
