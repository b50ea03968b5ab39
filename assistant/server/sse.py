"""Answers as server-sent events, with keep-alives while the model loads or reads its prompt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.server.errors import ApiError, from_failed
from assistant.server.streams import EventStream
from assistant.types import Event, Failed, Finished

KEEP_ALIVE_SECONDS = 5.0
_KEEP_ALIVE = b": keep-alive\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

Encode = Callable[[Event], Iterable[bytes]]
OpenStream = Callable[[Receive], AbstractAsyncContextManager[EventStream]]


def data_line(payload: dict[str, Any]) -> bytes:
    """Return one event whose data is the JSON object."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    # Only in a string can this stand. Twinny parts a line wherever it does, and loses the answer
    # (github.com/twinnydotdev/twinny, safeParseJsonResponse).
    return b"data: " + text.replace("data:", "data\\u003a").encode() + b"\n\n"


class SseResponse(Response):
    """A response that opens a job's events, writes them with ``encode``, and leaves with the client.

    With ``hold_status`` the status waits for the first event, at most until the first keep-alive is due: a request that
    fails at once is then answered with an error's status, as OpenAI's clients expect. Later failures go to ``encode``.
    """

    def __init__(
        self, open_stream: OpenStream, encode: Encode, *, hold_status: bool, keep_alive: float = KEEP_ALIVE_SECONDS
    ) -> None:
        super().__init__()
        self._open_stream = open_stream
        self._encode = encode
        self._hold_status = hold_status
        self._keep_alive = keep_alive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the whole answer."""
        try:
            async with self._open_stream(receive) as stream:
                await self._write(stream, send)
        except ApiError as error:
            await error.response()(scope, receive, send)

    async def _write(self, stream: EventStream, send: Send) -> None:
        begun = False
        if not self._hold_status:
            begun = await _begin(send)
        said = time.monotonic()
        while True:
            try:
                # From the last bytes on, not from the last event: some events are not for the client.
                event = await stream.next(max(said + self._keep_alive - time.monotonic(), 0))
            except TimeoutError:
                begun = begun or await _begin(send)
                await _body(send, _KEEP_ALIVE)
                said = time.monotonic()
                continue
            if event is None:
                return
            if isinstance(event, Failed) and not begun:
                raise from_failed(event)
            begun = begun or await _begin(send)
            for piece in self._encode(event):
                await _body(send, piece)
                said = time.monotonic()
            if isinstance(event, Finished | Failed):
                await _body(send, b"", more=False)
                return


async def _begin(send: Send) -> bool:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    return True


async def _body(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})
