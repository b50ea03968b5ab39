"""The suggestion, token by token: tinted by probability, struck through where a filter cut it."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.features.explain.chances import band, percent, tint, visible
from app.theme import Theme
from assistant.types import Choice, Span

_LINES = 12
_MARGIN = 8


class TokenView(QTextEdit):
    """``pointed`` carries the number of the span under the mouse, else of the one chosen by keys; -1: none."""

    pointed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tokens")
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QTextEdit.LineWrapMode.WidgetWidth)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(self.tr("The suggestion by tokens; the arrow keys go from one to the next"))
        self.document().setDocumentMargin(_MARGIN)
        self._theme = theme
        self._choice: Choice | None = None
        self._ends: list[int] = []
        self._hovered = self._chosen = -1

    @property
    def spans(self) -> tuple[Span, ...]:
        """What is shown."""
        return self._choice.spans if self._choice else ()

    @property
    def current(self) -> int:
        """The number of the span that is pointed at, -1 for none."""
        return self._hovered if self._hovered >= 0 else self._chosen

    def show_choice(self, choice: Choice) -> None:
        """Show an alternative; without spans there is its text alone."""
        self._choice = choice
        self._hovered = self._chosen = -1
        self._write()
        self.pointed.emit(-1)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._write()

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font."""
        self.document().setDefaultFont(font)
        self.setFont(font)
        self._fit()

    def place_of(self, number: int) -> QPointF:
        """Return the middle of a span's first character in the viewport."""
        start = self._ends[number - 1] if number else 0
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        left = self.cursorRect(cursor)
        cursor.setPosition(start + 1)
        right = self.cursorRect(cursor)
        across = right.x() if right.y() == left.y() else left.x() + 6
        return QPointF((left.x() + across) / 2, left.center().y())

    # --- writing -------------------------------------------------------------------------

    def _write(self) -> None:
        choice = self._choice
        if choice is None:
            return
        self.clear()
        self._ends = []
        cursor = QTextCursor(self.document())
        for span in choice.spans:
            cursor.insertText(_shown(span.text), self._format(choice, span))
            if choice.logprobs:  # else there is nothing to point at
                self._ends.append(cursor.position())
        if not choice.spans:
            cursor.insertText(choice.text, self._plain("text"))
        self._mark()
        self._fit()

    def _plain(self, color: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(QColor(self._theme.colors[color]))
        return look

    def _format(self, choice: Choice, span: Span) -> QTextCharFormat:
        look = self._plain("text" if span.kept else "muted")
        look.setFontStrikeOut(not span.kept)
        if span.token is None:
            look.setFontItalic(bool(choice.logprobs))
        elif span.kept and (number := band(choice.logprobs[span.token].logprob)):
            look.setBackground(QColor(tint(self._theme, number)))
        return look

    def _fit(self) -> None:
        """Take the height of the text, of so many lines at most; only a longer one needs a scroll bar."""
        around = 2 * _MARGIN
        line = self.fontMetrics().lineSpacing()
        frame = self.height() - self.contentsRect().height()
        self.document().setTextWidth(self.contentsRect().width())
        needed, most = math.ceil(self.document().size().height()), _LINES * line + around
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if needed <= most else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(policy)
        self.setFixedHeight(min(max(needed, line + around), most) + frame)

    # --- pointing ------------------------------------------------------------------------

    def _point(self, hovered: int, chosen: int) -> None:
        before = self.current
        self._hovered, self._chosen = hovered, chosen
        if self.current != before:
            self._mark()
            self.pointed.emit(self.current)

    def _mark(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        if self.current >= 0:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document())
            cursor.setPosition(self._ends[self.current - 1] if self.current else 0)
            cursor.setPosition(self._ends[self.current], QTextCursor.MoveMode.KeepAnchor)
            # pyright does not see the attributes of this structure.
            mark.cursor = cursor  # pyright: ignore[reportAttributeAccessIssue]
            mark.format.setBackground(QColor(self._theme.colors["selection"]))  # pyright: ignore[reportAttributeAccessIssue]
            marks.append(mark)
        self.setExtraSelections(marks)
        self.setAccessibleDescription(self._describe())

    def _describe(self) -> str:
        choice, number = self._choice, self.current
        if choice is None or number < 0:
            return ""
        span = choice.spans[number]
        chance = "" if span.token is None else percent(choice.logprobs[span.token].logprob)
        return f"{visible(span.text)} {chance}".strip()

    def _span_at(self, point: QPointF) -> int:
        point = QPointF(point.x() + self.horizontalScrollBar().value(), point.y() + self.verticalScrollBar().value())
        place = self.document().documentLayout().hitTest(point, Qt.HitTestAccuracy.ExactHit)
        if place < 0:
            return -1
        # The nearest gap between two characters: the character is the one left or right of it.
        cursor = QTextCursor(self.document())
        cursor.setPosition(place)
        at = self.cursorRect(cursor).x() + self.horizontalScrollBar().value()
        place -= 1 if point.x() < at else 0
        return next((number for number, end in enumerate(self._ends) if place < end), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at the token under the mouse."""
        super().mouseMoveEvent(event)
        self._point(self._span_at(event.position()), self._chosen)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the token under the mouse: it stays pointed at when the mouse leaves."""
        super().mousePressEvent(event)
        number = self._span_at(event.position())
        self._point(number, number)

    def leaveEvent(self, event: QEvent) -> None:
        """Go back to the token that was chosen."""
        super().leaveEvent(event)
        self._point(-1, self._chosen)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin at the first token."""
        super().focusInEvent(event)
        if (
            self._chosen < 0
            and self._ends
            and event.reason()
            in (
                Qt.FocusReason.TabFocusReason,
                Qt.FocusReason.BacktabFocusReason,
                Qt.FocusReason.ShortcutFocusReason,
                Qt.FocusReason.OtherFocusReason,
            )
        ):
            self._point(self._hovered, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from token to token."""
        last = len(self._ends) - 1
        steps = {
            Qt.Key.Key_Left: self._chosen - 1,
            Qt.Key.Key_Right: self._chosen + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key not in steps or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier or last < 0:
            super().keyPressEvent(event)
            return
        chosen = min(max(steps[key], 0), last)
        self._point(-1, chosen)
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._ends[chosen])
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height to the new width."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()


def _shown(text: str) -> str:
    """Return a span as it is written: line ends get a sign, so that they can be seen and pointed at."""
    return text.replace("\n", "↵\n")
