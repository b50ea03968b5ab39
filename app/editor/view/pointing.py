"""Between the points that a person means and those that Qt must see to find the same place in a text."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent

from app.editor.editing import x_at
from app.editor.view.text_area import TextArea


def text_point(view: TextArea, point: QPointF) -> QPointF:
    """Return the point of the viewport that Qt must see for a point that a person means.

    Qt finds places only in the letters' boxes, not in the space between lines, and knows nothing of virtual rows or of
    text that something laid into a line has pushed aside. A virtual row means the line beside it.
    """
    if not 0 <= point.y() < view.viewport().height():
        return point
    left = view.contentOffset().x()
    for block, top in view.visible_blocks():
        if point.y() >= top + view.blockBoundingRect(block).height():
            continue
        layout, rows = block.layout(), view.rows_of(block)
        row = int((point.y() - top) // view.line_pitch) - len(rows.above)
        x = point.x()
        if rows.woven is None:
            line = layout.lineAt(min(max(row, 0), layout.lineCount() - 1))
        else:
            shown = rows.line.lineAt(min(max(row, 0), rows.line.lineCount() - 1))
            place = rows.woven.line_position(shown.xToCursor(x - left))
            line = layout.lineForTextPosition(place)
            x = x_at(line, place) + left
        return QPointF(x, top + line.y() + line.height() / 2)
    return point


def moved(view: TextArea, event: QMouseEvent) -> QMouseEvent:
    """Return an event as it is where Qt must see it for the point that a person means."""
    point = text_point(view, event.position())
    if point == event.position():
        return event
    return QMouseEvent(
        event.type(),
        point,
        event.scenePosition(),
        event.globalPosition(),
        event.button(),
        event.buttons(),
        event.modifiers(),
        event.pointingDevice(),
    )
