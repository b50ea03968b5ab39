"""The engine over a server: requests in, events out, like a model in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from assistant.engine.protocol import CancelToken, EngineInfo, Lease
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.asking import Asking
from assistant.engine.remote.connection import Connection
from assistant.engine.remote.counts import TokenCounts
from assistant.engine.remote.errors import RemoteError
from assistant.engine.remote.generation import Generation
from assistant.engine.remote.server import DEFAULT_CONTEXT, Server
from assistant.errors import GrafterError
from assistant.prompts.fim import family_by_name
from assistant.types import (
    Event,
    Failed,
    GenerateRequest,
    Health,
    Role,
    Text,
)


class RemoteEngine:
    """A model on a server. Not safe for threads: one owns it. Opened before use, and again after it was closed."""

    def __init__(self, config: RemoteConfig) -> None:
        self.config = config
        self._connection: Connection | None = None
        self._asking: Asking | None = None
        self._counts = TokenCounts()
        self._warned = False

    @property
    def host(self) -> str:
        """The server's name for people."""
        return self.config.address.host

    @property
    def up(self) -> bool:
        """Whether the server answered the last time."""
        return self._connection is not None and self._connection.up

    @property
    def problem(self) -> GrafterError | None:
        """Why the server does not answer now."""
        return self._connection.problem if self._connection else None

    @property
    def server(self) -> Server | None:
        """What is known of the server, also while it is away."""
        return self._connection.server if self._connection else None

    def open(self) -> RemoteEngine:
        """Connect and return the engine. A server that is away is looked for in the background.

        Raises InputError for what no server can mend: a bad key or certificate, a model or adapter that it has not.
        """
        self._connection = Connection(self.config)
        self._asking = Asking(self._connection.http)
        try:
            self._connection.need(CancelToken())
        except RemoteError:
            pass
        except GrafterError:
            self.close()
            raise
        return self

    @property
    def info(self) -> EngineInfo:
        """Facts about the model; guesses from its name until the server was reached for the first time."""
        server, config = self.server, self.config
        if server is None:
            model = config.model or self.host
            family = config.family or family_by_name(model)
            context, adapter = config.context_length or DEFAULT_CONTEXT, config.adapter.name if config.adapter else None
        else:
            model, family = server.base_model, server.family
            context, adapter = server.context_length, server.adapter
        software = "" if server is None else server.dialect.label
        device, dtype = f"remote {self.host}", "the server's own"
        return EngineInfo(model, family, device, dtype, context, adapter=adapter, software=software)

    def begin(self, role: Role = "complete") -> Lease:  # noqa: ARG002  (the server's model has every role)
        """Return the server's model, with the adapter that was asked for at the start."""
        return Lease(self.info, self.count_tokens, self.generate)

    @property
    def holds_memory(self) -> bool:
        """No model is on this computer."""
        return False

    def count_tokens(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text; see TokenCounts."""
        return self._counts.count([text.text for text in texts], *self._parts())

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Yield Started, Progress and Delta, then one Finished or Failed."""
        try:
            yield from Generation(self, *self._parts(), self._counts, request, cancel).run()
        except GrafterError as error:
            yield Failed(request.id, str(error), error.code)

    def close(self) -> None:
        """Drop the connections and end the thread."""
        connection, self._connection, self._asking = self._connection, None, None
        if connection is not None:
            connection.close()

    def describe(self, health: Health) -> Health:
        """Return the state of a service that runs this engine."""
        info, problem = self.info, self.problem
        state = "ready" if problem is None else "failed"
        message = self.config.address.warning if problem is None else str(problem)
        return dataclasses.replace(
            health,
            state=state,
            model=info.model,
            device=info.device,
            adapter=info.adapter,
            message=message,
            context_length=info.context_length,
        )

    def warn_once(self) -> str:
        """Return what the person should know of the connection, the first time."""
        warned, self._warned = self._warned, True
        return "" if warned else self.config.address.warning

    def _parts(self) -> tuple[Connection, Asking]:
        if self._connection is None or self._asking is None:
            raise RuntimeError("the engine is not open")
        return self._connection, self._asking
