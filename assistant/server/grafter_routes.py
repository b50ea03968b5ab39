"""The window's own routes: the state of the service, and completions with everything that is known about them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.completion.complete import Options, complete
from assistant.engine.protocol import CancelToken, Engine
from assistant.server.body import read_body
from assistant.server.schemas import CompleteBody
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.types import Event, Priority
from assistant.wire import event_to_json, health_to_json


class GrafterRoutes:
    """The handlers; what they need is the dispatcher, and how suggestions are to be made at that moment."""

    def __init__(self, dispatcher: Dispatcher, options: Callable[[], Options] = Options) -> None:
        self._dispatcher = dispatcher
        self._options = options

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/grafter/complete", self.complete, methods=["POST"]),
            Route("/grafter/wake", self.wake, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say in what state the model is; the status is 200 in every state."""
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))

    async def wake(self, _request: Request) -> Response:
        """Load a model that was put aside, because a request is likely to come soon; answer as ``health`` does."""
        self._dispatcher.worker.wake()
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))

    async def complete(self, request: Request) -> Response:
        """Stream the events of a completion; what fails after the body was read comes as an event, not as a status."""
        wanted = (await read_body(request, CompleteBody)).request()
        ahead = wanted.trigger == "ahead"
        options = self._options()
        priority = Priority.BACKGROUND if ahead else Priority.INTERACTIVE

        def job(engine: Engine, cancel: CancelToken) -> Iterator[Event]:
            return complete(engine, wanted, cancel, options=options)

        open_stream = functools.partial(
            self._dispatcher.open, job, wanted.id, priority=priority, session=wanted.session, ahead=ahead
        )
        return SseResponse(open_stream, _encode, hold_status=False)


def _encode(event: Event) -> Iterator[bytes]:
    yield data_line(event_to_json(event))
