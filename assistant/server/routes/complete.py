"""The window's own route: completions with everything that is known about them, as events."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assistant.completion.complete import Options, complete
from assistant.completion.window_budget import WindowBudget
from assistant.engine.protocol import CancelToken, Lease
from assistant.retrieval.index.service import Indexes
from assistant.retrieval.search.retriever import IndexRetriever
from assistant.server.body import read_body
from assistant.server.schemas import CompleteBody
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.types import Event, Priority
from assistant.wire import event_to_json


class CompleteRoutes:
    """The handler; it needs the dispatcher, the indexes of workspaces, and how suggestions are to be made."""

    def __init__(
        self, dispatcher: Dispatcher, indexes: Indexes | None = None, options: Callable[[], Options] = Options
    ) -> None:
        self._dispatcher = dispatcher
        self._retriever = IndexRetriever(indexes.source) if indexes else None
        self._options = options
        self._window = WindowBudget()

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/grafter/complete", self.complete, methods=["POST"])]

    async def complete(self, request: Request) -> Response:
        """Stream the events of a completion; what fails after the body was read comes as an event, not as a status."""
        wanted = (await read_body(request, CompleteBody)).request()
        ahead = wanted.trigger == "ahead"
        options = self._options()
        priority = Priority.BACKGROUND if ahead else Priority.INTERACTIVE

        def job(model: Lease, cancel: CancelToken) -> Iterator[Event]:
            budget, affordable = self._window.budget, self._window.affordable(options)
            return self._window.watch(complete(model, wanted, cancel, budget, affordable, self._retriever))

        open_stream = functools.partial(
            self._dispatcher.open, job, wanted.id, priority=priority, session=wanted.session, ahead=ahead
        )
        return SseResponse(open_stream, _encode, hold_status=False)


def _encode(event: Event) -> Iterator[bytes]:
    yield data_line(event_to_json(event))
