"""A running service over a scripted engine, on a free port."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn

from assistant.engine.fake import FakeEngine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.server.app import create_app
from assistant.server.process import bind
from assistant.server.streams import Dispatcher
from tests.support.patience import PATIENCE_S, wait_until

TOKEN = "the-token-of-this-test-0123456789abcdef"


@dataclass
class Running:
    """What a test needs of a running service."""

    url: str
    token: str
    worker: EngineWorker
    dispatcher: Dispatcher
    http: httpx.Client = field(repr=False)
    close_dispatcher: Callable[[], None]
    """Ends all open requests, from any thread."""

    def events(self, path: str, body: dict) -> list[str]:
        """Return the data lines of a streamed answer."""
        with self.http.stream("POST", path, json=body) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            return [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]


@pytest.fixture
def until():
    """Return ``wait_until``."""
    return wait_until


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """Return what starts a service: on an engine, on a load function, or (None) without a model."""
    ends: list[Callable[[], None]] = []

    def start(
        engine=None, *, load=None, ready: bool = True, idle_seconds=lambda: 0.0, indexes=None, **options
    ) -> Running:
        if engine is not None:
            load = lambda _progress: engine  # noqa: E731
        worker = EngineWorker(load, "fake" if load else None, idle_seconds=idle_seconds)
        worker.start()
        if ready and load:
            wait_until(lambda: worker.health().state != "loading")
        dispatcher = Dispatcher(worker, **options)
        listener = bind(0)
        port = listener.getsockname()[1]
        app = create_app(worker, TOKEN, port, dispatcher=dispatcher, indexes=indexes)
        loops: list[asyncio.AbstractEventLoop] = []

        async def with_loop(scope, receive, send):
            loops.append(asyncio.get_running_loop())
            await app(scope, receive, send)

        server = uvicorn.Server(
            uvicorn.Config(with_loop, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        wait_until(lambda: server.started)
        url = f"http://127.0.0.1:{port}"
        http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=PATIENCE_S
        )

        def end() -> None:
            http.close()
            server.should_exit = True
            thread.join(PATIENCE_S)
            worker.close(PATIENCE_S)

        ends.append(end)
        return Running(
            url, TOKEN, worker, dispatcher, http, lambda: loops[-1].call_soon_threadsafe(dispatcher.close) and None
        )

    yield start
    for end in ends:
        end()


@pytest.fixture
def hello(serve) -> Running:
    """Return a service whose model answers everything with the same words."""
    return serve(FakeEngine("Hello, wörld!"))
