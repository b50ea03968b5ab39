"""The service as one ASGI application: routes, guard and error shapes, put together in one place."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from assistant.completion.complete import Options
from assistant.engine.scheduler.worker import EngineWorker
from assistant.models.adapters import ModelAdapters
from assistant.retrieval.index.service import Indexes
from assistant.server.errors import ApiError, on_api_error, on_crash, on_http_exception
from assistant.server.guard import Guard
from assistant.server.routes.adapters import AdapterRoutes
from assistant.server.routes.complete import CompleteRoutes
from assistant.server.routes.health import HealthRoutes
from assistant.server.routes.index import IndexRoutes
from assistant.server.routes.llamacpp import LlamaCppRoutes
from assistant.server.routes.openai import OpenAIRoutes
from assistant.server.streams import Dispatcher
from assistant.server.suggesting import Suggesting


def create_app(
    worker: EngineWorker,
    token: str,
    port: int,
    *,
    dispatcher: Dispatcher | None = None,
    indexes: Indexes | None = None,
    options: Callable[[], Options] = Options,
    model_adapters: ModelAdapters | None = None,
) -> Starlette:
    """Return the application for a service that listens on 127.0.0.1 at ``port``.

    The worker and the indexes are used, not owned: whoever made them closes them. ``dispatcher`` is given by those who
    want to close it before the server stops. Without ``indexes`` completions see the open file alone. ``options`` says
    how suggestions are made, each time one is asked for. ``model_adapters`` has the model's adapters.
    """
    dispatcher = dispatcher or Dispatcher(worker)
    suggesting = Suggesting(indexes, options)
    routes = [
        *HealthRoutes(dispatcher).routes(),
        *CompleteRoutes(dispatcher, suggesting).routes(),
        *IndexRoutes(indexes).routes(),
        *AdapterRoutes(dispatcher, model_adapters).routes(),
        *OpenAIRoutes(dispatcher, suggesting, int(time.time()), model_adapters).routes(),
        *LlamaCppRoutes(dispatcher, suggesting).routes(),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={ApiError: on_api_error, HTTPException: on_http_exception, Exception: on_crash},
    )
    # A path with one slash too many is unknown; a redirect would repeat the body at a new address.
    app.router.redirect_slashes = False
    return app
