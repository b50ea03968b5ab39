"""Giving memory that is free inside of this process back to the system."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect what only cycles hold, and return the free pages of the heap.

    glibc keeps pages that were freed between others for later; a service that has put its model aside has no later.
    Elsewhere the allocator returns them by itself, or not at all.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
