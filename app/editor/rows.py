"""What a line of a document looks like: virtual rows above, the line with what is laid into it, virtual rows below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QTextBlock, QTextLayout, QTextOption

from app.editor.decorations import Anchor, Decoration, Decorations
from app.editor.ghost import Woven
from app.editor.highlighter import Highlighter
from app.editor.lexing import MAX_LINE
from app.editor.line_cache import GHOST, INSERTED, LineCache

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
    """Makes the rows of blocks. ``width``: pixels at which long lines are wrapped, where they are."""

    def __init__(
        self, lines: LineCache, highlighter: Highlighter, decorations: Decorations, width: Callable[[], float]
    ) -> None:
        self._lines, self._highlighter, self._decorations, self._width = lines, highlighter, decorations, width

    def of(self, block: QTextBlock) -> BlockRows:
        """Return the rows of a block that is laid out.

        Lines being composed by an input method and very long ones are Qt's own layout.
        """
        decorations = self._decorations.beside(block.blockNumber())
        pieces = [
            (one.column, "\n".join(one.lines), one.replaces, _STYLES[one.kind])
            for one in decorations
            if one.is_placed("inline") and one.block == block.blockNumber()
        ]
        woven = Woven.of(block.text(), pieces) if pieces else None
        above, below = self._virtual(decorations, "above", block), self._virtual(decorations, "below", block)
        if woven is None and (block.length() > MAX_LINE or block.layout().preeditAreaText()):
            return BlockRows(above, block.layout(), None, below, own=True, beside=tuple(decorations))
        runs, option, width = self._highlighter.runs(block), *self._wrapping(block)
        text = block.text() if woven is None else woven.shown
        line = self._lines.get(text, runs if woven is None else woven.runs(runs), option, width)
        return BlockRows(above, line, woven, below, own=False, beside=tuple(decorations))

    def around(self, block: QTextBlock) -> tuple[int, int]:
        """Return how many rows there are above a block that is laid out, and in all beside its own layout's."""
        if not any(one.lines for one in self._decorations.beside(block.blockNumber())):
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
        if not any(one.is_placed(anchor) for one in decorations):
            return ()  # nearly every block, at each painting
        option, number = QTextOption(block.document().defaultTextOption()), block.blockNumber()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        return tuple(
            (one, self._lines.get(line, ((0, len(line), GHOST),) if one.kind == "ghost" else (), option, 0.0))
            for one in decorations
            if one.is_placed(anchor) and number == (one.block if anchor == "above" else one.block + one.count - 1)
            for line in one.lines
        )

    def _wrapping(self, block: QTextBlock) -> tuple[QTextOption, float]:
        document = block.document()
        option = document.defaultTextOption()
        wraps = option.wrapMode() != QTextOption.WrapMode.NoWrap
        return option, self._width() - 2 * document.documentMargin() if wraps else 0.0
