"""A model that is loaded in a thread of its own, while the one that will ask it goes on with others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from assistant.engine.protocol import Engine
from assistant.errors import GrafterError

_log = logging.getLogger(__name__)


class BackgroundLoad:
    """One load, which begins at once. All but the loading happens on the thread that made this."""

    def __init__(self, load: Callable[[], Engine | None], ended: Callable[[], None]) -> None:
        """``load`` returns None where the model has to be loaded by whoever asks it.

        ``ended`` is called on the thread of the load, after it.
        """
        self._load = load
        self._ended = ended
        self._engine: Engine | None = None
        self._error: Exception | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._done.is_set()

    def wait(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def result(self) -> Engine | None:
        """Wait for the end, and return what was loaded. Raises what loading raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._engine

    def close(self) -> None:
        """Wait for the end, which nothing can bring about earlier, and give the memory back."""
        self._thread.join()
        if self._engine is not None:
            self._engine.close()

    def _run(self) -> None:
        try:
            self._engine = self._load()
        except GrafterError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  (the edge of the thread; whoever asks for the model gets it)
            _log.exception("Loading a model failed")
            self._error = error
        self._done.set()
        self._ended()
