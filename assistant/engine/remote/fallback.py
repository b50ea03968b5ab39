"""The model on a server, and while that is away the one on this computer.

The local model is loaded when it is first needed and given back when the server has answered again for a while: most
people who use a server do so because their computer has no memory to spare. The server is looked for in the background,
and the next request after it came back goes there.

A job belongs to one of the two from the moment in which it begins, since its prompts are laid out for that model. One
that the server drops before the first token is laid out anew for the local model.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.engine.protocol import CancelToken, Engine, EngineInfo, Lease
from assistant.engine.remote.connection import is_away
from assistant.engine.remote.engine import RemoteEngine
from assistant.errors import GrafterError
from assistant.prompts.fim import FAMILIES, NO_FAMILY, PREFIX, SUFFIX, Family, Slot, infill_prompt
from assistant.types import (
    Chat,
    Control,
    Delta,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    Health,
    Markup,
    Prompt,
    Role,
    Started,
    Text,
)

# How long the local model stays in memory after the server is back.
_KEEP_LOCAL_S = 120.0
_AWAY = frozenset({"remote_unreachable", "remote_busy", "remote_interrupted"})

_log = logging.getLogger(__name__)


def relay(request: GenerateRequest, was: EngineInfo, now: EngineInfo) -> GenerateRequest | None:
    """Return the request for the model ``now``; None where its prompt cannot be laid out anew.

    A hole keeps the text on both its sides; other files in front of it, the name of its own and that file in short are
    left out where the formats differ.
    """
    prompt = request.prompt
    if isinstance(prompt, Chat) or was.family == now.family:
        return request
    if any(isinstance(part, Markup) for part in prompt.parts):
        return None
    if not any(isinstance(part, Control) for part in prompt.parts):
        return dataclasses.replace(request, stop_tokens=())
    found = _read_hole(prompt, FAMILIES[was.family]) if was.family in FAMILIES else None
    if found is None:
        return None
    fim = infill_prompt(now.family, *found)
    stops = () if now.family == NO_FAMILY else fim.stop_tokens
    return dataclasses.replace(request, prompt=fim.prompt, stop_tokens=stops)


def _read_hole(prompt: Prompt, family: Family) -> tuple[str, str] | None:
    """Return prefix and suffix of a prompt of this family; None where it is none."""
    parts = list(prompt.parts)
    texts = {PREFIX: "", SUFFIX: ""}
    first = 1 if family.files_inside else 0  # behind this token other files may stand
    for item in reversed(family.layout[first:]):
        part = parts.pop() if parts else None
        if isinstance(item, Slot) and isinstance(part, Text):
            texts[item] = part.text
            while item is PREFIX and parts and isinstance(parts[-1], Text):
                parts.pop()
        elif part != Control(str(item)):
            return None
    if first and Control(str(family.layout[0])) not in parts:
        return None
    return texts[PREFIX], texts[SUFFIX]


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
        self._info: EngineInfo | None = None
        """Of the local model, while that is loaded."""
        self._leases = 0
        """Of the local model: while a job has it, it stays."""
        self._answers_here = False

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
        return self

    def begin(self, role: Role = "complete") -> Lease:
        """Return the model that the next job goes to; where that is the local one, it is loaded by this."""
        chosen = self._choose()
        if chosen is self._remote:
            return Lease(self._remote.info, self._remote.count_tokens, self._generate_remote)
        lease = self._lease_local(chosen, role)

        def generate(request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
            return self._generate_local(lease, request, cancel, started=False)

        return replace(lease, generate=generate)

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Answer one request as a job of its own."""
        with self.begin() as lease:
            yield from lease.generate(request, cancel)

    def close(self) -> None:
        """Drop the connections and give the local model's memory back."""
        self._remote.close()
        self._drop_local()

    def describe(self, health: Health) -> Health:
        """Return the state of a service that runs this engine. May be called from any thread."""
        remote, info = self._remote, self._info
        if remote.problem is None or (info is None and (self._load_local is None or self._broken)):
            return remote.describe(health)
        if info is None:
            message = f"{remote.problem} Until it is back the model on this computer answers."
            return dataclasses.replace(remote.describe(health), state="ready", message=message)
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
        away = self._remote.problem is not None and is_away(self._remote.problem)
        local = self._find_local() if away else None
        if local is None and self._answers_here:
            _log.warning("The server %s answers again.", self._remote.host)
        self._answers_here = local is not None
        if local is not None:
            return local
        if not self._leases and time.monotonic() - self._local_used_at > _KEEP_LOCAL_S:
            self._drop_local()
        return self._remote

    def _find_local(self) -> Engine | None:
        """Return the local engine, loading it where that was not done; None where there is none."""
        if self._local is None and self._load_local is not None and not self._broken:
            _log.warning("%s The model on this computer is loaded instead.", self._remote.problem)
            try:
                self._local = self._load_local()
            except GrafterError as error:
                self._broken = str(error)
            else:
                with self._local.begin() as lease:
                    self._info = lease.info
        self._local_used_at = time.monotonic()
        return self._local

    def _lease_local(self, local: Engine, role: Role = "complete") -> Lease:
        """Return a lease of the local model that keeps it from being dropped."""
        lease = local.begin(role)
        self._leases += 1

        def release() -> None:
            self._leases -= 1
            lease.release()

        return replace(lease, release=release)

    def _drop_local(self) -> None:
        local, self._local, self._info = self._local, None, None
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
                    yield from self._answer_instead(request, cancel, event, started=started)
                    return
                case _:
                    pass
            yield event

    def _answer_instead(
        self, request: GenerateRequest, cancel: CancelToken, failed: Failed, *, started: bool
    ) -> Iterator[Event]:
        """Have the local model answer what the server dropped, where the prompt can be laid out anew for it."""
        local = self._find_local()
        if local is None:
            yield self._explain(failed)
            return
        with self._lease_local(local) as lease:
            moved = relay(request, self._remote.info, lease.info)
            if moved is None:
                yield self._explain(failed)
            else:
                yield from self._generate_local(lease, moved, cancel, started=started, why=failed.message)

    def _generate_local(
        self, lease: Lease, request: GenerateRequest, cancel: CancelToken, *, started: bool, why: str = ""
    ) -> Iterator[Event]:
        why = why or str(self._remote.problem or f"The server {self._remote.host} was away.")
        for event in lease.generate(request, cancel):
            if isinstance(event, Started) and started:
                continue
            if isinstance(event, Finished):
                said = f"{why} {lease.info.model} on this computer answered instead."
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
