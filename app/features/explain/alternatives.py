"""What else the model might have written in a token's place: five rows with bars."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.features.explain.chances import percent, visible
from app.theme import Theme
from assistant.types import TokenLogprob

ROWS = 5
_GAP = 4
_BAR = 6


class Alternatives(QWidget):
    """Keeps its height, whatever is pointed at, so that nothing below it moves."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._code = QFont(self.font())
        self._token: TokenLogprob | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Most likely tokens at this position"))

    def show_token(self, token: TokenLogprob | None) -> None:
        """Show what was likely where ``token`` was written."""
        self._token = token
        self.setAccessibleDescription(", ".join(f"{text} {chance}" for text, chance in self.rows()))
        self.update()

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows as texts: token and percent."""
        return [(visible(text), percent(logprob)) for text, logprob in self._tops()]

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font for tokens."""
        self._code = QFont(font)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of all rows."""
        return QSize(200, ROWS * self._row_height())

    def _row_height(self) -> int:
        return max(QFontMetrics(self._code).height(), self.fontMetrics().height()) + _GAP

    def _tops(self) -> list[tuple[str, float]]:
        """Return the alternatives, the token that was taken among them also where it was none of the likeliest."""
        token = self._token
        if token is None:
            return []
        tops = list(token.top[:ROWS])
        if (token.text, token.logprob) not in tops and not any(text == token.text for text, _ in tops):
            tops = [*tops[: ROWS - 1], (token.text, token.logprob)]
        return tops

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a row for each token: its text, a bar, its percent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, height = self._theme.colors, self._row_height()
        code, plain = QFontMetrics(self._code), self.fontMetrics()
        numbers = plain.horizontalAdvance("> 99 %")
        words = (self.width() - numbers - 16) // 2
        track = QRect(words + 8, 0, self.width() - words - numbers - 16, _BAR)
        for row, (text, logprob) in enumerate(self._tops()):
            taken = self._token is not None and text == self._token.text
            top = row * height
            painter.setFont(self._code)
            painter.setPen(QColor(colors["text" if taken else "muted"]))
            shown = code.elidedText(visible(text), Qt.TextElideMode.ElideRight, words)
            painter.drawText(QRect(0, top, words, height), Qt.AlignmentFlag.AlignVCenter, shown)
            bar = track.translated(0, top + (height - _BAR) // 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors["hover"]))
            painter.drawRoundedRect(bar, 3, 3)
            bar.setWidth(max(round(bar.width() * math.exp(min(logprob, 0.0))), _BAR))
            painter.setBrush(QColor(colors["accent" if taken else "muted"]))
            painter.drawRoundedRect(bar, 3, 3)
            painter.setFont(self.font())
            painter.setPen(QColor(colors["text" if taken else "muted"]))
            right = QRect(self.width() - numbers, top, numbers, height)
            painter.drawText(right, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(logprob))
