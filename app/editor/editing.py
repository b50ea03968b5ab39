"""The edits that keys make beyond plain typing, on a QTextCursor; each is one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtGui import QTextBlock, QTextCursor, QTextLine

from app.editor import indent
from app.editor.brackets import Place
from app.editor.code_points import utf16_length
from app.editor.indent_style import IndentStyle


@contextmanager
def one_step(cursor: QTextCursor) -> Iterator[None]:
    """Make everything inside one undo step."""
    cursor.beginEditBlock()
    try:
        yield
    finally:
        cursor.endEditBlock()


def sides(cursor: QTextCursor) -> tuple[str, str]:
    """Return the text of the cursor's line on its left and on its right."""
    text = cursor.block().text()
    raw = text.encode("utf-16-le", "surrogatepass")
    cut = cursor.positionInBlock() * 2
    return raw[:cut].decode("utf-16-le", "surrogatepass"), raw[cut:].decode("utf-16-le", "surrogatepass")


def select_after(cursor: QTextCursor, count: int) -> None:
    """Select the next ``count`` characters (code points) of the cursor's line; fewer where it ends before."""
    _, after = sides(cursor)
    cursor.setPosition(cursor.position() + utf16_length(after[:count]), QTextCursor.MoveMode.KeepAnchor)


def x_at(line: QTextLine, position: int) -> float:
    """Return where on a laid-out line a position stands, in pixels."""
    # PySide gives the C++ function's out parameter back as well; its stub does not say so.
    found: Any = line.cursorToX(position)
    return float(found[0])


def break_line(cursor: QTextCursor, style: IndentStyle, python_like: bool) -> None:
    """Insert a line break with the right indentation; between brackets the closing one goes to a line of its own."""
    with one_step(cursor):
        cursor.removeSelectedText()
        before, after = sides(cursor)
        text = "\n" + indent.after_line(before, style.unit, python_like, style.tab_width)
        cursor.insertText(text)
        if indent.opens_pair(before, after):
            place = cursor.position()
            cursor.insertText("\n" + indent.leading(before))
            cursor.setPosition(place)
        elif after.startswith((" ", "\t")):
            # What stood behind the cursor takes the new indentation instead of its blanks.
            for _ in indent.leading(after):
                cursor.deleteChar()


def indent_at(cursor: QTextCursor, style: IndentStyle) -> None:
    """Insert blanks up to the next level; with a selection indent its lines."""
    if cursor.hasSelection():
        _change_lines(cursor, lambda line: indent.shifted(line, style.unit))
    else:
        cursor.insertText(indent.to_next_stop(sides(cursor)[0], style.unit, style.tab_width))


def outdent(cursor: QTextCursor, style: IndentStyle) -> None:
    """Take one level from the cursor's line, to the stop before; with a selection undo what ``indent_at`` does."""
    unit, width = style.unit, style.tab_width
    if cursor.hasSelection():
        _change_lines(cursor, lambda line: indent.shifted_back(line, unit, width))
    else:
        _change_lines(cursor, lambda line: indent.outdented(indent.leading(line), unit, width) + line.lstrip(" \t"))


def delete_back(cursor: QTextCursor, style: IndentStyle) -> bool:
    """Delete back to the stop before in leading blanks; return False where plain Backspace is right."""
    if cursor.hasSelection():
        return False
    length = indent.backspace_length(sides(cursor)[0], style.unit, style.tab_width)
    if length <= 1:
        return False
    cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, length)
    cursor.removeSelectedText()
    return True


def close_bracket(cursor: QTextCursor, bracket: str, opener: Callable[[int, int, str], Place | None]) -> bool:
    """Type a closing bracket at the start of a line, as deep as the line that it closes.

    Returns False where the line holds more than blanks or nothing is open.
    """
    before, _ = sides(cursor)
    if cursor.hasSelection() or before.strip(" \t") or not before:
        return False
    block = cursor.block()
    place = opener(block.blockNumber(), len(before), bracket)
    if place is None:
        return False
    wanted = indent.leading(block.document().findBlockByNumber(place[0]).text())
    with one_step(cursor):
        cursor.setPosition(block.position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(wanted + bracket)
    return True


def to_line_start(cursor: QTextCursor, keep_anchor: bool) -> None:
    """Go to the first character of the line that is not blank, or from there to the very start."""
    mode = QTextCursor.MoveMode.KeepAnchor if keep_anchor else QTextCursor.MoveMode.MoveAnchor
    first = len(indent.leading(cursor.block().text()))
    target = 0 if cursor.positionInBlock() == first else first
    cursor.setPosition(cursor.block().position() + target, mode)


def _selected_blocks(cursor: QTextCursor) -> Iterator[QTextBlock]:
    document = cursor.document()
    start, end = cursor.selectionStart(), cursor.selectionEnd()
    first, last = document.findBlock(start), document.findBlock(end)
    if cursor.hasSelection() and end == last.position() and last != first:
        last = last.previous()
    number, count = first.blockNumber(), last.blockNumber() - first.blockNumber() + 1
    for offset in range(count):
        yield document.findBlockByNumber(number + offset)


def _change_lines(cursor: QTextCursor, change: Callable[[str], str]) -> None:
    """Change the leading blanks of the selected lines without touching the rest, so that selections stay."""
    edit = QTextCursor(cursor)
    with one_step(edit):
        for block in _selected_blocks(cursor):
            line = block.text()
            old, new = indent.leading(line), indent.leading(change(line))
            common = 0
            while common < min(len(old), len(new)) and old[common] == new[common]:
                common += 1
            edit.setPosition(block.position() + common)
            edit.setPosition(block.position() + len(old), QTextCursor.MoveMode.KeepAnchor)
            if edit.hasSelection() or new[common:]:
                edit.insertText(new[common:])
