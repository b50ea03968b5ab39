"""One suggestion that was shown, as it is kept: when, how long, what became of it, in which language and by whom."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.editing.suggestions.offer import Trigger
from assistant.editing.suggestions.outcomes import Fate, How, Outcome


@dataclass(frozen=True, slots=True)
class Record:
    """``at`` is when it appeared (seconds since 1970), ``shown_ms`` how long it was there. The rest is as in Outcome.

    ``language`` is empty for plain text, ``adapter`` where there was none.
    """

    at: int
    shown_ms: int
    trigger: Trigger
    fate: Fate
    how: How | None
    characters: int
    lines: int
    taken: int
    typed: int
    presses: int
    language: str
    model: str
    adapter: str


def record_of(outcome: Outcome, now: float, language: str, model: str | None, adapter: str | None) -> Record:
    """Return the record of a suggestion that has just gone, ``now`` in seconds since 1970.

    ``model`` and ``adapter`` are those in use: they count where the outcome names no model.
    """
    if outcome.model is not None:
        model, adapter = outcome.model, outcome.adapter
    return Record(
        at=int(now - outcome.shown_ms / 1000),
        shown_ms=round(outcome.shown_ms),
        trigger=outcome.trigger,
        fate=outcome.fate,
        how=outcome.how,
        characters=outcome.characters,
        lines=outcome.lines,
        taken=outcome.taken,
        typed=outcome.typed,
        presses=outcome.presses,
        language=language,
        model=model or "",
        adapter=adapter or "",
    )
