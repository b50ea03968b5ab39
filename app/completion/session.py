"""When to ask for a suggestion and which one to show: a state machine without Qt and without a clock of its own.

Each input returns the actions that follow from it. ``now`` is in milliseconds on any monotonic clock.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.completion.actions import Action, Arrived, Cancel, Clear, Send, SetTimer, Show, Status, StatusKind
from app.completion.offer import Offer, OfferMemory
from assistant.types import CompleteRequest, Delta, Event, Failed, Finished

ALTERNATIVES = 3
# Far more than any prompt holds, and less than the service takes in one request.
MAX_BEFORE = 1_500_000
MAX_AFTER = 300_000

_Refusal = Literal["off", "read_only", "selection", "not_ready"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the person and the file allow, and how many milliseconds typing must rest before a request goes out."""

    enabled: bool = True
    read_only: bool = False
    debounce_ms: int = 120


@dataclass(slots=True)
class _Flight:
    """The request that runs: what has arrived of it, when its key was pressed, and how far to cycle then."""

    id: str
    stream: Offer
    asked_at: float
    n: int
    step: int
    first_ms: float | None = None


def _new_id() -> str:
    return uuid.uuid4().hex


class CompletionSession:
    """One text and one cursor. At most one request runs at a time; its answer counts only where it still fits.

    ``name`` tells the service which requests are of this text, so that it never computes an old one.
    """

    def __init__(
        self,
        prefix: str,
        suffix: str,
        *,
        path: str | None = None,
        workspace: str | None = None,
        name: str | None = None,
        options: Options | None = None,
        ready: bool = False,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._path, self._workspace, self._name = path, workspace, name
        self._options = options or Options()
        self._ready = ready
        self._new_id = new_id
        self._selection = False
        self._dismissed = False
        self._waiting = False  # an edit would have asked, had the service been ready
        self._edited_at = 0.0
        self._timer_on = False
        self._flight: _Flight | None = None
        self._offer: Offer | None = None
        self._shown = ""
        self._status = Status("idle")
        self._memory = OfferMemory()
        self._actions: list[Action] = []

    # --- inputs ---------------------------------------------------------------------------

    def text_changed(self, prefix: str, suffix: str, now: float, selection: bool = False) -> list[Action]:
        """Follow an edit: typed, deleted, undone, accepted or loaded."""
        if (prefix, suffix) == (self._prefix, self._suffix):
            return []
        self._prefix, self._suffix, self._selection = prefix, suffix, selection
        self._edited_at, self._dismissed = now, False
        self._follow_edit(now)
        return self._take()

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
        return self._take()

    def event(self, event: Event, now: float) -> list[Action]:
        """Take what the service says about a request; what concerns an old one is dropped."""
        flight = self._flight
        if flight is None or event.request_id != flight.id:
            return []
        match event:
            case Delta(index=0) if event.text:
                self._on_delta(flight, event.text, now)
            case Finished():
                self._flight = None
                self._on_finished(flight, event, now)
            case Failed():
                self._flight = None
                self._drop_partial()
                self._say("failed", event.message)
            case _:
                pass
        return self._take()

    def timer_fired(self) -> list[Action]:
        """Ask, now that the time of SetTimer is over."""
        if self._timer_on:
            self._send("auto", 1, 0, self._edited_at)
        return self._take()

    def accepted(self, kind: str) -> list[Action]:
        """Note that the person took the suggestion, after the text changed by it; what follows is wanted at once."""
        if kind == "all" and self._timer_on:
            self._set_timer(0)
        return self._take()

    def dismissed(self) -> list[Action]:
        """Show no suggestion here because the person wants none; nothing is asked until the next edit."""
        if self._offer is not None and self._offer.finished is not None:
            self._memory.forget(self._offer.finished)
        self._dismissed = True
        self._leave()
        return self._take()

    def ask(self, now: float) -> list[Action]:
        """Ask for a suggestion here because the person wants one."""
        self._ask_by_hand(1, 0, now)
        return self._take()

    def cycle(self, step: int, now: float) -> list[Action]:
        """Show the next (1) or the previous (-1) alternative; they are asked for once."""
        if self._flight is not None and self._flight.n > 1:
            self._flight.step += step
        elif self._offer is not None and self._offer.asked_more:
            self._rotate(self._offer, step)
        else:
            self._ask_by_hand(ALTERNATIVES, step if self._shown else 0, now)
        return self._take()

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
        return self._take()

    def set_options(self, options: Options) -> list[Action]:
        """Take over changed options."""
        self._options = options
        if options.read_only or not options.enabled:
            self._leave()
        return self._take()

    def close(self) -> list[Action]:
        """Give everything up, because the editor is left."""
        self._leave()
        return self._take()

    # --- edits ----------------------------------------------------------------------------

    def _follow_edit(self, now: float) -> None:
        """Keep what still fits the text, recall what was shown here, or ask when typing rests."""
        flight = self._flight
        if flight is not None and not flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
        streaming = self._flight.stream if self._flight is not None else None
        for offer in (self._offer, streaming):
            if offer is not None and self._adopt(offer):
                break
        else:
            self._offer = None
            remembered = None if self._refusal() else self._memory.get(self._prefix, self._suffix)
            if remembered is not None and self._adopt(remembered):
                self._cancel()
                self._actions.append(Arrived(None, None, remembered.finished))
        if self._offer is None:
            self._show("")
        if self._shown or (self._flight is not None and self._flight.stream.texts[0]):
            self._set_timer(None)
        else:
            self._arm(now)
        self._tell()

    def _adopt(self, offer: Offer) -> bool:
        """Show what ``offer`` still offers here, if anything."""
        offer, rest = offer.at(self._prefix, self._suffix)
        if not rest or self._selection:
            return False
        self._offer = offer
        self._show(rest)
        if offer.whole:
            self._memory.put(self._prefix, self._suffix, offer)
        return True

    def _arm(self, now: float) -> None:
        """Ask once typing has rested long enough since the last edit, where asking is allowed."""
        if self._may_ask_unasked():
            self._set_timer(max(0, round(self._options.debounce_ms - (now - self._edited_at))))
        else:
            self._set_timer(None)
            self._waiting = self._waits_for_service()

    def _leave(self) -> None:
        """Show nothing and ask nothing."""
        self._cancel()
        self._set_timer(None)
        self._offer = None
        self._waiting = False
        self._show("")
        self._say("idle")

    # --- asking -----------------------------------------------------------------------------

    def _refusal(self) -> _Refusal | None:
        if not self._options.enabled:
            return "off"
        if self._options.read_only:
            return "read_only"
        if self._selection:
            return "selection"
        return None if self._ready else "not_ready"

    def _welcome(self) -> bool:
        """Whether a suggestion that nobody asked for is welcome here: not dismissed, not inside an identifier."""
        return not self._dismissed and not (self._suffix[:1].isalnum() or self._suffix[:1] == "_")

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
        self._send("manual", n, step, now)

    def _send(self, trigger: Literal["auto", "manual"], n: int, step: int, asked_at: float) -> None:
        self._cancel()
        self._set_timer(None)
        before = self._prefix[-MAX_BEFORE:]
        request = CompleteRequest(
            self._new_id(),
            before + self._suffix[:MAX_AFTER],
            len(before),
            self._path,
            self._workspace,
            trigger=trigger,
            n=n,
            session=self._name,
        )
        stream = Offer(self._prefix, self._suffix, ("",), whole=False)
        self._flight = _Flight(request.id, stream, asked_at, n, step)
        self._actions.append(Send(request))
        self._say("thinking")

    def _cancel(self) -> None:
        if self._flight is not None:
            self._actions.append(Cancel(self._flight.id))
            self._flight = None
            self._say("idle")

    # --- answers ----------------------------------------------------------------------------

    def _on_delta(self, flight: _Flight, text: str, now: float) -> None:
        flight.stream = flight.stream.extended(text)
        if not flight.stream.agrees(self._prefix, self._suffix):
            self._cancel()
            if not self._timer_on and not self._shown:
                self._arm(now)
            return
        self._set_timer(None)
        _, rest = flight.stream.at(self._prefix, self._suffix)
        # What is shown is replaced only by what extends it: no flicker.
        if rest != self._shown and rest.startswith(self._shown):
            self._adopt(flight.stream)
            if flight.first_ms is None:
                flight.first_ms = now - flight.asked_at
                self._actions.append(Arrived(flight.first_ms, None, None))

    def _on_finished(self, flight: _Flight, finished: Finished, now: float) -> None:
        texts = tuple(choice.text for choice in sorted(finished.choices, key=lambda choice: choice.index))
        offer = dataclasses.replace(flight.stream, texts=texts, whole=True, finished=finished)
        if flight.n > 1:
            offer = self._with_shown(offer)
        if self._adopt(offer):
            first_ms = now - flight.asked_at if flight.first_ms is None else flight.first_ms
            self._actions.append(Arrived(first_ms, now - flight.asked_at, finished))
            if flight.step:
                self._rotate(offer, flight.step)
            else:
                self._tell()
            return
        self._drop_partial()
        self._tell()
        if self._shown:
            return
        if self._prefix == flight.stream.prefix:
            self._say("empty")
        elif not self._timer_on:
            self._arm(now)

    def _with_shown(self, more: Offer) -> Offer:
        """Return the alternatives for the place of the cursor now, what is shown there first."""
        rests = list(more.rests(self._prefix, self._suffix).values())
        if self._offer is not None and self._offer.whole:
            rests = [self._shown, *(rest for rest in rests if rest != self._shown)]
        return dataclasses.replace(
            more, prefix=self._prefix, suffix=self._suffix, texts=tuple(rests), index=0, asked_more=True
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
            self._show("")

    # --- actions ----------------------------------------------------------------------------

    def _set_timer(self, ms: int | None) -> None:
        if ms is not None or self._timer_on:
            self._actions.append(SetTimer(ms))
        self._timer_on = ms is not None

    def _show(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._actions.append(Show(text) if text else Clear())

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

    def _take(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
