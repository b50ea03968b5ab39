"""What the service answers to one request: a body at the end, or events as they stream in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QNetworkReply, QNetworkRequest

from assistant.client.sse import SseParser
from assistant.errors import ServiceError
from assistant.types import Event, Failed, Finished
from assistant.wire import event_from_json

_MAX_BODY = 64 * 1024

_Error = QNetworkReply.NetworkError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer. ``status`` is HTTP's, 0 where there was no answer at all.

    ``code`` is ``unreachable``, ``unauthorized``, ``timeout``, ``garbage``, ``cut``, or what the service said.
    """

    status: int
    code: str
    message: str


class _Answer(QObject):
    """What both kinds of answers share: one reply that is followed, and a timer that gives it up."""

    def __init__(self, timeout_ms: int, parent: QObject) -> None:
        """``timeout_ms``: how long is waited without a sign; 0: for ever."""
        super().__init__(parent)
        self._ended = False
        self._reply: QNetworkReply | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(timeout_ms)
        self._timer.timeout.connect(self._on_timeout)

    def follow(self, reply: QNetworkReply | None) -> None:
        """Wait for ``reply``; without one the request fails as soon as the event loop runs."""
        if reply is None:
            QTimer.singleShot(0, self, self._no_service)
            return
        self._reply = reply
        reply.setParent(self)
        reply.readyRead.connect(self._on_ready_read)
        reply.finished.connect(self._on_finished)
        self._wait()

    @Slot()
    def _on_ready_read(self) -> None:
        """Something came."""

    @Slot()
    def _on_finished(self) -> None:
        self._timer.stop()
        self.deleteLater()
        if self._reply is not None:
            self._finish(self._reply)

    @Slot()
    def _on_timeout(self) -> None:
        self._refuse(Refusal(0, "timeout", self._late(self._timer.interval() / 1000)))
        if self._reply is not None:
            self._reply.abort()

    @Slot()
    def _no_service(self) -> None:
        self._refuse(Refusal(0, "unreachable", self.tr("The service is not running.")))
        self.deleteLater()

    def _wait(self) -> None:
        """Wait for the next sign."""
        if self._timer.interval():
            self._timer.start()

    def _garbage(self, reply: QNetworkReply) -> Refusal:
        message = self.tr("The service sent something that cannot be read. Restart it.")
        return Refusal(status_of(reply) or 0, "garbage", message)

    def _late(self, seconds: float) -> str:
        raise NotImplementedError

    def _finish(self, reply: QNetworkReply) -> None:
        raise NotImplementedError

    def _refuse(self, refusal: Refusal) -> None:
        raise NotImplementedError


class Reply(_Answer):
    """One answer: exactly one of ``answered`` and ``failed`` comes, and none after ``abort``."""

    answered = Signal(object)
    """The body of a status from 200 to 299, as JSON."""
    failed = Signal(object)
    """A Refusal."""

    @Slot()
    def abort(self) -> None:
        """Give the answer up; nothing follows."""
        self._ended = True
        if self._reply is not None:
            self._reply.abort()

    def _finish(self, reply: QNetworkReply) -> None:
        body = bytes(reply.readAll().data()) if reply.isOpen() else b""
        if not 200 <= (status_of(reply) or 0) < 300:
            self._refuse(_refusal(reply, body, self))
            return
        try:
            answer = json.loads(body) if body else None
        except ValueError:
            self._refuse(self._garbage(reply))
            return
        if not self._ended:
            self._ended = True
            self.answered.emit(answer)

    def _late(self, seconds: float) -> str:
        return self.tr("The service did not answer within {seconds:g} s.").format(seconds=seconds)

    def _refuse(self, refusal: Refusal) -> None:
        if not self._ended:
            self._ended = True
            self.failed.emit(refusal)


class EventReply(_Answer):
    """One stream of events.

    ``received`` carries each Event and ends with exactly one Finished or Failed, unless ``abort`` was called: then no
    event follows. ``done`` comes exactly once in every case, after the last event.
    """

    received = Signal(object)
    done = Signal()

    def __init__(self, request_id: str, idle_ms: int, parent: QObject) -> None:
        super().__init__(idle_ms, parent)
        self._id = request_id
        self._parser = SseParser()
        self._body = b""

    @Slot()
    def abort(self) -> None:
        """Give the stream up: the service stops decoding, and no event follows."""
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
        self._wait()
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
                self._refuse(self._garbage(reply))
                reply.abort()
                return
            self._emit(event)

    def _finish(self, reply: QNetworkReply) -> None:
        if not self._ended and reply.isOpen():
            self._on_ready_read()
            self._timer.stop()
        if not self._ended:
            self._explain(reply)

    def _explain(self, reply: QNetworkReply) -> None:
        status = status_of(reply)
        if status == 200 and not _is_stream(reply):
            self._refuse(self._garbage(reply))
        elif status == 200 or (status is None and reply.error() == _Error.RemoteHostClosedError):
            self._refuse(Refusal(0, "cut", self.tr("The service ended in the middle of a suggestion.")))
        else:
            self._refuse(_refusal(reply, self._body, self))

    def _late(self, seconds: float) -> str:
        return self.tr("The service said nothing for {seconds:g} s.").format(seconds=seconds)

    def _refuse(self, refusal: Refusal) -> None:
        self._emit(Failed(self._id, refusal.message, refusal.code))

    def _emit(self, event: Event) -> None:
        if self._ended:
            return
        self._ended = isinstance(event, Finished | Failed)
        self.received.emit(event)
        if isinstance(event, Finished | Failed):
            self.done.emit()


def status_of(reply: QNetworkReply) -> int | None:
    """Return HTTP's status, None where there was no answer."""
    status: Any = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
    return None if status is None else int(status)


def _refusal(reply: QNetworkReply, body: bytes, who: QObject) -> Refusal:
    """Say why an answer of another status than 200 to 299, or none, came."""
    status = status_of(reply)
    if status == 401:
        said = who.tr("The service did not accept the window's token. Restart it.")
        return Refusal(status, "unauthorized", said)
    if status is not None:
        message, code = _openai_error(body)
        message = message or who.tr("The service answered with status {status}.").format(status=status)
        return Refusal(status, code or "service_error", message)
    if reply.error() == _Error.ConnectionRefusedError:
        return Refusal(0, "unreachable", who.tr("The service cannot be reached: nothing listens at its address."))
    return Refusal(0, "unreachable", who.tr("The service cannot be reached: {why}").format(why=reply.errorString()))


def _is_stream(reply: QNetworkReply) -> bool:
    kind = str(reply.header(QNetworkRequest.KnownHeaders.ContentTypeHeader) or "")
    return status_of(reply) == 200 and kind.startswith("text/event-stream")


def _openai_error(body: bytes) -> tuple[str, str]:
    """Return message and code of an error in OpenAI's shape, empty where it has another."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"]), str(error.get("code") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
