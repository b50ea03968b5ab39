"""One piece of context as a button of two lines: where it is and how long, and why it came."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.theme import Theme
from assistant.types import ContextPiece

PAD = 8
_LINE_GAP = 2


class PieceRow(QAbstractButton):
    """A click opens the place."""

    def __init__(self, theme: Theme, piece: ContextPiece, name: str, parent: QWidget | None = None) -> None:
        """``name`` is what to call a piece of a file without a path."""
        super().__init__(parent)
        self._theme = theme
        self.piece = piece
        folder, _, file = (piece.path or name).rpartition("/")
        first, last = piece.lines
        self._place = f"{file}:{first}–{last}" if last > first else f"{file}:{first}"
        self._folder = folder
        self._tokens = self.tr("{count} tokens").format(count=piece.tokens)
        self._over = False
        self.setText(f"{piece.path or name}:{first}–{last}, {self._tokens}, {piece.why}")
        self.setAccessibleName(self.text())
        tip = self.tr("{path}, lines {first} to {last}")
        self.setToolTip(tip.format(path=piece.path or name, first=first, last=last))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of two lines."""
        return QSize(160, 2 * self.fontMetrics().height() + _LINE_GAP + 10)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light up."""
        super().enterEvent(event)
        self._over = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Fade."""
        super().leaveEvent(event)
        self._over = False
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw place and tokens, below them the reason and the folder."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, plain = self._theme.colors, self.fontMetrics()
        if self._over or self.isDown() or self.hasFocus():
            painter.setBrush(QColor(colors["hover"]) if self._over or self.isDown() else Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(colors["accent"]) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        height = plain.height()
        row = QRect(PAD, 5, self.width() - 2 * PAD, height)
        painter.setPen(QColor(colors["muted"]))
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._tokens)
        room = row.width() - plain.horizontalAdvance(self._tokens) - 12
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.Medium)
        painter.setFont(bold)
        painter.setPen(QColor(colors["text"]))
        place = QFontMetrics(bold).elidedText(self._place, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, place)
        painter.setFont(self.font())
        painter.setPen(QColor(colors["muted"]))
        second = row.translated(0, height + _LINE_GAP)
        why = plain.elidedText(self.piece.why, Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(second, Qt.AlignmentFlag.AlignVCenter, why)
        room = second.width() - plain.horizontalAdvance(why) - 12
        if self._folder and room > 40:
            folder = plain.elidedText(self._folder, Qt.TextElideMode.ElideLeft, room)
            painter.drawText(second, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, folder)
