"""One job of the worker on its way: from the queue over pauses to its last event, with its times."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator

from assistant.engine.protocol import CancelToken, Engine, Lease
from assistant.errors import GrafterError
from assistant.types import Choice, Delta, Event, Failed, Finished, Priority, Progress, Role, Timings

Work = Callable[[Lease, CancelToken], Iterator[Event]]
Sink = Callable[[Event], None]

_log = logging.getLogger(__name__)


class Job:
    """Work with its place in the order and its receiver, advanced one event at a time.

    ``session`` and ``ahead`` are CompleteRequest's; ``role`` says which model it is for. The sink gets exactly one
    Finished or Failed, as its last event.
    """

    def __init__(
        self,
        work: Work,
        sink: Sink,
        request_id: str,
        priority: Priority,
        *,
        session: str | None,
        ahead: bool,
        role: Role = "complete",
    ) -> None:
        self.request_id = request_id
        self.priority = priority
        self.session = session
        self.ahead = ahead
        self.role: Role = role
        self.cancel = CancelToken()
        self._lease: Lease | None = None
        self._work: Work | None = work
        self._sink = sink
        self._events: Iterator[Event] | None = None
        self._clock = _Clock()

    def replaces(self, other: Job) -> bool:
        """Whether ``other``, which came before, is of no use any more now that this one is here."""
        if other.ahead and not self.ahead:
            return True  # a guess at what may be asked must not keep memory from what is asked
        kind, others = (self.session, self.priority, self.ahead), (other.session, other.priority, other.ahead)
        return self.session is not None and kind == others

    def forget(self) -> None:
        """Drop the work, which may hold a whole file, of a job that was cancelled before its turn."""
        self._work = None

    def pause(self) -> None:
        """Note that another job goes first, until this one is advanced again."""
        self._clock.leave()

    def advance(self, engine: Engine) -> bool:
        """Run to the next event and hand it over; return whether it was the last."""
        self._clock.enter()
        event = self._next(engine)
        self._clock.count(event)
        if isinstance(event, Finished):
            event = self._clock.timed(event)
        if isinstance(event, (Finished, Failed)):
            self.end(event)
            return True
        if not self._deliver(event):
            self.cancel.cancel()
        return False

    def _next(self, engine: Engine) -> Event:
        try:
            if self._events is None:
                assert self._work is not None  # noqa: S101  (only what was cancelled before its turn is forgotten)
                self._lease = engine.begin(self.role)
                self._events = self._work(self._lease, self.cancel)
                if self._lease.note:
                    return Progress(self.request_id, "load", 1, 1, self._lease.note)
            for event in self._events:
                return event
            raise RuntimeError("the job ended without its last event")
        except GrafterError as error:
            return Failed(self.request_id, str(error), error.code)
        except Exception as error:  # noqa: BLE001  (the edge of the thread)
            _log.exception("A job failed")
            return Failed(self.request_id, describe_bug("Writing the answer", error))

    def end_cancelled(self, model: str) -> None:
        """End a job that was cancelled before its turn."""
        self.end(Finished(self.request_id, model, (Choice(0, "", "cancelled", 0),), 0, 0, 0, Timings()))

    def end(self, event: Finished | Failed) -> None:
        """Let go of what the work holds, then hand the last event over."""
        self._work = self._events = None  # closes the iterator before its model is let go
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()
        self._deliver(event)

    def _deliver(self, event: Event) -> bool:
        """Hand an event over; return False where the receiver is gone or broken."""
        try:
            self._sink(event)
        except Exception:  # noqa: BLE001  (the edge of the thread)
            _log.exception("The receiver of an event failed")
            return False
        return True


class _Clock:
    """How long a job waited, read its prompt and wrote. Seconds; a pause counts as waiting."""

    def __init__(self) -> None:
        self._left: float | None = time.perf_counter()
        self._entered: float | None = None
        self._before = self._paused = self._reading = self._writing = 0.0
        self._writes = False

    def leave(self) -> None:
        """Begin to count a wait."""
        self._left = time.perf_counter()

    def enter(self) -> None:
        """Begin to count work."""
        now = time.perf_counter()
        if self._left is not None:
            if self._entered is None:
                self._before = now - self._left
            else:
                self._paused += now - self._left
            self._left = None
        self._entered = now

    def count(self, event: Event) -> None:
        """Count the time since ``enter``, at whose end this event came."""
        spent = time.perf_counter() - (self._entered or 0.0)
        if self._writes:
            self._writing += spent
        else:
            self._reading += spent
        match event:
            case Delta() | Progress(stage="decode"):
                self._writes = True
            case Progress(stage="prefill", done=done, total=total):
                self._writes = done >= total
            case _:
                pass

    def timed(self, finished: Finished) -> Finished:
        """Return the event with the time that it waited.

        An engine cannot tell a pause from work, so what it says of a job that paused is replaced by what was seen here.
        """
        said = finished.timings
        before, paused = 1000 * self._before, 1000 * self._paused
        timings = dataclasses.replace(said, queue_ms=before + paused, total_ms=said.total_ms + before)
        if paused:
            reading = max(1000 * self._reading - said.context_ms, 0.0)
            timings = dataclasses.replace(timings, prefill_ms=reading, decode_ms=1000 * self._writing)
        return dataclasses.replace(finished, timings=timings)


def describe_bug(what: str, error: Exception) -> str:
    """Return the sentence for an error that is ours."""
    return f"{what} failed through an error in Grafter ({type(error).__name__}: {error}); the log has the details."
