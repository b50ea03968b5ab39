"""Follows the places of what was taken through the edits of one editor."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QTextDocument

from app.editor.code_points import from_utf16
from assistant.editing.acceptance.retention import Anchor, narrowed


class TakingEditor(Protocol):
    """What is needed of an editor; it is a QObject."""

    def document(self) -> QTextDocument: ...  # noqa: D102
    def plain_text(self) -> str: ...  # noqa: D102
    def cursor_offset(self) -> int: ...  # noqa: D102


class Piece:
    """A text that was taken, and where it is now. ``alive`` says whether its editor is still there."""

    def __init__(self, followed: Followed, start: int, end: int) -> None:
        self._followed = followed
        self.anchor = Anchor(start, end, end - start)
        self.text = followed.text[start:end]
        self.alive = True
        followed.pieces.append(self)

    def extend(self, end: int) -> None:
        """Take in what stands between its start and ``end``: more of the same suggestion was taken."""
        start = self.anchor.start
        self.anchor, self.text = Anchor(start, end, end - start), self._followed.text[start:end]

    def now(self) -> str:
        """Return what stands in its place now."""
        return self._followed.text[self.anchor.start : self.anchor.end]

    def let_go(self) -> None:
        """Follow it no longer."""
        if self.alive:
            self.alive = False
            self._followed.pieces.remove(self)


class Followed(QObject):
    """Lives as long as its editor; hears each edit before the editor's own listeners of ``textChanged``."""

    def __init__(self, editor: QObject, text: TakingEditor) -> None:
        super().__init__(editor)
        self._editor = text
        self.text = text.plain_text()
        self.pieces: list[Piece] = []
        text.document().contentsChange.connect(self._on_edit)

    def end(self) -> None:
        """Give all pieces up: the editor is going."""
        for piece in list(self.pieces):
            piece.let_go()

    @Slot(int, int, int)
    def _on_edit(self, position: int, _removed: int, added: int) -> None:
        if not self.pieces:
            self.text = ""  # not the whole file for nothing
            return
        old, new = self.text, self._editor.plain_text()
        self.text = new
        if old == new:
            return  # only its looks
        # Qt counts UTF-16 units, and at times the end of the document as one more.
        start = from_utf16(new, position)
        come = from_utf16(new, position + added) - start
        gone = len(old) - len(new) + come
        edit = narrowed(old, new, start, gone, come)
        for piece in self.pieces:
            piece.anchor = piece.anchor.after(*edit)

    def take(self, start: int, end: int) -> Piece:
        """Follow what stands between two places (code points) of the text as it is now."""
        self.text = self._editor.plain_text()
        return Piece(self, start, end)
