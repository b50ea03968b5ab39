"""One value for everything that runs: a download, a training run, the reading of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TaskState = Literal["running", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Task:
    """How a piece of work goes; a later Task of the same ``kind`` takes its place.

    ``sentence`` says what is done, without figures: "Downloading". ``progress`` is 0 to 1, or None where it is not
    known; ``seconds_left`` is None where there is no estimate.
    """

    kind: str
    state: TaskState
    sentence: str = ""
    progress: float | None = None
    seconds_left: float | None = None

    @property
    def running(self) -> bool:
        """Whether the work goes on."""
        return self.state == "running"
