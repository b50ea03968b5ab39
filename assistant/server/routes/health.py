"""The state of the service, and waking a model that was put aside."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.server.streams import Dispatcher
from assistant.wire import health_to_json


class HealthRoutes:
    """The handlers; they need the dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/grafter/wake", self.wake, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say in what state the model is; the status is 200 in every state."""
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))

    async def wake(self, _request: Request) -> Response:
        """Load a model that was put aside, because a request is likely to come soon; answer as ``health`` does."""
        self._dispatcher.worker.wake()
        return JSONResponse(health_to_json(self._dispatcher.worker.health()))
