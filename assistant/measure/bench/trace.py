"""A recorded typing trace: who typed where in a file, and when. It holds times and places, never the file's text.

``resources/bench/NAME.json``: ``module`` names the file (of Python's standard library), ``sha256`` what it was when
the trace was recorded. Each segment takes some ``holes`` out of the file and types them again. A hole begins right
after the ``nth`` place that reads ``after`` and ends with that line (``lines`` 0) or so many lines further down. Events
are lists; the milliseconds are those since the event before:

    ["go", HOLE, MS]      move the cursor to where the typing of that hole goes on
    ["keys", [MS, ...]]   type as many characters of the hole; a line end brings the next line's indentation with it
    ["typo", TEXT, MS]    type something wrong
    ["back", [MS, ...]]   delete as many characters left of the cursor
    ["accept", N, MS]     take N characters of the hole at once, as accepting a suggestion does
    ["look", TEXT, MS]    move the cursor to the end of the first line that has TEXT in it
    ["dismiss", MS]       wish the suggestion away
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, cast

from assistant.errors import InputError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Hole:
    """A place that is typed again, in characters of the whole file: ``start`` is inclusive, ``end`` exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Go:
    """Move the cursor to where the typing of a hole goes on."""

    hole: int


@dataclass(frozen=True, slots=True)
class Key:
    """Type the hole's next character."""


@dataclass(frozen=True, slots=True)
class Typo:
    """Type a wrong character."""

    character: str


@dataclass(frozen=True, slots=True)
class Back:
    """Delete the character left of the cursor."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Take the hole's next characters at once."""

    characters: int


@dataclass(frozen=True, slots=True)
class Look:
    """Move the cursor to the end of the first line that has ``text`` in it."""

    text: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Wish the suggestion away."""


Action = Go | Key | Typo | Back | Accept | Look | Dismiss


@dataclass(frozen=True, slots=True)
class Step:
    """An action, ``ms`` after the one before it."""

    ms: float
    action: Action


@dataclass(frozen=True, slots=True)
class Segment:
    """One sitting: the holes in the order of the file, as (``after``, ``nth``, ``lines``), and what is done."""

    places: tuple[tuple[str, int, int], ...]
    steps: tuple[Step, ...]

    @property
    def ms(self) -> float:
        """How long it took."""
        return sum(step.ms for step in self.steps)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole trace."""

    name: str
    about: str
    module: str
    python: str
    sha256: str
    segments: tuple[Segment, ...]

    @property
    def ms(self) -> float:
        """How long it took."""
        return sum(segment.ms for segment in self.segments)


def names() -> list[str]:
    """Return the traces that come with the program."""
    files = resources.files("resources").joinpath("bench").iterdir()
    return sorted(each.name.removesuffix(".json") for each in files if each.name.endswith(".json"))


def load_trace(name: str) -> Trace:
    """Return the trace of that name, or the one in that file. Raises InputError."""
    if name in names():
        text = resources.files("resources").joinpath("bench", f"{name}.json").read_text(encoding="utf-8")
        return parse_trace(text, name)
    path = Path(name)
    if not path.is_file():
        raise InputError(f"There is no trace '{name}': give a file, or one of these: {', '.join(names())}.")
    try:
        return parse_trace(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None


def parse_trace(text: str, where: str) -> Trace:
    """Read a trace. Raises InputError that says what is wrong with it."""
    try:
        data = cast("dict[str, Any]", json.loads(text))
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, not {FORMAT}")
        return Trace(
            name=str(data["name"]),
            about=str(data["about"]),
            module=str(data["module"]),
            python=str(data["python"]),
            sha256=str(data["sha256"]),
            segments=tuple(_segment(each) for each in data["segments"]),
        )
    except KeyError as error:
        raise InputError(f"{where} is no typing trace: {error} is missing.") from None
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{where} is no typing trace: {error}.") from None


def check_source(trace: Trace, source: str) -> str:
    """Return one sentence where the file is not the one that the trace was recorded over, else nothing."""
    if hashlib.sha256(source.encode()).hexdigest() == trace.sha256:
        return ""
    return (
        f"The file differs from the one that '{trace.name}' was recorded over ({trace.module} of Python "
        f"{trace.python}): the same places are typed, but compare these figures only with others over this file."
    )


def find_holes(trace: Trace, segment: Segment, source: str) -> list[Hole]:
    """Return where a segment's holes are in a file. Raises InputError where the file lacks one."""
    holes: list[Hole] = []
    for after, nth, lines in segment.places:
        start = -1
        for _ in range(nth):
            start = source.find(after, start + 1)
            if start < 0:
                raise InputError(
                    f"The trace '{trace.name}' types after '{after}', which this file does not have; give the file "
                    f"of Python {trace.python} with --file, or another trace."
                )
        start += len(after)
        end = start - 1
        for _ in range(lines + 1):
            end = source.find("\n", end + 1)
            if end < 0:
                end = len(source)
                break
        if holes and start < holes[-1].end:
            raise InputError(f"The trace '{trace.name}' has holes that overlap, at '{after}', or are out of order.")
        holes.append(Hole(start, end))
    return holes


def _segment(data: dict[str, Any]) -> Segment:
    places = tuple((str(hole["after"]), int(hole.get("nth", 1)), int(hole["lines"])) for hole in data["holes"])
    if any(not after or nth < 1 or lines < 0 for after, nth, lines in places):
        raise ValueError("a hole needs a text that it comes after, and counts that are not negative")
    steps: list[Step] = []
    inside = False
    for event in data["events"]:
        found = _steps(event)
        for step in found:
            match step.action:
                case Go(hole=hole):
                    if not 0 <= hole < len(places):
                        raise ValueError(f"there is no hole {hole}")
                    inside = True
                case Look():
                    inside = False
                case Key() | Typo() | Back() | Accept() if not inside:
                    raise ValueError("something is typed before the cursor went to a hole")
                case _:
                    pass
        steps += found
    return Segment(places, tuple(steps))


def _steps(event: list[Any]) -> list[Step]:
    match event:
        case ["go", int(hole), ms]:
            found = [Step(ms, Go(hole))]
        case ["keys", [*times]]:
            found = [Step(ms, Key()) for ms in times]
        case ["typo", str(text), ms]:
            found = [Step(ms, Typo(character)) for character in text]
        case ["back", [*times]]:
            found = [Step(ms, Back()) for ms in times]
        case ["accept", int(count), ms] if count > 0:
            found = [Step(ms, Accept(count))]
        case ["look", str(text), ms] if text:
            found = [Step(ms, Look(text))]
        case ["dismiss", ms]:
            found = [Step(ms, Dismiss())]
        case _:
            raise ValueError(f"the event {json.dumps(event)[:80]} is none that is known")
    if not all(0 <= step.ms < 3_600_000 for step in found):
        raise ValueError(f"the event {json.dumps(event)[:80]} has a time that is none")
    return found
