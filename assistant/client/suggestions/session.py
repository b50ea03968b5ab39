"""When to ask for a suggestion and which one to show: a state machine without a window and without a clock of its own.

Each input returns the actions that follow from it. ``now`` is in milliseconds on any monotonic clock.

What is shown always fits the text. It is replaced only by what extends it, or by an answer that the person asked for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from assistant.client.suggestions.actions import (
    Action,
    Arrived,
    Cancel,
    Clear,
    Ended,
    Explain,
    Send,
    SetTimer,
    Show,
    Status,
    StatusKind,
)
from assistant.client.suggestions.memory import OfferMemory
from assistant.client.suggestions.offer import Insertion, Offer, Trigger
from assistant.client.suggestions.outcomes import Fate, Outcome, Watch
from assistant.client.suggestions.pace import Pace
from assistant.client.suggestions.requests import Flight, Requests, is_cut_off
from assistant.types import Delta, Event, Failed, Finished

ALTERNATIVES = 3
DEBOUNCE_MS = 300

_RefusedError = Literal["read_only", "selection", "composing", "not_ready"]


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


class CompletionSession:
    """One text and one cursor. At most one request runs that somebody waits for, or one that was asked ahead.

    An answer counts only where it still fits. ``pace`` is the person's, whichever text it was learned in.
    """

    def __init__(
        self,
        prefix: str,
        suffix: str,
        *,
        requests: Requests | None = None,
        options: Options | None = None,
        pace: Pace | None = None,
        ready: bool = False,
    ) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._requests = requests or Requests()
        self._options = options or Options()
        self._pace = pace or Pace()
        self._ready = ready
        self._selection = False
        self._composing = False
        self._dismissed = False
        self._waiting = False  # an edit would have asked, had the service been ready
        self._edited_at = 0.0
        self._timer_on = False
        self._flight: Flight | None = None
        self._ahead: Flight | None = None
        self._looked_at: tuple[str, str] | None = None  # where it was asked ahead last: once is enough
        self._offer: Offer | None = None
        self._shown: Insertion | None = None
        self._explained: tuple[Finished, int] | None = None
        self._status = Status("idle")
        self._memory = OfferMemory()
        self._watch = Watch()
        self._actions: list[Action] = []

    @property
    def busy(self) -> bool:
        """Whether a request that somebody waits for runs or is about to go out."""
        return self._timer_on or self._flight is not None

    # --- inputs ---------------------------------------------------------------------------

    def text_changed(self, prefix: str, suffix: str, now: float, selection: bool = False) -> list[Action]:
        """Follow an edit: typed, deleted, undone, accepted or loaded."""
        if (prefix, suffix) == (self._prefix, self._suffix):
            return []
        self._follow_rhythm(prefix, suffix, now)
        self._prefix, self._suffix, self._selection = prefix, suffix, selection
        self._edited_at, self._dismissed = now, False
        self._follow_edit(now)
        return self._take(now, "edited")

    def cursor_moved(self, prefix: str, suffix: str, now: float, selection: bool = False) -> list[Action]:
        """Follow the cursor to another place in the same text, or the begin or end of a selection."""
        if (prefix, suffix, selection) == (self._prefix, self._suffix, self._selection):
            return []
        if prefix + suffix != self._prefix + self._suffix:
            return self.text_changed(prefix, suffix, now, selection)
        self._prefix, self._suffix, self._selection = prefix, suffix, selection
        pending = self._timer_on
        self._leave()
        if pending:  # moves that belong to an edit, such as stepping back between a pair of brackets
            self._arm(now)
        return self._take(now, "moved")

    def composing(self, composing: bool, now: float) -> list[Action]:
        """Note that an input method begins to compose text at the cursor, or that it has ended."""
        if composing == self._composing:
            return []
        self._composing = composing
        if composing:
            self._leave()
        else:
            self._follow_edit(now)
        return self._take(now, "edited")

    def event(self, event: Event, now: float) -> list[Action]:
        """Take what the service says about a request; what concerns an old one is dropped."""
        if self._flight is not None and event.request_id == self._flight.id:
            self._on_answer(self._flight, event, now)
        elif self._ahead is not None and event.request_id == self._ahead.id:
            self._on_guess(self._ahead, event)
        return self._take(now, "withdrawn" if self._shown is None else "replaced")

    def timer_fired(self, now: float) -> list[Action]:
        """Ask, now that the time of SetTimer is over."""
        if self._timer_on:
            self._send("auto", 1, 0, self._edited_at, now)
        return self._take(now)

    def accepted(self, kind: str, now: float) -> list[Action]:
        """Note that the person took the suggestion, after the text changed by it; what follows is wanted at once."""
        if kind == "all" and self._timer_on:
            self._set_timer(0)
        self._tell_outcomes(self._watch.accepted(kind))
        return self._take(now)

    def dismissed(self, now: float) -> list[Action]:
        """Show no suggestion here because the person wants none; nothing is asked until the next edit."""
        if self._offer is not None and self._offer.finished is not None:
            self._memory.forget(self._offer.finished)
        self._dismissed = True
        self._leave()
        return self._take(now, "dismissed")

    def ask(self, now: float) -> list[Action]:
        """Ask for a suggestion here because the person wants one."""
        self._ask_by_hand(1, 0, now)
        return self._take(now)

    def cycle(self, step: int, now: float) -> list[Action]:
        """Show the next (1) or the previous (-1) alternative; they are asked for once."""
        if self._flight is not None and self._flight.n > 1:
            self._flight.step += step
        elif self._offer is not None and self._offer.asked_more:
            self._rotate(self._offer, step)
        else:
            self._ask_by_hand(ALTERNATIVES, step if self._shown is not None else 0, now)
        return self._take(now)

    def set_ready(self, ready: bool, now: float) -> list[Action]:
        """Note whether the service can answer requests."""
        self._ready = ready
        if not ready and self._timer_on:
            self._set_timer(None)
            self._waiting = True
        elif ready and self._waiting:
            self._waiting = False
            # The wait for the service is not the latency of the suggestion.
            self._edited_at = max(self._edited_at, now - self._options.debounce_ms)
            self._arm(now)
        return self._take(now)

    def model_changed(self, now: float) -> list[Action]:
        """Forget what another model, or another adapter, has written: none of it is shown or brought back."""
        self._memory = OfferMemory()
        self._leave()
        return self._take(now, "withdrawn")

    def set_options(self, options: Options, now: float) -> list[Action]:
        """Take over changed options."""
        self._options = options
        if options.read_only or not options.enabled:
            self._leave()
        return self._take(now)

    def close(self, now: float) -> list[Action]:
        """Give everything up, because the editor is left."""
        self._leave()
        return self._take(now, "moved")

    # --- edits ----------------------------------------------------------------------------

    def _follow_rhythm(self, prefix: str, suffix: str, now: float) -> None:
        """Note a key, where the edit was one: a character, or a line end with the indentation that comes with it."""
        typed = prefix[len(self._prefix) :] if suffix == self._suffix and prefix.startswith(self._prefix) else ""
        if len(typed) == 1 or (typed[:1] == "\n" and not typed.strip()):
            self._pace.key(now)
        else:
            self._pace.interrupt()

    def _follow_edit(self, now: float) -> None:
        """Keep what still fits the text, recall what was foreseen or shown here, or ask when typing rests."""
        if self._flight is not None and not self._flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
        if not self._keep() and not self._recall():
            self._offer = None
            self._show(None)
            self._promote(now)
        if self._shown is not None or (self._flight is not None and self._flight.stream.insertions[0].text):
            self._set_timer(None)
        elif self._flight is None or not self._flight.guess:
            self._arm(now)
        self._tell()

    def _keep(self) -> bool:
        """Go on with what is shown or streams in, where it fits."""
        streaming = self._flight.stream if self._flight is not None else None
        return any(offer is not None and self._adopt(offer) for offer in (self._offer, streaming))

    def _recall(self) -> bool:
        """Show what was foreseen or shown at this place before, if anything."""
        if not self._may_show_unasked():
            return False
        remembered = self._memory.get(self._prefix, self._suffix)
        if remembered is None or not self._adopt(remembered):
            return False
        self._cancel()
        self._actions.append(Arrived(None, None, remembered.finished))
        return True

    def _promote(self, now: float) -> None:
        """Wait for what was asked ahead, where the text is now what it was asked for."""
        ahead = self._ahead
        if ahead is None or not self._may_show_unasked() or not ahead.stream.agrees(self._prefix, self._suffix):
            return
        self._cancel()
        self._set_timer(None)
        self._flight, self._ahead = ahead, None
        ahead.asked_at = now
        if self._adopt(ahead.stream):
            self._show_first(ahead, now)

    def _adopt(self, offer: Offer) -> bool:
        """Show what ``offer`` still offers here, if anything."""
        offer, rest = offer.at(self._prefix, self._suffix)
        if rest is None or self._selection or self._composing:
            return False
        self._offer = offer
        self._show(rest)
        self._set_timer(None)
        if offer.whole:
            self._memory.put(offer)
        return True

    def _arm(self, now: float) -> None:
        """Ask once typing has rested long enough since the last edit, where asking is allowed."""
        if self._may_ask_unasked():
            self._set_timer(max(0, round(self._wait() - (now - self._edited_at))))
        else:
            self._set_timer(None)
            self._waiting = self._waits_for_service()

    def _wait(self) -> float:
        most = self._options.debounce_ms
        return self._pace.wait(self._prefix, self._suffix, most) if self._options.adaptive else most

    def _leave(self) -> None:
        """Show nothing and ask nothing."""
        self._cancel()
        self._set_timer(None)
        self._offer = None
        self._waiting = False
        self._show(None)
        self._say("idle")

    # --- asking -----------------------------------------------------------------------------

    def _refusal(self) -> _RefusedError | None:
        if self._options.read_only:
            return "read_only"
        if self._selection:
            return "selection"
        if self._composing:
            return "composing"
        return None if self._ready else "not_ready"

    def _welcome(self) -> bool:
        """Whether a suggestion that nobody asked for is welcome here: not dismissed, not inside an identifier."""
        inside = self._suffix[:1].isalnum() or self._suffix[:1] == "_"
        return self._options.enabled and not self._dismissed and not inside

    def _may_show_unasked(self) -> bool:
        return self._options.enabled and self._refusal() is None

    def _may_ask_unasked(self) -> bool:
        return self._welcome() and self._refusal() is None

    def _waits_for_service(self) -> bool:
        return self._welcome() and self._refusal() == "not_ready"

    def _ask_by_hand(self, n: int, step: int, now: float) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self._say(refusal)
            return
        self._dismissed = False
        self._send("manual", n, step, now, now)

    def _send(self, trigger: Literal["auto", "manual"], n: int, step: int, asked_at: float, now: float) -> None:
        self._cancel()
        self._cancel_ahead()
        self._set_timer(None)
        self._flight = self._launch(trigger, self._prefix, self._suffix, now, n)
        self._flight.asked_at, self._flight.step = asked_at, step
        self._say("thinking")

    def _launch(self, trigger: Trigger, prefix: str, suffix: str, now: float, n: int = 1) -> Flight:
        request = self._requests.make(trigger, prefix, suffix, n)
        self._actions.append(Send(request))
        stream = Offer(prefix, suffix, (Insertion(""),), whole=False, request_id=request.id, trigger=trigger)
        return Flight(request.id, stream, asked_at=now, sent_at=now, n=n, guess=trigger == "ahead")

    def _look_ahead(self, now: float) -> None:
        """Ask for what would follow the suggestion that is shown, if it is whole; give an older guess up."""
        place = self._place_ahead()
        if self._ahead is not None and (self._ahead.stream.prefix, self._ahead.stream.suffix) != place:
            self._cancel_ahead()
        if place is not None and place != self._looked_at:
            self._looked_at = place
            if self._memory.get(*place) is None:
                self._ahead = self._launch("ahead", *place, now)

    def _place_ahead(self) -> tuple[str, str] | None:
        """Return the text around the cursor once what is shown is taken; None where nothing is to be asked ahead."""
        allowed = self._options.ahead and self._may_ask_unasked() and self._flight is None
        return self._offer.accepted() if allowed and self._offer is not None and self._offer.whole else None

    def _cancel_ahead(self) -> None:
        if self._ahead is not None:
            self._actions.append(Cancel(self._ahead.id))
            self._ahead = self._looked_at = None

    def _cancel(self) -> None:
        if self._flight is not None:
            self._actions.append(Cancel(self._flight.id))
            self._flight = None
            self._say("idle")

    # --- answers ----------------------------------------------------------------------------

    def _on_answer(self, flight: Flight, event: Event, now: float) -> None:
        """Take an event of the request that somebody waits for."""
        match event:
            case Delta(index=0) if event.text:
                flight.stream = flight.stream.extended(event.text)
                self._on_text(flight, now)
            case Finished() if is_cut_off(event):
                self._flight = None
                self._drop_partial()
                self._tell()
                if flight.guess and self._shown is None:
                    self._arm(now)
            case Finished():
                self._flight = None
                self._on_finished(flight, flight.whole(event), now)
            case Failed():
                self._flight = None
                self._drop_partial()
                self._say("failed", event.message)
            case _:
                pass

    def _on_guess(self, ahead: Flight, event: Event) -> None:
        """Take an event of the request that nobody waits for yet: what it brings is kept for when somebody does."""
        match event:
            case Delta(index=0):
                ahead.stream = ahead.stream.extended(event.text)
            case Finished():
                self._ahead = None
                if not is_cut_off(event):
                    self._memory.put(ahead.whole(event))
            case Failed():
                self._ahead = None
            case _:
                pass

    def _on_text(self, flight: Flight, now: float) -> None:
        if not flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
            if not self._timer_on and self._shown is None:
                self._arm(now)
            return
        self._set_timer(None)
        _, rest = flight.stream.at(self._prefix, self._suffix)
        shown = self._shown.text if self._shown is not None else ""
        # What is shown is replaced only by what extends it: no flicker.
        if rest is not None and rest.text != shown and rest.text.startswith(shown):
            self._adopt(flight.stream)
            self._show_first(flight, now)

    def _show_first(self, flight: Flight, now: float) -> None:
        """Tell once that a suggestion begins to be seen."""
        if flight.first_ms is None:
            self._note_first(flight, now)
            self._actions.append(Arrived(flight.first_ms, None, None))

    def _note_first(self, flight: Flight, now: float) -> None:
        """Note that a suggestion begins to be seen, and learn from it how quick the model is."""
        flight.first_ms = now - flight.asked_at
        if not flight.guess:
            self._pace.answered(now - flight.sent_at)

    def _on_finished(self, flight: Flight, offer: Offer, now: float) -> None:
        if flight.n > 1:
            offer = self._with_shown(offer)
        if self._adopt(offer):
            if flight.first_ms is None:
                self._note_first(flight, now)
            self._actions.append(Arrived(flight.first_ms, now - flight.asked_at, offer.finished))
            if flight.step:
                self._rotate(offer, flight.step)
            else:
                self._tell()
            return
        self._drop_partial()
        self._tell()
        if self._shown is not None:
            return
        if self._prefix == flight.stream.prefix:
            self._say("empty")
            if offer.finished is not None and offer.finished.choices:
                self._explain(offer.finished, 0)
        elif not self._timer_on:
            self._arm(now)

    def _with_shown(self, more: Offer) -> Offer:
        """Return the alternatives for the place of the cursor now, what is shown there first."""
        rests = list(more.rests(self._prefix, self._suffix).values())
        if self._shown is not None and self._offer is not None and self._offer.whole:
            rests = [self._shown, *(rest for rest in rests if rest != self._shown)]
        return dataclasses.replace(
            more, prefix=self._prefix, suffix=self._suffix, insertions=tuple(rests), index=0, asked_more=True
        )

    def _rotate(self, offer: Offer, step: int) -> None:
        """Show another alternative of the offer that is shown."""
        indices = list(offer.rests(self._prefix, self._suffix))
        index = indices[(indices.index(offer.index) + step) % len(indices)]
        self._adopt(dataclasses.replace(offer, index=index))
        self._tell()

    def _drop_partial(self) -> None:
        """Take away a suggestion whose end never came: no filter has seen it."""
        if self._offer is not None and not self._offer.whole:
            self._offer = None
            self._show(None)

    # --- actions ----------------------------------------------------------------------------

    def _set_timer(self, ms: int | None) -> None:
        if ms is not None or self._timer_on:
            self._actions.append(SetTimer(ms))
        self._timer_on = ms is not None

    def _show(self, insertion: Insertion | None) -> None:
        if insertion != self._shown:
            self._actions.append(Clear() if insertion is None else Show(insertion.text, insertion.replaces))
        self._shown = insertion
        if insertion is not None and insertion.answer is not None:
            self._explain(insertion.answer, insertion.choice)

    def _explain(self, finished: Finished, choice: int) -> None:
        """Say which answer and alternative is shown, or has come, where that was not said last."""
        known = self._explained
        if known is None or known[0] is not finished or known[1] != choice:
            self._explained = (finished, choice)
            self._actions.append(Explain(finished, choice))

    def _say(self, kind: StatusKind, message: str = "", index: int = 0, count: int = 0) -> None:
        status = Status(kind, message, index, count)
        if status != self._status:
            self._status = status
            self._actions.append(status)

    def _tell(self) -> None:
        """Say what goes on: a request runs, one of several alternatives is shown, or nothing special."""
        if self._flight is not None:
            self._say("thinking")
        elif self._offer is not None and self._offer.asked_more:
            indices = list(self._offer.rests(self._prefix, self._suffix))
            self._say("alternative", index=indices.index(self._offer.index) + 1, count=len(indices))
        else:
            self._say("idle")

    def _tell_outcomes(self, outcomes: list[Outcome]) -> None:
        self._actions += [Ended(outcome) for outcome in outcomes]

    def _take(self, now: float, fate: Fate = "moved") -> list[Action]:
        """Return what is to be done; ``fate`` is what the input means for a suggestion that it took away."""
        self._tell_outcomes(self._watch.look(self._offer, self._shown, self._prefix, self._suffix, now, fate))
        self._look_ahead(now)
        actions, self._actions = self._actions, []
        return actions
