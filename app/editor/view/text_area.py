"""The ground of the code editor: a text in taller lines, with decorations, and where everything of it is in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QMetaMethod, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QTextBlock, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.editor.code_points import from_utf16
from app.editor.decorations import Decoration, Decorations
from app.editor.highlighter import Highlighter
from app.editor.view.document_layout import DocumentLayout
from app.editor.view.line_cache import LineCache
from app.editor.view.rows import BlockRows, Rows

_MARGIN = 8


class TextArea(QPlainTextEdit):
    """Holds one text and knows what each line looks like; what is drawn and what moves stands on it."""

    edited = Signal(int, int)
    """From which offset on how many characters are new; comes before ``textChanged``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text: str | None = None
        document = QTextDocument(self)
        document.setDocumentMargin(_MARGIN)
        self._layout = DocumentLayout(document)
        document.setDocumentLayout(self._layout)
        self.setDocument(document)
        # Before everybody else's connections, which ask for the text. (Not by revision(): setPlainText resets it.)
        document.contentsChange.connect(self._forget_text)
        document.contentsChange.connect(self._tell_edit)
        self._lines = LineCache(self._layout)
        self._highlighter = Highlighter(document, self.plain_text, self)
        self._decorations = Decorations(document, self.plain_text, self)
        self._rows = Rows(self._lines, self._highlighter, self._decorations, self._wrap_width)
        self._layout.set_rows(self._rows.around)

    def plain_text(self) -> str:
        """Return the whole text with LF line ends, no-break spaces and all (Qt's toPlainText replaces those)."""
        if self._text is None:
            self._text = self.document().toRawText().replace("\u2029", "\n")
        return self._text

    @Slot()
    def _forget_text(self) -> None:
        self._text = None

    @Slot(int, int, int)
    def _tell_edit(self, position: int, _removed: int, added: int) -> None:
        if not self.isSignalConnected(QMetaMethod.fromSignal(self.edited)):
            return
        # Qt counts UTF-16 units, and at times the end of the document as one more.
        text = self.plain_text()
        self.edited.emit(start := from_utf16(text, position), from_utf16(text, position + added) - start)

    # --- decorations -------------------------------------------------------------------

    def decorate(self, owner: str, decorations: Sequence[Decoration]) -> None:
        """Show these in place of what ``owner``, a name, had put there; they follow their lines through edits."""
        self._decorations.set(owner, decorations)

    def decorations(self, owner: str) -> tuple[Decoration, ...]:
        """Return what ``owner`` has put there, where it is now."""
        return self._decorations.of(owner)

    def rows_of(self, block: QTextBlock) -> BlockRows:
        """Return what a block looks like, row by row."""
        return self._rows.of(block)

    def is_decorated(self, block: QTextBlock | None = None) -> bool:
        """Return whether there is anything beside a block, or beside any."""
        return bool(self._decorations.shape()) if block is None else self._rows.are_decorated(block)

    # --- geometry ----------------------------------------------------------------------

    @property
    def line_lift(self) -> float:
        """Pixels from the top of a line's slot to its letters' box."""
        return self._layout.lift

    @property
    def line_pitch(self) -> float:
        """Pixels from one line to the next."""
        return self._layout.pitch

    def visible_blocks(self) -> Iterator[tuple[QTextBlock, float]]:
        """Yield each block that is seen and the top of its first line, in pixels of the viewport."""
        block = self.firstVisibleBlock()
        top = self.contentOffset().y()
        bottom = self.viewport().height()
        while block.isValid() and top <= bottom:
            height = self._layout.blockBoundingRect(block).height()
            if block.isVisible():
                yield block, top
            top += height
            block = block.next()

    def _wrap_width(self) -> float:
        if self.lineWrapMode() == QPlainTextEdit.LineWrapMode.NoWrap:
            return 0.0
        return max(1.0, self.viewport().width() - 2 * self.document().documentMargin())

    @property
    def letter_width(self) -> float:
        """Pixels of a letter."""
        return QFontMetricsF(self.font()).horizontalAdvance("m")
