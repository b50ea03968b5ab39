"""A whole replay: our service and perhaps another server, segment by segment in turn, and what it comes to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.editing.suggestions.pace import Pace
from assistant.editing.suggestions.session import Options
from assistant.measure.bench.askers import Asker
from assistant.measure.bench.figures import ratio, time_until
from assistant.measure.bench.replay import Log, Replay, Speed
from assistant.measure.bench.trace import Go, Hole, Key, Trace, find_holes
from assistant.measure.bench.typist import Typist
from assistant.measure.evaluate.metrics import percentile
from assistant.types import CompleteRequest


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from the key that asked: half of the answers had come by ``p50``, 95 of 100 by ``p95``.

    None where too few came to tell.
    """

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """One side's whole replay. Tokens are those of all its requests, also of those that were given up.

    ``ahead`` are requests that nobody waited for; ``requests`` and what follows are the others.
    """

    name: str
    keys: int
    requests: int
    ahead: int
    whole: int
    cut_off: int
    empty: int
    failed: int
    recalled: int
    followed: Waits
    """From taking text at once to the first character of what follows."""
    first: Waits
    """To the first character, of the suggestions that came in time."""
    last: Waits
    """To the last character, of the suggestions that came in time."""
    first_of_all: Waits
    """To the first character, with those that were cut off counted as longer."""
    last_of_all: Waits
    """To the last character, with those that were cut off counted as longer."""
    read: int
    read_median: float
    """Of a request that somebody waited for and that came to its end: how much of its prompt was in no cache."""
    prompt_median: float
    reused: int
    written: int
    characters: float
    """Mean length of a whole suggestion."""
    failures: tuple[str, ...]


@dataclass(slots=True)
class Session:
    """What is replayed, and all that was seen so far; can be read at any time."""

    trace: Trace
    source: str
    speed: Speed
    path: str
    options: Options
    logs: dict[str, Log] = field(default_factory=dict[str, Log])
    paces: dict[str, Pace] = field(default_factory=dict[str, Pace])

    def holes(self) -> list[list[Hole]]:
        """Return every segment's holes. Raises InputError where the file lacks one."""
        return [find_holes(self.trace, segment, self.source) for segment in self.trace.segments]

    def first_request(self) -> CompleteRequest:
        """Return a request at the end of the first hole's line, as a key there would send it."""
        typist = Typist(self.source, self.holes()[0])
        typist.do(Go(0))
        typist.do(Key())
        prefix, suffix = typist.around()
        return CompleteRequest("bench-first", prefix + suffix, len(prefix), self.path)

    def check(self) -> None:
        """Go through the whole trace without a server. Raises InputError where it cannot be replayed on this file."""
        for segment, holes in zip(self.trace.segments, self.holes(), strict=True):
            typist = Typist(self.source, holes)
            for step in segment.steps:
                typist.do(step.action)

    async def run(self, askers: Sequence[Asker], told: Callable[[str], None]) -> None:
        """Replay each segment against each server, one after the other; who begins changes. ``told`` hears of each."""
        for number, (segment, holes) in enumerate(zip(self.trace.segments, self.holes(), strict=True)):
            for asker in askers if number % 2 == 0 else askers[::-1]:
                log = self.logs.setdefault(asker.name, Log())
                pace = self.paces.setdefault(asker.name, Pace())
                typist = Typist(self.source, holes)
                replay = Replay(typist, asker, self.path, self.options, pace, self.speed, log)
                await replay.run(segment.steps)
                told(asker.name)

    def totals(self, name: str) -> Totals:
        """Return what one side came to so far."""
        return total(name, self.logs.get(name, Log()))


async def replay_all(session: Session, askers: Sequence[Asker], told: Callable[[str], None]) -> None:
    """Replay everything, and close the connections whatever happens."""
    try:
        await session.run(askers, told)
    finally:
        await asyncio.gather(*(asker.close() for asker in askers))


def total(name: str, log: Log) -> Totals:
    """Add one side's requests up."""
    waited = [asked for asked in log.asked if not asked.ahead]
    ends = Counter(asked.end for asked in waited)
    useful = [asked for asked in waited if asked.end in ("whole", "cut off")]
    ended = [asked for asked in waited if asked.end in ("whole", "empty")]
    whole = [asked for asked in waited if asked.end == "whole"]
    return Totals(
        name=name,
        keys=log.keys,
        requests=len(waited),
        ahead=len(log.asked) - len(waited),
        whole=len(whole),
        cut_off=ends["cut off"],
        empty=ends["empty"],
        failed=ends["failed"],
        recalled=log.recalled,
        followed=_waits(log.followed_ms, []),
        first=_waits([asked.first_ms for asked in useful], []),
        last=_waits([asked.whole_ms for asked in whole], []),
        first_of_all=_waits(
            [asked.first_ms for asked in useful], [asked.cut_ms for asked in useful if asked.first_ms is None]
        ),
        last_of_all=_waits([asked.whole_ms for asked in whole], [asked.cut_ms for asked in useful]),
        read=sum(asked.use.read for asked in log.asked),
        read_median=percentile([asked.use.read for asked in ended], 0.5),
        prompt_median=percentile([asked.use.prompt for asked in ended], 0.5),
        reused=sum(asked.use.reused for asked in log.asked),
        written=sum(asked.use.written for asked in log.asked),
        characters=sum(asked.characters for asked in whole) / len(whole) if whole else 0.0,
        failures=tuple(dict.fromkeys(log.failures)),
    )


def compare(ours: Totals, theirs: Totals) -> dict[str, float | None]:
    """Return ours over theirs, for what is better when it is small."""
    return {
        "first_p50": ratio(ours.first.p50, theirs.first.p50),
        "first_p95": ratio(ours.first.p95, theirs.first.p95),
        "last_p50": ratio(ours.last.p50, theirs.last.p50),
        "last_p95": ratio(ours.last.p95, theirs.last.p95),
        "first_of_all_p50": ratio(ours.first_of_all.p50, theirs.first_of_all.p50),
        "first_of_all_p95": ratio(ours.first_of_all.p95, theirs.first_of_all.p95),
        "last_of_all_p50": ratio(ours.last_of_all.p50, theirs.last_of_all.p50),
        "last_of_all_p95": ratio(ours.last_of_all.p95, theirs.last_of_all.p95),
        "read": ratio(ours.read, theirs.read),
        "read_median": ratio(ours.read_median, theirs.read_median),
        "written": ratio(ours.written, theirs.written),
    }


def _waits(arrived: Sequence[float | None], cut_off: Sequence[float | None]) -> Waits:
    came = [ms for ms in arrived if ms is not None]
    cut = [ms for ms in cut_off if ms is not None]
    return Waits(time_until(0.5, came, cut), time_until(0.95, came, cut))
