"""The routes of adapters: which there are for the model that runs, and which one answers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import GrafterError, InputError
from assistant.models.adapter_format import AdapterError
from assistant.models.adapters import AdapterChoice, ModelAdapters
from assistant.server.body import read_body
from assistant.server.errors import ApiError
from assistant.server.schemas import AdapterBody
from assistant.server.streams import Dispatcher


class AdapterRoutes:
    """The handlers. ``model_adapters`` None: the model runs elsewhere, or there is none."""

    def __init__(self, dispatcher: Dispatcher, model_adapters: ModelAdapters | None) -> None:
        self._dispatcher = dispatcher
        self._model_adapters = model_adapters
        self._active: AdapterChoice | None = None
        with contextlib.suppress(GrafterError):  # the worker says why it does not answer
            self._active = model_adapters.first() if model_adapters else None

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/grafter/adapters", self.adapters, methods=["GET"]),
            Route("/grafter/adapter", self.adapter, methods=["POST"]),
        ]

    async def adapters(self, _request: Request) -> Response:
        """List the adapters with which of them fit, and say which answers."""
        rows = [] if self._model_adapters is None else await asyncio.to_thread(self._model_adapters.rows)
        listed = [{**dataclasses.asdict(record), "fits": fits} for record, fits in rows]
        return JSONResponse({**self._state(), "adapters": listed})

    async def adapter(self, request: Request) -> Response:
        """Have an adapter answer, or none; that is kept for the next start, too."""
        body = await read_body(request, AdapterBody)
        try:
            await self._switch(body.name, body.scale)
        except (InputError, AdapterError) as error:
            raise ApiError(400, str(error), code=error.code, param="name") from None
        except GrafterError as error:
            raise ApiError(503, str(error), code=error.code) from None
        return JSONResponse(self._state())

    async def _switch(self, name: str | None, scale: float | None) -> None:
        model_adapters = self._model_adapters
        if model_adapters is None:
            raise InputError("The model runs on a server, or there is none: its adapters are not kept here.")
        choice = None
        if name is not None:
            choice = await asyncio.to_thread(model_adapters.store.choice, name, model_adapters.model, scale)
        await asyncio.wrap_future(self._dispatcher.worker.adapt(choice))
        self._active = choice
        # Only what works is kept.
        await asyncio.to_thread(model_adapters.switch, name, choice.scale if choice else None)

    def _state(self) -> dict[str, str | float | None]:
        active = self._active
        health = self._dispatcher.worker.health()
        if health.state == "ready" and health.adapter is None and (active is None or active.scale > 0):
            active = None  # it could not be used
        return {"active": active.name if active else None, "scale": active.scale if active else 0.0}
