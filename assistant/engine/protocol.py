"""What every engine is: leases of a model, each a synchronous iterator of events with a cancel token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from assistant.models.adapters import AdapterChoice
from assistant.types import Event, GenerateRequest, Health, Role, Text

__all__ = [
    "AdapterChoice",
    "Adapts",
    "CancelToken",
    "Describes",
    "Engine",
    "EngineInfo",
    "FindAdapter",
    "Forgets",
    "Generate",
    "Lease",
    "Prepares",
]

FindAdapter = Callable[[str], AdapterChoice]
"""Returns the adapter of a name, for the model that is loaded. Raises InputError where there is none that fits."""


class CancelToken:
    """Set once, from any thread; engines look at it before each token and each piece of prefill.

    With a ``parent`` it is cancelled with it too, while it can be cancelled on its own.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._event = threading.Event()
        self._parent = parent

    def cancel(self) -> None:
        """Ask the generation to end; it finishes with reason ``cancelled``."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to end."""
        return self._event.is_set() or (self._parent is not None and self._parent.cancelled)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the fronts need to know of a loaded model.

    ``family`` names the fill-in-the-middle family (a key of ``assistant.prompts``; ``none`` where
    the model has none). ``context_length`` counts tokens, prompt and answer together. ``token_healing`` tells whether
    an answer can be held to a beginning (``GenerateRequest.begin``). ``adapter`` answers where a request names none.
    """

    model: str
    family: str
    device: str
    dtype: str
    context_length: int
    parameters: int = 0
    adapter: str | None = None
    token_healing: bool = False
    software: str = ""
    """The name of what runs the model, where that is a server that was reached."""


class Generate(Protocol):
    """How a leased model is asked."""

    def __call__(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Yield Started, then Progress and Delta, then exactly one Finished or Failed.

        Before Started there may be Progress of the stage ``layout``, while the prompt is made in another thread.

        An iterator that is not advanced pauses, and its owner may advance others of the same engine meanwhile, on the
        same thread: each holds its own KV cache, and its text is the same as if it had run alone. So that others never
        wait long, an event comes at least for each decoded token (a Delta without text, or Progress of the stage
        ``decode``, where no text is certain yet) and for each piece of prefill of at most about 100 ms. One that is
        advanced after its token was cancelled computes no further token and yields Finished with what it has.

        Closing the iterator frees what the request holds. Failures that belong to the request
        (prompt too long, out of memory) come as Failed; only bugs raise.
        """
        ...


def _nothing() -> None:
    """Release what nobody counts."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Which model answers one job, from its first question about it to its end: it and its adapter stay the same.

    ``count_tokens`` returns the number of tokens of each text, tokenised on its own. ``note`` says what the person
    should know of how the model came to answer, e.g. which other one had to go for it.
    """

    info: EngineInfo
    count_tokens: Callable[[Sequence[Text]], list[int]]
    generate: Generate
    release: Callable[[], None] = _nothing
    note: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


class Engine(Protocol):
    """A model, or several. All calls come from the one thread that owns it."""

    def begin(self, role: Role = "complete") -> Lease:
        """Return the model for one job of this role; whoever got it releases it. May take as long as a load.

        Raises GrafterError where there is none.
        """
        ...

    def close(self) -> None:
        """Give the memory back. The engine is not used afterwards."""
        ...


@runtime_checkable
class Describes(Protocol):
    """An engine whose state is more than that it is loaded: one on a server, which comes and goes."""

    @property
    def holds_memory(self) -> bool:
        """Whether a model is loaded on this computer."""
        ...

    def describe(self, health: Health) -> Health:
        """Return the state of a service that runs this engine. Called from any thread."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """An engine of several models, one of which may be loaded while the others answer."""

    @property
    def loading(self) -> bool:
        """Whether a model is being loaded."""
        ...

    def prepare(self, wanted: Sequence[Role], ended: Callable[[], None]) -> frozenset[Role]:
        """Return the roles for which ``begin`` returns or raises at once, and begin to load for one that is wanted.

        ``wanted`` are the roles of the jobs that wait, the most urgent first: of none of them that is ready the model
        makes room for a less urgent one. Where a load is under way, ``ended`` is called at its end, from any thread.
        """
        ...


@runtime_checkable
class Forgets(Protocol):
    """An engine that can read each prompt as if it were its first; one on a server cannot promise that."""

    def forget(self) -> None:
        """Forget the prompts that were read, so that the next one is read whole. No request runs meanwhile."""
        ...


@runtime_checkable
class Adapts(Protocol):
    """An engine whose model can be changed by adapters while it is loaded."""

    def set_adapter(self, choice: AdapterChoice | None, *, wait: bool = False) -> None:
        """Have an adapter answer from now on where a request names none; None, and a scale of 0: the model alone.

        An engine may answer more slowly for some seconds, until the adapter is merged; with ``wait`` this returns then.

        Requests that have begun go on as they were. Raises AdapterError where it cannot be used, and nothing changes.
        """
        ...
