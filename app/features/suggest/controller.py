"""Ties the completion session to Qt: one timer, the service, and the editor that has the focus."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QTextCursor, QTextDocument

from app.services.api import ApiClient
from app.services.connection import Connection, ConnectionState
from app.services.reply import EventReply
from assistant.config import Settings
from assistant.editing.suggestions.actions import (
    Action,
    Arrived,
    Cancel,
    Clear,
    Ended,
    Explain,
    Send,
    SetTimer,
    Show,
    Status,
    StatusKind,
)
from assistant.editing.suggestions.pace import Pace
from assistant.editing.suggestions.requests import Requests
from assistant.editing.suggestions.session import CompletionSession, Options
from assistant.types import CompleteRequest, Event, Place

Around = tuple[tuple[Place, ...], tuple[str, ...]]
"""Where the person was lately, the newest first, and the other open files, as paths from the workspace."""


class SuggestionEditor(Protocol):
    """What the controller needs of an editor: QPlainTextEdit with ghost text, offsets in code points.

    Signals: ``textChanged``, ``cursorPositionChanged``, ``selectionChanged``, ``suggestion_accepted(kind, text)``,
    ``suggestion_dismissed()``, ``suggestion_requested()``, ``cycle_requested(step)``, ``composing_changed(composing)``
    and QObject's ``destroyed``.
    """

    textChanged: ClassVar[Any]  # noqa: N815
    cursorPositionChanged: ClassVar[Any]  # noqa: N815
    selectionChanged: ClassVar[Any]  # noqa: N815
    destroyed: ClassVar[Any]
    suggestion_accepted: Any
    suggestion_dismissed: Any
    suggestion_requested: Any
    cycle_requested: Any
    composing_changed: Any

    def document(self) -> QTextDocument: ...  # noqa: D102
    def textCursor(self) -> QTextCursor: ...  # noqa: D102, N802
    def isReadOnly(self) -> bool: ...  # noqa: D102, N802
    def plain_text(self) -> str: ...  # noqa: D102
    def cursor_offset(self) -> int: ...  # noqa: D102
    def language(self) -> str: ...  # noqa: D102
    def show_suggestion(self, text: str, replaces: int = 0) -> None: ...  # noqa: D102
    def clear_suggestion(self) -> None: ...  # noqa: D102


class CompletionController(QObject):
    """Shows suggestions in one editor at a time."""

    status = Signal(str)
    """A short text for the status line, empty when there is nothing to say."""
    suggestion_shown = Signal(object, object)
    """Milliseconds from the key to the first character (None: from memory); the Finished (None: it still streams)."""
    explained = Signal(object, int)
    """The Finished whose suggestion is shown from now on, or of which nothing is shown, and the alternative in it."""
    failed = Signal(str)
    """Why a request came to nothing, in one sentence."""
    taken = Signal(object, int)
    """The editor in which a suggestion, or a part of it, was taken, and how many characters; they end at the cursor."""
    ended = Signal(object, str)
    """The Outcome of a suggestion that is gone, and the language of the text."""

    def __init__(
        self, connection: Connection, api: ApiClient, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._connection = connection
        self._api = api
        self._settings = settings
        self._editor: SuggestionEditor | None = None
        self._place_of_file: tuple[str | None, str | None] = (None, None)
        self._session: CompletionSession | None = None
        self._pace = Pace()  # the person's and the model's, in whichever editor
        self._around: Callable[[], Around] = lambda: ((), ())
        self._replies: dict[str, EventReply] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timer)
        self._answers = _who_answers(connection.state)  # None until a model is there
        connection.changed.connect(self._on_connection)

    def attach(self, editor: SuggestionEditor, path: str | None, workspace: str | None) -> None:
        """Serve ``editor`` from now on, and no other. ``path`` is relative to ``workspace`` where there is one.

        What is served already stays as it is, with its suggestion.
        """
        if editor is self._editor and (path, workspace) == self._place_of_file:
            return
        self.detach()
        self._editor, self._place_of_file = editor, (path, workspace)
        self._wake()
        prefix, suffix = self._place(editor)
        self._session = CompletionSession(
            prefix,
            suffix,
            requests=Requests(path, workspace, uuid.uuid4().hex),
            options=self._options(editor),
            pace=self._pace,
            ready=self._connection.state.can_complete,
        )
        for signal, slot in self._wires(editor):
            signal.connect(slot)

    @Slot()
    def detach(self) -> None:
        """Leave the editor: its suggestion goes, its request is given up."""
        editor, session = self._editor, self._session
        if editor is None or session is None:
            return
        for signal, slot in self._wires(editor):
            signal.disconnect(slot)
        self._do(session.close(_now()))
        self._editor = self._session = None

    def set_settings(self, settings: Settings) -> None:
        """Take over changed settings: suggestions on or off, and how long typing must rest."""
        self._settings = settings
        if self._session is not None and self._editor is not None:
            self._do(self._session.set_options(self._options(self._editor), _now()))

    def set_around(self, around: Callable[[], Around]) -> None:
        """Have each request say where the person was lately and what else is open."""
        self._around = around

    @Slot()
    def ask(self) -> None:
        """Ask for a suggestion at the cursor now."""
        if self._session is not None:
            self._do(self._session.ask(_now()))

    @Slot(int)
    def cycle(self, step: int) -> None:
        """Show the next (1) or the previous (-1) alternative."""
        if self._session is not None:
            self._do(self._session.cycle(step, _now()))

    # --- from the editor ------------------------------------------------------------------

    def _wires(self, editor: SuggestionEditor) -> list[tuple[Any, Callable[..., None]]]:
        return [
            (editor.textChanged, self._on_text),
            (editor.cursorPositionChanged, self._on_cursor),
            (editor.selectionChanged, self._on_cursor),
            (editor.suggestion_accepted, self._on_accepted),
            (editor.suggestion_dismissed, self._on_dismissed),
            (editor.suggestion_requested, self.ask),
            (editor.cycle_requested, self.cycle),
            (editor.composing_changed, self._on_composing),
            (editor.destroyed, self._on_destroyed),
        ]

    def _options(self, editor: SuggestionEditor) -> Options:
        settings = self._settings
        return Options(settings.suggestions, editor.isReadOnly(), settings.debounce_ms, ahead=settings.ask_ahead)

    def _place(self, editor: SuggestionEditor) -> tuple[str, str]:
        text, offset = editor.plain_text(), editor.cursor_offset()
        return text[:offset], text[offset:]

    def _wake(self) -> None:
        """Have the model ready when the first request goes out, where there will be one."""
        if self._settings.suggestions and self._editor is not None and not self._editor.isReadOnly():
            self._connection.wake()

    @Slot()
    def _on_text(self) -> None:
        if self._session is not None and self._editor is not None:
            self._wake()
            prefix, suffix = self._place(self._editor)
            selection = self._editor.textCursor().hasSelection()
            self._do(self._session.text_changed(prefix, suffix, _now(), selection))

    @Slot()
    def _on_cursor(self) -> None:
        if self._session is not None and self._editor is not None:
            prefix, suffix = self._place(self._editor)
            selection = self._editor.textCursor().hasSelection()
            self._do(self._session.cursor_moved(prefix, suffix, _now(), selection))

    @Slot(str, str)
    def _on_accepted(self, kind: str, text: str) -> None:
        if self._session is not None:
            self.taken.emit(self._editor, len(text))
            self._do(self._session.accepted(kind, _now()))

    @Slot()
    def _on_dismissed(self) -> None:
        if self._session is not None:
            self._do(self._session.dismissed(_now()))

    @Slot(bool)
    def _on_composing(self, composing: bool) -> None:
        if self._session is not None:
            self._do(self._session.composing(composing, _now()))

    @Slot()
    def _on_destroyed(self) -> None:
        session, self._editor, self._session = self._session, None, None
        if session is not None:
            self._do(session.close(_now()))

    # --- from the timer and the service -----------------------------------------------------

    @Slot()
    def _on_timer(self) -> None:
        if self._session is not None:
            self._do(self._session.timer_fired(_now()))

    @Slot(object)
    def _on_connection(self, state: ConnectionState) -> None:
        before, self._answers = self._answers, _who_answers(state) or self._answers
        if self._session is not None:
            if before is not None and before != self._answers:
                self._do(self._session.model_changed(_now()))
            self._do(self._session.set_ready(state.can_complete, _now()))

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self._session is not None:
            self._do(self._session.event(event, _now()))

    # --- what the session wants -------------------------------------------------------------

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SetTimer():
                    self._set_timer(action.ms)
                case Send():
                    self._send(action.request)
                case Cancel():
                    self._replies[action.request_id].abort()
                case Show() | Clear():
                    self._show(action)
                case Status():
                    self._tell(action)
                case Arrived():
                    self._on_arrived(action)
                case Explain():
                    self.explained.emit(action.finished, action.choice)
                case Ended():
                    self.ended.emit(action.outcome, self._editor.language() if self._editor is not None else "")

    def _set_timer(self, ms: int | None) -> None:
        if ms is None:
            self._timer.stop()
        else:
            self._timer.start(ms)

    def _show(self, action: Show | Clear) -> None:
        if self._editor is not None:
            if isinstance(action, Show):
                self._editor.show_suggestion(action.text, action.replaces)
            else:
                self._editor.clear_suggestion()

    def _send(self, request: CompleteRequest) -> None:
        recent, tabs = self._around()
        # Always with an explanation: whoever wonders about a suggestion has it on the screen already.
        reply = self._api.complete(dataclasses.replace(request, recent=recent, tabs=tabs, explain=True))
        self._replies[request.id] = reply
        reply.received.connect(self._on_event)
        reply.done.connect(lambda: self._replies.pop(request.id, None))

    def _on_arrived(self, arrived: Arrived) -> None:
        if arrived.first_ms is not None and arrived.total_ms is not None:
            self._connection.note_latency(arrived.first_ms, arrived.total_ms)
        self.suggestion_shown.emit(arrived.first_ms, arrived.finished)

    def _tell(self, status: Status) -> None:
        self.status.emit(self._sentence(status))
        if status.kind == "failed":
            self.failed.emit(status.message)

    def _sentence(self, status: Status) -> str:
        if status.kind == "failed":
            return status.message
        sentences: dict[StatusKind, str] = {
            "alternative": self.tr("{index}/{count}").format(index=status.index, count=status.count),
            "empty": self.tr("No suggestion here."),
            "read_only": self.tr("This file cannot be edited."),
            "selection": self.tr("No suggestion while text is selected."),
            "not_ready": self.tr("The model is not ready yet."),
        }
        return sentences.get(status.kind, "")


def _who_answers(state: ConnectionState) -> tuple[str | None, str | None] | None:
    """Return the model and the adapter that answer; None while none is loaded, or one that was put aside."""
    return (state.model, state.adapter) if state.kind in {"ready", "thinking"} else None


def _now() -> float:
    return time.monotonic() * 1000
