"""A stand-in server, and engines connected to it."""

from collections.abc import Callable, Iterator

import pytest

from assistant.client.address import parse_address
from assistant.engine.protocol import CancelToken
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.engine import RemoteEngine
from assistant.types import Delta, Event, Failed, Finished, Started
from tests.support.remote_server import StandIn


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the keys and the keyring of whoever runs the tests out of them."""
    for name in ("GRAFTER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def make_server() -> Iterator[Callable]:
    """Return what starts a stand-in."""
    servers: list = []

    def make(kind: str = "vllm", **options):
        server = StandIn(kind, **options)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., RemoteEngine]]:
    """Return what connects an engine to a stand-in or an address."""
    engines: list[RemoteEngine] = []

    def make(server, **options) -> RemoteEngine:
        address = parse_address(server if isinstance(server, str) else server.url)
        engine = RemoteEngine(RemoteConfig(address, **{"silence_s": 5.0, "connect_s": 1.0, **options}))
        engines.append(engine)
        return engine.open()

    yield make
    for engine in engines:
        engine.close()


class Ran:
    """The events of a request, taken apart."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        assert isinstance(events[-1], Finished | Failed), events
        assert all(not isinstance(event, Finished | Failed) for event in events[:-1])
        if isinstance(events[-1], Finished):
            assert isinstance(events[0], Started)
        self.last = events[-1]

    @property
    def finished(self) -> Finished:
        assert isinstance(self.last, Finished), self.last
        return self.last

    @property
    def failed(self) -> Failed:
        assert isinstance(self.last, Failed), self.last
        return self.last

    @property
    def text(self) -> str:
        return self.finished.choices[0].text

    def shown(self, index: int = 0) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta) and event.index == index)


@pytest.fixture
def run() -> Callable[..., Ran]:
    """Return what runs a request to its end."""
    return lambda engine, request, cancel=None: Ran(list(engine.generate(request, cancel or CancelToken())))
