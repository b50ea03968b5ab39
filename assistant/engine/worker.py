"""The one thread that owns the model: jobs wait in a queue by priority, and events go to each job's sink."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.engine.protocol import CancelToken, Engine
from assistant.errors import GrafterError, InputError, ModelError
from assistant.types import Choice, Event, Failed, Finished, Health, ModelState, Priority, Timings

Job = Callable[[Engine, CancelToken], Iterator[Event]]
Sink = Callable[[Event], None]
Load = Callable[[Callable[[float], None]], Engine]

_log = logging.getLogger(__name__)


@dataclass(order=True, slots=True)
class _Waiting:
    priority: int
    number: int
    job: Job = field(compare=False)
    sink: Sink = field(compare=False)
    request_id: str = field(compare=False)
    cancel: CancelToken = field(compare=False)
    since: float = field(compare=False)


class EngineWorker:
    """Loads an engine in a thread of its own and runs jobs on it, one at a time.

    Each sink is called on that thread and gets exactly one Finished or Failed, as its last event.
    """

    def __init__(self, load: Load | None, model: str | None) -> None:
        """``load`` makes the engine and gets a function for its progress; None where there is no model."""
        self._load = load
        self._model = model
        self._wake = threading.Condition()
        self._queue: list[_Waiting] = []
        self._numbers = itertools.count()
        self._running: CancelToken | None = None
        self._closing = False
        self._health = Health("none" if load is None else "loading", model)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to load. Called once."""
        self._thread.start()

    def health(self) -> Health:
        """Return the state of the model; from any thread."""
        return self._health

    def submit(self, job: Job, sink: Sink, request_id: str, priority: Priority = Priority.INTERACTIVE) -> CancelToken:
        """Queue a job, from any thread; the token ends it, waiting or running."""
        waiting = _Waiting(
            int(priority), next(self._numbers), job, sink, request_id, CancelToken(), time.perf_counter()
        )
        with self._wake:
            if not self._closing:
                for other in self._queue:
                    if other.cancel.cancelled:
                        other.job = _nothing  # the job may hold a whole file, and its turn may be minutes away
                heapq.heappush(self._queue, waiting)
                self._wake.notify()
                return waiting.cancel
        _deliver(sink, _stopping(request_id))
        return waiting.cancel

    def close(self, timeout: float | None = None) -> bool:
        """Cancel what runs and waits, end the thread and free the model; return whether it ended within ``timeout`` s.

        A model that is being loaded is waited for: loading cannot be interrupted.
        """
        with self._wake:
            self._closing = True
            if self._running is not None:
                self._running.cancel()
            self._wake.notify()
        if self._thread.ident is None:
            self._work(None)
        else:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        engine = self._load_engine()
        self._work(engine)
        if engine is not None:
            engine.close()

    def _work(self, engine: Engine | None) -> None:
        """Serve jobs until the worker closes and the queue is empty."""
        while (waiting := self._next()) is not None:
            self._serve(engine, waiting)
            self._running = None

    def _load_engine(self) -> Engine | None:
        if self._load is None:
            return None

        def progress(share: float) -> None:
            self._health = dataclasses.replace(self._health, progress=min(max(share, 0.0), 1.0))

        try:
            engine = self._load(progress)
        except GrafterError as error:
            self._health = Health("failed", self._model, message=str(error))
        except Exception as error:  # noqa: BLE001  (the edge of the thread)
            _log.exception("Loading the model failed")
            self._health = Health("failed", self._model, message=_bug("Loading the model", error))
        else:
            info = engine.info
            self._health = Health("ready", info.model, info.device, info.dtype, 1.0, adapter=info.adapter)
            return engine
        return None

    def _next(self) -> _Waiting | None:
        """Wait for the next job; None means that the worker closes and nothing waits any more."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            if not self._queue:
                return None
            waiting = heapq.heappop(self._queue)
            self._running = waiting.cancel
            return waiting

    def _serve(self, engine: Engine | None, waiting: _Waiting) -> None:
        """Run one job to its last event."""
        if self._closing:
            _deliver(waiting.sink, _stopping(waiting.request_id))
        elif waiting.cancel.cancelled:
            _deliver(waiting.sink, _cancelled(waiting.request_id, self._model or ""))
        elif engine is None:
            _deliver(waiting.sink, _no_model(waiting.request_id, self._health.state, self._health.message))
        else:
            self._run_job(engine, waiting)

    def _run_job(self, engine: Engine, waiting: _Waiting) -> None:
        waited = 1000 * (time.perf_counter() - waiting.since)
        last: Event | None = None
        try:
            for event in waiting.job(engine, waiting.cancel):
                if isinstance(event, (Finished, Failed)):
                    last = event
                    break
                if not _deliver(waiting.sink, event):
                    waiting.cancel.cancel()
            if last is None:
                raise RuntimeError("the job ended without its last event")
        except GrafterError as error:
            last = Failed(waiting.request_id, str(error), error.code)
        except Exception as error:  # noqa: BLE001  (the edge of the thread)
            _log.exception("A job failed")
            last = Failed(waiting.request_id, _bug("Writing the answer", error))
        _deliver(waiting.sink, _with_queue_time(last, waited))


def _nothing(_engine: Engine, _cancel: CancelToken) -> Iterator[Event]:
    """Stand for a job that was cancelled before its turn; never run."""
    return iter(())


def _deliver(sink: Sink, event: Event) -> bool:
    """Hand an event over; return False where the receiver is gone or broken."""
    try:
        sink(event)
    except Exception:  # noqa: BLE001  (the edge of the thread)
        _log.exception("The receiver of an event failed")
        return False
    return True


def _with_queue_time(event: Finished | Failed, waited_ms: float) -> Event:
    if isinstance(event, Failed):
        return event
    timings = dataclasses.replace(event.timings, queue_ms=waited_ms, total_ms=event.timings.total_ms + waited_ms)
    return dataclasses.replace(event, timings=timings)


def _cancelled(request_id: str, model: str) -> Finished:
    return Finished(request_id, model, (Choice(0, "", "cancelled", 0),), 0, 0, 0, Timings())


def _stopping(request_id: str) -> Failed:
    return Failed(request_id, "The service is stopping; ask again when it is back.", "service_stopping")


def _no_model(request_id: str, state: ModelState, message: str) -> Failed:
    if state == "failed":
        return Failed(request_id, message, ModelError.code)
    sentence = "No model is installed or chosen; fetch one with `grafter models pull` or in the window."
    return Failed(request_id, sentence, InputError.code)


def _bug(what: str, error: Exception) -> str:
    return f"{what} failed through an error in Grafter ({type(error).__name__}: {error}); the log has the details."
