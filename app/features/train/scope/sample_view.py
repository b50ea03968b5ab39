"""Real samples of what will be learned, one at a time: what stands in front, the text, and the part to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.features.train import labels
from app.theme import Theme
from app.widgets.code_box import CodeBox
from app.widgets.elided import ElidedLabel
from app.widgets.icons import IconSet
from app.widgets.style import label, tool_button

_LINES_AROUND = 40


class SampleView(QWidget):
    """Shows the samples that ``--preview --json`` printed."""

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples: Sequence[Mapping[str, Any]] = ()
        self._place = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.title = ElidedLabel("", "text")
        row.addWidget(self.title, 1)
        self.facts = label("", "muted")
        row.addWidget(self.facts)
        row.addSpacing(8)
        self.back = tool_button(icons, "caret-left", self.tr("The sample before"))
        self.back.clicked.connect(lambda: self._step(-1))
        self.count = label("", "muted")
        self.forth = tool_button(icons, "caret-right", self.tr("The next sample"))
        self.forth.clicked.connect(lambda: self._step(1))
        for widget in (self.back, self.count, self.forth):
            row.addWidget(widget)
        column.addLayout(row)
        self.front = ElidedLabel("")
        column.addWidget(self.front)
        self.code = CodeBox(icons.theme, self.tr("Sample; the hole is marked"), most=16, least=8)
        column.addWidget(self.code)

    def show_samples(self, samples: Sequence[Mapping[str, Any]]) -> None:
        """Show the first of ``samples``."""
        self._samples, self._place = samples, 0
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.code.set_theme(theme)

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font."""
        self.code.set_code_font(font)

    def _step(self, by: int) -> None:
        self._place = (self._place + by) % max(1, len(self._samples))
        self._show()

    def _show(self) -> None:
        if not self._samples:
            return
        sample = self._samples[self._place]
        path, line = str(sample.get("path") or ""), sample.get("line")
        self.title.set_text(f"{path}:{line}" if line else path)
        facts = labels.kind(str(sample.get("kind") or ""))
        self.facts.setText(self.tr("{kind} · {count} tokens").format(kind=facts, count=sample.get("tokens") or "?"))
        self.count.setText(f"{self._place + 1} / {len(self._samples)}")
        front = [str(place) for place in sample.get("context") or ()]
        self.front.set_text(
            self.tr("Context from: {files}").format(files=", ".join(front))
            if front
            else self.tr("No context from other files.")
        )
        prefix = "\n".join(str(sample.get("prefix") or "").split("\n")[-_LINES_AROUND:])
        suffix = "\n".join(str(sample.get("suffix") or "").split("\n")[:_LINES_AROUND])
        middle = str(sample.get("middle") or "")
        self.code.show_code(prefix + middle + suffix, path, (len(prefix), len(prefix) + len(middle)))
