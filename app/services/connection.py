"""What the window knows of its service: one state and one sentence, from its process, its health and its requests."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.services.api import ApiClient
from app.services.reply import Refusal, Reply
from app.services.service_process import ServiceProcess
from assistant.errors import ServiceError
from assistant.types import Health
from assistant.wire import health_from_json

Kind = Literal["starting", "none", "loading", "ready", "thinking", "idle", "failed", "restarting", "unresponsive"]

# How the service names a device that is a server.
_REMOTE = "remote "


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """The service as a person may see it.

    ``progress`` is 0 to 1 while loading; ``message`` is a sentence or empty. ``first_ms`` is the time from the last
    key to the first character of the last suggestion, ``latency_ms`` to the whole of it; None before there was one.
    """

    kind: Kind = "starting"
    model: str | None = None
    device: str | None = None
    progress: float = 0.0
    message: str = ""
    latency_ms: float | None = None
    first_ms: float | None = None
    adapter: str | None = None

    @property
    def listens(self) -> bool:
        """Whether there is a service that hears requests, with a model or without."""
        return self.can_complete or self.kind in {"none", "loading"}

    @property
    def can_complete(self) -> bool:
        """Whether a request would be answered now, or after the model woke up for it."""
        return self.kind in {"ready", "thinking", "idle"}

    @property
    def is_remote(self) -> bool:
        """Whether a server writes the suggestions, to which code goes."""
        return self.device is not None and self.device.startswith(_REMOTE)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Milliseconds between questions after the service's health, for an answer, and of silence that is too long."""

    loading_ms: int = 250
    ready_ms: int = 3000
    silence_ms: int = 10_000
    answer_ms: int = 10_000


class Connection(QObject):
    """Starts and watches the service; ``changed`` carries each new ConnectionState."""

    changed = Signal(object)

    def __init__(
        self,
        process: ServiceProcess,
        api: ApiClient,
        parent: QObject | None = None,
        *,
        intervals: Intervals | None = None,
    ) -> None:
        super().__init__(parent)
        self._process = process
        self._api = api
        self._intervals = intervals or Intervals()
        self._state = ConnectionState()
        self._running = False
        self._restarting = False
        self._waking = False  # from asking the service to wake its model until its next word
        self._silent_since: float | None = None
        self._poll = QTimer(self)
        self._poll.setSingleShot(True)
        self._poll.timeout.connect(self._ask_health)
        self._health: Reply | None = None
        process.starting.connect(self._on_starting)
        process.ready.connect(self._on_ready)
        process.stopped.connect(self._on_stopped)
        api.running_changed.connect(self._on_running)

    @property
    def state(self) -> ConnectionState:
        """The newest state."""
        return self._state

    @property
    def details(self) -> str:
        """What the service wrote to standard error lately, for the person who asks why it failed."""
        return "\n".join(self._process.stderr_tail)

    @Slot()
    def start(self) -> None:
        """Start the service."""
        self._process.start()

    @Slot()
    def stop(self) -> None:
        """End the service and leave it ended."""
        self._process.stop()

    @Slot()
    def restart(self) -> None:
        """Start the service anew, also after it was given up."""
        self._start_over()
        self._process.restart()

    @Slot(str)
    def use_model(self, model: str) -> None:
        """Start the service anew with another model."""
        self._start_over(model=model)
        self._process.restart(model)

    @Slot()
    def wake(self) -> None:
        """Let the service load a model that it put aside: somebody is about to write."""
        if self._state.kind == "idle" and not self._waking:
            self._waking = True
            self._api.post("/grafter/wake")  # what it does about it, its health says
            self._look_soon()

    def note_latency(self, first_ms: float, total_ms: float) -> None:
        """Remember how long the last suggestion took, from the key to its first character and to its end."""
        self._change(first_ms=first_ms, latency_ms=total_ms)

    def _start_over(self, **changes: object) -> None:
        self._restarting = True
        self._leave_service()
        self._change(kind="restarting", progress=0.0, message=self.tr("The service is restarting."), **changes)

    def _leave_service(self) -> None:
        self._poll.stop()
        self._health = None
        self._api.set_endpoint("", "")

    def _change(self, **changes: object) -> None:
        state = dataclasses.replace(self._state, **changes)  # pyright: ignore[reportArgumentType]
        if state != self._state:
            self._state = state
            self.changed.emit(state)

    @Slot()
    def _on_starting(self) -> None:
        kind = "restarting" if self._restarting else "starting"
        self._change(kind=kind, progress=0.0, message=self._state.message if self._restarting else "")

    @Slot(str, str)
    def _on_ready(self, url: str, token: str) -> None:
        self._silent_since = None
        self._health = None
        self._api.set_endpoint(url, token)
        self._ask_health()

    @Slot(str, bool)
    def _on_stopped(self, reason: str, will_restart: bool) -> None:
        self._leave_service()
        self._restarting = will_restart
        self._change(kind="restarting" if will_restart else "failed", progress=0.0, message=reason)

    @Slot()
    def _ask_health(self) -> None:
        """Ask how the service is; while an answer is awaited that changes nothing."""
        if self._health is None and self._api.has_service:
            self._health = self._api.get("/health", timeout_ms=self._intervals.answer_ms)
            self._health.answered.connect(self._on_answer)
            self._health.failed.connect(self._on_health_failed)

    @Slot(object)
    def _on_answer(self, answer: Any) -> None:
        try:
            health = health_from_json(answer)
        except (ServiceError, ValueError, TypeError):
            self._on_health_failed(Refusal(200, "garbage", self.tr("The service sent a state that cannot be read.")))
        else:
            self._on_health(health)

    def _on_health(self, health: Health) -> None:
        self._health = None
        self._silent_since = None
        self._restarting = self._waking = False
        kind: Kind = health.state
        if kind == "ready" and self._running:
            kind = "thinking"
        self._change(
            kind=kind,
            model=health.model,
            device=health.device,
            progress=health.progress,
            message=health.message,
            adapter=health.adapter,
        )
        loading = health.state == "loading"
        self._poll.start(self._intervals.loading_ms if loading else self._intervals.ready_ms)

    @Slot(object)
    def _on_health_failed(self, failed: Refusal) -> None:
        self._health = None
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        silent_ms = (now - self._silent_since) * 1000
        if failed.code == "timeout" or silent_ms >= self._intervals.silence_ms:
            self._change(kind="unresponsive", message=failed.message)
            self._process.fail(failed.message)
        else:
            self._poll.start(self._intervals.loading_ms)

    @Slot(int)
    def _on_running(self, running: int) -> None:
        self._running = running > 0
        if self._state.kind == "idle":
            self._look_soon()  # the request wakes the model
        elif self._state.can_complete:
            self._change(kind="thinking" if self._running else "ready")

    def _look_soon(self) -> None:
        self._poll.start(self._intervals.loading_ms)
