"""Follows the places of what was taken through the edits of one editor."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from app.editor.text_port import TextPort
from assistant.editing.acceptance.retention import Anchor, narrowed


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

    def __init__(self, editor: QObject, text: TextPort) -> None:
        super().__init__(editor)
        self._editor = text
        self.text = text.plain_text()
        self.pieces: list[Piece] = []
        text.edited.connect(self._on_edit)

    def end(self) -> None:
        """Give all pieces up: the editor is going."""
        for piece in list(self.pieces):
            piece.let_go()

    @Slot(int, int)
    def _on_edit(self, start: int, come: int) -> None:
        if not self.pieces:
            self.text = ""  # not the whole file for nothing
            return
        old, new = self.text, self._editor.plain_text()
        self.text = new
        if old == new:
            return  # only its looks
        gone = len(old) - len(new) + come
        edit = narrowed(old, new, start, gone, come)
        for piece in self.pieces:
            piece.anchor = piece.anchor.after(*edit)

    def take(self, start: int, end: int) -> Piece:
        """Follow what stands between two places (code points) of the text as it is now."""
        self.text = self._editor.plain_text()
        return Piece(self, start, end)
