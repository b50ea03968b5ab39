"""The index of a workspace: asked for by the editor, told of texts that are not saved, and its state."""

from __future__ import annotations

import asyncio
import dataclasses

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import InputError
from assistant.retrieval.index.index_process import IndexState
from assistant.retrieval.index.service import Indexes
from assistant.server.body import read_body
from assistant.server.errors import ApiError
from assistant.server.schemas import IndexBody


class IndexRoutes:
    """The handler; it needs the indexes of workspaces, where there are any."""

    def __init__(self, indexes: Indexes | None) -> None:
        self._indexes = indexes

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/grafter/index", self.index, methods=["POST"])]

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
