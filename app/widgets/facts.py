"""Names with what is said of them, as rows of labels that are used again for the next answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from app.widgets.style import label


class Facts(QWidget):
    """One below the other; or, as ``columns``, name left and value right."""

    def __init__(self, *, columns: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4 if columns else 2)
        self._grid.setColumnStretch(1 if columns else 0, 1)
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._rows: list[tuple[str, str]] = []

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What is shown."""
        return list(self._rows)

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show these names and what is said of them; either may be empty."""
        self._rows = list(rows)
        while len(self._labels) < len(rows):
            self._labels.append(self._add())
        for number, (name, said) in enumerate(self._labels):
            texts = rows[number] if number < len(rows) else ("", "")
            for part, text in zip((name, said), texts, strict=True):
                part.setText(text)
                part.setVisible(bool(text))

    def _add(self) -> tuple[QLabel, QLabel]:
        row = len(self._labels)
        name, said = label("", "muted" if self._columns else "text"), label("", "muted", wrap=True)
        if self._columns:
            said = label("", "text", wrap=True)
            said.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(said, row, 1)
        else:
            said.setContentsMargins(0, 0, 0, 6)
            self._grid.addWidget(name, 2 * row, 0)
            self._grid.addWidget(said, 2 * row + 1, 0)
        said.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return name, said
