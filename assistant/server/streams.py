"""From the worker's thread to asyncio: the events of one request as an asynchronous iterator.

The worker calls its sink on its own thread; each event is handed to the event loop, so that a request needs no thread
of its own. A client that leaves cancels its job, which the engine notices before its next token.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import Receive

from assistant.engine.protocol import CancelToken
from assistant.engine.scheduler.job import Work
from assistant.engine.scheduler.worker import EngineWorker
from assistant.server.errors import ApiError, from_failed
from assistant.types import Delta, Event, Failed, Finished, Priority, Progress, Role

# A client that has left this many events unread is not reading; the generation ends, and with it the growth.
_MAX_UNREAD = 10_000


class EventStream:
    """The events of one submitted job. Used by one task; ends after Finished or Failed, or when the client left."""

    def __init__(self, loop: asyncio.AbstractEventLoop, request_id: str) -> None:
        self._loop = loop
        self._request_id = request_id
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._token: CancelToken | None = None
        self.left = False

    def submitted(self, token: CancelToken) -> None:
        """Remember how to cancel the job."""
        self._token = token
        if self.left:
            token.cancel()

    def sink(self, event: Event) -> None:
        """Take an event on the worker's thread."""
        if _says_nothing(event):
            return
        # The loop is closed when the service ends under a running job: nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, event)

    async def next(self, seconds: float | None = None) -> Event | None:
        """Return the next event, or None when the client left. Raises TimeoutError after that many seconds."""
        async with asyncio.timeout(seconds):
            return await self._queue.get()

    def leave(self) -> None:
        """Cancel the job and wake whoever waits for its next event."""
        self.left = True
        self.cancel()
        self._queue.put_nowait(None)

    def fail(self, message: str, code: str) -> None:
        """End the request from this side, whatever the worker is doing."""
        self.cancel()
        self._queue.put_nowait(Failed(self._request_id, message, code))

    def cancel(self) -> None:
        """Ask the job to end; its last event still comes."""
        if self._token is not None:
            self._token.cancel()

    def _put(self, event: Event) -> None:
        if self._queue.qsize() >= _MAX_UNREAD:
            self.cancel()
        self._queue.put_nowait(event)


class Dispatcher:
    """Hands jobs to the worker, and ends all that are open when the service stops."""

    def __init__(self, worker: EngineWorker, *, max_open: int = 64, load_wait: float = 600.0) -> None:
        self.worker = worker
        self._max_open = max_open
        self._load_wait = load_wait
        self._open: set[EventStream] = set()
        self._closing = False

    @property
    def busy(self) -> int:
        """How many requests are open."""
        return len(self._open)

    @asynccontextmanager
    async def open(
        self,
        work: Work,
        request_id: str,
        receive: Receive,
        priority: Priority = Priority.INTERACTIVE,
        *,
        session: str | None = None,
        ahead: bool = False,
        role: Role = "complete",
    ) -> AsyncGenerator[EventStream]:
        """Submit a job and give its events; leaving the block, in whatever way, cancels it.

        ``receive`` is watched for the client's disconnect; the others are EngineWorker.submit's. Raises ApiError 503
        when too many requests are open or the service is closing.
        """
        if self._closing:
            raise ApiError(503, "The service is stopping.", code="service_stopping")
        if len(self._open) >= self._max_open:
            raise ApiError(503, "Too many requests are waiting; try again in a moment.", code="overloaded")
        loop = asyncio.get_running_loop()
        stream = EventStream(loop, request_id)
        self._open.add(stream)
        timer = loop.call_later(self._load_wait, self._give_up_loading, stream, role)
        watcher = loop.create_task(_watch(receive, stream))
        try:
            token = self.worker.submit(work, stream.sink, request_id, priority, session=session, ahead=ahead, role=role)
            stream.submitted(token)
            yield stream
        finally:
            stream.cancel()
            timer.cancel()
            self._open.discard(stream)
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher

    def check_model(self) -> None:
        """Raise ApiError 503 where there is no model and none is on its way."""
        health = self.worker.health()
        if health.state == "none":
            raise ApiError(503, "No model is installed; fetch one with 'grafter models pull'.", code="no_model")
        if health.state == "failed":
            raise ApiError(503, health.message or "The model could not be loaded.", code="model_error")

    async def last(self, stream: EventStream) -> Finished | None:
        """Wait for the end of a request; None when the client left. Raises ApiError when the request failed."""
        while (event := await stream.next()) is not None:
            if isinstance(event, Finished):
                return event
            if isinstance(event, Failed):
                raise from_failed(event)
        return None

    def close(self) -> None:
        """End every open request; call it on the event loop's thread."""
        self._closing = True
        for stream in self._open:
            stream.fail("The service is stopping.", "service_stopping")

    def _give_up_loading(self, stream: EventStream, role: Role) -> None:
        if self.worker.is_loading(role):
            stream.fail("The model is still being loaded; try again later.", "model_loading")


def _says_nothing(event: Event) -> bool:
    """Whether an event only lets the worker turn to other jobs; the event loop need not wake up for each token."""
    match event:
        case Delta(text="", logprobs=()) | Progress(stage="decode" | "layout"):
            return True
        case _:
            return False


async def _watch(receive: Receive, stream: EventStream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.leave()
