"""The model on a server, and while that is away the one on this computer.

The local model is loaded when it is first needed and given back when the server has answered again for a while: most
people who use a server do so because their computer has no memory to spare. The server is looked for in the background,
and the next request after it came back goes there.

A request belongs to one of the two from the moment in which somebody asks for ``info``, since its prompt is laid out
for that model. One that the server drops before the first token is laid out anew for the local model.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from assistant.engine.protocol import CancelToken, Engine, EngineInfo
from assistant.engine.remote.connection import is_away
from assistant.engine.remote.engine import RemoteEngine
from assistant.engine.remote.relay import relay
from assistant.errors import GrafterError
from assistant.types import Chat, Control, Delta, Event, Failed, Finished, GenerateRequest, Health, Started, Text

# How long the local model stays in memory after the server is back.
_KEEP_LOCAL_S = 120.0
_AWAY = frozenset({"remote_unreachable", "remote_busy", "remote_interrupted"})

_log = logging.getLogger(__name__)


class FallbackEngine:
    """Not safe for threads: one owns it, and the local model is loaded on its thread."""

    def __init__(self, remote: RemoteEngine, load_local: Callable[[], Engine] | None) -> None:
        """``load_local`` makes the engine that answers while the server is away; None where no model is installed."""
        self._remote = remote
        self._load_local = load_local
        self._local: Engine | None = None
        self._local_used_at = 0.0
        self._broken = ""
        """Why the local model could not be loaded."""
        self._current: Engine = remote

    @property
    def host(self) -> str:
        """The server's name for people."""
        return self._remote.host

    @property
    def holds_memory(self) -> bool:
        """Whether a model is loaded on this computer."""
        return self._local is not None

    def open(self) -> FallbackEngine:
        """Connect, and return the engine. Raises InputError like RemoteEngine.open."""
        self._remote.open()
        self._current = self._remote
        return self

    @property
    def info(self) -> EngineInfo:
        """Facts about the model that the next request goes to."""
        return self._choose().info

    def count_tokens(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text, as the model that answers counts."""
        return self._current.count_tokens(texts)

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Yield Started, Progress and Delta, then one Finished or Failed."""
        if isinstance(request.prompt, Chat) or not any(isinstance(part, Control) for part in request.prompt.parts):
            self._choose()  # nothing in it was laid out for one of the two
        if self._current is self._remote:
            return self._generate_remote(request, cancel)
        return self._generate_local(request, cancel, started=False)

    def close(self) -> None:
        """Drop the connections and give the local model's memory back."""
        self._remote.close()
        self._drop_local()
        self._current = self._remote

    def describe(self, health: Health) -> Health:
        """Return the state of a service that runs this engine. May be called from any thread."""
        remote, local = self._remote, self._local
        if remote.problem is None or (local is None and (self._load_local is None or self._broken)):
            return remote.describe(health)
        if local is None:
            message = f"{remote.problem} Until it is back the model on this computer answers."
            return dataclasses.replace(remote.describe(health), state="ready", message=message)
        info = local.info
        return dataclasses.replace(
            health,
            state="ready",
            model=info.model,
            device=f"{info.device} ({remote.host} is away)",
            dtype=info.dtype,
            adapter=info.adapter,
            message=f"{remote.problem} Until it is back the model on this computer answers.",
        )

    # --- which of the two ------------------------------------------------------------------

    def _choose(self) -> Engine:
        """Take the server unless it is away and there is a model here."""
        if self._remote.problem is None or not is_away(self._remote.problem) or self._find_local() is None:
            if self._current is not self._remote:
                _log.warning("The server %s answers again.", self._remote.host)
            self._current = self._remote
            if self._local is not None and time.monotonic() - self._local_used_at > _KEEP_LOCAL_S:
                self._drop_local()
        else:
            self._current = self._find_local() or self._remote
        return self._current

    def _find_local(self) -> Engine | None:
        """Return the local engine, loading it where that was not done; None where there is none."""
        if self._local is None and self._load_local is not None and not self._broken:
            _log.warning("%s The model on this computer is loaded instead.", self._remote.problem)
            try:
                self._local = self._load_local()
            except GrafterError as error:
                self._broken = str(error)
        self._local_used_at = time.monotonic()
        return self._local

    def _drop_local(self) -> None:
        local, self._local = self._local, None
        if local is not None:
            local.close()

    # --- one request -------------------------------------------------------------------------

    def _generate_remote(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        started = written = False
        for event in self._remote.generate(request, cancel):
            match event:
                case Started():
                    started = True
                case Delta():
                    written = True
                case Failed(code=code) if code in _AWAY and not written and not cancel.cancelled:
                    local = self._find_local()
                    moved = None if local is None else relay(request, self._remote.info, local.info)
                    if moved is None:
                        yield self._explain(event)
                    else:
                        yield from self._generate_local(moved, cancel, started=started, why=event.message)
                    return
                case _:
                    pass
            yield event

    def _generate_local(
        self, request: GenerateRequest, cancel: CancelToken, *, started: bool, why: str = ""
    ) -> Iterator[Event]:
        local = self._find_local()
        assert local is not None  # noqa: S101 - it was chosen, or loaded for this request
        why = why or str(self._remote.problem or f"The server {self._remote.host} was away.")
        for event in local.generate(request, cancel):
            if isinstance(event, Started) and started:
                continue
            if isinstance(event, Finished):
                said = f"{why} {local.info.model} on this computer answered instead."
                yield dataclasses.replace(event, note=f"{said} {event.note}".rstrip())
            else:
                yield event
        self._local_used_at = time.monotonic()

    def _explain(self, failed: Failed) -> Failed:
        """Return the failure with what could be done about having no other model."""
        if self._local is not None:  # the prompt was of the server's own making
            return dataclasses.replace(failed, message=f"{failed.message} Ask again: the local model answers next.")
        hint = self._broken or "No model is installed on this computer that could answer instead."
        return dataclasses.replace(failed, message=f"{failed.message} {hint}")
