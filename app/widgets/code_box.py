"""A piece of code to read: in the colours of its language, with one stretch marked; it can be selected and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.editor.code_points import to_utf16
from app.editor.lexing import find_lexer, lex_lines
from app.theme import Theme

_MOST = 20_000
"""Characters that are coloured; what is longer is nothing to read in a box."""

Mark = tuple[int, int]
"""Begin and end of a stretch, in characters."""


def level(text: str, before: str) -> str:
    """Return what follows ``before`` without the indentation of its last line, as if that began at the margin."""
    line = before[before.rfind("\n") + 1 :]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return text.replace("\n" + indent, "\n") if indent else text


class CodeBox(QPlainTextEdit):
    """Shows one text. ``least`` and ``most`` are its heights in lines."""

    def __init__(
        self, theme: Theme, name: str, parent: QWidget | None = None, *, least: int = 2, most: int = 14
    ) -> None:
        super().__init__(parent)
        self.setObjectName("codeBox")
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(8)
        self._theme, self._least, self._most = theme, least, most
        self._shown: tuple[str, str, Mark | None] = ("", "", None)

    @property
    def marked(self) -> str:
        """The stretch that is marked."""
        text, _, mark = self._shown
        return text[slice(*mark)] if mark else ""

    def show_code(self, text: str, language: str, mark: Mark | None = None) -> None:
        """Show ``text`` as a language (an alias or a file name), the mark in sight."""
        self._shown = (text, language, mark)
        self.setPlainText(text)
        self._color()
        self._fit()
        if mark is not None:
            cursor = QTextCursor(self.document())
            cursor.setPosition(to_utf16(text, mark[0]))
            self.setTextCursor(cursor)
            self.centerCursor()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._color()

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font, not larger than the words around it."""
        font = QFont(font)
        beside = self.parentWidget()
        if beside is not None:
            font.setPointSizeF(min(font.pointSizeF(), beside.font().pointSizeF()))
        self.setFont(font)
        self.document().setDefaultFont(font)
        self._fit()

    def _color(self) -> None:
        text, language, mark = self._shown
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setCharFormat(QTextCharFormat())
        lexer = find_lexer(language) if language and len(text) <= _MOST else None
        if lexer is not None:
            start = 0
            for line, (runs, _) in zip(text.split("\n"), lex_lines(lexer, text), strict=False):
                for column, length, style in runs:
                    if style:
                        self._format(start + column, start + column + length, foreground=self._theme.syntax[style])
                start += len(line) + 1
        if mark is not None:
            self._format(*mark, background=self._theme.colors["selection"])

    def _format(self, start: int, end: int, *, foreground: str = "", background: str = "") -> None:
        text = self._shown[0]
        style = QTextCharFormat()
        if foreground:
            style.setForeground(QColor(foreground))
        if background:
            style.setBackground(QColor(background))
        cursor = QTextCursor(self.document())
        cursor.setPosition(to_utf16(text, start))
        cursor.setPosition(to_utf16(text, end), QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(style)

    def _fit(self) -> None:
        lines = min(self._most, max(self._least, self.blockCount()))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(round(self.fontMetrics().lineSpacing() * lines + 2 * 8 + bar))
