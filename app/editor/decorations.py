"""What is painted in a text and is no part of it: ghost text, lines of a change, tints, marks; anchored through edits.

Whoever decorates an editor has a name, and sets all that it wants to have there at once. Between two settings an anchor
moves with its line; a decoration whose lines are deleted goes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QTextDocument

Kind = Literal["ghost", "inserted", "removed", "mark"]
Anchor = Literal["above", "below", "inline"]

# Old lines times new lines: beyond this, comparing takes seconds, and lines are matched by their number.
_MOST_COMPARED = 250_000
# Longer texts are not compared at all.
_LONG = 2_000_000
_INDEXED = 64


@dataclass(frozen=True, slots=True)
class Decoration:
    """Something beside ``count`` lines of the document from ``block`` on (0-based).

    ``ghost``: ``lines`` as text that is offered. ``inserted``: ``lines`` on a ground of their own, as a change would
    add them. Both stand ``above`` or ``below`` the block or ``inline`` at ``column``, where the next ``replaces``
    characters are not shown; columns count characters. ``removed``: a tint behind the lines. ``mark``: a bar beside
    their numbers in ``color``, a name of the theme's colours.
    """

    block: int
    kind: Kind
    lines: tuple[str, ...] = ()
    anchor: Anchor = "below"
    column: int = 0
    replaces: int = 0
    count: int = 1
    color: str = "accent"

    def covers(self, block: int) -> bool:
        """Return whether a line is one of those that this is beside."""
        return self.block <= block < self.block + self.count

    def is_placed(self, anchor: Anchor) -> bool:
        """Return whether this shows text at an anchor."""
        return self.anchor == anchor and self.kind in {"ghost", "inserted"} and bool(self.lines)


class Decorations(QObject):
    """The decorations of one document, by the names of their owners.

    ``changed``: others are there or have moved; not in the middle of an edit, while the layout does not know of it.
    """

    changed = Signal()

    def __init__(self, document: QTextDocument, text: Callable[[], str], parent: QObject | None = None) -> None:
        """``text`` gives the document's text with LF line ends, cheaply when nothing changed."""
        super().__init__(parent)
        self._document, self._read = document, text
        self._owned: dict[str, tuple[Decoration, ...]] = {}
        self._index: dict[int, list[Decoration]] | None = None
        self._long: list[Decoration] = []
        self._text = ""
        self._blocks = document.blockCount()
        self._moved = False
        document.contentsChange.connect(self._follow)
        document.contentsChanged.connect(self._tell)

    def set(self, owner: str, decorations: Sequence[Decoration]) -> None:
        """Put these in place of what ``owner`` has there."""
        wanted = tuple(decorations)
        if wanted == self._owned.get(owner, ()):
            return
        self._owned[owner] = wanted
        if not wanted:
            del self._owned[owner]
        self._index = None
        self._text = self._read() if self._owned else ""
        self.changed.emit()

    def of(self, owner: str) -> tuple[Decoration, ...]:
        """Return what ``owner`` has there, where it is now."""
        return self._owned.get(owner, ())

    def clear(self) -> None:
        """Take all away: the document is another one."""
        if self._owned:
            self._owned.clear()
            self._index = None
            self.changed.emit()

    def __iter__(self) -> Iterator[Decoration]:
        for owned in self._owned.values():
            yield from owned

    def beside(self, block: int) -> list[Decoration]:
        """Return those that are beside a line, in the order in which their owners came; long ones last."""
        if not self._owned:
            return []
        if self._index is None:
            self._index = {}
            self._long = [one for one in self if one.count > _INDEXED]
            for decoration in self:
                if decoration.count <= _INDEXED:
                    for number in range(decoration.block, decoration.block + decoration.count):
                        self._index.setdefault(number, []).append(decoration)
        near = self._index.get(block, [])
        return [*near, *(one for one in self._long if one.covers(block))] if self._long else near

    def shape(self) -> tuple[object, ...]:
        """Return what says where rows and marks are, whatever the rows say."""
        return tuple((one.block, one.kind, one.anchor, len(one.lines), one.count, one.color) for one in self)

    @Slot(int, int, int)
    def _follow(self, position: int, _removed: int, added: int) -> None:
        before, self._blocks = self._blocks, self._document.blockCount()
        if not self._owned:
            return
        old_text, self._text = self._text, self._read()
        block = self._document.findBlock(position)
        end = self._document.findBlock(min(position + added, self._document.characterCount() - 1))
        first, new_count = block.blockNumber(), end.blockNumber() - block.blockNumber() + 1
        old_count = max(1, new_count + before - self._blocks)
        if max(len(old_text), len(self._text)) > _LONG:
            old, new = [""] * old_count, [""] * new_count
        else:
            old = old_text.split("\n")[first : first + old_count]
            new = self._text.split("\n")[first : first + new_count]
        change, self._index = LineChange(first, old, new), None
        for owner, owned in list(self._owned.items()):
            self._owned[owner] = tuple(moved for one in owned if (moved := change.moved(one)) is not None)
            self._moved |= self._owned[owner] != owned
            if not self._owned[owner]:
                del self._owned[owner]

    @Slot()
    def _tell(self) -> None:
        if self._moved:
            self._moved = False
            self.changed.emit()


class LineChange:
    """Where the lines of a document are after ``old`` ones, from line ``first`` on, became ``new`` ones."""

    def __init__(self, first: int, old: Sequence[str], new: Sequence[str]) -> None:
        self._first, self._old, self._new = first, old, new
        self._map = line_map(old, new)

    def line(self, number: int) -> int | None:
        """Return where a line is now; None for one that was deleted."""
        inside = number - self._first
        if inside < 0:
            return number
        if inside >= len(self._old):
            return number + len(self._new) - len(self._old)
        image = self._map[inside]
        return None if image is None else self._first + image

    def moved(self, decoration: Decoration) -> Decoration | None:
        """Return a decoration where its lines are now; None where they are gone."""
        inside = decoration.block - self._first
        if decoration.anchor == "inline" and 0 <= inside < len(self._old):
            block, column = self._place(inside, decoration.column)
            joined = self._old[inside] and self._old[inside] in self._new[block - self._first]
            gone = self._map[inside] is None and not joined
            return None if gone else dataclasses.replace(decoration, block=block, column=column)
        numbers = range(decoration.block, decoration.block + decoration.count)
        start = next((image for number in numbers if (image := self.line(number)) is not None), None)
        if start is None:
            return None
        end = next(image for number in reversed(numbers) if (image := self.line(number)) is not None)
        return dataclasses.replace(decoration, block=start, count=end - start + 1)

    def _place(self, line: int, column: int) -> tuple[int, int]:
        """Return where a place of the old lines is now: the number of its line in the document, and its column."""
        if len(self._old) == len(self._new):
            return self._first + line, column_after(self._old[line], self._new[line], column)
        before = sum(len(text) + 1 for text in self._old[:line]) + column
        joined = "\n".join(self._new)
        after = column_after("\n".join(self._old), joined, before)
        return self._first + joined.count("\n", 0, after), after - (joined.rfind("\n", 0, after) + 1)


def line_map(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """Return for each old line the number of the new one that it became, or None.

    Equal lines are matched first; of what lies between, the n-th old line is the n-th new one, and what is over gone.
    """
    if len(old) == len(new):
        return list(range(len(old)))
    found: list[int | None] = [None] * len(old)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        found[head] = head
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        found[-1 - tail] = len(new) - 1 - tail
        tail += 1
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(inner_old) * len(inner_new) > _MOST_COMPARED:
        spans = [("replace", 0, len(inner_old), 0, len(inner_new))]
    else:
        spans = SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_opcodes()
    for _, start, end, new_start, new_end in spans:
        for step in range(min(end - start, new_end - new_start)):
            found[head + start + step] = head + new_start + step
    return found


def column_after(old: str, new: str, column: int) -> int:
    """Return where a column of a line is after the line changed, in characters; inside of what changed, its start."""
    limit = min(len(old), len(new))
    head = 0
    while head < limit and old[head] == new[head]:
        head += 1
    if column <= head:
        return min(column, len(new))
    tail = 0
    while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return column + len(new) - len(old) if column >= len(old) - tail else head
