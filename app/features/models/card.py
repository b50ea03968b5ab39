"""One model on the models page: facts, what this machine makes of it, and its download in place."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.services.model_rows import ModelRow
from app.widgets import numbers
from app.widgets.icons import IconSet
from app.widgets.style import Tone, badge, button, label, set_tone
from assistant.types import Progress

_FITS: dict[str, Tone] = {"yes": "ok", "slow": "warn", "no": "error"}

CardState = Literal["idle", "busy", "failed", "removing"]


class ModelCard(QFrame):
    """The signals carry the model's id."""

    download = Signal(str)
    cancel = Signal(str)
    use = Signal(str)
    remove = Signal(str)

    def __init__(self, icons: IconSet, row: ModelRow, *, in_use: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setProperty("recommended", "true" if row.recommended and not row.installed else "false")
        self.setAccessibleName(row.name)
        self.row = row
        self._icons = icons
        outer = QHBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(16)
        facts = QVBoxLayout()
        facts.setSpacing(6)
        outer.addLayout(facts, 1)
        facts.addLayout(self._make_head(in_use))
        if row.description:
            facts.addWidget(label(row.description, wrap=True))
        facts.addWidget(label(self._facts(), "muted", scale=0.95, wrap=True))
        if row.fits_reason:
            facts.addWidget(label(row.fits_reason, _FITS.get(row.fits, "muted"), scale=0.95, wrap=True))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Download of {name}").format(name=row.name))
        self.status = label("", "muted", wrap=True)
        facts.addSpacing(2)
        facts.addWidget(self.bar)
        facts.addWidget(self.status)
        actions = QVBoxLayout()
        actions.setSpacing(6)
        outer.addLayout(actions)
        self.buttons = self._make_buttons(in_use)
        for push in self.buttons.values():
            actions.addWidget(push, 0, Qt.AlignmentFlag.AlignRight)
        actions.addStretch(1)
        self.state: CardState = "idle"
        self.show_idle()

    # --- what it shows -----------------------------------------------------------------

    def show_idle(self) -> None:
        """Show that nothing goes on with this model."""
        self._show("idle", "")

    def show_busy(self, text: str, share: float | None) -> None:
        """Show a download: ``share`` is 0 to 1, or None while the total is not known."""
        self._show("busy", text)
        self.bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.bar.setValue(round(share * 1000))

    def show_removing(self) -> None:
        """Show that the model is being deleted."""
        self._show("removing", self.tr("Removing…"))

    def show_failed(self, message: str) -> None:
        """Show why the last try failed."""
        self._show("failed", message)

    def set_blocked(self, blocked: bool) -> None:
        """Keep this model waiting while another job runs."""
        tip = self.tr("Another download is running.") if blocked else ""
        for name in ("download", "remove"):
            if name in self.buttons:
                self.buttons[name].setEnabled(not blocked)
                self.buttons[name].setToolTip(tip)

    def _show(self, state: CardState, text: str) -> None:
        self.state = state
        self.bar.setVisible(state == "busy")
        self.status.setVisible(bool(text))
        self.status.setText(text)
        set_tone(self.status, "error" if state == "failed" else "muted")
        for name, push in self.buttons.items():
            push.setVisible((name == "cancel") == (state == "busy") and state != "removing")
        if "download" in self.buttons:
            self.buttons["download"].setText(self._download_text(retry=state == "failed"))

    # --- making ------------------------------------------------------------------------

    def _make_head(self, in_use: bool) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(self.row.name, scale=1.1, bold=True))
        if in_use:
            head.addWidget(badge(self.tr("in use"), "ok"), 0, Qt.AlignmentFlag.AlignVCenter)
        elif self.row.recommended and not self.row.installed:
            head.addWidget(badge(self.tr("recommended"), "accent"), 0, Qt.AlignmentFlag.AlignVCenter)
        if not self.row.fim:
            mark = badge(self.tr("no fill-in"))
            mark.setToolTip(self.tr("It cannot see what follows the cursor."))
            head.addWidget(mark, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addStretch(1)
        return head

    def _facts(self) -> str:
        row = self.row
        parts = []
        if row.parameters:
            parts.append(self.tr("{count} parameters").format(count=numbers.parameters(row.parameters)))
        if row.memory_bytes and not row.fits_reason:  # the reason says it
            parts.append(self.tr("{size} memory").format(size=numbers.size(row.memory_bytes)))
        if row.disk_bytes:
            parts.append(self.tr("{size} on disk").format(size=numbers.size(row.disk_bytes)))
        if row.licence:
            parts.append(row.licence)
        return "  ·  ".join(parts)

    def _make_buttons(self, in_use: bool) -> dict[str, QPushButton]:
        buttons: dict[str, QPushButton] = {}
        if self.row.installed:
            if not in_use:
                buttons["use"] = button(self.tr("Use"), "primary")
                buttons["use"].clicked.connect(lambda: self.use.emit(self.row.id))
            buttons["remove"] = button(self.tr("Remove…"))
            buttons["remove"].clicked.connect(lambda: self.remove.emit(self.row.id))
        else:
            kind = "primary" if self.row.recommended else "plain"
            buttons["download"] = button(self._download_text(retry=False), kind)
            buttons["download"].clicked.connect(lambda: self.download.emit(self.row.id))
        buttons["cancel"] = button(self.tr("Cancel"))
        buttons["cancel"].clicked.connect(lambda: self.cancel.emit(self.row.id))
        return buttons

    def _download_text(self, *, retry: bool) -> str:
        if retry:
            return self.tr("Retry")
        if not self.row.download_bytes:
            return self.tr("Download")
        return self.tr("Download ({size})").format(size=numbers.size(self.row.download_bytes))


class ProgressText:
    """The words for a download's progress, long for the card and short for the status line."""

    def __init__(self, stages: dict[str, str], long: str, left: str) -> None:
        self._stages, self._long, self._left = stages, long, left

    def long(self, progress: Progress, rate: float, left: float | None) -> str:
        """Return e.g. ``Downloading · 45 % · 221 MB of 491 MB · 12 MB/s · 21 s left``."""
        parts = [self._stages.get(progress.stage, progress.stage)]
        if progress.total > 0:
            parts.append(f"{self.percent(progress)} %")
        if progress.stage == "download" and progress.total > 0:
            parts.append(self._long.format(done=numbers.size(progress.done), total=numbers.size(progress.total)))
            if rate > 0:
                parts.append(numbers.rate(rate))
        if left is not None and left >= 1:
            parts.append(self._left.format(time=numbers.duration(left)))
        if progress.message:
            parts.append(progress.message)
        return "  ·  ".join(parts)

    @staticmethod
    def percent(progress: Progress) -> int:
        """Return whole percent."""
        return min(100, int(progress.done * 100 / progress.total)) if progress.total > 0 else 0
