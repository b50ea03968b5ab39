"""What the completion session wants done: small values that a front carries out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.editing.suggestions.outcomes import Outcome
from assistant.types import CompleteRequest, Finished

StatusKind = Literal[
    "idle", "thinking", "alternative", "empty", "failed", "read_only", "selection", "composing", "not_ready"
]


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Start the one timer anew, to fire once after ``ms``; None stops it."""

    ms: int | None


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; its events are to be fed back."""

    request: CompleteRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give a running request up."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Show:
    """Show this text, and only this, as ghost text at the cursor.

    Taken, it goes in place of the next ``replaces`` characters right of the cursor.
    """

    text: str
    replaces: int = 0


@dataclass(frozen=True, slots=True)
class Clear:
    """Show no ghost text."""


@dataclass(frozen=True, slots=True)
class Status:
    """What to tell the person. ``index`` of ``count`` (from 1) for ``alternative``, ``message`` for ``failed``."""

    kind: StatusKind
    message: str = ""
    index: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A suggestion became visible: once with its first characters, and once more when it is whole.

    Milliseconds since the key that asked for it; None where it came from memory. ``total_ms`` and ``finished`` are
    None until it is whole.
    """

    first_ms: float | None
    total_ms: float | None
    finished: Finished | None


@dataclass(frozen=True, slots=True)
class Explain:
    """Alternative ``choice`` of ``finished`` is shown from now on, or has come and nothing of it is shown."""

    finished: Finished
    choice: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A suggestion that was shown is gone."""

    outcome: Outcome


Action = SetTimer | Send | Cancel | Show | Clear | Status | Arrived | Explain | Ended
