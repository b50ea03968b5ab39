"""What a command does when another program ends it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

_TERMINATED = 143


@contextmanager
def ended_by_sigterm() -> Generator[None]:
    """Let SIGTERM unwind the block, so that children end and temporary files go; the exit status is 143."""

    def end(_number: int, _frame: object) -> None:
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
