"""The actions that follow from one input, collected; each state is told once, when it becomes another."""

from __future__ import annotations

from assistant.editing.suggestions.actions import Action, Clear, Ended, Explain, SetTimer, Show, Status, StatusKind
from assistant.editing.suggestions.offer import Insertion
from assistant.editing.suggestions.outcomes import Outcome
from assistant.types import Finished


class Outbox:
    """What the editor has been told so far: what it shows, whether its timer runs, what its status line says."""

    def __init__(self) -> None:
        self.shown: Insertion | None = None
        self.timer_on = False
        self._explained: tuple[Finished, int] | None = None
        self._status = Status("idle")
        self._actions: list[Action] = []

    def add(self, action: Action) -> None:
        """Tell something that is told each time."""
        self._actions.append(action)

    def set_timer(self, ms: int | None) -> None:
        """Let the timer ring in so many milliseconds; None stops it."""
        if ms is not None or self.timer_on:
            self.add(SetTimer(ms))
        self.timer_on = ms is not None

    def show(self, insertion: Insertion | None) -> None:
        """Show a suggestion, or none."""
        if insertion != self.shown:
            self.add(Clear() if insertion is None else Show(insertion.text, insertion.replaces))
        self.shown = insertion
        if insertion is not None and insertion.answer is not None:
            self.explain(insertion.answer, insertion.choice)

    def explain(self, finished: Finished, choice: int) -> None:
        """Say which answer and alternative is shown, or has come, where that was not said last."""
        known = self._explained
        if known is None or known[0] is not finished or known[1] != choice:
            self._explained = (finished, choice)
            self.add(Explain(finished, choice))

    def say(self, kind: StatusKind, message: str = "", index: int = 0, count: int = 0) -> None:
        """Say a status, where it is another than before."""
        status = Status(kind, message, index, count)
        if status != self._status:
            self._status = status
            self.add(status)

    def tell_outcomes(self, outcomes: list[Outcome]) -> None:
        """Tell what became of suggestions."""
        self._actions += [Ended(outcome) for outcome in outcomes]

    def take(self) -> list[Action]:
        """Return what was collected, and begin anew."""
        actions, self._actions = self._actions, []
        return actions
