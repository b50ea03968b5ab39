"""Keeps what became of suggestions: collects outcomes, looks later what is still there, writes between keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.editor.text_port import TextPort
from app.services.connection import Connection
from assistant.editing.acceptance.record import Record, record_of
from assistant.editing.acceptance.retention import AFTER_S, retained_share
from assistant.editing.suggestions.outcomes import Outcome
from assistant.errors import GrafterError

if TYPE_CHECKING:
    from assistant.editing.acceptance.store import AcceptanceStore
    from assistant.editing.acceptance.summary import Summary


from assistant.editing.acceptance.retention import Anchor, narrowed

# Nobody waits for the file: records go there together, a second after the last.
REST_MS = 1000
# A file that another window holds on to must not cost memory without end.
_MOST_WAITING = 1000
_TIMEOUT_S = 0.05


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


@dataclass(slots=True, eq=False)
class _Kept:
    """A record on its way to the file: its number there once it has one, and shares that are not written yet."""

    record: Record
    piece: Piece | None
    taken_at: float
    number: int | None = None
    shares: list[tuple[int, float]] = field(default_factory=list)
    looked: int = 0
    """How many of AFTER_S have passed."""


class AcceptanceLog(QObject):
    """Everything happens in the window's thread: a batch of records costs it about a millisecond.

    ``problem`` carries a sentence for the person, each once. ``second_ms`` is how long a second lasts in looking what
    is still there; tests make it short.
    """

    problem = Signal(str)
    written = Signal()

    def __init__(
        self,
        file: Path,
        connection: Connection,
        parent: QObject | None = None,
        *,
        keep: bool = True,
        rest_ms: int = REST_MS,
        second_ms: float = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.file, self._connection, self._clock = file, connection, clock
        self._keep = keep
        self._second_ms = second_ms
        self._store: AcceptanceStore | None = None
        self._broken = False
        self._open: Piece | None = None  # what was taken of the suggestion that is still shown
        self._taken_at = 0.0
        self._waiting: list[_Kept] = []  # something of these is to be written
        self._watched: list[_Kept] = []  # these are to be looked at
        self._followed: dict[int, Followed] = {}
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(rest_ms)
        self._rest.timeout.connect(self.flush)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.timeout.connect(self._on_look)

    # --- what comes in ------------------------------------------------------------------

    def set_keep(self, keep: bool) -> None:
        """Begin or end keeping; what was noted before is still written."""
        if keep == self._keep:
            return
        self.flush()
        self._keep, self._broken = keep, False
        if not keep:
            self._forget()

    @Slot(object, int)
    def on_taken(self, editor: QObject, length: int) -> None:
        """Note that so many characters were taken; they end at the cursor."""
        if not self._keep or self._broken:
            return
        followed = self._follow(editor)
        end = cast("TextPort", editor).cursor_offset()
        self._taken_at = self._clock()
        if self._open is not None and self._open in followed.pieces:
            self._open.extend(end)
        else:
            self._open = followed.take(end - length, end)

    @Slot(object, str)
    def on_ended(self, outcome: Outcome, language: str) -> None:
        """Note what became of a suggestion. One that the service took back untouched counts as never shown."""
        piece, self._open = self._open, None
        if not self._keep or self._broken or (outcome.fate == "withdrawn" and not outcome.taken):
            if piece is not None:
                piece.let_go()
            return
        state = self._connection.state
        record = record_of(outcome, time.time(), language, state.model, state.adapter)
        kept = _Kept(record, piece, self._taken_at)
        if piece is not None:
            self._watched.append(kept)
            self._wait_for_look()
        self._note(kept)

    # --- what is still there ---------------------------------------------------------------

    def _follow(self, editor: QObject) -> Followed:
        key = id(editor)
        if key not in self._followed:
            followed = Followed(editor, cast("TextPort", editor))
            self._followed[key] = followed

            def gone() -> None:
                followed.end()
                self._followed.pop(key, None)

            editor.destroyed.connect(gone)
        return self._followed[key]

    def _wait_for_look(self) -> None:
        if not self._watched:
            self._look.stop()
            return
        due = min(kept.taken_at + AFTER_S[kept.looked] * self._second_ms / 1000 for kept in self._watched)
        self._look.start(max(0, round((due - self._clock()) * 1000)))

    @Slot()
    def _on_look(self) -> None:
        now = self._clock()
        for kept in list(self._watched):
            piece = kept.piece
            if piece is None or not piece.alive:
                self._watched.remove(kept)
                continue
            passed = (now - kept.taken_at) * 1000 / self._second_ms
            # The timer may be a little early.
            if passed < AFTER_S[kept.looked] - 0.01:
                continue
            share = retained_share(piece.text, piece.now())
            if share is not None:
                kept.shares.append((AFTER_S[kept.looked], share))
                self._note(kept)
            kept.looked += 1
            if kept.looked == len(AFTER_S):
                piece.let_go()
                self._watched.remove(kept)
        self._wait_for_look()

    # --- the file -------------------------------------------------------------------------

    def _note(self, kept: _Kept) -> None:
        if kept not in self._waiting:
            self._waiting.append(kept)
            del self._waiting[:-_MOST_WAITING]
        if not self._rest.isActive():
            self._rest.start()

    @Slot()
    def flush(self) -> None:
        """Write what waits; what another window keeps from being written waits on."""
        self._rest.stop()
        if not self._waiting or self._broken:
            return
        from assistant.editing.acceptance.store import StoreBusy  # noqa: PLC0415 - the window starts without SQLite

        store = self._opened()
        new = [kept for kept in self._waiting if kept.number is None]
        try:
            for kept, number in zip(new, store.add([kept.record for kept in new]) if new else [], strict=True):
                kept.number = number
            shares = [(k.number, after, share) for k in self._waiting for after, share in k.shares if k.number]
            if shares:
                store.set_there(shares)
        except StoreBusy:
            self._rest.start()
            return
        except GrafterError as error:
            self._broken = True
            self._forget()
            self.problem.emit(str(error))
            return
        for kept in self._waiting:
            kept.shares.clear()
        self._waiting.clear()
        self._tell_notice()
        self.written.emit()

    def summary(self, days: int | None) -> Summary:
        """Return the figures of the last ``days`` days (None: of all), with what has just happened.

        Raises GrafterError.
        """
        self.flush()
        summary = self._opened().summary(days)
        self._tell_notice()
        return summary

    def erase(self) -> None:
        """Forget everything. Raises GrafterError."""
        self._forget()
        self._opened().erase()
        self._broken = False
        self.written.emit()

    @Slot()
    def close(self) -> None:
        """Write what waits, and end."""
        self.flush()
        self._forget()
        self._keep = False
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> AcceptanceStore:
        if self._store is None:
            from assistant.editing.acceptance.store import AcceptanceStore  # noqa: PLC0415 - as above

            self._store = AcceptanceStore(self.file, timeout_s=_TIMEOUT_S)
        return self._store

    def _tell_notice(self) -> None:
        store = self._opened()
        if store.notice:
            notice, store.notice = store.notice, ""
            self.problem.emit(notice)

    def _forget(self) -> None:
        """Give up what waits and what is watched."""
        for followed in self._followed.values():
            followed.end()
        self._waiting.clear()
        self._watched.clear()
        self._open = None
        self._rest.stop()
        self._look.stop()
