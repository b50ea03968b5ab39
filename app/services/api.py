"""The service's HTTP interface for the window: health, and completions as they stream in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QTimer, QUrl, Signal, SignalInstance, Slot
from PySide6.QtNetwork import QNetworkAccessManager, QNetworkProxy, QNetworkReply, QNetworkRequest

from assistant.client.sse import SseParser
from assistant.errors import ServiceError
from assistant.types import CompleteRequest, Event, Failed, Finished
from assistant.wire import complete_to_json, event_from_json, health_from_json

IDLE_MS = 20_000
HEALTH_MS = 10_000
_MAX_BODY = 64 * 1024

_Error = QNetworkReply.NetworkError


class CompletionReply(QObject):
    """One running completion.

    ``received`` carries each Event and ends with exactly one Finished or Failed, unless ``abort`` was called: then no
    event follows. ``done`` comes exactly once in every case, after the last event.
    """

    received = Signal(object)
    done = Signal()

    def __init__(self, request_id: str, idle_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._id = request_id
        self._ended = False
        self._reply: QNetworkReply | None = None
        self._parser = SseParser()
        self._body = b""
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(idle_ms)
        self._idle.timeout.connect(self._on_idle)

    def follow(self, reply: QNetworkReply | None) -> None:
        """Read ``reply`` from now on; without one the completion fails as soon as the event loop runs."""
        if reply is None:
            QTimer.singleShot(0, self, self._no_service)
            return
        self._reply = reply
        reply.setParent(self)
        reply.readyRead.connect(self._on_ready_read)
        reply.finished.connect(self._on_finished)
        self._idle.start()

    @Slot()
    def abort(self) -> None:
        """Give the completion up: the service stops decoding, and no event follows."""
        if not self._ended:
            self._ended = True
            if self._reply is not None:
                self._reply.abort()
            self.done.emit()

    @Slot()
    def _on_ready_read(self) -> None:
        reply = self._reply
        if reply is None:
            return
        self._idle.start()
        data = bytes(reply.readAll().data())
        if not _is_stream(reply):
            self._body = (self._body + data)[:_MAX_BODY]
            return
        for payload in self._parser.feed(data):
            if self._ended:
                return
            try:
                event = event_from_json(json.loads(payload))
            except (ServiceError, ValueError):
                self._fail(self.tr("The service sent something that cannot be read. Restart it."), "garbage")
                reply.abort()
                return
            self._emit(event)

    @Slot()
    def _on_finished(self) -> None:
        reply = self._reply
        if reply is None:
            return
        if not self._ended and reply.isOpen():
            self._on_ready_read()
        if not self._ended:
            self._explain(reply)
        self._idle.stop()
        self.deleteLater()

    def _explain(self, reply: QNetworkReply) -> None:
        status = _status(reply)
        if status == 401:
            self._fail(self.tr("The service did not accept the window's token. Restart it."), "unauthorized")
        elif status is not None and status != 200:
            said, code = _openai_error(self._body)
            unsaid = self.tr("The service answered with status {status}.").format(status=status)
            self._fail(said or unsaid, code or "service_error")
        elif reply.error() == _Error.ConnectionRefusedError:
            self._fail(self.tr("The service cannot be reached: nothing listens at its address."), "unreachable")
        elif status == 200 and not _is_stream(reply):
            self._fail(self.tr("The service sent something that cannot be read. Restart it."), "garbage")
        elif status == 200 or reply.error() == _Error.RemoteHostClosedError:
            self._fail(self.tr("The service ended in the middle of a suggestion."), "cut")
        else:
            self._fail(self.tr("The service cannot be reached: {why}").format(why=reply.errorString()), "unreachable")

    @Slot()
    def _on_idle(self) -> None:
        seconds = self._idle.interval() / 1000
        self._fail(self.tr("The service said nothing for {seconds:g} s.").format(seconds=seconds), "timeout")
        if self._reply is not None:
            self._reply.abort()

    @Slot()
    def _no_service(self) -> None:
        self._fail(self.tr("The service is not running."), "unreachable")
        self.deleteLater()

    def _fail(self, message: str, code: str) -> None:
        self._emit(Failed(self._id, message, code))

    def _emit(self, event: Event) -> None:
        if self._ended:
            return
        self._ended = isinstance(event, Finished | Failed)
        self.received.emit(event)
        if isinstance(event, Finished | Failed):
            self.done.emit()


class _Post(QObject):
    """Something told to the service; ``ended`` carries HTTP's status, 0 where there was no answer, and the body."""

    ended = Signal(int, bytes)

    def __init__(self, reply: QNetworkReply, parent: QObject) -> None:
        super().__init__(parent)
        self._reply = reply
        reply.setParent(self)
        reply.finished.connect(self._on_finished)

    @Slot()
    def _on_finished(self) -> None:
        self.ended.emit(_status(self._reply) or 0, bytes(self._reply.readAll().data()) if self._reply.isOpen() else b"")
        self.deleteLater()


class ApiClient(QObject):
    """Requests to the service at one address, over one network manager and never through a proxy."""

    health_received = Signal(object)
    """A Health."""
    health_failed = Signal(object)
    """A Failed that says why there is no Health."""
    index_failed = Signal(int)
    """The service did not take what it was told about a workspace; carries HTTP's status, 0 where there was none."""
    adapters_received = Signal(object)
    """What ``GET /grafter/adapters`` answers: a dict with active, scale and adapters."""
    adapter_changed = Signal(object)
    """What ``POST /grafter/adapter`` answers: a dict with active and scale."""
    adapter_failed = Signal(str)
    """Why an adapter could not be switched, or the adapters not be listed, in one sentence."""
    running_changed = Signal(int)
    """How many completions are running that somebody waits for."""

    def __init__(
        self, parent: QObject | None = None, *, idle_ms: int = IDLE_MS, health_timeout_ms: int = HEALTH_MS
    ) -> None:
        super().__init__(parent)
        self._idle_ms = idle_ms
        self._url = ""
        self._token = ""
        self._running = 0
        self._network = QNetworkAccessManager(self)
        self._network.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        self._health: QNetworkReply | None = None
        self._health_timer = QTimer(self)
        self._health_timer.setSingleShot(True)
        self._health_timer.setInterval(health_timeout_ms)
        self._health_timer.timeout.connect(self._on_health_timeout)

    @property
    def running(self) -> int:
        """How many completions are running."""
        return self._running

    def set_endpoint(self, url: str, token: str) -> None:
        """Send requests to ``url`` from now on; an empty one means that there is no service."""
        self._drop_health()
        self._url, self._token = url.rstrip("/"), token

    def get_health(self) -> None:
        """Ask how the service is; one signal follows. A call while an answer is awaited changes nothing."""
        if self._health is not None or not self._url:
            return
        self._health = self._network.get(self._request("/health"))
        self._health.finished.connect(self._on_health)
        self._health_timer.start()

    def wake(self) -> None:
        """Let the service load a model that it put aside. Nothing follows: what it does about it, its health says."""
        if self._url:
            http = self._request("/grafter/wake")
            http.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
            reply = self._network.post(http, QByteArray())
            reply.finished.connect(reply.deleteLater)

    def post_index(self, workspace: str, texts: Sequence[tuple[str, str | None]]) -> None:
        """Have a folder indexed; ``texts`` are those that differ from their files, None: no longer."""
        if not self._url:
            return
        http = self._request("/grafter/index")
        http.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
        rows = [{"path": path, "text": text} for path, text in texts]
        body = json.dumps({"workspace": workspace, "texts": rows}, ensure_ascii=False).encode("utf-8", "replace")
        _Post(self._network.post(http, QByteArray(body)), self).ended.connect(self._on_index)

    @Slot(int, bytes)
    def _on_index(self, status: int, _body: bytes) -> None:
        if not 200 <= status < 300:
            self.index_failed.emit(status)

    def get_adapters(self) -> None:
        """Ask which adapters there are. ``adapters_received`` or ``adapter_failed`` follows where a service runs."""
        if self._url:
            reply = self._network.get(self._request("/grafter/adapters"))
            _Post(reply, self).ended.connect(self._on_adapters)

    def set_adapter(self, name: str | None, scale: float | None = None) -> None:
        """Have an adapter answer from now on, or the base (None); ``adapter_changed`` or ``adapter_failed`` follows."""
        if not self._url:
            self.adapter_failed.emit(self.tr("The service is not running."))
            return
        http = self._request("/grafter/adapter")
        http.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
        body = json.dumps({"name": name, "scale": scale}).encode()
        _Post(self._network.post(http, QByteArray(body)), self).ended.connect(self._on_adapter)

    @Slot(int, bytes)
    def _on_adapters(self, status: int, body: bytes) -> None:
        if status != 404:  # a service without adapters has none
            self._tell_adapters(status, body, self.adapters_received)

    @Slot(int, bytes)
    def _on_adapter(self, status: int, body: bytes) -> None:
        self._tell_adapters(status, body, self.adapter_changed)

    def _tell_adapters(self, status: int, body: bytes, signal: SignalInstance) -> None:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if 200 <= status < 300 and isinstance(answer, dict):
            signal.emit(answer)
        elif status:  # else it ended, which its health says
            said = _openai_error(body)[0]
            self.adapter_failed.emit(
                said or self.tr("The service answered with status {status}.").format(status=status)
            )

    def complete(self, request: CompleteRequest) -> CompletionReply:
        """Ask for a completion; its events come through the reply that is returned."""
        completion = CompletionReply(request.id, self._idle_ms, self)
        if request.trigger != "ahead":  # which nobody waits for
            completion.done.connect(self._on_done)
            self._count(1)
        reply = None
        if self._url:
            http = self._request("/grafter/complete")
            http.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
            http.setRawHeader(b"Accept", b"text/event-stream")
            body = json.dumps(complete_to_json(request), ensure_ascii=False).encode("utf-8", "replace")
            reply = self._network.post(http, QByteArray(body))
        completion.follow(reply)
        return completion

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

    def _drop_health(self) -> None:
        reply, self._health = self._health, None
        self._health_timer.stop()
        if reply is not None:
            reply.abort()
            reply.deleteLater()

    @Slot()
    def _on_health(self) -> None:
        reply = self._health
        if reply is None:  # dropped: its answer is about a service of the past
            return
        self._health = None
        self._health_timer.stop()
        reply.deleteLater()
        status, body = _status(reply), bytes(reply.readAll().data()) if reply.isOpen() else b""
        if status == 200:
            try:
                self.health_received.emit(health_from_json(json.loads(body)))
            except (ServiceError, ValueError, TypeError):
                self.health_failed.emit(Failed("", self.tr("The service sent a state that cannot be read."), "garbage"))
            return
        if status == 401:
            message, code = self.tr("The service did not accept the window's token."), "unauthorized"
        else:
            message = _openai_error(body)[0] or self.tr("The service cannot be reached: {why}").format(
                why=reply.errorString()
            )
            code = "unreachable" if status is None else "service_error"
        self.health_failed.emit(Failed("", message, code))

    @Slot()
    def _on_health_timeout(self) -> None:
        self._drop_health()
        seconds = self._health_timer.interval() / 1000
        message = self.tr("The service did not answer within {seconds:g} s.").format(seconds=seconds)
        self.health_failed.emit(Failed("", message, "timeout"))


def _status(reply: QNetworkReply) -> int | None:
    status: Any = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
    return None if status is None else int(status)


def _is_stream(reply: QNetworkReply) -> bool:
    kind = str(reply.header(QNetworkRequest.KnownHeaders.ContentTypeHeader) or "")
    return _status(reply) == 200 and kind.startswith("text/event-stream")


def _openai_error(body: bytes) -> tuple[str, str]:
    """Return message and code of an error in OpenAI's shape, empty where it has another."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"]), str(error.get("code") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
