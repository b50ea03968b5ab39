"""Tells the service which folder is open, so that it is indexed, and what is changed there and not saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from app.services.api import ApiClient
from app.services.connection import Connection, ConnectionState
from app.services.reply import Refusal
from app.workspace.central import Central
from app.workspace.editor_page import EditorPage
from app.workspace.unsaved_texts import UnsavedTexts

REST_MS = 1000
_NO_SUCH_ROUTE = 404


class IndexFeed(QObject):
    """Posts when typing rests. A service that knows nothing of indexes is left alone until it is started anew."""

    def __init__(
        self,
        central: Central,
        connection: Connection,
        api: ApiClient,
        parent: QObject | None = None,
        *,
        rest_ms: int = REST_MS,
    ) -> None:
        super().__init__(parent)
        self._central, self._connection, self._api = central, connection, api
        self._folder: Path | None = None
        self._unsaved = UnsavedTexts()
        self._listens = connection.state.listens
        self._opened = False  # whether the service was told of the folder
        self._refused = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(rest_ms)
        self._timer.timeout.connect(self._post)
        connection.changed.connect(self._on_connection)

    def set_folder(self, folder: Path) -> None:
        """Tell of another folder, at once where there is a service."""
        self._folder = folder
        self._start_over()

    def follow(self, page: EditorPage) -> None:
        """Tell of the text of ``page`` while it is not saved."""
        page.editor.textChanged.connect(self.touch)
        page.editor.document().modificationChanged.connect(lambda _: self.touch())

    @Slot()
    def touch(self) -> None:
        """Look what is new once typing rests."""
        self._timer.start()

    def _start_over(self) -> None:
        self._unsaved.forget()
        self._opened = False
        self._post()

    @Slot()
    def _post(self) -> None:
        folder = self._folder
        if folder is None or self._refused or not self._listens:
            return
        pages = [page for page in self._central.editors if page.modified]
        texts = {path: page.editor.plain_text() for page in pages if (path := page.path_in(folder))}
        news = self._unsaved.news(texts)
        if news or not self._opened:
            self._opened = True
            texts = [{"path": path, "text": text} for path, text in news]
            reply = self._api.post("/grafter/index", {"workspace": str(folder), "texts": texts})
            reply.failed.connect(self._on_failed)

    @Slot(object)
    def _on_connection(self, state: ConnectionState) -> None:
        began = state.listens and not self._listens
        self._listens = state.listens
        if began:
            self._refused = False
            self._start_over()

    @Slot(object)
    def _on_failed(self, refusal: Refusal) -> None:
        self._refused = refusal.status == _NO_SUCH_ROUTE
        # Tried again with the next change: nobody waits for it.
        self._unsaved.forget()
        self._opened = False
