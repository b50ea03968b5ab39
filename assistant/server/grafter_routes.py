"""The window's own routes: the state of the service, and completions with everything that is known about them."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.completion.complete import Options, complete
from assistant.completion.window_budget import WindowBudget
from assistant.engine.protocol import CancelToken, Lease
from assistant.errors import InputError
from assistant.retrieval.builder import IndexState
from assistant.retrieval.retriever import IndexRetriever
from assistant.retrieval.service import Indexes
from assistant.server.body import read_body
from assistant.server.errors import ApiError
from assistant.server.schemas import CompleteBody, IndexBody
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.types import Event, Priority
from assistant.wire import event_to_json, health_to_json


class GrafterRoutes:
    """The handlers; what they need is the dispatcher, the indexes of workspaces, and how suggestions are to be made."""

    def __init__(
        self, dispatcher: Dispatcher, indexes: Indexes | None = None, options: Callable[[], Options] = Options
    ) -> None:
        self._dispatcher = dispatcher
        self._indexes = indexes
        self._retriever = IndexRetriever(indexes.source) if indexes else None
        self._options = options
        self._window = WindowBudget()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/grafter/complete", self.complete, methods=["POST"]),
            Route("/grafter/wake", self.wake, methods=["POST"]),
            Route("/grafter/index", self.index, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say in what state the model is; the status is 200 in every state."""
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))

    async def wake(self, _request: Request) -> Response:
        """Load a model that was put aside, because a request is likely to come soon; answer as ``health`` does."""
        self._dispatcher.worker.wake()
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))

    async def index(self, request: Request) -> Response:
        """Build the index of a workspace, or tell it of texts in the editor; answer how far it is."""
        body = await read_body(request, IndexBody)
        if self._indexes is None:
            return JSONResponse(dataclasses.asdict(IndexState()))
        texts = {text.path: text.text for text in body.texts}
        try:
            # In a thread: starting a process takes some ten milliseconds.
            state = await asyncio.to_thread(self._indexes.follow, body.workspace, texts)
        except InputError as error:
            raise ApiError(400, str(error), code="invalid_request") from None
        return JSONResponse(dataclasses.asdict(state))

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
