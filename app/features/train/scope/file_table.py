"""The table of a repository's files: which are learned from, which are left out and why; Space or a click decides."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.features.train import labels
from app.features.train.scope.files import Choices, FileRow, is_fixed, matching, needs_trust, rules_keep
from app.theme import Theme
from app.widgets import numbers

_ROW = 28
_Index = QModelIndex | QPersistentModelIndex


class FileModel(QAbstractTableModel):
    """The rows that a filter lets through; the first column has the check box."""

    decided = Signal()
    trust_wanted = Signal(object)
    """A FileRow that may hold a secret and that the person wants to keep."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[FileRow] = ()
        self.choices = Choices()
        self._theme = theme
        self._shown: list[int] = []
        self._filter = ("", "")

    def set_rows(self, rows: Sequence[FileRow]) -> None:
        """Show other rows; what was decided stays where the file is still there."""
        self.rows = rows
        self.refilter()

    def set_filter(self, text: str, which: str) -> None:
        """Show the files whose path has the words of ``text`` and that are as ``which`` says (see ``matching``)."""
        self._filter = (text, which)
        self.refilter()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme

    def refilter(self) -> None:
        """Look anew which rows to show."""
        self.beginResetModel()
        self._shown = matching(self.rows, self.choices, *self._filter)
        self.endResetModel()

    def row_at(self, number: int) -> FileRow:
        """Return the file of a row of the table."""
        return self.rows[self._shown[number]]

    def decide(self, numbers: Sequence[int], kept: bool) -> None:
        """Keep or leave out the files of these rows; one that may hold a secret is asked about."""
        asked = None
        for number in numbers:
            row = self.row_at(number)
            if is_fixed(row):
                continue
            if kept and needs_trust(row) and row.path not in self.choices.trusted:
                asked = asked or row
                continue
            self.choices = self.choices.decide(row, kept)
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, 2))
        self.decided.emit()
        if asked is not None:
            self.trust_wanted.emit(asked)

    def trust(self, row: FileRow) -> None:
        """Keep a file although it may hold a secret."""
        self.choices = self.choices.decide(row, True, trust=True)
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, 2))
        self.decided.emit()

    # --- Qt's side ------------------------------------------------------------------------

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Return how many rows are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Return the number of columns."""
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        """Return the columns' names."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("File"), self.tr("Size"), self.tr("Training data"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == 1 else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Let the first column be checked."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        decidable = index.column() == 0 and not is_fixed(self.row_at(index.row()))
        return flags | Qt.ItemFlag.ItemIsUserCheckable if decidable else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        row = self.row_at(index.row())
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (row.path, numbers.size(row.bytes), self.why(row))[column]
        if role == Qt.ItemDataRole.CheckStateRole and column == 0 and not is_fixed(row):
            return Qt.CheckState.Checked if self.choices.keeps(row) else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.path if column == 0 else self.why(row) if column == 2 else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = self._tone(row, column)
            return QBrush(QColor(self._theme.colors[tone])) if tone else None
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Take a click on a check box."""
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.decide([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def why(self, row: FileRow) -> str:
        """Return in words whether a file is learned from, and why not."""
        kept = self.choices.keeps(row)
        if kept != rules_keep(row):
            if not kept:
                return self.tr("No: left out by you")
            why = labels.reason(row.reason)
            return self.tr("Yes: kept by you ({why})").format(why=why[:1].lower() + why[1:] if why else "")
        if kept:
            return self.tr("Yes")
        why = labels.reason(row.reason) or self.tr("left out")
        return f"{why}: {row.detail}" if row.detail and row.detail.casefold() != why.casefold() else why

    def _tone(self, row: FileRow, column: int) -> str:
        kept = self.choices.keeps(row)
        if column == 2 and kept != rules_keep(row):
            return "accent"
        if column == 2 and needs_trust(row):
            return "warn"
        return "" if kept and column == 0 else "muted"


class FileTable(QTableView):
    """Shows a FileModel; copes with tens of thousands of rows."""

    def __init__(self, model: FileModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("figures")
        self.setAccessibleName(self.tr("Files; Space keeps or leaves out the selected ones"))
        self.setModel(model)
        self._files = model
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        for column, mode in enumerate((QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.Fixed)):
            header.setSectionResizeMode(column, mode)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 84)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space decides on all that is selected: where one is kept, all are left out."""
        chosen = sorted({index.row() for index in self.selectionModel().selectedRows()})
        if event.key() == Qt.Key.Key_Space and chosen:
            kept = any(self._files.choices.keeps(self._files.row_at(number)) for number in chosen)
            self._files.decide(chosen, not kept)
        else:
            super().keyPressEvent(event)
