"""Laid-out, coloured lines for painting, kept while neither their text nor their colours change.

Colours live in these layouts and not in the document, so that colouring a line never
counts as a change of the document and costs nothing for lines that nobody sees.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextLayout, QTextOption

from app.editor.code_points import to_utf16
from app.editor.lexing import Run, Runs
from app.editor.view.document_layout import DocumentLayout
from app.theme import Theme
from app.theme.lowering import READABLE, STRONG, lowered

GHOST = "ghost"
INSERTED = "inserted_text"
_WIDE = 1e6
_KEPT = 600


def lowered_runs(kind: str, runs: Runs, length: int) -> Runs:
    """Return the runs of a virtual line of a kind (``ghost``, ``inserted``), which all of its ``length`` is part of."""
    found: list[Run] = []
    place = 0
    for start, count, style in (*runs, (length, 0, "")):
        if start > place:
            found.append((place, start - place, _lowered_style(kind, "")))
        if count:
            found.append((start, count, _lowered_style(kind, style)))
        place = start + count
    return tuple(found)


def _lowered_style(kind: str, style: str) -> str:
    return f"{kind}:{style}"


class LineCache:
    """Makes the layouts; call ``clear`` (or one of the setters) when font, theme or wrapping change."""

    def __init__(self, layout: DocumentLayout) -> None:
        self._document_layout = layout
        self._font = QFont()
        self._formats: dict[str, QTextCharFormat] = {}
        self._layouts: dict[tuple[str, Runs, float], QTextLayout] = {}
        self.generation = 0
        """Another number after each ``clear``: layouts that were got before are out of date."""

    def clear(self) -> None:
        """Forget every layout."""
        self._layouts.clear()
        self.generation += 1

    def set_font(self, font: QFont) -> None:
        """Use another font."""
        self._font = QFont(font)
        self.clear()

    def set_theme(self, theme: Theme) -> None:
        """Use another theme's syntax colours."""
        self._formats = {}
        for style, color in {**theme.syntax, GHOST: theme.colors["ghost"], INSERTED: theme.colors["text"]}.items():
            self._formats[style] = QTextCharFormat()
            self._formats[style].setForeground(QColor(color))
        # Italics say that it is no part of the file, also to people who see no difference of grey.
        self._formats[GHOST].setFontItalic(True)
        self._formats[INSERTED].setBackground(QColor(theme.colors["added_line"]))
        self._lower(theme, "ghost", "ghost", ("background", "current_line"), 0.5)
        self._lower(theme, "inserted", "added_line", ("added_line",), 0.2)
        self.clear()

    def _lower(self, theme: Theme, kind: str, towards: str, grounds: tuple[str, ...], share: float) -> None:
        """Make the formats of virtual lines of a kind: the syntax colours with a share of another one."""
        least = STRONG if theme.name == "high-contrast" else READABLE
        found = [theme.colors[ground] for ground in grounds]
        plain = theme.colors["ghost" if kind == "ghost" else "text"]
        for style, color in {**theme.syntax, "": plain}.items():
            made = self._formats[_lowered_style(kind, style)] = QTextCharFormat()
            made.setForeground(QColor(lowered(color, theme.colors[towards], found, share, least)))
            made.setFontItalic(kind == "ghost")

    def get(self, text: str, runs: Runs, width: float) -> QTextLayout:
        """Return the layout of a line (U+2028 breaks it) with its runs, its lines placed in their slots.

        It is wrapped at ``width`` pixels as the document wraps; 0 wraps nothing.
        """
        key = (text, runs, width)
        layout = self._layouts.get(key)
        if layout is None:
            if len(self._layouts) >= _KEPT:
                self.clear()
            layout = self._layouts[key] = self._make(text, runs, width)
        return layout

    def _make(self, text: str, runs: Runs, width: float) -> QTextLayout:
        document = self._document_layout.document()
        option = document.defaultTextOption()
        if not width:
            option.setWrapMode(QTextOption.WrapMode.NoWrap)
        layout = QTextLayout(text, self._font)
        layout.setCacheEnabled(True)
        layout.setTextOption(option)
        formats: list[QTextLayout.FormatRange] = []
        for start, length, style in runs:
            item = QTextLayout.FormatRange()
            item.start = to_utf16(text, start)
            item.length = to_utf16(text, start + length) - item.start
            item.format = self._formats[style]
            formats.append(item)
        layout.setFormats(formats)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLeadingIncluded(True)
            line.setLineWidth(width or _WIDE)
            line.setPosition(QPointF(document.documentMargin(), 0.0))
        layout.endLayout()
        self._document_layout.place_lines(layout)
        return layout
