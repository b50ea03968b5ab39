"""All runs: how each stands, what it learned from, how long it took and what became of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.features.train import labels
from app.services.run_progress import RunProgress
from app.widgets import numbers
from app.widgets.elided import ElidedLabel
from app.widgets.empty_hint import EmptyHint
from app.widgets.style import badge, button, label, set_tone
from assistant.config import Paths
from assistant.errors import InputError
from finetune import runs
from finetune.events import EventReader


class HistoryStep(QWidget):
    """Reads one run each time that nothing else is to do: a long history holds nothing up."""

    open_wanted = Signal(object)
    resume_wanted = Signal(object)
    remove_wanted = Signal(object)
    """The folder of a run."""
    begin_wanted = Signal()

    def __init__(self, paths: Paths, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self._waiting: list[Path] = []
        self._known: dict[Path, tuple[object, runs.RunInfo, float]] = {}
        self.cards: dict[Path, RunCard] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        text = self.tr("No run yet. Each one stays here with its report, also when it was paused or came to nothing.")
        self.empty = EmptyHint(text)
        self.empty.begin_wanted.connect(self.begin_wanted)
        column.addWidget(self.empty)
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        column.addLayout(self._list)
        self._soon = QTimer(self)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._read_next)

    @property
    def reading(self) -> bool:
        """Whether some runs are not shown yet."""
        return self._soon.isActive()

    def refresh(self) -> None:
        """Read the runs anew, the newest first."""
        places = [place.parent for place in self._paths.runs.glob("*/config.json")]
        self._waiting = sorted(places, key=_made, reverse=True)
        for folder in [folder for folder in self.cards if folder not in self._waiting]:
            card = self.cards.pop(folder)
            self._known.pop(folder, None)
            card.hide()
            card.deleteLater()
        self.empty.setVisible(not self._waiting)
        if self._waiting:
            self._soon.start()

    def _read_next(self) -> None:
        if not self._waiting:
            self._soon.stop()
            return
        folder = self._waiting.pop(0)
        mark = (_changed(folder), runs.is_owned(folder))
        if folder not in self._known or self._known[folder][0] != mark:
            try:
                info = runs.look(folder)
            except (InputError, OSError):
                return
            progress = RunProgress()
            for stamped in EventReader(folder).read():
                progress.take(stamped)
            self._known[folder] = (mark, info, progress.seconds)
        _, info, seconds = self._known[folder]
        if folder not in self.cards:
            card = RunCard(folder)
            card.open.clicked.connect(lambda: self.open_wanted.emit(folder))
            card.resume.clicked.connect(lambda: self.resume_wanted.emit(folder))
            card.remove.clicked.connect(lambda: self.remove_wanted.emit(folder))
            self.cards[folder] = card
            order = sorted(self.cards, key=_made, reverse=True)
            self._list.insertWidget(order.index(folder), card)
        self.cards[folder].show_run(info, seconds)


class RunCard(QFrame):
    """One run with what can be done with it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.setObjectName("card")
        self.folder = folder
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(16)
        facts = QVBoxLayout()
        facts.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(8)
        self.name = label("", scale=1.1, bold=True)
        head.addWidget(self.name)
        self.state = badge("")
        head.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addStretch(1)
        facts.addLayout(head)
        self.facts = label("", "muted", scale=0.95, wrap=True)
        facts.addWidget(self.facts)
        self.repository = ElidedLabel("")
        facts.addWidget(self.repository)
        self.verdict = label("", wrap=True)
        facts.addWidget(self.verdict)
        facts.addStretch(1)
        row.addLayout(facts, 1)
        actions = QVBoxLayout()
        actions.setSpacing(6)
        self.open = button(self.tr("Open"))
        self.resume = button(self.tr("Resume"), "primary")
        self.remove: QPushButton = button(self.tr("Remove…"))
        for push in (self.resume, self.open, self.remove):
            actions.addWidget(push, 0, Qt.AlignmentFlag.AlignRight)
        actions.addStretch(1)
        row.addLayout(actions)

    def show_run(self, info: runs.RunInfo, seconds: float) -> None:
        """Show how the run stands; ``seconds`` is for how long it was at work."""
        self.name.setText(info.config.name)
        self.setAccessibleName(info.name)
        text, tone = labels.state(info.state)
        self.state.setText(text)
        set_tone(self.state, tone)
        made = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(info.made)), "d MMM yyyy, HH:mm")
        parts = [made, info.config.model]
        if seconds >= 1:
            parts.append(numbers.duration(seconds))
        self.facts.setText("  ·  ".join(parts))
        self.repository.set_text(info.config.repository)
        said = info.failure.sentence if info.failure else info.verdict.sentence if info.verdict else ""
        self.verdict.setText(said)
        self.verdict.setVisible(bool(said))
        set_tone(self.verdict, "error" if info.failure else "text")
        self.resume.setVisible(info.state in {"new", "paused", "stopped", "failed"})
        self.resume.setText(self.tr("Begin") if info.state == "new" else self.tr("Resume"))
        self.remove.setEnabled(info.state != "running")
        self.remove.setToolTip(self.tr("Stop it first.") if info.state == "running" else "")


def _made(folder: Path) -> tuple[float, str]:
    try:
        return (folder / "config.json").stat().st_mtime, folder.name
    except OSError:
        return 0.0, folder.name


def _changed(folder: Path) -> tuple[int, int]:
    try:
        found = (folder / "events.jsonl").stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
