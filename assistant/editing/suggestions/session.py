"""When to ask for a suggestion and which one to show: a state machine without a window and without a clock of its own.

Each input returns the actions that follow from it. ``now`` is in milliseconds on any monotonic clock.

What is shown always fits the text. It is replaced only by what extends it, or by an answer that the person asked for.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from assistant.editing.suggestions.actions import (
    Action,
    Arrived,
    Cancel,
    Send,
)
from assistant.editing.suggestions.memory import OfferMemory
from assistant.editing.suggestions.offer import Insertion, Offer, Trigger
from assistant.editing.suggestions.outbox import Outbox
from assistant.editing.suggestions.outcomes import Fate, Watch
from assistant.editing.suggestions.pace import Pace
from assistant.editing.suggestions.permission import DEBOUNCE_MS, Options, Permission
from assistant.editing.suggestions.prefetch import Prefetch
from assistant.editing.suggestions.requests import Flight, Requests, is_cut_off
from assistant.types import Delta, Event, Failed, Finished

__all__ = ["ALTERNATIVES", "DEBOUNCE_MS", "CompletionSession", "Options"]

ALTERNATIVES = 3


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
        self._allows = Permission(options or Options(), ready)
        self._pace = pace or Pace()
        self._waiting = False  # an edit would have asked, had the service been ready
        self._edited_at = 0.0
        self._flight: Flight | None = None
        self._offer: Offer | None = None
        self._memory = OfferMemory()
        self._watch = Watch()
        self._out = Outbox()
        self._prefetch = Prefetch(
            lambda before, after, now: self._launch("ahead", before, after, now), self._give_up, self._memory
        )

    @property
    def busy(self) -> bool:
        """Whether a request that somebody waits for runs or is about to go out."""
        return self._out.timer_on or self._flight is not None

    # --- inputs ---------------------------------------------------------------------------

    def text_changed(self, prefix: str, suffix: str, now: float, selection: bool = False) -> list[Action]:
        """Follow an edit: typed, deleted, undone, accepted or loaded."""
        if (prefix, suffix) == (self._prefix, self._suffix):
            return []
        self._pace.follow((self._prefix, self._suffix), (prefix, suffix), now)
        self._prefix, self._suffix, self._allows.selection = prefix, suffix, selection
        self._edited_at, self._allows.dismissed = now, False
        self._follow_edit(now)
        return self._take(now, "edited")

    def cursor_moved(self, prefix: str, suffix: str, now: float, selection: bool = False) -> list[Action]:
        """Follow the cursor to another place in the same text, or the begin or end of a selection."""
        if (prefix, suffix, selection) == (self._prefix, self._suffix, self._allows.selection):
            return []
        if prefix + suffix != self._prefix + self._suffix:
            return self.text_changed(prefix, suffix, now, selection)
        self._prefix, self._suffix, self._allows.selection = prefix, suffix, selection
        pending = self._out.timer_on
        self._leave()
        if pending:  # moves that belong to an edit, such as stepping back between a pair of brackets
            self._arm(now)
        return self._take(now, "moved")

    def composing(self, composing: bool, now: float) -> list[Action]:
        """Note that an input method begins to compose text at the cursor, or that it has ended."""
        if composing == self._allows.composing:
            return []
        self._allows.composing = composing
        if composing:
            self._leave()
        else:
            self._follow_edit(now)
        return self._take(now, "edited")

    def event(self, event: Event, now: float) -> list[Action]:
        """Take what the service says about a request; what concerns an old one is dropped."""
        if self._flight is not None and event.request_id == self._flight.id:
            self._on_answer(self._flight, event, now)
        else:
            self._prefetch.event(event)
        return self._take(now, "withdrawn" if self._out.shown is None else "replaced")

    def timer_fired(self, now: float) -> list[Action]:
        """Ask, now that the time of SetTimer is over."""
        if self._out.timer_on:
            self._send("auto", 1, 0, self._edited_at, now)
        return self._take(now)

    def accepted(self, kind: str, now: float) -> list[Action]:
        """Note that the person took the suggestion, after the text changed by it; what follows is wanted at once."""
        if kind == "all" and self._out.timer_on:
            self._out.set_timer(0)
        self._out.tell_outcomes(self._watch.accepted(kind))
        return self._take(now)

    def dismissed(self, now: float) -> list[Action]:
        """Show no suggestion here because the person wants none; nothing is asked until the next edit."""
        if self._offer is not None and self._offer.finished is not None:
            self._memory.forget(self._offer.finished)
        self._allows.dismissed = True
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
            self._ask_by_hand(ALTERNATIVES, step if self._out.shown is not None else 0, now)
        return self._take(now)

    def set_ready(self, ready: bool, now: float) -> list[Action]:
        """Note whether the service can answer requests."""
        self._allows.ready = ready
        if not ready and self._out.timer_on:
            self._out.set_timer(None)
            self._waiting = True
        elif ready and self._waiting:
            self._waiting = False
            # The wait for the service is not the latency of the suggestion.
            self._edited_at = max(self._edited_at, now - self._allows.options.debounce_ms)
            self._arm(now)
        return self._take(now)

    def model_changed(self, now: float) -> list[Action]:
        """Forget what another model, or another adapter, has written: none of it is shown or brought back."""
        self._memory.clear()
        self._leave()
        return self._take(now, "withdrawn")

    def set_options(self, options: Options, now: float) -> list[Action]:
        """Take over changed options."""
        self._allows.options = options
        if options.read_only or not options.enabled:
            self._leave()
        return self._take(now)

    def close(self, now: float) -> list[Action]:
        """Give everything up, because the editor is left."""
        self._leave()
        return self._take(now, "moved")

    # --- edits ----------------------------------------------------------------------------

    def _follow_edit(self, now: float) -> None:
        """Keep what still fits the text, recall what was foreseen or shown here, or ask when typing rests."""
        if self._flight is not None and not self._flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
        if not self._keep() and not self._recall():
            self._offer = None
            self._out.show(None)
            self._promote(now)
        if self._out.shown is not None or (self._flight is not None and self._flight.stream.insertions[0].text):
            self._out.set_timer(None)
        elif self._flight is None or not self._flight.guess:
            self._arm(now)
        self._tell()

    def _keep(self) -> bool:
        """Go on with what is shown or streams in, where it fits."""
        streaming = self._flight.stream if self._flight is not None else None
        return any(offer is not None and self._adopt(offer) for offer in (self._offer, streaming))

    def _recall(self) -> bool:
        """Show what was foreseen or shown at this place before, if anything."""
        if not self._allows.may_show_unasked():
            return False
        remembered = self._memory.get(self._prefix, self._suffix)
        if remembered is None or not self._adopt(remembered):
            return False
        self._cancel()
        self._out.add(Arrived(None, None, remembered.finished))
        return True

    def _promote(self, now: float) -> None:
        """Wait for what was asked ahead, where the text is now what it was asked for."""
        ahead = self._prefetch.hand_over(self._prefix, self._suffix) if self._allows.may_show_unasked() else None
        if ahead is None:
            return
        self._cancel()
        self._out.set_timer(None)
        self._flight = ahead
        ahead.asked_at = now
        if self._adopt(ahead.stream):
            self._show_first(ahead, now)

    def _adopt(self, offer: Offer) -> bool:
        """Show what ``offer`` still offers here, if anything."""
        offer, rest = offer.at(self._prefix, self._suffix)
        if rest is None or self._allows.selection or self._allows.composing:
            return False
        self._offer = offer
        self._out.show(rest)
        self._out.set_timer(None)
        if offer.whole:
            self._memory.put(offer)
        return True

    def _arm(self, now: float) -> None:
        """Ask once typing has rested long enough since the last edit, where asking is allowed."""
        if self._allows.may_ask_unasked(self._suffix):
            self._out.set_timer(max(0, round(self._wait() - (now - self._edited_at))))
        else:
            self._out.set_timer(None)
            self._waiting = self._allows.waits_for_service(self._suffix)

    def _wait(self) -> float:
        most = self._allows.options.debounce_ms
        return self._pace.wait(self._prefix, self._suffix, most) if self._allows.options.adaptive else most

    def _leave(self) -> None:
        """Show nothing and ask nothing."""
        self._cancel()
        self._out.set_timer(None)
        self._offer = None
        self._waiting = False
        self._out.show(None)
        self._out.say("idle")

    # --- asking -----------------------------------------------------------------------------

    def _ask_by_hand(self, n: int, step: int, now: float) -> None:
        refusal = self._allows.refusal()
        if refusal is not None:
            self._out.say(refusal)
            return
        self._allows.dismissed = False
        self._send("manual", n, step, now, now)

    def _send(self, trigger: Literal["auto", "manual"], n: int, step: int, asked_at: float, now: float) -> None:
        self._cancel()
        self._prefetch.cancel()
        self._out.set_timer(None)
        self._flight = self._launch(trigger, self._prefix, self._suffix, now, n)
        self._flight.asked_at, self._flight.step = asked_at, step
        self._out.say("thinking")

    def _launch(self, trigger: Trigger, prefix: str, suffix: str, now: float, n: int = 1) -> Flight:
        request = self._requests.make(trigger, prefix, suffix, n)
        self._out.add(Send(request))
        stream = Offer(prefix, suffix, (Insertion(""),), whole=False, request_id=request.id, trigger=trigger)
        return Flight(request.id, stream, asked_at=now, sent_at=now, n=n, guess=trigger == "ahead")

    def _place_ahead(self) -> tuple[str, str] | None:
        """Return the text around the cursor once what is shown is taken; None where nothing is to be asked ahead."""
        allowed = self._allows.options.ahead and self._allows.may_ask_unasked(self._suffix) and self._flight is None
        return self._offer.accepted() if allowed and self._offer is not None and self._offer.whole else None

    def _cancel(self) -> None:
        if self._flight is not None:
            self._give_up(self._flight)
            self._flight = None
            self._out.say("idle")

    def _give_up(self, flight: Flight) -> None:
        self._out.add(Cancel(flight.id))

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
                if flight.guess and self._out.shown is None:
                    self._arm(now)
            case Finished():
                self._flight = None
                self._on_finished(flight, flight.whole(event), now)
            case Failed():
                self._flight = None
                self._drop_partial()
                self._out.say("failed", event.message)
            case _:
                pass

    def _on_text(self, flight: Flight, now: float) -> None:
        if not flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
            if not self._out.timer_on and self._out.shown is None:
                self._arm(now)
            return
        self._out.set_timer(None)
        _, rest = flight.stream.at(self._prefix, self._suffix)
        shown = self._out.shown.text if self._out.shown is not None else ""
        # What is shown is replaced only by what extends it: no flicker.
        if rest is not None and rest.text != shown and rest.text.startswith(shown):
            self._adopt(flight.stream)
            self._show_first(flight, now)

    def _show_first(self, flight: Flight, now: float) -> None:
        """Tell once that a suggestion begins to be seen."""
        if flight.first_ms is None:
            self._note_first(flight, now)
            self._out.add(Arrived(flight.first_ms, None, None))

    def _note_first(self, flight: Flight, now: float) -> None:
        """Note that a suggestion begins to be seen, and learn from it how quick the model is."""
        flight.first_ms = now - flight.asked_at
        if not flight.guess:
            self._pace.answered(now - flight.sent_at)

    def _on_finished(self, flight: Flight, offer: Offer, now: float) -> None:
        if flight.n > 1:
            first = self._out.shown if self._offer is not None and self._offer.whole else None
            offer = offer.moved_to(self._prefix, self._suffix, first)
        if self._adopt(offer):
            if flight.first_ms is None:
                self._note_first(flight, now)
            self._out.add(Arrived(flight.first_ms, now - flight.asked_at, offer.finished))
            if flight.step:
                self._rotate(offer, flight.step)
            else:
                self._tell()
            return
        self._drop_partial()
        self._tell()
        if self._out.shown is not None:
            return
        if self._prefix == flight.stream.prefix:
            self._out.say("empty")
            if offer.finished is not None and offer.finished.choices:
                self._out.explain(offer.finished, 0)
        elif not self._out.timer_on:
            self._arm(now)

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
            self._out.show(None)

    # --- actions ----------------------------------------------------------------------------

    def _tell(self) -> None:
        """Say what goes on: a request runs, one of several alternatives is shown, or nothing special."""
        if self._flight is not None:
            self._out.say("thinking")
        elif self._offer is not None and self._offer.asked_more:
            indices = list(self._offer.rests(self._prefix, self._suffix))
            self._out.say("alternative", index=indices.index(self._offer.index) + 1, count=len(indices))
        else:
            self._out.say("idle")

    def _take(self, now: float, fate: Fate = "moved") -> list[Action]:
        """Return what is to be done; ``fate`` is what the input means for a suggestion that it took away."""
        self._out.tell_outcomes(self._watch.look(self._offer, self._out.shown, self._prefix, self._suffix, now, fate))
        self._prefetch.look(self._place_ahead(), now)
        return self._out.take()
