"""One thread with an event loop, for everything that waits for the network.

The engine itself is a plain iterator and must look at its cancel token while a server is silent, so nothing that waits
runs on its own thread. A task on the loop is cancelled at whatever it waits for (a name, a handshake, the first byte),
and its connection closes with it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_END_SECONDS = 2.0


class LoopThread:
    """Runs coroutines on a thread of its own, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="remote", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel all that runs, then run ``last`` and end the thread."""
        if self._loop.is_closed():
            return
        ending = self.run(self._end(last))
        try:
            ending.result(_END_SECONDS)
        except (TimeoutError, CancelledError):
            pass
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_END_SECONDS)

    async def _end(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


class Mailbox(Generic[T]):
    """What several tasks on a loop deliver, in the order in which it came, for one reader on another thread."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._queue: queue.SimpleQueue[tuple[int, T | Exception | None]] = queue.SimpleQueue()
        self._tasks: dict[int, Future[None]] = {}

    def start(self, number: int, work: Callable[[Callable[[T], None]], Awaitable[None]]) -> None:
        """Run ``work`` with what delivers its items."""

        async def deliver() -> None:
            end: Exception | None = None
            try:
                await work(lambda item: self._queue.put((number, item)))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the reader raises it on its own thread
                end = error
            self._queue.put((number, end))

        self._tasks[number] = self._loop.run(deliver())

    def next(self, seconds: float) -> tuple[int, T | Exception | None] | None:
        """Return the next item with its task's number; at that task's end what it raised, or None.

        None alone: nothing came in time.
        """
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def cancel(self, number: int) -> None:
        """End one task; its connection closes."""
        self._tasks[number].cancel()

    def close(self) -> None:
        """End all tasks."""
        for task in self._tasks.values():
            task.cancel()
