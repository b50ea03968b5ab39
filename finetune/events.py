"""What a run says while it works: one JSON line for each event in events.jsonl, for whoever follows it.

The file is the only channel: a window that was closed reads it from the beginning and knows all. Lines are written
whole and flushed; a last line that was cut off by a kill is ignored.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from assistant.system.jsonl import LineReader, LineWriter
from finetune.old_names import EVENTS, STEP, renamed

Stage = Literal["data", "plan", "train", "evaluate", "report"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins, or goes on after a stop."""

    stage: Stage
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a stage is: ``done`` of ``total`` (0: not known) of what ``what`` names, in words for a person."""

    stage: Stage
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DataReady:
    """What will be learned: files kept of all, samples and tokens, holes held out, and what held them out."""

    files: int
    kept: int
    samples: int
    tokens: int
    validation_holes: int
    test_holes: int
    split: Literal["commits", "files"]
    note: str = ""
    """One sentence for a person, such as why files were held out instead of commits."""


@dataclass(frozen=True, slots=True)
class PlanReady:
    """What the run will cost: measured on this device over a few steps.

    ``seconds`` are those until training ends, ``judging_seconds`` those of the proof that follows. ``peak_bytes`` is
    the most memory that training takes; ``changes`` says in sentences what was made smaller to fit.
    """

    device: str
    precision: str
    samples: int
    tokens: int
    steps: int
    tokens_per_second: float
    seconds: float
    peak_bytes: int
    trainable: int
    changes: tuple[str, ...] = ()
    judging_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step of ``steps``: mean loss in nats a token, tokens read so far, and what it cost."""

    step: int
    steps: int
    loss: float
    learning_rate: float
    tokens: int
    tokens_per_second: float
    memory_bytes: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class ValidationLoss:
    """The loss on validation holes after ``step`` steps, in nats a token; step 0 is the base model."""

    step: int
    loss: float
    best: bool


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that the run can go on from."""

    step: int


@dataclass(frozen=True, slots=True)
class ArmScore:
    """An arm's share of right answers after ``holes`` of ``total`` holes."""

    arm: str
    exact_match: float
    holes: int
    total: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the adapter is switched on, at which scale, and why, in one sentence."""

    active: bool
    scale: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The run stopped because it was asked to; it goes on when it is started again."""

    stage: Stage
    step: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """All is done. ``adapter`` is the installed adapter's name, or empty where nothing was learned."""

    adapter: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ended for a reason that a person has to know, in one sentence."""

    sentence: str
    code: str


RunEvent = (
    StageStarted
    | StageProgress
    | DataReady
    | PlanReady
    | Step
    | ValidationLoss
    | Checkpoint
    | ArmScore
    | Verdict
    | Paused
    | Finished
    | Failed
)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(RunEvent)}


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event with the time it was written, in seconds since 1970."""

    time: float
    event: RunEvent


class EventWriter:
    """Appends events to a run's file. Several processes may not write at once: the first rank writes."""

    def __init__(self, run: Path) -> None:
        """``run`` is the run's folder. Raises OSError where it cannot be written."""
        self._lines = LineWriter(run / "events.jsonl")

    def __call__(self, event: RunEvent) -> None:
        """Write one event. Raises OSError where it cannot be written."""
        self._lines({"event": type(event).__name__, "time": round(time.time(), 3), **dataclasses.asdict(event)})

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class EventReader:
    """Reads the events of a run, again and again, from where it stopped."""

    def __init__(self, run: Path) -> None:
        self._lines = LineReader(run / "events.jsonl")

    def read(self) -> Iterator[Stamped]:
        """Yield the events that are whole and were not read yet; none where there is no file yet."""
        for row in self._lines.read():
            if (event := _read(row)) is not None:
                yield event


def _read(row: dict[str, Any]) -> Stamped | None:
    """Return the event of a line's object; None where it is none that this version knows."""
    try:
        name = row.pop("event")
        kind = _KINDS[EVENTS.get(name, name)]
        row = renamed(row, STEP if name == "Step" else {})
        stamp = float(row.pop("time"))
        values = {name: tuple(cast("list[Any]", v)) if isinstance(v, list) else v for name, v in row.items()}
        return Stamped(stamp, kind(**values))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
