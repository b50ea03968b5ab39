"""The worker of a service whose model may be elsewhere: its state is the server's, at each moment."""

from __future__ import annotations

from collections.abc import Callable

from assistant.engine.protocol import Engine
from assistant.engine.remote.engine import RemoteEngine
from assistant.engine.remote.fallback import FallbackEngine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.types import Health


class RemoteWorker(EngineWorker):
    """Opens an engine over a server in its thread, and says in ``health`` who would answer now."""

    def __init__(self, engine: RemoteEngine | FallbackEngine, *, idle_seconds: Callable[[], float]) -> None:
        """``idle_seconds`` is EngineWorker's; it counts only while a model is loaded on this computer, too."""

        def load(_progress: Callable[[float], None]) -> Engine:
            return engine.open()

        def idle() -> float:
            return idle_seconds() if isinstance(engine, FallbackEngine) and engine.holds_memory else 0.0

        super().__init__(load, None, idle_seconds=idle)
        self._remote = engine

    def health(self) -> Health:
        """Return the state of the server, or of the model that answers in its place."""
        health = super().health()
        return self._remote.describe(health) if health.state == "ready" else health
