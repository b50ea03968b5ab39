"""What the tints behind tokens mean."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.features.explain.chances import LIMITS, tint
from app.theme import Theme

_SWATCH = 12
_GAP = 4
_LEAST_GAP = 4


class Legend(QWidget):
    """One swatch for each band with its range, in one line."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(self.texts()))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def texts(self) -> list[str]:
        """Return the range of each band."""
        marks = [f"{100 * limit:.0f}" for limit in LIMITS]
        return [*(f"≥ {mark} %" for mark in marks), f"< {marks[-1]} %"]

    def sizeHint(self) -> QSize:
        """Return one line."""
        return QSize(232, max(self.fontMetrics().height(), _SWATCH) + 6)

    def _needs(self, texts: Sequence[str]) -> int:
        plain = self.fontMetrics()
        return sum(_SWATCH + _GAP + plain.horizontalAdvance(text) + _LEAST_GAP for text in texts)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the swatches from left to right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, plain, height = self._theme.colors, self.fontMetrics(), self.height()
        texts = self.texts()
        if self._needs(texts) > self.width():
            texts = [text.removesuffix(" %") for text in texts[:-1]] + texts[-1:]
        widths = [_SWATCH + _GAP + plain.horizontalAdvance(text) for text in texts]
        room = max((self.width() - sum(widths)) / (len(widths) - 1), _LEAST_GAP)
        left = 0.0
        for number, (text, width) in enumerate(zip(texts, widths, strict=True)):
            painter.setPen(QColor(colors["border"]))
            painter.setBrush(QColor(tint(self._theme, number)))
            painter.drawRoundedRect(QRectF(left + 0.5, (height - _SWATCH) / 2 + 0.5, _SWATCH - 1, _SWATCH - 1), 3, 3)
            painter.setPen(QColor(colors["muted"]))
            words = QRectF(left + _SWATCH + _GAP, 0, width, height)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)
            left += width + min(room, 16)
