"""Held-out places with what stands there in truth, and what was answered without and with the adapter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.features.train import labels
from app.features.train.report.view_model import Example
from app.theme import Theme
from app.widgets.code_box import CodeBox, level
from app.widgets.elided import ElidedLabel
from app.widgets.fields import Combo
from app.widgets.icons import IconSet
from app.widgets.style import badge, label, set_tone, tool_button

_BEFORE_LINES, _AFTER_LINES = 8, 4
_NARROW = 640


class Examples(QWidget):
    """One example at a time; the filter chooses among those that got better and those that did not."""

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[Example] = ()
        self.shown: list[Example] = []
        self._place = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.which = Combo()
        self.which.setAccessibleName(self.tr("Which examples"))
        self.which.setMinimumWidth(176)
        self.which.currentIndexChanged.connect(lambda _: self._filter())
        row.addWidget(self.which)
        self.title = ElidedLabel("", "text")
        row.addWidget(self.title, 1)
        self.mark = badge("")
        row.addWidget(self.mark)
        self.back = tool_button(icons, "caret-left", self.tr("The example before"))
        self.back.clicked.connect(lambda: self._step(-1))
        self.count = label("", "muted")
        self.forth = tool_button(icons, "caret-right", self.tr("The next example"))
        self.forth.clicked.connect(lambda: self._step(1))
        for widget in (self.back, self.count, self.forth):
            row.addWidget(widget)
        column.addLayout(row)
        theme = icons.theme
        self.truth = CodeBox(theme, self.tr("Ground truth; the hole is marked"), most=18)
        column.addWidget(label(self.tr("Ground truth"), "muted", scale=0.9))
        column.addWidget(self.truth)
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(16)
        self.boxes: dict[str, CodeBox] = {}
        self.signs = {}
        for arm in ("base", "both"):
            side = QVBoxLayout()
            side.setSpacing(4)
            head = QHBoxLayout()
            head.setSpacing(8)
            head.addWidget(label(labels.arm(arm), "muted", scale=0.9))
            self.signs[arm] = label("", scale=0.9)
            head.addWidget(self.signs[arm])
            head.addStretch(1)
            side.addLayout(head)
            self.boxes[arm] = CodeBox(theme, labels.arm(arm), least=3, most=12)
            side.addWidget(self.boxes[arm])
            side.addStretch(1)
            self._pair.addLayout(side, 1)
        column.addLayout(self._pair)

    def show_examples(self, examples: Sequence[Example]) -> None:
        """Show the first of ``examples``."""
        self._all = examples
        good = sum(example.good for example in examples)
        self.which.blockSignals(True)
        self.which.clear()
        for text, code, count in (
            (self.tr("All examples"), "", len(examples)),
            (self.tr("Good ones"), "good", good),
            (self.tr("Bad ones"), "bad", len(examples) - good),
        ):
            if count:
                self.which.addItem(self.tr("{what} ({count})").format(what=text, count=count), code)
        self.which.blockSignals(False)
        self._filter()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for box in (self.truth, *self.boxes.values()):
            box.set_theme(theme)

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font."""
        for box in (self.truth, *self.boxes.values()):
            box.set_code_font(font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the answers one over the other where there is no room."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self._pair.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)

    def _filter(self) -> None:
        which = self.which.currentData() or ""
        self.shown = [example for example in self._all if not which or example.good == (which == "good")]
        self._place = 0
        self._show()

    def _step(self, by: int) -> None:
        self._place = (self._place + by) % max(1, len(self.shown))
        self._show()

    def _show(self) -> None:
        if not self.shown:
            return
        example = self.shown[self._place]
        self.title.set_text(f"{example.path}:{example.line} · {labels.kind(example.kind)}")
        self.count.setText(f"{self._place + 1} / {len(self.shown)}")
        self.mark.setText(self.tr("good") if example.good else self.tr("bad"))
        set_tone(self.mark, "ok" if example.good else "warn")
        before = "\n".join(example.before.split("\n")[-_BEFORE_LINES:])
        after = "\n".join(example.after.split("\n")[:_AFTER_LINES])
        self.truth.show_code(before + example.truth + after, example.path, (len(before), len(before + example.truth)))
        for arm, box in self.boxes.items():
            answer = example.answers.get(arm)
            box.show_code(level(answer or "", before), example.path)
            right = answer is not None and answer.strip() == example.truth.strip()
            self.signs[arm].setText(
                self.tr("right") if right else self.tr("different") if answer else self.tr("nothing")
            )
            set_tone(self.signs[arm], "ok" if right else "muted")
