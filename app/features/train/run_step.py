"""Third step: a run as it goes, stage by stage, with its curves and figures, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.features.train import labels
from app.features.train.curve_chart import CurveChart
from app.features.train.plan.card import count
from app.services.run_control import RunControl
from app.services.run_progress import LossPoint, RunProgress
from app.theme import Theme
from app.widgets import numbers
from app.widgets.empty_hint import EmptyHint
from app.widgets.icons import IconSet
from app.widgets.style import badge, button, label, set_tone
from finetune import runs
from finetune.events import STAGES, Stage

_SIGNS = {
    "waiting": ("circle", "muted"),
    "working": ("play-circle", "accent"),
    "done": ("check-circle", "ok"),
    "stopped": ("pause-circle", "warn"),
    "failed": ("x-circle", "error"),
}


class RunStep(QWidget):
    """Shows the run that ``control`` follows."""

    pause_wanted = Signal()
    resume_wanted = Signal()
    kill_wanted = Signal()
    log_wanted = Signal()
    report_wanted = Signal()
    begin_wanted = Signal()
    """There is no run yet: somebody wants to begin one."""

    def __init__(self, icons: IconSet, control: RunControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons, self._control = icons, control
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        text = self.tr(
            "No run yet. Choose the code and the model in the first two steps; here you then see how the model learns, "
            "and can pause it, close the window, and go on later."
        )
        self.empty = EmptyHint(text)
        self.empty.begin_wanted.connect(self.begin_wanted)
        column.addWidget(self.empty)
        self.content = QWidget()
        column.addWidget(self.content)
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(12)
        inner.addLayout(self._make_head())
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the run"))
        inner.addWidget(self.bar)
        self.now = label("", "muted", wrap=True)
        inner.addWidget(self.now)
        inner.addWidget(self._make_stages())
        self.figures_holder = self._make_figures()
        inner.addWidget(self.figures_holder)
        inner.addSpacing(4)
        self.chart = CurveChart()
        inner.addWidget(self.chart)

    # --- making ---------------------------------------------------------------------------

    def _make_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.name = label("", scale=1.15, bold=True)
        row.addWidget(self.name)
        self.state = badge("")
        row.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self.log = button(self.tr("Log"))
        self.log.setToolTip(self.tr("What the run's programs printed"))
        self.log.clicked.connect(self.log_wanted)
        self.kill = button(self.tr("Stop at once…"))
        self.kill.clicked.connect(self.kill_wanted)
        self.pause = button(self.tr("Pause"))
        self.pause.clicked.connect(self.pause_wanted)
        self.resume = button(self.tr("Resume"), "primary")
        self.resume.clicked.connect(self.resume_wanted)
        self.report = button(self.tr("See the report"), "primary")
        self.report.clicked.connect(self.report_wanted)
        for push in (self.log, self.kill, self.pause, self.resume, self.report):
            row.addWidget(push)
        return row

    def _make_stages(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        grid = QGridLayout(card)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        self.stages: dict[Stage, tuple[QLabel, QLabel, QLabel]] = {}
        for row, name in enumerate(STAGES):
            sign, title, detail = QLabel(), label(labels.stage(name)), label("", "muted")
            sign.setFixedSize(18, 18)
            grid.addWidget(sign, row, 0)
            grid.addWidget(title, row, 1)
            detail.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            detail.setWordWrap(True)
            grid.addWidget(detail, row, 2)
            self.stages[name] = (sign, title, detail)
        return card

    def _make_figures(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(16)
        captions = {
            "step": self.tr("step"),
            "loss": self.tr("training loss"),
            "held_out": self.tr("held-out loss"),
            "rate": self.tr("speed"),
            "memory": self.tr("memory"),
            "left": self.tr("left of training"),
        }
        self.figures: dict[str, QLabel] = {}
        for name, caption in captions.items():
            cell = QVBoxLayout()
            cell.setSpacing(0)
            self.figures[name] = label("–", scale=1.15, bold=True)
            cell.addWidget(self.figures[name])
            cell.addWidget(label(caption, "muted", scale=0.9))
            row.addLayout(cell, 1)
        return holder

    # --- what it shows ----------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the run as it is now."""
        control = self._control
        self.empty.setVisible(control.folder is None)
        self.content.setVisible(control.folder is not None)
        if control.folder is None or control.config is None:
            return
        self.name.setText(control.config.name)
        text, tone = labels.state(control.state)
        self.state.setText(text)
        set_tone(self.state, tone)
        at_work, state = control.at_work, control.state
        self.pause.setVisible(state in {"starting", "running"})
        self.kill.setVisible(state in {"running", "pausing"})
        self.resume.setVisible(state in {"new", "paused", "stopped", "failed"})
        self.resume.setText(self.tr("Begin") if state == "new" else self.tr("Resume"))
        self.report.setVisible((control.folder / "report.json").is_file())
        self._show_progress(control.progress, at_work)
        for name in STAGES:
            self._show_stage(name, control.progress)
        self._show_figures(control.progress)
        self.draw(self._icons.theme)

    def draw(self, theme: Theme) -> None:
        """Draw the curves in the colours of ``theme``, where somebody sees them."""
        if self.isVisible():
            progress = self._control.progress
            held_out = [LossPoint(look.step, look.loss) for look in progress.held_out]
            self.chart.show_curves(progress.losses, held_out, progress.base_loss, theme)

    def _show_progress(self, progress: RunProgress, at_work: bool) -> None:
        self.bar.setVisible(at_work)
        share = progress.share
        self.bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.bar.setValue(round(share * 1000))
        self.now.setText(self.now_text())
        self.now.setVisible(bool(self.now.text()))

    def now_text(self) -> str:
        """Return what is going on, or why nothing is, in one line."""
        progress, state = self._control.progress, self._control.state
        if state == "stopped" and self._control.folder and (full := runs.full_disk(self._control.folder)):
            return full
        if state == "stopped":
            at = self.tr(" (step {step})").format(step=progress.checkpoint) if progress.checkpoint else ""
            return self.tr("It was interrupted. It resumes from the last checkpoint{step}.").format(step=at)
        if state == "finished" and progress.verdict is not None:
            return progress.verdict.sentence
        if state == "running":
            return self._work_text(progress)
        return {
            "starting": self.tr("Starting…"),
            "pausing": self.tr("Pausing: a checkpoint is being saved, which takes as long as a step or two."),
            "paused": self.tr("It resumes exactly where it stopped, at any time."),
        }.get(state, "")

    def _work_text(self, progress: RunProgress) -> str:
        stage = progress.stage
        if stage is None:
            return ""
        parts = [labels.stage(stage)]
        told = progress.reports.get(stage)
        if told is not None and told.what:
            of = self.tr("{done} of {total}").format(done=f"{told.done:,}", total=f"{told.total:,}")
            parts.append(f"{told.what} {of}" if told.total > 0 else told.what)
        if progress.share is not None:
            parts.append(labels.percent(progress.share, 0))
        if progress.seconds_left is not None and progress.seconds_left >= 1:
            parts.append(self.tr("{time} left").format(time=numbers.duration(progress.seconds_left)))
        return "  ·  ".join(parts)

    def _show_stage(self, name: Stage, progress: RunProgress) -> None:
        sign, title, detail = self.stages[name]
        state = progress.stages[name]
        icon, tone = _SIGNS[state]
        sign.setPixmap(self._icons.pixmap(icon, tone, 18, self.devicePixelRatioF()))
        set_tone(title, "muted" if state == "waiting" else "text")
        text = self._stage_detail(name, progress)
        detail.setText(text)
        states = {
            "waiting": self.tr("waiting"),
            "working": self.tr("running"),
            "done": self.tr("done"),
            "stopped": self.tr("stopped"),
            "failed": self.tr("failed"),
        }
        title.setAccessibleName(f"{labels.stage(name)}: {states[state]}. {text}")

    def _stage_detail(self, name: Stage, progress: RunProgress) -> str:
        text = ""
        if name == "data" and progress.data is not None:
            data = progress.data
            text = self.tr("{kept} of {files} files · {samples} samples · {holes} places held out").format(
                kept=f"{data.kept:,}",
                files=f"{data.files:,}",
                samples=f"{data.samples:,}",
                holes=f"{data.test_holes:,}",
            )
        elif name == "plan" and progress.plan is not None:
            plan = progress.plan
            text = self.tr("{device}, {precision} · {steps} steps · {tokens} tokens · about {time}").format(
                device=plan.device, precision=plan.precision, steps=f"{plan.steps:,}", tokens=count(plan.tokens),
                time=numbers.duration(plan.seconds),
            )  # fmt: skip
        elif name == "train" and progress.best is not None and progress.base_loss is not None:
            text = self.tr("held-out loss from {base:.3f} to {best:.3f}").format(
                base=progress.base_loss, best=progress.best.loss
            )
        elif name == "evaluate" and progress.arms:
            text = "  ·  ".join(
                f"{labels.arm(arm)} {labels.percent(score.exact_match, 0)}" for arm, score in progress.arms.items()
            )
        elif name == "report" and progress.verdict is not None:
            text = self.tr("switched on") if progress.verdict.active else self.tr("left off")
        return text

    def _show_figures(self, progress: RunProgress) -> None:
        step, figures = progress.step, self.figures
        self.figures_holder.setVisible(step is not None)
        self.chart.setVisible(step is not None or bool(progress.held_out) or progress.stages["train"] == "working")
        if step is None:
            return
        figures["step"].setText(self.tr("{step} of {steps}").format(step=f"{step.step:,}", steps=f"{step.steps:,}"))
        figures["loss"].setText(f"{progress.losses[-1].loss:.3f}")
        figures["held_out"].setText(f"{progress.held_out[-1].loss:.3f}" if progress.held_out else "–")
        figures["rate"].setText(self.tr("{count} tokens/s").format(count=f"{step.tokens_per_second:,.0f}"))
        figures["memory"].setText(numbers.size(step.memory_bytes))
        learning = self._control.at_work and progress.stage == "train"
        figures["left"].setText(numbers.duration(step.seconds_left) if learning and step.seconds_left >= 1 else "–")
