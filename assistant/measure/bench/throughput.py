"""Tokens a second at reading and at writing, ours and another's turn about in one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from assistant.measure.bench.figures import Summary, ratio, summarise
from assistant.measure.bench.sides import Sample, Side
from assistant.measure.bench.source import Pieces

What = Literal["prefill", "decode", "decode, prompt lookup"]

# A model may end before the tokens asked for are written; then another text is taken, for both sides.
_TRIES = 8
# The begin-of-text token and a few that many files share may come from a cache; more is no fresh reading.
_CACHED_SHARE = 0.05
_WARM_UP_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Tokens to read at once, contexts to write after, how often, and how many tokens to write."""

    prompts: tuple[int, ...] = (128, 512, 2048)
    contexts: tuple[int, ...] = (64, 512, 2048)
    repeat: int = 5
    tokens: int = 64


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of one side: speeds in tokens a second."""

    speeds: Summary
    samples: tuple[float, ...]
    wall_ms: float
    """Median of what the one who asked waited: to the first token for reading, to the last for writing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``ratio`` is ours over theirs, of the medians."""

    what: What
    tokens: int
    ours: Measured | None
    theirs: Measured | None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as theirs ours is."""
        return ratio(self.ours and self.ours.speeds.median, self.theirs and self.theirs.speeds.median)


@dataclass(slots=True)
class Results:
    """All samples so far; rows can be had at any time, also of a run that was stopped."""

    plan: Plan
    samples: dict[tuple[What, int, bool], list[Sample]] = field(
        default_factory=dict[tuple[What, int, bool], list[Sample]]
    )
    """By what was done, with how many tokens, and whether by our side."""
    notes: list[str] = field(default_factory=list[str])

    def add(self, what: What, tokens: int, sample: Sample, *, ours: bool) -> None:
        """Take a sample in."""
        self.samples.setdefault((what, tokens, ours), []).append(sample)

    def note(self, sentence: str) -> None:
        """Say something once that whoever reads the table has to know."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def rows(self) -> list[Row]:
        """Return what was measured, row by row. What prompt lookup wrote stands against the same of theirs."""
        rows = [self._row("prefill", size, "prefill") for size in self.plan.prompts]
        for size in self.plan.contexts:
            rows += [self._row("decode", size, "decode"), self._row("decode, prompt lookup", size, "decode")]
        return [row for row in rows if row.ours is not None]

    def drafts(self) -> tuple[int, int]:
        """Return how many draft tokens there were in all, and how many of them were accepted."""
        runs = [each for (what, _, _), rows in self.samples.items() if what == "decode, prompt lookup" for each in rows]
        return sum(each.drafted for each in runs), sum(each.accepted for each in runs)

    def _row(self, what: What, size: int, against: What) -> Row:
        return Row(what, size, self._measured(what, size, ours=True), self._measured(against, size, ours=False))

    def _measured(self, what: What, size: int, *, ours: bool) -> Measured | None:
        samples = self.samples.get((what, size, ours), [])
        reading = what == "prefill"
        speeds = tuple(each.prefill_speed if reading else each.decode_speed for each in samples)
        walls = summarise([each.wall_first_ms if reading else each.wall_ms for each in samples])
        found = summarise(speeds)
        return None if found is None or walls is None else Measured(found, speeds, walls.median)


def steps(plan: Plan) -> int:
    """Return how many steps a run takes, for a progress bar."""
    return plan.repeat * (len(plan.prompts) + len(plan.contexts))


def measure(ours: Side, theirs: Side | None, plan: Plan, pieces: Pieces, results: Results) -> Iterator[str]:
    """Do the whole plan, and yield after each step what it was. ``results`` fills up meanwhile.

    The sides take turns with the same text, and who begins changes from round to round, so that neither always finds
    the processor hot or its caches cold. Raises GrafterError.
    """
    sides = [ours] if theirs is None else [ours, theirs]
    for side in sides:
        side.run(pieces.take(min(plan.prompts or plan.contexts)), _WARM_UP_TOKENS)
    for number in range(plan.repeat):
        turn = sides if number % 2 == 0 else sides[::-1]
        for size in plan.prompts:
            text = pieces.take(size)
            for side in turn:
                sample = side.run(text, 1)
                _check_fresh(side, sample, results)
                results.add("prefill", size, sample, ours=side is ours)
            yield f"prefill {size}"
        for size in plan.contexts:
            _write(ours, turn, size, plan, pieces, results)
            yield f"decode {size}"


def _write(ours: Side, turn: list[Side], size: int, plan: Plan, pieces: Pieces, results: Results) -> None:
    """Measure writing after one text that nobody ends early; the last one counts where that does not happen."""
    for attempt in range(_TRIES):
        text = pieces.take(size)
        found: list[tuple[What, Side, Sample]] = []
        for side in turn:
            found.append(("decode", side, side.run(text, plan.tokens)))
            if side is ours:
                found.append(("decode, prompt lookup", side, side.run(text, plan.tokens, speculate=True)))
        whole = all(sample.written >= plan.tokens for _, _, sample in found)
        if whole or attempt == _TRIES - 1:
            if not whole:
                results.note(f"At a context of {size} some answers ended before {plan.tokens} tokens were written.")
            for what, side, sample in found:
                results.add(what, size, sample, ours=side is ours)
            return


def _check_fresh(side: Side, sample: Sample, results: Results) -> None:
    whole = sample.read + sample.cached
    if sample.cached > max(1, _CACHED_SHARE * whole):
        results.note(
            f"Not all was read afresh: {side.name} took {sample.cached} of {whole} tokens from its cache, "
            "so its figure for that size says too little."
        )
