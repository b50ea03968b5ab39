"""The state of the service in a few words, and as a light."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.services.connection import ConnectionState
from app.widgets.icons import IconSet

_COLORS = {
    "ready": "ok",
    "thinking": "accent",
    "failed": "error",
    "unresponsive": "error",
    "none": "muted",
    "idle": "muted",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelState", text)


class Light(QWidget):
    """A dot in the colour of the state."""

    def __init__(self, icons: IconSet) -> None:
        super().__init__()
        self._icons = icons
        self._color = "muted"
        self.setFixedSize(12, 12)

    def show_state(self, state: ConnectionState) -> None:
        """Take the colour of ``state``."""
        self._color = _COLORS.get(state.kind, "warn")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(QColor(self._icons.theme.colors[self._color]))
        painter.drawEllipse(QPointF(6, 6), 4, 4)


def state_text(state: ConnectionState, *, short: bool = False) -> str:
    """Return the state as one line; ``short`` leaves the device out, or where that is a server, the model."""
    model = state.model or _tr("model")
    device = "" if short or not state.device else f" · {state.device}"
    if short and state.device and state.is_remote:
        model = state.device  # that code leaves this computer counts more than the model's name
    unloaded = _tr("{model} · unloaded") if short else _tr("{model} · unloaded; the next key loads it")
    texts = {
        "starting": _tr("Starting…"),
        "none": _tr("No model"),
        "loading": _tr("{model} · loading {percent} %").format(model=model, percent=round(state.progress * 100)),
        "ready": _tr("{model}{device} · ready").format(model=model, device=device),
        "thinking": _tr("{model}{device} · thinking").format(model=model, device=device),
        "idle": unloaded.format(model=model),
        "failed": _tr("Model failed: click for the reason"),
        "restarting": _tr("Service stopped: restarting…"),
        "unresponsive": _tr("Service does not answer"),
    }
    return texts[state.kind]


def latency_text(state: ConnectionState) -> str:
    """Return the time from the last key to the whole suggestion, with its unit; empty where there was none."""
    ms = state.latency_ms
    if ms is None:
        return ""
    return _tr("{ms} ms").format(ms=round(ms)) if ms < 10_000 else _tr("{s} s").format(s=round(ms / 1000))
