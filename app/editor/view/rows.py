"""What a line of a document looks like: virtual rows above, the line with what is laid into it, virtual rows below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QTextBlock, QTextLayout

from app.editor.decorations import Anchor, Decoration, Decorations
from app.editor.ghost import Woven
from app.editor.highlighter import Highlighter
from app.editor.lexing import MAX_LINE
from app.editor.view.line_cache import GHOST, INSERTED, LineCache, lowered_runs

_KEPT = 200
_STYLES = {"ghost": GHOST, "inserted": INSERTED}


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The rows of a block in their order: ``above``, those of ``line``, ``below``; each virtual row with its layout.

    ``woven``: the line with the texts laid into it, None where there are none.
    """

    above: tuple[tuple[Decoration, QTextLayout], ...]
    line: QTextLayout
    woven: Woven | None
    below: tuple[tuple[Decoration, QTextLayout], ...]
    own: bool
    """Whether ``line`` is Qt's own layout, whose lines stand below the rows above already."""
    beside: tuple[Decoration, ...]
    """All decorations of the block."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.above) + self.line.lineCount() + len(self.below)


class Rows:
    """Makes the rows of blocks. ``width`` gives the pixels at which lines are wrapped; 0: none is."""

    def __init__(
        self, lines: LineCache, highlighter: Highlighter, decorations: Decorations, width: Callable[[], float]
    ) -> None:
        self._lines, self._highlighter, self._decorations, self._width = lines, highlighter, decorations, width
        self._made: dict[int, tuple[tuple[object, ...], BlockRows]] = {}

    def of(self, block: QTextBlock) -> BlockRows:
        """Return the rows of a block that is laid out.

        Lines being composed by an input method and very long ones are Qt's own layout.
        """
        decorations = self._decorations.beside(block.blockNumber())
        if not decorations:  # nearly every block, at each painting
            own = self._is_own(block)
            return BlockRows((), block.layout() if own else self._line(block, None), None, (), own, ())
        # Qt asks for the height of a block many times for a key, and that takes the rows of a decorated one.
        made_of = (
            block.text(), self._highlighter.runs(block), self._around_virtual(block, decorations), self._width(),
            decorations, self._lines.generation,
        )  # fmt: skip
        known = self._made.get(block.blockNumber())
        if known is not None and known[0] == made_of and not self._is_own(block):
            return known[1]
        rows = self._make(block, decorations)
        if len(self._made) >= _KEPT:
            self._made.clear()
        if not rows.own:
            self._made[block.blockNumber()] = made_of, rows
        return rows

    def _make(self, block: QTextBlock, decorations: list[Decoration]) -> BlockRows:
        pieces = [
            (one.column, "\n".join(one.lines), one.replaces, _STYLES[one.kind])
            for one in decorations
            if one.is_placed("inline") and one.block == block.blockNumber()
        ]
        woven = Woven.of(block.text(), pieces) if pieces else None
        above, below = self._virtual(decorations, "above", block), self._virtual(decorations, "below", block)
        own = woven is None and self._is_own(block)
        line = block.layout() if own else self._line(block, woven)
        return BlockRows(above, line, woven, below, own, tuple(decorations))

    def are_decorated(self, block: QTextBlock) -> bool:
        """Return whether a block has any decoration: cheap, where ``of`` lays its line out."""
        return bool(self._decorations.beside(block.blockNumber()))

    def around(self, block: QTextBlock) -> tuple[int, int]:
        """Return how many rows there are above a block that is laid out, and in all beside its own layout's."""
        decorations = self._decorations.beside(block.blockNumber())
        if not decorations or not any(one.lines for one in decorations):
            return 0, 0
        rows = self.of(block)
        return len(rows.above), max(0, rows.count - block.layout().lineCount())

    def widest(self, document_block: Callable[[int], QTextBlock]) -> float:
        """Return how far right the decorations reach, in pixels of the document."""
        reach = 0.0
        for decoration in self._decorations:
            block = document_block(decoration.block)
            if block.isValid() and decoration.lines:
                rows = self.of(block)
                for layout in (rows.line, *(layout for _, layout in (*rows.above, *rows.below))):
                    lines = [layout.lineAt(index) for index in range(layout.lineCount())]
                    reach = max(reach, *(line.x() + line.naturalTextWidth() for line in lines))
        return reach

    def _virtual(
        self, decorations: list[Decoration], anchor: Anchor, block: QTextBlock
    ) -> tuple[tuple[Decoration, QTextLayout], ...]:
        """Return the rows above the first or below the last line that a decoration is beside; none is wrapped."""
        number = block.blockNumber()
        shown = [
            (one, line)
            for one in decorations
            if one.is_placed(anchor) and number == (one.block if anchor == "above" else one.block + one.count - 1)
            for line in one.lines
        ]
        if not shown:
            return ()
        place = number if anchor == "above" else number + 1
        colored = self._highlighter.virtual_runs(place, tuple(line for _, line in shown))
        return tuple(
            (one, self._lines.get(line, lowered_runs(one.kind, runs, len(line)), 0.0))
            for (one, line), runs in zip(shown, colored, strict=True)
        )

    def _around_virtual(self, block: QTextBlock, decorations: list[Decoration]) -> tuple[object, ...]:
        """Return what the colours of a block's virtual rows depend on beside their text."""
        number = block.blockNumber()
        places = {one.anchor for one in decorations if one.lines}
        return tuple(
            self._highlighter.beginning(place) if anchor in places else None
            for anchor, place in (("above", number), ("below", number + 1))
        )

    def _is_own(self, block: QTextBlock) -> bool:
        return block.length() > MAX_LINE or bool(block.layout().preeditAreaText())

    def _line(self, block: QTextBlock, woven: Woven | None) -> QTextLayout:
        runs = self._highlighter.runs(block)
        if woven is None:
            return self._lines.get(block.text(), runs, self._width())
        return self._lines.get(woven.shown, woven.runs(runs), self._width())
