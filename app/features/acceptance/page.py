"""The acceptance page: what became of the suggestions that were seen, in figures, plots and tables."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QDate, QLocale, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.features.acceptance.log import AcceptanceLog
from app.services.settings_store import SettingsStore
from app.theme import Theme
from app.widgets.chart import HEIGHT, Chart, Point
from app.widgets.dialogs import Dialogs
from app.widgets.figure_table import FigureTable
from app.widgets.icons import IconSet
from app.widgets.page import Page
from app.widgets.style import button, label
from assistant.config import Settings
from assistant.editing.acceptance.summary import ENOUGH, Counts, Period, Row, Summary
from assistant.errors import GrafterError

_RANGES: tuple[int | None, ...] = (7, 30, 90, None)
_WIDTH = 920
# Below this a plot and its table stand one over the other, and the figures in two rows.
_NARROW = 700


class AcceptancePage(Page):
    """Reads the figures each time it is shown and when new ones were written."""

    def __init__(
        self, icons: IconSet, log: AcceptanceLog, store: SettingsStore, dialogs: Dialogs, parent: QWidget | None = None
    ) -> None:
        super().__init__(icons, self.tr("Acceptance"), "chart-line-up", parent, width=_WIDTH)
        self._log, self._store, self._dialogs = log, store, dialogs
        self._summary: Summary | None = None
        self._older = False
        """Whether there is nothing in the range of time, but before it."""
        self._draw_soon = QTimer(self)
        self._draw_soon.setSingleShot(True)
        self._draw_soon.setInterval(0)
        self._draw_soon.timeout.connect(self._draw)
        self._add_heading()
        self._add_empty()
        self._add_figures()
        names = self.tr("Accepted"), self.tr("Retained after 5 min")
        self._content = QVBoxLayout()
        self._content.setSpacing(12)
        self.sections = {
            "time": _Section(self.tr("Over time"), self.tr("Day"), names),
            "language": _Section(self.tr("By language"), self.tr("Language"), names),
            "model": _Section(self.tr("By model and adapter"), self.tr("Model"), names),
        }
        for section in self.sections.values():
            self._content.addWidget(section)
        self.column.addLayout(self._content)
        self._add_keeping()
        self.column.addStretch(1)
        store.changed.connect(self._on_settings)
        log.written.connect(self._on_written)
        self._on_settings(store.settings)

    # --- making ---------------------------------------------------------------------------

    def _add_heading(self) -> None:
        row = QHBoxLayout()
        row.addWidget(label(self.tr("Acceptance"), scale=1.7, bold=True))
        row.addStretch(1)
        self.range = QComboBox()
        self.range.setAccessibleName(self.tr("Range of time"))
        for days in _RANGES:
            text = self.tr("Last {count} days").format(count=days) if days else self.tr("All time")
            self.range.addItem(text, days)
        self.range.setCurrentIndex(1)
        self.range.currentIndexChanged.connect(self.refresh)
        row.addWidget(self.range)
        self.column.addLayout(row)
        text = self.tr(
            "How many of the suggestions that you saw were accepted. The figures stay here and hold no code."
        )
        self.column.addWidget(label(text, "muted", wrap=True))

    def _add_empty(self) -> None:
        self.empty = label("", "muted", wrap=True)
        self.empty.setContentsMargins(0, 24, 0, 24)
        self.column.addWidget(self.empty)

    def _add_figures(self) -> None:
        self.figures = {
            "rate": _Figure(self.tr("accepted")),
            "there": _Figure(self.tr("retained after 5 min")),
            "characters": _Figure(self.tr("characters taken")),
            "saved": _Figure(self.tr("keys saved")),
            "shown": _Figure(self.tr("shown for (median)")),
        }
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self.column.addSpacing(4)
        self.column.addLayout(self._grid)
        self.rest = label("", "muted", scale=0.9, wrap=True)
        self.column.addWidget(self.rest)
        self.few = label(
            self.tr(
                "Shares of fewer than {count} suggestions are not shown: one more would change them too much."
            ).format(count=ENOUGH),
            "muted",
            scale=0.9,
            wrap=True,
        )
        self.column.addWidget(self.few)

    def _add_keeping(self) -> None:
        self.column.addSpacing(16)
        self.column.addWidget(label(self.tr("What is kept"), scale=1.15, bold=True))
        text = self.tr(
            "For each suggestion: when and how long it was shown, whether it was accepted, how many characters it had, "
            "the language, the model, and how much of it was retained. No code is kept, and nothing is ever "
            "sent. The last 50,000 suggestions are kept, in {file}."
        )
        self.where = label(text.format(file=self._log.file), "muted", wrap=True)
        self.column.addWidget(self.where)
        row = QHBoxLayout()
        self.keep = QCheckBox(self.tr("Record what happens to suggestions"))
        self.keep.toggled.connect(lambda on: self._store.update(keep_acceptance=on))
        row.addWidget(self.keep)
        row.addStretch(1)
        self.erase = button(self.tr("Erase everything…"))
        self.erase.clicked.connect(self._erase)
        row.addWidget(self.erase)
        self.column.addLayout(row)

    # --- what it shows ----------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the figures of the chosen range and show them; the plots follow when the rest is on the screen."""
        self.bars.clear("read")
        try:
            self._summary = self._log.summary(self.range.currentData())
            self._older = not self._summary.total.shown and self._log.summary(None).total.shown > 0
        except GrafterError as error:
            self._summary = None
            self.bars.show_message("read", str(error), "error", ((self.tr("Try again"), self.refresh),))
        self._show()

    def show_theme(self, _theme: Theme) -> None:
        """Draw the plots in other colours."""
        if self.isVisible():
            self._draw_soon.start()

    def _show(self) -> None:
        summary = self._summary
        some = summary is not None and summary.total.shown > 0
        self.empty.setText(self._why_empty())
        self.empty.setVisible(summary is not None and not some)
        for widget in (*self.figures.values(), self.rest, *self.sections.values()):
            widget.setVisible(some)
        self.few.setVisible(some and summary is not None and summary.total.rate is None)
        self.erase.setEnabled(some or self._older or summary is None)
        if summary is None or not some:
            return
        total = summary.total
        counts = self.tr("{accepted} of {shown} shown").format(accepted=f"{total.accepted:,}", shown=f"{total.shown:,}")
        self.figures["rate"].tell(self._share(total.rate), counts)
        first, second, third = total.there
        self.figures["there"].tell(
            self._share(third),
            self.tr("30 s: {first}, 2 min: {second}").format(first=self._short(first), second=self._short(second)),
        )
        self.figures["characters"].tell(
            f"{total.characters:,}", self.tr("with {count} keys").format(count=f"{total.characters - total.saved:,}")
        )
        self.figures["saved"].tell(f"{total.saved:,}", self.tr("compared with typing it all"))
        seconds = (summary.median_shown_ms or 0) / 1000
        self.figures["shown"].tell(
            self.tr("{count} s").format(count=f"{seconds:.1f}"), self.tr("half longer, half shorter")
        )
        self.rest.setText(self._rest(total))
        self.sections["time"].table.set_first(self._unit(summary))
        self.sections["time"].table.show_rows(
            [self._cells(self._period(period), period.counts) for period in reversed(summary.periods)], HEIGHT
        )
        for name, rows in (("language", summary.languages), ("model", summary.models)):
            self.sections[name].table.show_rows(
                [self._cells(self._name(name, row), row.counts) for row in rows], HEIGHT
            )
        self._draw_soon.start()

    def _draw(self) -> None:
        summary = self._summary
        if summary is None or not summary.total.shown:
            return
        theme = self._icons.theme
        points = [self._point(self._period(period), period.counts, period) for period in summary.periods]
        self.sections["time"].chart.show_lines(points, theme, self._unit(summary))
        for name, rows in (("language", summary.languages), ("model", summary.models)):
            shown = rows[:6]
            points = [self._point(self._name(name, row), row.counts) for row in shown]
            self.sections[name].chart.show_bars(points, theme)

    # --- words --------------------------------------------------------------------------------

    def _why_empty(self) -> str:
        if not self._store.settings.keep_acceptance:
            return self.tr("Recording is switched off, so there is nothing to show.")
        if self._older:
            return self.tr(
                "No suggestion was shown in this range of time. New ones appear here as you write; "
                "choose a longer time to see older ones."
            )
        return self.tr(
            "No suggestion was shown yet. Open a file and write: each one that you see is counted here, with whether "
            "you took it (Tab, Ctrl+Right, Ctrl+Down) and whether it was retained some minutes later."
        )

    def _share(self, share: float | None) -> str:
        return self.tr("too few to tell") if share is None else self.tr("{count} %").format(count=round(share * 100))

    def _short(self, share: float | None) -> str:
        return "–" if share is None else self.tr("{count} %").format(count=round(share * 100))

    def _rest(self, counts: Counts) -> str:
        """Return a sentence on how they were taken and one on why not; what never happened is left out."""
        taken = (
            (self.tr("whole {count}"), counts.whole),
            (self.tr("by line {count}"), counts.line),
            (self.tr("by word {count}"), counts.word),
        )
        left = (
            (self.tr("typed something else {count}"), counts.edited),
            (self.tr("cursor moved away {count}"), counts.moved),
            (self.tr("dismissed {count}"), counts.dismissed),
            (self.tr("typed in full by hand {count}"), counts.typed),
            (self.tr("replaced by another {count}"), counts.replaced),
        )
        sentences = []
        for sentence, parts in ((self.tr("Taken: {what}."), taken), (self.tr("Not taken: {what}."), left)):
            if what := ", ".join(text.format(count=f"{count:,}") for text, count in parts if count):
                sentences.append(sentence.format(what=what))
        return " ".join(sentences)

    def _period(self, period: Period) -> str:
        start = period.start
        return QLocale().toString(QDate(start.year, start.month, start.day), "d MMM")

    def _unit(self, summary: Summary) -> str:
        return self.tr("Week from") if any(period.days > 1 for period in summary.periods) else self.tr("Day")

    def _name(self, kind: str, row: Row) -> str:
        return row.name or (self.tr("Plain text") if kind == "language" else self.tr("unknown"))

    def _cells(self, name: str, counts: Counts) -> Sequence[str]:
        return name, f"{counts.shown:,}", self._short(counts.rate), self._short(counts.there[2])

    def _point(self, name: str, counts: Counts, period: Period | None = None) -> Point:
        tip = self.tr("{name}\n{accepted} of {shown} accepted: {rate}\nretained after 5 min: {there}").format(
            name=name,
            accepted=counts.accepted,
            shown=counts.shown,
            rate=self._share(counts.rate),
            there=self._share(counts.there[2]),
        )
        return Point(name, (counts.rate, counts.there[2]), tip, period.start if period else None)

    # --- what the person does --------------------------------------------------------------------

    def _erase(self) -> None:
        question = self.tr("Erase all records of suggestions?")
        detail = self.tr("The figures of all days are erased. This cannot be undone.")
        if not self._dialogs.confirm(self, question, detail, self.tr("Erase")):
            return
        try:
            self._log.erase()
        except GrafterError as error:
            self.bars.show_message("erase", str(error))
            return
        self.bars.clear("erase")
        self.refresh()

    def _on_settings(self, settings: Settings) -> None:
        self.keep.setChecked(settings.keep_acceptance)
        if self.isVisible():
            self._show()

    def _on_written(self) -> None:
        if self.isVisible():
            QTimer.singleShot(0, self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        """Read anew: other windows write too."""
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put plots and tables side by side where there is room."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        for section in self.sections.values():
            section.stack(narrow)
        across = 3 if narrow else len(self.figures)
        for index, figure in enumerate(self.figures.values()):
            self._grid.addWidget(figure, index // across, index % across)


class _Figure(QFrame):
    """One number with what it counts, and a line about it."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self._caption = caption
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(2)
        self.value = label("", scale=1.4, bold=True)
        self.detail = label("", "muted", scale=0.85, wrap=True)
        column.addWidget(self.value)
        column.addWidget(label(caption, wrap=True))
        column.addWidget(self.detail)
        column.addStretch(1)

    def tell(self, value: str, detail: str) -> None:
        self.value.setText(value)
        self.detail.setText(detail)
        self.setAccessibleName(f"{self._caption}: {value}")


class _Section(QWidget):
    """A heading over a plot and its table."""

    def __init__(self, title: str, first: str, series: tuple[str, str]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(12)
        column.addWidget(label(title, scale=1.15, bold=True))
        self.chart = Chart(title, series)
        self.table = FigureTable(
            title,
            (first, self.tr("Shown"), self.tr("Accepted"), self.tr("Retained")),
        )
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(24)
        self._row.addWidget(self.chart, 1, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self.table, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(self._row)

    def stack(self, narrow: bool) -> None:
        """Put the table below the plot, or beside it."""
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(direction)
