"""Paints what is seen of a text view; Qt's own painting knows neither taller lines nor decorations."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QTextBlock, QTextCharFormat, QTextCursor

from app.editor.view.painting import Area, LinePainter, Mark, full_width
from app.editor.view.text_area import TextArea
from app.theme import Theme


@dataclass(frozen=True, slots=True)
class Look:
    """The colours, the positions of brackets to mark, and the words of the key cap after a ghost; '' is none."""

    theme: Theme
    brackets: tuple[int, ...]
    hint: str


def paint(view: TextArea, painter: QPainter, area: QRect, look: Look) -> None:
    """Paint an area of the viewport."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(area)
    painter.fillRect(area, QColor(look.theme.colors["background"]))
    width = max(float(view.viewport().width()), view.document().documentLayout().documentSize().width())
    lines = LinePainter(painter, look.theme, Area(width, view.line_pitch, view.line_lift, view.letter_width))
    scene = _Scene(
        QRectF(area),
        view.contentOffset().x(),
        view.textCursor(),
        None if view.isReadOnly() else view.getPaintContext().cursorPosition,
        _marks(view, look.theme),
    )
    for block, top in view.visible_blocks():
        _paint_block(view, lines, block, top, look, scene)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is the same for all blocks of one painting; ``caret`` as Qt's paint context says it."""

    area: QRectF
    left: float
    cursor: QTextCursor
    caret: int | None
    marks: list[Mark]


def _paint_block(view: TextArea, lines: LinePainter, block: QTextBlock, top: float, look: Look, scene: _Scene) -> None:
    rows = view.rows_of(block)
    own = top + len(rows.above) * view.line_pitch
    origin = QPointF(scene.left, top)
    line_origin = QPointF(scene.left, top if rows.own else own)
    is_current = block == scene.cursor.block()
    if is_current and not scene.cursor.hasSelection():
        lines.current_line(own, rows.line.lineCount())
    lines.decorations(rows, QPointF(scene.left, own))
    lines.marks(block, block.layout(), origin, scene.marks)
    for position in look.brackets if rows.woven is None else ():
        if block.contains(position):
            lines.bracket(block, block.layout(), origin, position)
    lines.text(rows.line, line_origin, scene.area)
    caret = None if scene.caret is None else _caret_in(block, scene.caret)
    if caret is not None:
        lines.caret(block.layout(), origin, caret, view.cursorWidth())
    if is_current and rows.woven is not None and look.hint:
        lines.key_hint(rows.line, line_origin, look.hint, view.font())


def _marks(view: TextArea, theme: Theme) -> list[Mark]:
    marks: list[Mark] = []
    # PySide's stubs leave the two attributes of ExtraSelection out.
    for selection in view.extraSelections():
        cursor, style = selection.cursor, QTextCharFormat(selection.format)  # type: ignore[attr-defined]
        marks.append(Mark(cursor.selectionStart(), cursor.selectionEnd(), style, full_width(style)))
    cursor = view.textCursor()
    if cursor.hasSelection():
        style = QTextCharFormat()
        style.setBackground(QColor(theme.colors["selection"]))
        marks.append(Mark(cursor.selectionStart(), cursor.selectionEnd(), style))
    return marks


def _caret_in(block: QTextBlock, position: int) -> int | None:
    """Return where in a block's layout the caret is; below -1 it stands in text being composed (as in Qt's source)."""
    layout = block.layout()
    if position < -1:
        return layout.preeditAreaPosition() - (position + 2) if layout.preeditAreaText() else None
    return position - block.position() if block.contains(position) else None
