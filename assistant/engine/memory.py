"""Giving memory that is free inside of this process back to the system."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect what only cycles hold, and return the free pages of the heap."""
    gc.collect()
    trim()


def trim() -> None:
    """Return the free pages of the heap.

    glibc keeps pages that were freed between others for later; a service that has put its model aside has no later,
    and what loading a model leaves between its weights is a third of the model. Elsewhere the allocator returns them by
    itself, or not at all.
    """
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if malloc_trim is not None:
            malloc_trim(0)
