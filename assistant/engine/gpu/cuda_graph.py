"""Capturing a step of fixed shape as a CUDA graph, to replay it with one launch: small models become quick on a card.

A token takes some hundred small operations. Started one by one from Python they take longer to start than to run; a
CUDA graph starts them all at once. The step must read and write the same places in memory each time, and must not
look at a result on the way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

import torch

from assistant.engine.device import is_out_of_memory

Step = Callable[[], torch.Tensor]
"""Computes from places in memory that never change; each call may overwrite what the last one returned."""

_WARM_UPS = 2
_log = logging.getLogger(__name__)


class GraphCapture(Protocol):
    """Captures a step, so that it is quick to repeat."""

    def capture(self, step: Step) -> Step:
        """Return what does the same as ``step``, which may be run a few times for that."""
        ...


class NoCapture:
    """Captures nothing: each step runs operation by operation, on any device."""

    def capture(self, step: Step) -> Step:
        """Return ``step`` itself."""
        return step


class CudaGraphCapture:
    """Captures CUDA graphs."""

    def capture(self, step: Step) -> Step:
        """Return the replay of a graph. Raises RuntimeError where the step cannot be captured."""
        here = torch.cuda.current_stream()
        # Libraries set themselves up when first used, which a capture cannot hold.
        beside = torch.cuda.Stream()
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UPS):
                step()
        here.wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # Only this thread's calls belong to the graph: another one may use the card for something else.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            result = step()

        def replay() -> torch.Tensor:
            graph.replay()
            return result

        return replay


class CaptureOrPlain:
    """Captures as another does, and runs steps plainly after the first that cannot be captured."""

    def __init__(self, capture: GraphCapture) -> None:
        self._capture = capture

    def capture(self, step: Step) -> Step:
        """Return the captured step, or ``step`` itself; what runs out of memory is raised as it is."""
        try:
            return self._capture.capture(step)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            _log.warning("Steps run one operation at a time, because they cannot be captured: %s.", reason.rstrip("."))
            self._capture = NoCapture()
            return step


def capture_for(place: torch.device) -> GraphCapture:
    """Return the capture that a device can use."""
    return CaptureOrPlain(CudaGraphCapture()) if place.type == "cuda" else NoCapture()
