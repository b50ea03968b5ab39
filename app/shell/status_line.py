"""The one line at the bottom: where the cursor is and how the file is written; how the model is doing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Signal, SignalInstance
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.services.connection import ConnectionState
from app.widgets.icons import IconSet
from app.widgets.style import label, set_tone

_DOTS = {
    "ready": "ok",
    "thinking": "accent",
    "failed": "error",
    "unresponsive": "error",
    "none": "muted",
    "idle": "muted",
}


class _Dot(QWidget):
    def __init__(self, icons: IconSet) -> None:
        super().__init__()
        self._icons = icons
        self.color = "muted"
        self.setFixedSize(12, 12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(QColor(self._icons.theme.colors[self.color]))
        painter.drawEllipse(QPointF(6, 6), 4, 4)


class StatusLine(QFrame):
    """Every part is a button: it shows a fact, and a click changes or explains it."""

    place_clicked = Signal()
    encoding_clicked = Signal()
    line_ends_clicked = Signal()
    language_clicked = Signal()
    model_clicked = Signal()
    latency_clicked = Signal()
    download_clicked = Signal()
    suggestions_clicked = Signal()
    training_clicked = Signal()
    adapter_clicked = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setFixedHeight(28)
        self._icons = icons
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 8, 0)
        row.setSpacing(2)
        self.place = self._part(self.tr("Cursor position: go to a line"), self.place_clicked)
        self.encoding = self._part(self.tr("Encoding of the file"), self.encoding_clicked)
        self.line_ends = self._part(self.tr("Line ends of the file"), self.line_ends_clicked)
        self.indent = label("", "muted")
        self.indent.setContentsMargins(6, 0, 6, 0)
        self.indent.setToolTip(self.tr("Indentation of the file"))
        self.language = self._part(self.tr("Language: choose another"), self.language_clicked)
        for part in (self.place, self.encoding, self.line_ends, self.indent, self.language):
            row.addWidget(part)
        row.addStretch(1)
        self.hint = label("", "muted")
        self.hint.setContentsMargins(6, 0, 6, 0)
        row.addWidget(self.hint)
        self.download = self._part(self.tr("The download that is running"), self.download_clicked)
        row.addWidget(self.download)
        self.training = self._part(self.tr("The training that is running"), self.training_clicked)
        row.addWidget(self.training)
        self._dot = _Dot(icons)
        row.addWidget(self._dot)
        self.model = self._part(self.tr("State of the model"), self.model_clicked)
        row.addWidget(self.model)
        tip = self.tr("Time from the last key to its suggestion: see why this one")
        self.latency = self._part(tip, self.latency_clicked)
        row.addWidget(self.latency)
        self.adapter = self._part(self.tr("Adapter in use: strength, on or off"), self.adapter_clicked)
        row.addWidget(self.adapter)
        self.suggestions = self._part(self.tr("Suggestions: switch on or off"), self.suggestions_clicked)
        self.suggestions.setIconSize(QSize(14, 14))
        row.addWidget(self.suggestions)
        self._state = ConnectionState()
        self.show_file("", "", "", "")
        self.show_place(0, 0)
        self.show_download("")
        self.show_training("")
        self.show_adapter("")
        self.show_hint("")
        self.show_state(self._state)

    # --- the file ----------------------------------------------------------------------

    def show_place(self, line: int, column: int) -> None:
        """Show the cursor's line (from 1) and column (from 0, shown from 1); line 0: no file."""
        self.place.setVisible(line > 0)
        self.place.setText(self.tr("Ln {line}, Col {column}").format(line=line, column=column + 1))

    def show_file(self, encoding: str, line_ends: str, indent: str, language: str) -> None:
        """Show how the file in front is written; empty texts hide the parts."""
        parts = (self.encoding, encoding), (self.line_ends, line_ends), (self.indent, indent), (self.language, language)
        for part, text in parts:
            part.setText(text)
            part.setVisible(bool(text))
        self._fit()

    # --- the model ---------------------------------------------------------------------

    def show_state(self, state: ConnectionState) -> None:
        """Show what the service does."""
        self._state = state
        self._dot.color = _DOTS.get(state.kind, "warn")
        self._dot.update()
        self.model.setToolTip(state.message or self.tr("State of the model"))
        set_tone(self.model, "error" if state.kind in ("failed", "unresponsive") else "")
        latency = state.latency_ms if state.latency_ms is not None else None
        self.latency.setVisible(latency is not None)
        if latency is not None:
            text = self.tr("{ms} ms") if latency < 10_000 else self.tr("{s} s")
            self.latency.setText(text.format(ms=round(latency), s=round(latency / 1000)))
        self._fit()

    def show_suggestions(self, on: bool) -> None:
        """Show whether suggestions are on."""
        self.suggestions.setIcon(self._icons.icon("lightning" if on else "lightning-slash", "ok" if on else "muted"))
        text = self.tr("Suggestions are on") if on else self.tr("Suggestions are off")
        self.suggestions.setToolTip(text)
        self.suggestions.setAccessibleName(text)

    def show_download(self, text: str) -> None:
        """Show the download that runs; empty: none."""
        self.download.setText(text)
        self.download.setVisible(bool(text))

    def show_training(self, text: str) -> None:
        """Show the training that runs; empty: none."""
        self.training.setText(text)
        self.training.setVisible(bool(text))
        self._fit()

    def show_adapter(self, text: str) -> None:
        """Show the adapter that answers; empty: the base model does."""
        self.adapter.setText(text)
        self.adapter.setVisible(bool(text))
        self._fit()

    def show_hint(self, text: str) -> None:
        """Show what the completions say, e.g. why there is none here; empty: nothing."""
        self.hint.setText(text)
        self.hint.setVisible(bool(text))
        self._fit()

    def state_text(self, *, short: bool = False) -> str:
        """Return the state as one line; ``short`` leaves the device out, or where that is a server, the model."""
        state = self._state
        model = state.model or self.tr("model")
        device = "" if short or not state.device else f" · {state.device}"
        if short and state.device and state.is_remote:
            model = state.device  # that code leaves this computer counts more than the model's name
        texts = {
            "starting": self.tr("Starting…"),
            "none": self.tr("No model"),
            "loading": self.tr("{model} · loading {percent} %").format(
                model=model, percent=round(state.progress * 100)
            ),
            "ready": self.tr("{model}{device} · ready").format(model=model, device=device),
            "thinking": self.tr("{model}{device} · thinking").format(model=model, device=device),
            "idle": self.tr("{model} · asleep").format(model=model)
            if short
            else self.tr("{model} · asleep, wakes at the next key").format(model=model),
            "failed": self.tr("Model failed: click for the reason"),
            "restarting": self.tr("Service stopped: restarting…"),
            "unresponsive": self.tr("Service does not answer"),
        }
        return texts[state.kind]

    def _fit(self) -> None:
        """Use the short form where the long one does not fit, then leave out what matters least."""
        self.model.setText(self.state_text())
        self.encoding.setVisible(bool(self.encoding.text()))
        self.line_ends.setVisible(bool(self.line_ends.text()))
        self.hint.setVisible(bool(self.hint.text()))
        self.adapter.setVisible(bool(self.adapter.text()))
        for shrink in (
            lambda: self.model.setText(self.state_text(short=True)),
            self.hint.hide,
            self.line_ends.hide,
            self.encoding.hide,
            self.adapter.hide,
        ):
            if self._row.sizeHint().width() <= self.width():
                return
            shrink()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the parts to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _part(self, name: str, clicked: SignalInstance) -> QPushButton:
        part = QPushButton()
        part.setFlat(True)
        part.setToolTip(name)
        part.setAccessibleName(name)
        part.clicked.connect(clicked)
        return part
