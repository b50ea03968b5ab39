"""The service's HTTP interface for the window: requests at one address, whose answers come as replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QUrl, Signal, Slot
from PySide6.QtNetwork import QNetworkAccessManager, QNetworkProxy, QNetworkReply, QNetworkRequest

from app.services.reply import EventReply, Reply
from assistant.types import CompleteRequest
from assistant.wire import complete_to_json

IDLE_MS = 20_000


class ApiClient(QObject):
    """Requests to the service at one address, over one network manager and never through a proxy."""

    running_changed = Signal(int)
    """How many streams are running that somebody waits for."""

    def __init__(self, parent: QObject | None = None, *, idle_ms: int = IDLE_MS) -> None:
        """``idle_ms``: how long a stream may be silent."""
        super().__init__(parent)
        self._idle_ms = idle_ms
        self._url = ""
        self._token = ""
        self._running = 0
        self._network = QNetworkAccessManager(self)
        self._network.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))

    @property
    def running(self) -> int:
        """How many streams are running that somebody waits for."""
        return self._running

    @property
    def has_service(self) -> bool:
        """Whether there is an address to send requests to."""
        return bool(self._url)

    def set_endpoint(self, url: str, token: str) -> None:
        """Send requests to ``url`` from now on; an empty one means that there is no service.

        Answers that are awaited are given up: they are about a service of the past. Streams end by themselves.
        """
        for reply in self.findChildren(Reply):
            reply.abort()
        self._url, self._token = url.rstrip("/"), token

    def get(self, path: str, *, timeout_ms: int = 0) -> Reply:
        """Ask for ``path``; the answer comes through the reply. ``timeout_ms``: how long it may take, 0: for ever."""
        reply = Reply(timeout_ms, self)
        reply.follow(self._network.get(self._request(path)) if self._url else None)
        return reply

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, timeout_ms: int = 0) -> Reply:
        """Send ``body`` to ``path``; the answer comes through the reply."""
        reply = Reply(timeout_ms, self)
        reply.follow(self._send(path, body))
        return reply

    def stream(self, path: str, body: Mapping[str, Any], request_id: str, *, awaited: bool = True) -> EventReply:
        """Send ``body`` to ``path``; events come through the reply. ``awaited``: somebody waits for them."""
        reply = EventReply(request_id, self._idle_ms, self)
        if awaited:
            reply.done.connect(self._on_done)
            self._count(1)
        reply.follow(self._send(path, body, accept=b"text/event-stream"))
        return reply

    def complete(self, request: CompleteRequest) -> EventReply:
        """Ask for a completion. One that is asked for ahead is not counted: nobody waits for it."""
        awaited = request.trigger != "ahead"
        return self.stream("/grafter/complete", complete_to_json(request), request.id, awaited=awaited)

    def _send(self, path: str, body: Mapping[str, Any] | None, accept: bytes = b"") -> QNetworkReply | None:
        if not self._url:
            return None
        request = self._request(path)
        request.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
        if accept:
            request.setRawHeader(b"Accept", accept)
        # Half a surrogate pair, as while an emoji is being typed, has no UTF-8.
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return self._network.post(request, QByteArray(data))

    def _request(self, path: str) -> QNetworkRequest:
        request = QNetworkRequest(QUrl(self._url + path))
        request.setRawHeader(b"Authorization", f"Bearer {self._token}".encode())
        request.setRawHeader(b"Accept-Encoding", b"identity")  # a compressor would hold deltas back
        request.setAttribute(
            QNetworkRequest.Attribute.RedirectPolicyAttribute, QNetworkRequest.RedirectPolicy.ManualRedirectPolicy
        )
        return request

    def _count(self, change: int) -> None:
        self._running += change
        self.running_changed.emit(self._running)

    @Slot()
    def _on_done(self) -> None:
        self._count(-1)
