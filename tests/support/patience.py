"""How long a test waits for something that other threads or processes do: the one place for that.

A test ends as soon as what it waits for is there; only one that fails waits to the end. So these are long enough for a
machine that has other work, and no test asserts how long something took: how fast the programs are is measured by
``make bench``, on an idle machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 90.0
"""Seconds until a test gives something up."""

PATIENCE_MS = int(1000 * PATIENCE_S)
"""The same in milliseconds, as Qt counts."""


def wait_until(condition: Callable[[], object], what: object = "it", seconds: float = PATIENCE_S) -> None:
    """Wait until ``condition()`` is true. Raises AssertionError, which names ``what`` (or calls it), when patience ends."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what() if callable(what) else what} did not happen within {seconds:.0f} s")
        time.sleep(0.005)
