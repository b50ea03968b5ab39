"""What was learned, in use: the adapters of this model, which one answers, and how strongly it counts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from app.services.adapters import AdapterRow, Adapters
from app.widgets.elided import ElidedLabel
from app.widgets.empty_hint import EmptyHint
from app.widgets.style import badge, button, label, set_tone

_STEPS = 20


class _Slider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # scrolling the page must not change it


class AdaptersStep(QWidget):
    """Shows what ``adapters`` knows."""

    remove_wanted = Signal(str)
    begin_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self, adapters: Adapters, compare_keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._adapters = adapters
        self.cards: dict[str, AdapterCard] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.empty = EmptyHint()
        self.empty.begin_wanted.connect(self.begin_wanted)
        column.addWidget(self.empty)
        text = self.tr(
            "In a file, {keys} shows side by side what the base model and the adapter suggest at the cursor: press it "
            "to look, hold it to peek."
        )
        self.hint = label(text.format(keys=compare_keys), "muted", wrap=True)
        column.addWidget(self.hint)
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        column.addLayout(self._list)
        adapters.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the adapters as they are now; a slider that is being moved is left alone."""
        rows = sorted(self._adapters.rows, key=lambda row: (not row.fits, row.name.casefold()))
        for name in [name for name in self.cards if name not in {row.name for row in rows}]:
            card = self.cards.pop(name)
            card.hide()
            card.deleteLater()
        self.empty.setVisible(not rows)
        self.hint.setVisible(bool(rows))
        self.empty.text.setText(
            self.tr(
                "No adapter yet. When a run has learned a project and proved that it helps, what it learned is an "
                "adapter: a small file beside the model, that can be switched on and off and made weaker or stronger."
            )
        )
        for place, row in enumerate(rows):
            if row.name not in self.cards:
                card = AdapterCard(row.name)
                card.on.clicked.connect(lambda _=False, name=row.name: self._toggle(name))
                card.slider.valueChanged.connect(lambda value: self._adapters.set_scale(value / _STEPS))
                card.remove.clicked.connect(lambda _=False, name=row.name: self.remove_wanted.emit(name))
                self.cards[row.name] = card
                self._list.insertWidget(place, card)
            active = row.name == self._adapters.active
            scale = self._adapters.scale if active else row.scale
            self.cards[row.name].show_row(row, active=active, scale=scale, switching=self._adapters.switching)

    def _toggle(self, name: str) -> None:
        self._adapters.use(None if name == self._adapters.active else name)


class AdapterCard(QFrame):
    """One adapter: what it learned from, whether it is on, and its strength."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(16)
        facts = QVBoxLayout()
        facts.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(name, scale=1.1, bold=True))
        self.state = badge("")
        head.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addStretch(1)
        facts.addLayout(head)
        self.facts = ElidedLabel("")
        facts.addWidget(self.facts)
        self.verdict = label("", wrap=True)
        facts.addWidget(self.verdict)
        self.strength = QWidget()
        strength = QHBoxLayout(self.strength)
        strength.setContentsMargins(0, 6, 0, 0)
        strength.setSpacing(12)
        strength.addWidget(label(self.tr("Strength"), "muted"))
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(4)
        self.slider.setMaximumWidth(320)
        self.slider.setMinimumHeight(24)  # its handle is higher than its groove
        self.slider.setAccessibleName(self.tr("Strength of {name}, from 0 (the base model) to 1").format(name=name))
        self.slider.valueChanged.connect(self._tell)
        strength.addWidget(self.slider, 1)
        self.value = label("", bold=True)
        self.value.setMinimumWidth(40)
        strength.addWidget(self.value)
        strength.addStretch(1)
        facts.addWidget(self.strength)
        facts.addStretch(1)
        row.addLayout(facts, 1)
        actions = QVBoxLayout()
        actions.setSpacing(6)
        self.on = button("", "primary")
        self.remove = button(self.tr("Remove…"))
        for push in (self.on, self.remove):
            actions.addWidget(push, 0, Qt.AlignmentFlag.AlignRight)
        actions.addStretch(1)
        row.addLayout(actions)

    def show_row(self, row: AdapterRow, *, active: bool, scale: float, switching: bool) -> None:
        """Show how the adapter stands."""
        if not row.fits:
            self.state.setText(self.tr("for another model"))
        else:
            self.state.setText(self.tr("in use") if active else self.tr("off"))
        set_tone(self.state, "ok" if active else "muted")
        parts = [part for part in (row.base, row.repository, row.made[:10]) if part]
        self.facts.set_text("  ·  ".join(parts))
        self.verdict.setText(row.verdict)
        self.verdict.setVisible(bool(row.verdict))
        self.strength.setVisible(active)
        if not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(round(scale * _STEPS))
            self.slider.blockSignals(False)
        self._tell()
        self.on.setText(self.tr("Switch off") if active else self.tr("Use"))
        kind = "plain" if active else "primary"
        if self.on.property("kind") != kind:
            self.on.setProperty("kind", kind)
            self.on.style().unpolish(self.on)
            self.on.style().polish(self.on)
        self.on.setEnabled(row.fits and not switching)
        self.on.setToolTip("" if row.fits else self.tr("It was learned by {model}.").format(model=row.base))

    def _tell(self, *_: object) -> None:
        self.value.setText(f"{self.slider.value() / _STEPS:.2f}")
