"""Who is measured: a way to have one prompt read and some tokens written, and to learn how long that took."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Protocol

from assistant.engine.protocol import CancelToken, Engine, Lease
from assistant.errors import ModelError
from assistant.measure.bench.memory import Memory, memory_of
from assistant.types import Delta, Failed, Finished, GenerateRequest, Params, Prompt, Text


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. ``read`` are the prompt's tokens that were computed, ``cached`` those that were not.

    ``prefill_ms`` runs until the first token, ``decode_ms`` from the first to the last: ``written`` - 1 steps.
    ``wall_first_ms`` and ``wall_ms`` are what the one who asked saw: to the first token, and to the end.
    """

    read: int
    cached: int
    written: int
    prefill_ms: float
    decode_ms: float
    wall_first_ms: float
    wall_ms: float
    drafted: int = 0
    accepted: int = 0

    @property
    def prefill_speed(self) -> float:
        """Tokens read in a second."""
        return 1000 * self.read / self.prefill_ms if self.prefill_ms > 0 else 0.0

    @property
    def decode_speed(self) -> float:
        """Tokens written in a second, the first one not counted: it belongs to the reading."""
        return 1000 * (self.written - 1) / self.decode_ms if self.decode_ms > 0 and self.written > 1 else 0.0


class Side(Protocol):
    """One of those that are compared."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    def run(self, text: str, tokens: int, *, speculate: bool = False) -> Sample:
        """Have ``text`` read and ``tokens`` written, greedily; it may end earlier. Raises GrafterError."""
        ...

    def memory(self) -> Memory | None:
        """Return the memory of its process; None where it is not known."""
        ...


class OurSide:
    """Our engine in this process, through the protocol that the service uses."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked = 0

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return "ours"

    def run(self, text: str, tokens: int, *, speculate: bool = False) -> Sample:
        """Return what one request took. Raises ModelError where it failed."""
        with self._engine.begin() as model:
            return self._run(model, text, tokens, speculate=speculate)

    def _run(self, model: Lease, text: str, tokens: int, *, speculate: bool) -> Sample:
        self._asked += 1
        params = Params(max_tokens=tokens, speculate=speculate)
        request = GenerateRequest(f"bench-{self._asked}", Prompt((Text(text),)), params)
        begin = time.perf_counter()
        first: float | None = None
        for event in model.generate(request, CancelToken()):
            match event:
                case Delta() if first is None:
                    first = _since(begin)
                case Finished():
                    end = _since(begin)
                    return Sample(
                        read=event.prompt_tokens - event.cached_tokens,
                        cached=event.cached_tokens,
                        written=event.generated_tokens,
                        prefill_ms=event.timings.prefill_ms,
                        decode_ms=event.timings.decode_ms,
                        wall_first_ms=end if first is None else first,
                        wall_ms=end,
                        drafted=event.draft_tokens,
                        accepted=event.accepted_tokens,
                    )
                case Failed(message=message):
                    raise ModelError(message)
                case _:
                    pass
        raise ModelError("The model ended before its answer was whole.")

    def memory(self) -> Memory | None:
        """Return the memory of this process; the program that measures is part of it."""
        return memory_of(os.getpid())


def _since(begin: float) -> float:
    return 1000 * (time.perf_counter() - begin)
