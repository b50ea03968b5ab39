"""Whether a suggestion may be asked for and shown: what the person, the file and the service allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DEBOUNCE_MS = 300

Refusal = Literal["read_only", "selection", "composing", "not_ready"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the person and the file allow.

    ``enabled`` False: only by hand. ``debounce_ms`` is how long typing must rest before a request goes out: at most,
    where it is ``adaptive``, else each time. ``ahead``: ask for what would follow a suggestion while it is read.
    """

    enabled: bool = True
    read_only: bool = False
    debounce_ms: int = DEBOUNCE_MS
    adaptive: bool = True
    ahead: bool = True


@dataclass(slots=True)
class Permission:
    """The state that decides. ``dismissed``: the person wants no suggestion at this place."""

    options: Options = field(default_factory=Options)
    ready: bool = False
    selection: bool = False
    composing: bool = False
    dismissed: bool = False

    def refusal(self) -> Refusal | None:
        """Return why nothing can be asked for, even by hand, or None."""
        if self.options.read_only:
            return "read_only"
        if self.selection:
            return "selection"
        if self.composing:
            return "composing"
        return None if self.ready else "not_ready"

    def may_show_unasked(self) -> bool:
        """Return whether what is known already may be shown."""
        return self.options.enabled and self.refusal() is None

    def may_ask_unasked(self, suffix: str) -> bool:
        """Return whether a suggestion that nobody asked for is welcome left of ``suffix``."""
        return self._welcome(suffix) and self.refusal() is None

    def waits_for_service(self, suffix: str) -> bool:
        """Return whether only the service is missing."""
        return self._welcome(suffix) and self.refusal() == "not_ready"

    def _welcome(self, suffix: str) -> bool:
        inside = suffix[:1].isalnum() or suffix[:1] == "_"  # of an identifier
        return self.options.enabled and not self.dismissed and not inside
