"""Fourth step: what came of it, the verdict first, then the figures behind it, then real answers beside the truth."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.features.train import labels
from app.features.train.curve_chart import CurveChart
from app.features.train.report.arms_chart import ArmsChart
from app.features.train.report.examples import Examples
from app.features.train.report.view_model import Forgetting, Report
from app.services.run_progress import LossPoint, smoothed
from app.theme import Theme
from app.widgets import numbers
from app.widgets.empty_hint import EmptyHint
from app.widgets.facts import Facts
from app.widgets.figure_table import FigureTable
from app.widgets.icons import IconSet
from app.widgets.style import badge, button, label, set_tone


class ReportStep(QWidget):
    """Shows one Report; before there is one it says when there will be."""

    page_wanted = Signal()
    """Open report.html in the browser."""
    adapters_wanted = Signal()
    begin_wanted = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.report: Report | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.empty = EmptyHint()
        self.empty.begin_wanted.connect(self.begin_wanted)
        column.addWidget(self.empty)
        self.content = QWidget()
        column.addWidget(self.content)
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(12)
        inner.addWidget(self._make_verdict())
        self.arms_part = self._make_arms(inner)
        self.facts_part, facts = _part(self.tr("What this means"))
        self.facts = Facts()
        facts.addWidget(self.facts)
        inner.addWidget(self.facts_part)
        self.loss_part, loss = _part(self.tr("Training loss"))
        self.curve = CurveChart()
        loss.addWidget(self.curve)
        inner.addWidget(self.loss_part)
        self.kinds_part, kinds = _part(self.tr("Exact matches by kind of hole"))
        names = ("base", "retrieval", "adapter", "both")
        self.kinds = FigureTable(
            self.tr("Exact matches by kind"),
            (self.tr("Kind"), self.tr("Places"), *(labels.arm(name) for name in names)),
        )
        kinds.addWidget(self.kinds)
        inner.addWidget(self.kinds_part)
        self.examples_part, examples = _part(self.tr("Answers and ground truth"))
        self.examples = Examples(icons)
        examples.addWidget(self.examples)
        inner.addWidget(self.examples_part)
        self.show_nothing(some_run=False)

    # --- making ---------------------------------------------------------------------------

    def _make_verdict(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        self.name = label("", bold=True, scale=1.15)
        head.addWidget(self.name)
        self.state = badge("")
        head.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addStretch(1)
        column.addLayout(head)
        self.verdict = label("", wrap=True, scale=1.1)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.verdict)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.adapters = button(self.tr("Scale, on and off"))
        self.adapters.clicked.connect(self.adapters_wanted)
        self.page = button(self.tr("Open the full report"))
        self.page.setIcon(self._icons.icon("arrow-square-out"))
        self.page.clicked.connect(self.page_wanted)
        row.addWidget(self.adapters)
        row.addWidget(self.page)
        row.addStretch(1)
        column.addLayout(row)
        return card

    def _make_arms(self, column: QVBoxLayout) -> QWidget:
        part, inner = _part(self.tr("Exact matches on held-out code"))
        self.chart = ArmsChart()
        inner.addWidget(self.chart)
        self.table = FigureTable(
            self.tr("Figures of the four arms"),
            (
                self.tr("Arm"),
                self.tr("Exact"),
                self.tr("95 % interval"),
                self.tr("Similar"),
                self.tr("Parses"),
                self.tr("Median time"),
            ),
        )
        inner.addWidget(self.table)
        column.addWidget(part)
        return part

    # --- what it shows ----------------------------------------------------------------------

    def show_nothing(self, *, some_run: bool) -> None:
        """Show that there is no report yet."""
        self.report = None
        self.content.hide()
        self.empty.show()
        self.empty.begin.setVisible(not some_run)
        self.empty.text.setText(
            self.tr("The report is written when the run has been trained and evaluated on held-out code.")
            if some_run
            else self.tr(
                "No report yet. After a run it shows how often the model is right on held-out code, without and "
                "with the adapter, and whether the adapter is worth switching on."
            )
        )

    def show_report(self, report: Report, name: str, *, page: bool) -> None:
        """Show a report; ``page``: there is a report.html beside it."""
        self.report = report
        self.empty.hide()
        self.content.show()
        self.name.setText(name)
        state = ""
        if report.active is not None:
            text = self.tr("active at {scale:.2g}") if report.active else self.tr("left off")
            state = text.format(scale=report.scale)
        self.state.setText(state)
        self.state.setVisible(bool(state))
        set_tone(self.state, "ok" if report.active else "warn")
        self.verdict.setText(report.sentence)
        self.verdict.setVisible(bool(report.sentence))
        self.page.setVisible(page)
        self.arms_part.setVisible(bool(report.arms))
        self.table.show_rows(self._arm_rows(report), 400)
        facts = self._facts(report)
        self.facts_part.setVisible(bool(facts))
        self.facts.show_rows(facts)
        self.loss_part.setVisible(report.losses is not None and bool(report.losses.curve))
        self.kinds_part.setVisible(bool(report.kinds))
        self.kinds.show_rows(self._kind_rows(report), 320)
        self.examples_part.setVisible(bool(report.examples))
        self.examples.show_examples(report.examples)
        self.draw(self._icons.theme)

    def draw(self, theme: Theme) -> None:
        """Draw the plots in the colours of ``theme``, where somebody sees them."""
        report = self.report
        if report is None or not self.isVisible():
            return
        if report.arms:
            self.chart.show_arms(report.arms, theme)
        if report.losses is not None:
            learned = smoothed(report.losses.training)
            held_out = [LossPoint(step, loss) for step, loss in report.losses.curve]
            # The line is the held-out loss of the curve's own places, not of those that judge.
            base = next((point.loss for point in held_out if point.step == 0), None)
            self.curve.show_curves(learned, held_out, base, theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.examples.set_theme(theme)
        self.draw(theme)

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font for code."""
        self.examples.set_code_font(font)

    # --- words ----------------------------------------------------------------------------

    def _arm_rows(self, report: Report) -> list[tuple[str, ...]]:
        rows = []
        for name, arm in report.arms.items():
            low_high = self.tr("{low} to {high}")
            interval = arm.interval and low_high.format(
                low=f"{arm.interval[0] * 100:.1f}", high=labels.percent(arm.interval[1])
            )
            rows.append(
                (
                    labels.arm(name),
                    labels.percent(arm.exact_match),
                    interval or "–",
                    "–" if arm.edit_similarity is None else labels.percent(arm.edit_similarity),
                    "–" if arm.parse_rate is None else labels.percent(arm.parse_rate),
                    "–" if arm.p50_ms is None else numbers.milliseconds(arm.p50_ms),
                )
            )
        return rows

    def _kind_rows(self, report: Report) -> list[tuple[str, ...]]:
        return [
            (
                labels.kind(kind.name),
                f"{kind.n:,}",
                *(
                    labels.percent(kind.arms[arm], 0) if arm in kind.arms else "–"
                    for arm in ("base", "retrieval", "adapter", "both")
                ),
            )
            for kind in report.kinds
        ]

    def _facts(self, report: Report) -> list[tuple[str, str]]:
        found = []
        for row in report.differences:
            first = labels.arm(row.first)
            title = self.tr("{second} against {first}").format(
                second=labels.arm(row.second), first=first[:1].lower() + first[1:]
            )
            text = labels.points(row.exact_match)
            if row.interval is not None:
                low, high = (f"{value * 100:+.1f}".replace("-", "−") for value in row.interval)
                text = self.tr("{text}, 95 % interval {low} to {high}").format(text=text, low=low, high=high)
            if row.p_value is not None:
                text += self.tr(", p = {p:.2g}").format(p=row.p_value)
            found.append((title, text))
        losses = report.losses
        if losses is not None and losses.base is not None and losses.adapter is not None:
            text = self.tr("{base:.3f} nats a token before, {adapter:.3f} after")
            found.append((self.tr("Held-out loss"), text.format(base=losses.base, adapter=losses.adapter)))
        if report.forgetting is not None:
            found.append((self.tr("Forgetting"), self._forgetting(report.forgetting)))
        if report.seconds is not None:
            found.append((self.tr("Time in all"), numbers.duration(report.seconds)))
        return found

    def _forgetting(self, kept: Forgetting) -> str:
        text = self.tr("on {n} places of the standard library {base} right before, {adapter} after ({difference})")
        return text.format(
            n=f"{kept.n:,}",
            base=labels.percent(kept.base),
            adapter=labels.percent(kept.adapter),
            difference=labels.points(kept.difference),
        )


def _part(title: str) -> tuple[QWidget, QVBoxLayout]:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 12, 0, 0)
    column.setSpacing(8)
    column.addWidget(label(title, scale=1.15, bold=True))
    return holder, column
