"""The window's own route: completions with everything that is known about them, as events."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assistant.server.body import read_body
from assistant.server.schemas import CompleteBody
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.server.suggesting import Suggesting
from assistant.types import Event, Priority
from assistant.wire import event_to_json


class CompleteRoutes:
    """The handler; it needs the dispatcher, and how suggestions are made."""

    def __init__(self, dispatcher: Dispatcher, suggesting: Suggesting) -> None:
        self._dispatcher = dispatcher
        self._suggesting = suggesting

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/grafter/complete", self.complete, methods=["POST"])]

    async def complete(self, request: Request) -> Response:
        """Stream the events of a completion; what fails after the body was read comes as an event, not as a status."""
        wanted = (await read_body(request, CompleteBody)).request()
        ahead = wanted.trigger == "ahead"
        priority = Priority.BACKGROUND if ahead else Priority.INTERACTIVE
        job = functools.partial(self._suggesting.suggest, wanted, self._suggesting.options())
        open_stream = functools.partial(
            self._dispatcher.open, job, wanted.id, priority=priority, session=wanted.session, ahead=ahead
        )
        return SseResponse(open_stream, _encode, hold_status=False)


def _encode(event: Event) -> Iterator[bytes]:
    yield data_line(event_to_json(event))
