"""The requests of one text: what of it is sent, and the one that runs with what has arrived of its answer."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from assistant.editing.suggestions.offer import Insertion, Offer, Trigger
from assistant.types import CompleteRequest, Finished

# Far more than any prompt holds, and less than the service takes in one request.
MAX_BEFORE = 1_500_000
MAX_AFTER = 300_000


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the requests of one text. ``path`` is relative to ``workspace`` where there is one.

    ``name`` tells the service which requests are of this text, so that it never computes an old one.
    """

    path: str | None = None
    workspace: str | None = None
    name: str | None = None
    new_id: Callable[[], str] = _new_id

    def make(self, trigger: Trigger, prefix: str, suffix: str, n: int = 1) -> CompleteRequest:
        """Return a request for ``n`` alternatives at a place; of an enormous text only what lies around it is sent."""
        before = prefix[-MAX_BEFORE:]
        return CompleteRequest(
            self.new_id(),
            before + suffix[:MAX_AFTER],
            len(before),
            self.path,
            self.workspace,
            trigger=trigger,
            n=n,
            session=self.name,
        )


@dataclass(slots=True)
class Flight:
    """A request that runs: what has arrived of it, when its key was pressed, and how far to cycle then.

    ``guess``: it went out before there was a key that wanted it.
    """

    id: str
    stream: Offer
    asked_at: float
    sent_at: float
    n: int = 1
    step: int = 0
    guess: bool = False
    first_ms: float | None = None

    def whole(self, finished: Finished) -> Offer:
        """Return the offer of the whole answer."""
        choices = sorted(enumerate(finished.choices), key=lambda each: each[1].index)
        insertions = tuple(Insertion(choice.text, choice.replaces, finished, place) for place, choice in choices)
        return dataclasses.replace(self.stream, insertions=insertions, whole=True, finished=finished)


def is_cut_off(finished: Finished) -> bool:
    """Whether the service gave the request up, because it had something more urgent to do."""
    return any(choice.reason == "cancelled" for choice in finished.choices)
