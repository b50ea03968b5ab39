"""The connection to one server: found when it is first wanted, and looked for in the background when it is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from assistant.engine.protocol import CancelToken
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.errors import RemoteError, Unreachable
from assistant.engine.remote.http import Http
from assistant.engine.remote.keys import find_key
from assistant.engine.remote.loop import LoopThread
from assistant.engine.remote.server import Server, discover
from assistant.errors import GrafterError

T = TypeVar("T")

# How often the reader of a future looks at its cancel token.
POLL_S = 0.02
# Requests that come sooner than this after a failed try fail with it.
_FRESH_S = 1.0
_FIRST_LOOK_S = 2.0
_LONGEST_LOOK_S = 15.0

_log = logging.getLogger(__name__)


class Connection:
    """One server and its loop thread. ``server`` stays known while the server is away."""

    def __init__(self, config: RemoteConfig) -> None:
        """Find the key and start the thread; nothing is asked yet. Raises InputError for a bad key or certificate."""
        self.config = config
        self.server: Server | None = None
        self.problem: GrafterError | None = None
        """Why the server does not answer now; None while it does, or before anybody asked."""
        self._tried_at = 0.0
        self._watching = False
        key = find_key(config.address)
        self.http = Http(config, key)
        self._loop = LoopThread()
        self._lock = asyncio.Lock()
        if config.address.warning:
            _log.warning(config.address.warning)

    @property
    def loop(self) -> LoopThread:
        """The thread on which all of this runs."""
        return self._loop

    @property
    def up(self) -> bool:
        """Whether the server answered the last time."""
        return self.server is not None and self.problem is None

    def need(self, cancel: CancelToken) -> Server | None:
        """Return the server, asking it where it is not known or was lost; None where somebody cancelled.

        Raises the GrafterError that says why there is none.
        """
        if self.server is not None and self.problem is None:
            return self.server
        if self.problem is not None and time.monotonic() - self._tried_at < _FRESH_S:
            raise self.problem
        self.wait(self._connect(), cancel)
        if cancel.cancelled:
            return None
        if self.problem is not None:
            raise self.problem
        return self.server

    def lost(self, error: GrafterError) -> None:
        """Remember that the server does not answer, and look for it in the background until it does."""
        self.problem = error
        self._tried_at = time.monotonic()
        self._loop.run(self._watch())

    def wait(self, work: Coroutine[Any, Any, T], cancel: CancelToken) -> T | None:
        """Run a coroutine on the loop and wait for it; None where somebody cancelled. Raises what it raises."""
        future = self._loop.run(work)
        while True:
            try:
                return future.result(POLL_S)
            except TimeoutError:
                if future.done():  # its own TimeoutError, which none of ours lets out
                    raise
                if cancel.cancelled:
                    future.cancel()
                    return None
            except CancelledError:
                return None

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop."""
        return self._loop.run(work)

    def close(self) -> None:
        """Drop the connections and end the thread."""
        self._loop.close(self.http.close)

    async def _connect(self) -> None:
        async with self._lock:
            if self.up:
                return
            try:
                self.server = await discover(self.http, self.config)
            except GrafterError as error:
                self.problem = error
            else:
                self.problem = None
            self._tried_at = time.monotonic()
        if self.problem is not None:
            self._loop.run(self._watch())

    async def _watch(self) -> None:
        """Look for a lost server, less and less often."""
        if self._watching:
            return
        self._watching = True
        pause = _FIRST_LOOK_S
        try:
            while self.problem is not None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_LOOK_S)
                await self._connect()
        finally:
            self._watching = False


def is_away(error: BaseException) -> bool:
    """Whether the error means that the server is away or takes nothing, so that another engine may answer instead."""
    return isinstance(error, Unreachable) or (isinstance(error, RemoteError) and error.code == "remote_busy")
