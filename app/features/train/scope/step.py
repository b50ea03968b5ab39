"""First step: which code is learned from, what is held out to judge by, and how a sample of it looks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.features.train import labels
from app.features.train.scope.file_table import FileModel, FileTable
from app.features.train.scope.files import Choices, FileRow, Split, read_files, reasons
from app.features.train.scope.sample_view import SampleView
from app.theme import Theme
from app.widgets import numbers
from app.widgets.elided import ElidedLabel
from app.widgets.fields import Combo
from app.widgets.icons import IconSet
from app.widgets.line_edit import LineEdit
from app.widgets.style import button, label
from finetune.config import DataConfig

_TABLE_HEIGHT = 316
_FILTER_MS = 120


class ScopeStep(QWidget):
    """Shows what ``--files`` and ``--preview`` said of a repository."""

    folder_wanted = Signal()
    files_wanted = Signal()
    """The list of files has to be asked for."""
    samples_wanted = Signal()
    trust_wanted = Signal(object)
    """A FileRow that may hold a secret: somebody has to ask."""
    changed = Signal()
    """Other files are learned from."""
    next_wanted = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.repository: Path | None = None
        self.split = Split()
        self.files = FileModel(icons.theme, self)
        self.files.decided.connect(self._on_decided)
        self.files.trust_wanted.connect(self.trust_wanted)
        self._filter_soon = QTimer(self)
        self._filter_soon.setSingleShot(True)
        self._filter_soon.setInterval(_FILTER_MS)
        self._filter_soon.timeout.connect(self._filter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._make_repository())
        self.empty = label("", "muted", wrap=True)
        column.addWidget(self.empty)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName(self.tr("Checking the files"))
        column.addWidget(self.busy)
        self.content = QWidget()
        column.addWidget(self.content)
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(12)
        inner.addWidget(self._make_split())
        inner.addSpacing(4)
        self._add_files(inner)
        inner.addSpacing(4)
        self._add_samples(inner)
        row = QHBoxLayout()
        row.addStretch(1)
        self.next = button(self.tr("Next: model and time"), "primary")
        self.next.clicked.connect(self.next_wanted)
        row.addWidget(self.next)
        inner.addLayout(row)
        self.show_repository(None)

    # --- making ---------------------------------------------------------------------------

    def _make_repository(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._sign = QLabel()
        row.addWidget(self._sign)
        self.name = label("", scale=1.1, bold=True)
        row.addWidget(self.name)
        self.where = ElidedLabel("")
        row.addWidget(self.where, 1)
        self.again = button(self.tr("Look again"))
        self.again.clicked.connect(self.files_wanted)
        row.addWidget(self.again)
        self.other = button(self.tr("Another folder…"))
        self.other.clicked.connect(self.folder_wanted)
        row.addWidget(self.other)
        return row

    def _make_split(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        column.addWidget(label(self.tr("Held out for evaluation"), bold=True))
        self.held_out = label("", wrap=True)
        column.addWidget(self.held_out)
        self.note = label("", "muted", scale=0.95, wrap=True)
        column.addWidget(self.note)
        return card

    def _add_files(self, column: QVBoxLayout) -> None:
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Files"), scale=1.15, bold=True))
        head.addStretch(1)
        self.totals = label("", "muted")
        head.addWidget(self.totals)
        column.addLayout(head)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.search = LineEdit()
        self.search.setPlaceholderText(self.tr("Find files by their path"))
        self.search.setAccessibleName(self.tr("Find files by their path"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._filter_soon.start())
        row.addWidget(self.search, 1)
        self.which = Combo()
        self.which.setAccessibleName(self.tr("Which files are listed"))
        self.which.setMinimumWidth(232)
        self.which.currentIndexChanged.connect(lambda _: self._filter())
        row.addWidget(self.which)
        column.addLayout(row)
        self.table = FileTable(self.files)
        self.table.setFixedHeight(_TABLE_HEIGHT)
        column.addWidget(self.table)
        self.none = label(self.tr("No file matches."), "muted")
        column.addWidget(self.none)
        text = self.tr("Space, or a click on its box, keeps a file or leaves it out, whatever the rules say.")
        column.addWidget(label(text, "muted", scale=0.9, wrap=True))

    def _add_samples(self, column: QVBoxLayout) -> None:
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Samples"), scale=1.15, bold=True))
        head.addStretch(1)
        self.show_them = button(self.tr("Show some"))
        self.show_them.clicked.connect(self._ask_samples)
        head.addWidget(self.show_them)
        column.addLayout(head)
        text = self.tr(
            "Each is a hole in a file, laid out as the editor would ask: the marked part is to be filled in."
        )
        self.samples_note = label(text, "muted", wrap=True)
        column.addWidget(self.samples_note)
        self.samples = SampleView(self._icons)
        self.samples.hide()
        column.addWidget(self.samples)

    # --- what it shows ----------------------------------------------------------------------

    def show_repository(self, folder: Path | None) -> None:
        """Show a repository of which nothing is known yet, or that none was chosen."""
        self.repository = folder
        self.files.choices = Choices()
        self.files.set_rows(())
        ratio = self.devicePixelRatioF()
        self._sign.setPixmap(self._icons.pixmap("folder-simple", "accent" if folder else "muted", 20, ratio))
        self.name.setText(folder.name or str(folder) if folder else self.tr("No folder is chosen"))
        self.where.set_text(str(folder.parent) if folder else "")
        self.other.setText(self.tr("Another folder…") if folder else self.tr("Choose a folder…"))
        self.again.setVisible(folder is not None)
        self.samples.hide()
        self.show_them.setEnabled(True)
        self.content.hide()
        self.busy.hide()
        self.empty.show()
        self.empty.setText(
            self.tr("The list of its files could not be made.")
            if folder
            else self.tr(
                "Choose the project whose code the model should learn: best one with a git history of some weeks, so "
                "that what was written last can be held out and the result proved on it. Without git, whole files are "
                "held out instead. Nothing of it leaves this computer."
            )
        )

    def show_busy(self) -> None:
        """Show that the files are being looked at."""
        self.empty.setText(self.tr("Checking the files: generated, copied, secret or non-code files are left out…"))
        self.empty.show()
        self.busy.show()
        self.again.setEnabled(False)

    def show_failed(self) -> None:
        """Show that there is no list."""
        self.busy.hide()
        self.again.setEnabled(True)
        if self.content.isHidden():
            self.empty.setText(self.tr("The list of its files could not be made."))

    def show_files(self, answer: Mapping[str, Any]) -> None:
        """Show the answer of ``--files --json``."""
        rows, self.split = read_files(answer)
        self.busy.hide()
        self.again.setEnabled(True)
        self.empty.setVisible(not rows)
        self.empty.setText(self.tr("No file in this folder can be trained on; choose another folder."))
        self.content.setVisible(bool(rows))
        self.files.set_rows(rows)
        self.held_out.setText(self._split_text(self.split))
        self.note.setText(self.split.note)
        self.note.setVisible(bool(self.split.note))
        self._on_decided()

    def show_samples(self, answer: Mapping[str, Any]) -> None:
        """Show the answer of ``--preview --json``."""
        samples = [sample for sample in answer.get("samples") or () if isinstance(sample, dict)]
        self.show_them.setEnabled(True)
        self.show_them.setText(self.tr("Show others") if samples else self.tr("Show some"))
        self.samples.setVisible(bool(samples))
        self.samples.show_samples(samples)

    def show_no_samples(self) -> None:
        """Show that there are none."""
        self.show_them.setEnabled(True)
        self.show_them.setText(self.tr("Show some"))

    def data_config(self) -> DataConfig:
        """Return what was decided, for the settings of a run."""
        choices = self.files.choices
        return DataConfig(
            keep=tuple(sorted(choices.keep)), drop=tuple(sorted(choices.drop)), trusted=tuple(sorted(choices.trusted))
        )

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.files.set_theme(theme)
        self.samples.set_theme(theme)
        self._sign.setPixmap(
            self._icons.pixmap("folder-simple", "accent" if self.repository else "muted", 20, self.devicePixelRatioF())
        )

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font for samples."""
        self.samples.set_code_font(font)

    def trust(self, row: FileRow) -> None:
        """Keep a file although it may hold a secret."""
        self.files.trust(row)

    # --- words ----------------------------------------------------------------------------

    def _split_text(self, split: Split) -> str:
        if split.kind == "commits":
            if split.base_date and split.head_date:
                text = self.tr(
                    "The additions of the latest {count} commits, {base} to {head}. They are never trained on."
                )
                return text.format(count=f"{split.commits:,}", base=split.base_date[:10], head=split.head_date[:10])
            text = self.tr("The additions of the latest {count} commits. They are never trained on.")
            return text.format(count=f"{split.commits:,}")
        return self.tr(
            "About a tenth of the files, since there is no git history to hold back the latest changes of. They are "
            "never trained on."
        )

    def _totals_text(self) -> str:
        kept = [row for row in self.files.rows if self.files.choices.keeps(row)]
        out = len(self.files.rows) - len(kept)
        text = self.tr("{kept} in the training data ({size}) · {out} left out")
        return text.format(kept=f"{len(kept):,}", size=numbers.size(sum(row.bytes for row in kept)), out=f"{out:,}")

    # --- what the person does ---------------------------------------------------------------

    def _filter(self) -> None:
        self._filter_soon.stop()
        self.files.set_filter(self.search.text(), self.which.currentData() or "")
        some = self.files.rowCount() > 0
        self.table.setVisible(some)
        self.none.setVisible(not some)

    def _on_decided(self) -> None:
        chosen = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        rows, choices = self.files.rows, self.files.choices
        kept = sum(choices.keeps(row) for row in rows)
        entries = [
            (self.tr("All files"), "", len(rows)),
            (self.tr("Training data"), "kept", kept),
            (self.tr("Left out"), "dropped", len(rows) - kept),
        ]
        if decided := len(choices.keep | choices.drop):
            entries.append((self.tr("Decided by you"), "overruled", decided))
        entries += [(labels.reason(code), code, count) for code, count in reasons(rows, choices)]
        for text, code, count in entries:
            self.which.addItem(self.tr("{what} ({count})").format(what=text, count=f"{count:,}"), code)
        self.which.setCurrentIndex(max(0, self.which.findData(chosen)))
        self.which.blockSignals(False)
        self.totals.setText(self._totals_text())
        self.next.setEnabled(kept > 0)
        self._filter_if_gone(chosen)
        self.changed.emit()

    def _filter_if_gone(self, chosen: object) -> None:
        """Where the reason that was listed is none any more, all files are listed again."""
        if (self.which.currentData() or "") != (chosen or ""):
            self._filter()
        self.table.setVisible(self.files.rowCount() > 0)
        self.none.setVisible(not self.files.rowCount())

    def _ask_samples(self) -> None:
        self.show_them.setEnabled(False)
        self.show_them.setText(self.tr("Making samples…"))
        self.samples_wanted.emit()
