"""The one thread that owns the model: it loads it, runs jobs by their priority, and puts it aside when nobody asks.

Jobs run one at a time. Between two events of one job the worker looks whether a more urgent one waits: then the first
pauses (its iterator is not advanced), the other runs to its end, and the first goes on. Equal priorities take turns in
the order in which they came. A background job may thus wait for as long as somebody types, which is what background
means; chat waits for completions, which are short, and of which a session has one at a time. At most one job of each
priority is under way, so that no more KV caches are held than there are priorities.

A job whose role has a model of its own that is not loaded yet stays in the queue until it is; the others go on.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from assistant.engine.memory import give_back
from assistant.engine.protocol import AdapterChoice, CancelToken, Describes, Engine, Prepares
from assistant.engine.scheduler.change import Change, set_adapter
from assistant.engine.scheduler.job import Job, Sink, Work, describe_bug
from assistant.errors import GrafterError, InputError, ModelError
from assistant.types import ROLES, Failed, Health, ModelState, Priority, Role

Load = Callable[[Callable[[float], None]], Engine]
Step = Callable[[], None]

# How often a worker without work looks whether it may put the model aside: the limit can change meanwhile.
_LOOK_SECONDS = 30.0
# How often it looks whether a job that waits for its model was cancelled.
_BEAT_SECONDS = 0.1

_log = logging.getLogger(__name__)


class EngineWorker:
    """Loads an engine in a thread of its own and runs jobs on it.

    Each sink is called on that thread and gets exactly one Finished or Failed, as its last event.
    """

    def __init__(
        self,
        load: Load | None,
        model: str | None,
        *,
        idle_seconds: Callable[[], float] = lambda: 0.0,
        adapter: Callable[[], AdapterChoice | None] = lambda: None,
        roles: Mapping[Role, str] | None = None,
    ) -> None:
        """``load`` makes the engine and gets a function for its progress; None where there is no model.

        ``idle_seconds`` says after how many seconds without a request the model is put aside (0: never). It is asked
        again and again, on the worker's thread, and must be quick. ``adapter`` says which one answers at first.
        ``roles`` names the models of those roles that have one of their own.
        """
        self._load = load
        self._model = model
        self._idle_seconds = idle_seconds
        self._first_adapter: Callable[[], AdapterChoice | None] | None = adapter
        self._roles = dict(roles or {})
        self._wake = threading.Condition()
        self._queue: list[Job] = []
        self._stack: list[Job] = []
        """The jobs that have begun: the last one runs, those before it pause, each for a more urgent one."""
        self._asked_at = time.monotonic()  # when somebody last waited for something
        self._idle_limit = 0.0
        self._wanted = True  # whether the model is to be loaded, also without a job
        self._closing = False
        self._changes: list[Change] = []
        self._adapter: AdapterChoice | None = None
        self._engine: Engine | None = None
        self._roles_engine: Prepares | None = None  # the engine, where it has several models
        self._stale = False  # whether it may have changed which of its roles are ready
        self._ready: frozenset[Role] = frozenset()
        self._health = Health("none" if load is None else "loading", model)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # --- from any thread -----------------------------------------------------------------

    def start(self) -> None:
        """Begin to load. Called once."""
        self._thread.start()

    def health(self) -> Health:
        """Return the state of the model, or of what answers in its place."""
        health, engine = self._health, self._engine
        return engine.describe(health) if health.state == "ready" and isinstance(engine, Describes) else health

    def model_for(self, role: Role) -> str | None:
        """Return the id of the model that has a role; None where there is no model."""
        return self._roles.get(role, self.health().model)

    def is_loading(self, role: Role) -> bool:
        """Return whether the model that has a role is being loaded."""
        health = self.health()
        return health.roles.get(role, health.roles.get("complete", health.state)) == "loading"

    @property
    def models(self) -> list[str]:
        """The ids of all models, the main one first."""
        return [each for each in dict.fromkeys((self.health().model, *self._roles.values())) if each]

    def submit(
        self,
        work: Work,
        sink: Sink,
        request_id: str,
        priority: Priority = Priority.INTERACTIVE,
        *,
        session: str | None = None,
        ahead: bool = False,
        role: Role = "complete",
    ) -> CancelToken:
        """Queue a job for the model of a role; the token ends it, whether it waits, pauses or runs.

        Older jobs of the same ``session`` and priority are cancelled. One that is asked ``ahead`` is cancelled by any
        that is not, and does not keep the model loaded, nor load it.
        """
        job = Job(work, sink, request_id, priority, session=session, ahead=ahead, role=role)
        with self._wake:
            if not self._closing:
                for other in (*self._queue, *self._stack):
                    if job.replaces(other):
                        other.cancel.cancel()
                for other in self._queue:
                    if other.cancel.cancelled:
                        other.forget()  # it may hold a whole file, and a load may take minutes
                self._queue.append(job)
                self._stale = True
                if not ahead:
                    self._asked_at = time.monotonic()
                self._wake.notify()
                return job.cancel
        job.end(_stopping(request_id))
        return job.cancel

    def wake(self) -> None:
        """Load the model again where it was put aside, because a request is likely to come soon."""
        with self._wake:
            self._asked_at = time.monotonic()
            self._wanted = True
            self._wake.notify()

    def adapt(self, choice: AdapterChoice | None) -> Future[None]:
        """Have an adapter answer, or none, from the next request on; the future ends when it does, or cannot.

        It is set again where the model is loaded again. The future raises AdapterError, or InputError where the model
        knows no adapters; then all stays as it was.
        """
        change = Change(choice)
        with self._wake:
            self._changes.append(change)
            self._stale = True
            self._wake.notify()
        return change.done

    def close(self, timeout: float | None = None) -> bool:
        """Cancel what runs and waits, end the thread and free the model; return whether it ended within ``timeout`` s.

        A model that is being loaded is waited for: loading cannot be interrupted.
        """
        with self._wake:
            self._closing = True
            for job in self._stack:
                job.cancel.cancel()
            self._wake.notify()
        if self._thread.ident is None:
            self._run()
        else:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- on the worker's thread ----------------------------------------------------------

    def _run(self) -> None:
        while (step := self._wait_for_step()) is not None:
            step()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _wait_for_step(self) -> Step | None:
        """Return what to do next, a load or no more than one event of one job; None: the worker closes."""
        with self._wake:
            while (step := self._find_step()) is None and not self._closing:
                self._wake.wait(self._look_again_in())
            return step

    def _find_step(self) -> Step | None:
        if self._closing:
            return self._find_end()
        if self._stale and self._roles_engine is not None:
            return functools.partial(self._prepare, self._roles_engine)
        return self._find_change() or self._find_cancelled() or self._find_model_step() or self._find_turn()

    def _find_change(self) -> Step | None:
        """Return the step that sets an adapter; while the model is being loaded or put aside it is only noted."""
        due = self._changes and self._is_ready("complete")
        return functools.partial(self._change, self._changes.pop(0)) if due else None

    def _find_end(self) -> Step | None:
        """Return the next step of closing: end what has begun, then refuse what has not."""
        if self._stack:
            return functools.partial(self._advance, self._stack[-1])
        if self._changes:
            return self._changes.pop(0).drop
        if self._queue:
            job = self._queue.pop(0)
            return functools.partial(job.end, _stopping(job.request_id))
        return None

    def _find_cancelled(self) -> Step | None:
        """Return a step that ends what was cancelled while it waited or paused: its receiver waits for that."""
        for job in self._queue:
            if job.cancel.cancelled:
                self._queue.remove(job)
                self._stale = True
                return functools.partial(job.end_cancelled, self._model or "")
        for job in self._stack:
            if job.cancel.cancelled:
                return functools.partial(self._advance, job)
        return None

    def _find_model_step(self) -> Step | None:
        """Return the step that loads the model or puts it aside, where it is time for that."""
        jobs = (*self._queue, *self._stack)
        only_ahead = all(job.ahead for job in jobs)
        asleep = self._engine is None and self._load is not None and self._health.state != "failed"
        if asleep and (self._wanted or not only_ahead):
            return self._load_engine
        self._wanted = False
        if not only_ahead or not (asleep or self._idle_left() <= 0):
            return None
        for job in jobs:  # asked ahead: nothing that the model would be loaded or kept for
            job.cancel.cancel()
        return self._find_cancelled() or (None if asleep else self._put_aside)

    def _find_turn(self) -> Step | None:
        """Return a step of the job whose turn it is."""
        running = self._stack[-1] if self._stack else None
        first = min((job for job in self._queue if self._is_ready(job.role)), key=_urgency, default=None)
        if first is None or (running is not None and first.priority >= running.priority):
            return functools.partial(self._advance, running) if running is not None else None
        self._queue.remove(first)
        if self._engine is None:
            failed = _no_model(first.request_id, self._health.state, self._health.message)
            return functools.partial(first.end, failed)
        if running is not None:
            running.pause()
        self._stack.append(first)
        return functools.partial(self._advance, first)

    def _advance(self, job: Job) -> None:
        assert self._engine is not None  # noqa: S101  (nothing begins without one)
        if job.advance(self._engine):
            with self._wake:
                self._stack.remove(job)
                self._stale = True
                if not job.ahead:
                    self._asked_at = time.monotonic()

    # --- the model -----------------------------------------------------------------------

    def _is_ready(self, role: Role) -> bool:
        return self._roles_engine is None or role in self._ready

    def _prepare(self, engine: Prepares) -> None:
        """Learn which roles are ready, and have a model loaded that a job waits for."""
        with self._wake:
            self._stale = False
            waiting = sorted((job for job in self._queue if not job.ahead and not job.cancel.cancelled), key=_urgency)
            wanted: list[Role] = [job.role for job in waiting]
            if self._changes:
                wanted.insert(0, "complete")
        try:
            ready = engine.prepare(tuple(dict.fromkeys(wanted)), self._on_prepared)
        except Exception:  # noqa: BLE001  (the edge of the thread)
            _log.exception("Preparing the models failed")
            ready = frozenset(ROLES)  # whoever asks is told
        with self._wake:
            self._ready = ready
            for job in self._queue:
                if job.ahead and job.role not in ready:
                    job.cancel.cancel()  # nothing that a model would be loaded for

    def _on_prepared(self) -> None:
        """Look again: a model was loaded, or could not be. Called from any thread."""
        with self._wake:
            self._stale = True
            self._wake.notify()

    def _idle_left(self) -> float:
        """Return for how many seconds more the model stays loaded if nobody asks."""
        engine = self._engine
        if engine is None or self._idle_limit <= 0 or (isinstance(engine, Describes) and not engine.holds_memory):
            return math.inf
        if self._roles_engine is not None and self._roles_engine.loading:
            return math.inf
        return self._asked_at + self._idle_limit - time.monotonic()

    def _look_again_in(self) -> float | None:
        """Return how many seconds a worker without work may sleep; None: until somebody wakes it."""
        if self._engine is None:
            return None
        self._idle_limit = self._idle_seconds()
        return min(max(self._idle_left(), 0.0), _BEAT_SECONDS if self._queue else _LOOK_SECONDS)

    def _load_engine(self) -> None:
        def progress(share: float) -> None:
            self._health = dataclasses.replace(self._health, progress=min(max(share, 0.0), 1.0))

        assert self._load is not None  # noqa: S101  (nothing is asleep without one)
        self._health = Health("loading", self._model)
        try:
            engine = self._load(progress)
        except GrafterError as error:
            self._health = Health("failed", self._model, message=str(error))
        except Exception as error:  # noqa: BLE001  (the edge of the thread)
            _log.exception("Loading the model failed")
            self._health = Health("failed", self._model, message=describe_bug("Loading the model", error))
        else:
            self._engine = engine
            self._roles_engine, self._stale = engine if isinstance(engine, Prepares) else None, True
            self._asked_at = time.monotonic()
            self._tell(self._adapt_first(engine))

    def _tell(self, message: str = "") -> None:
        """Note the state of the loaded model."""
        assert self._engine is not None  # noqa: S101  (it was just loaded, or changed)
        with self._engine.begin() as lease:
            info = lease.info
        self._health = Health(
            "ready",
            info.model,
            info.device,
            info.dtype,
            1.0,
            message=message,
            adapter=info.adapter,
            context_length=info.context_length,
        )

    def _adapt_first(self, engine: Engine) -> str:
        """Set the adapter that is to answer; return why it does not, which is no reason to have no model."""
        try:
            if self._first_adapter is not None:
                self._adapter, self._first_adapter = self._first_adapter(), None
            if self._adapter is not None:
                set_adapter(engine, self._adapter)
        except GrafterError as error:
            _log.warning("The model answers without an adapter: %s", error)
            self._adapter = None
            return f"The model answers without an adapter. {error}"
        return ""

    def _change(self, change: Change) -> None:
        """Set another adapter."""
        try:
            if self._engine is not None:
                set_adapter(self._engine, change.choice)
                self._tell()
        except Exception as error:  # noqa: BLE001  (whoever asked is told)
            change.done.set_exception(error)
            return
        self._adapter, self._first_adapter = change.choice, None
        change.done.set_result(None)

    def _put_aside(self) -> None:
        """Free the model; the next request loads it again."""
        engine, self._engine, self._roles_engine = self._engine, None, None
        assert engine is not None  # noqa: S101  (only a loaded model is put aside)
        try:
            engine.close()
        except Exception:  # noqa: BLE001  (the edge of the thread)
            _log.exception("Putting the model aside failed")
        del engine
        give_back()
        said = "Nobody asked for a while, so the model's memory was given back; the next request loads it again."
        self._health = Health("idle", self._model, message=said, context_length=self._health.context_length)


def _urgency(job: Job) -> tuple[Priority, bool]:
    return job.priority, job.ahead


def _stopping(request_id: str) -> Failed:
    return Failed(request_id, "The service is stopping; ask again when it is back.", "service_stopping")


def _no_model(request_id: str, state: ModelState, message: str) -> Failed:
    if state == "failed":
        return Failed(request_id, message, ModelError.code)
    sentence = "No model is installed or chosen; fetch one with `grafter models pull` or in the window."
    return Failed(request_id, sentence, InputError.code)
