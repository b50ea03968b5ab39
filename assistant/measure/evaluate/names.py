"""How many of the names that each hole needs stand in the prompt, without any model: what steers the file in short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.completion.complete import Options
from assistant.completion.prompt import lay_prompt
from assistant.measure.evaluate.ask import editor_request
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.holes import HoleRow
from assistant.measure.evaluate.metrics import mean, percentile
from assistant.measure.evaluate.needed_names import names_in, needed_names
from assistant.measure.evaluate.report import Interval
from assistant.measure.repository.bootstrap import mean_interval
from assistant.retrieval.search.window import Budget, CountTokens, room_for_prompt
from assistant.types import Text

_ANSWER_TOKENS = 96


@dataclass(frozen=True, slots=True)
class Reader:
    """What a prompt is laid for: the format of a ``family``, and how many tokens its model holds and ``count`` says."""

    family: str
    context_length: int
    count: CountTokens
    budget: Budget


@dataclass(frozen=True, slots=True)
class InPrompt:
    """What a prompt holds: which of the needed names, and tokens of the window and of the open file in short."""

    names: frozenset[str]
    window: int
    outline: int


@dataclass(frozen=True, slots=True)
class NamesOfHole:
    """A hole with the names that it ``needs``, those of them ``in_file`` outside of it, and what each prompt holds."""

    hole: HoleRow
    needs: frozenset[str]
    in_file: frozenset[str]
    prompts: Mapping[str, InPrompt]


@dataclass(frozen=True, slots=True)
class NamesGroup:
    """The figures of some holes; shares are of all ``names`` that the holes need.

    ``in_file``: what a prompt of the whole file would hold. ``difference``: what the first arm holds more than the
    second, with its 95 % interval by the paired bootstrap over holes; None where there is one arm. ``window`` and
    ``outline`` are medians of tokens, by arm.
    """

    n: int
    names: int
    in_file: float
    in_prompt: Mapping[str, float]
    difference: float | None
    interval: Interval | None
    window: Mapping[str, float]
    outline: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NamesReport:
    """The figures of all holes that need a name, by language and by kind."""

    all: NamesGroup
    by_language: Mapping[str, NamesGroup]
    by_kind: Mapping[str, NamesGroup]


def read_names(rows: Iterable[HoleRow], arms: Mapping[str, Options], reader: Reader) -> Iterator[NamesOfHole]:
    """Yield each hole that needs a name, with what the prompt of each arm holds."""
    for hole in rows:
        row = hole.row
        needs = needed_names(row, hole.language)
        if needs:
            around = names_in(row.prompt) | names_in(row.suffix)
            prompts = {name: _in_prompt(row, needs, options, reader) for name, options in arms.items()}
            yield NamesOfHole(hole, needs, needs & around, prompts)


def summarise(holes: Sequence[NamesOfHole], arms: Sequence[str]) -> NamesReport:
    """Return the figures of holes for which each of the arms was laid."""
    return NamesReport(
        all=_group(holes, arms),
        by_language=_grouped(holes, arms, lambda each: each.hole.language),
        by_kind=_grouped(holes, arms, lambda each: each.hole.kind),
    )


def to_json(report: NamesReport) -> dict[str, Any]:
    """Return the figures as ``--json`` prints them; shares are 0 to 1."""
    return {
        **_group_json(report.all),
        "by_language": {name: _group_json(group) for name, group in report.by_language.items()},
        "by_kind": {name: _group_json(group) for name, group in report.by_kind.items()},
    }


def line_of(each: NamesOfHole) -> dict[str, Any]:
    """Return what ``--output`` writes for a hole."""
    return {
        "id": each.hole.row.id,
        "path": each.hole.row.path,
        "language": each.hole.language,
        "kind": each.hole.kind,
        "truth": each.hole.row.solution,
        "needs": sorted(each.needs),
        "in_file": sorted(each.in_file),
        "missing": {arm: sorted(each.needs - held.names) for arm, held in each.prompts.items()},
        "tokens": {arm: {"window": held.window, "outline": held.outline} for arm, held in each.prompts.items()},
    }


def _in_prompt(row: Row, needs: frozenset[str], options: Options, reader: Reader) -> InPrompt:
    laid = lay_prompt(
        editor_request(row),
        family=reader.family,
        room=room_for_prompt(reader.context_length, _ANSWER_TOKENS),
        budget=reader.budget,
        count=reader.count,
        token_healing=options.token_healing,
        without=options.without,
    )
    text = "".join(part.text for part in laid.fim.prompt.parts if isinstance(part, Text))
    window = sum(reader.count([laid.window.prefix, laid.window.suffix]))
    outline = laid.outline.tokens if laid.outline is not None else 0
    return InPrompt(needs & (names_in(text) | names_in(laid.begin)), window, outline)


def _grouped(
    holes: Sequence[NamesOfHole], arms: Sequence[str], key: Callable[[NamesOfHole], str]
) -> dict[str, NamesGroup]:
    groups: defaultdict[str, list[NamesOfHole]] = defaultdict(list)
    for each in holes:
        groups[key(each)].append(each)
    return {name: _group(some, arms) for name, some in groups.items()}


def _group(holes: Sequence[NamesOfHole], arms: Sequence[str]) -> NamesGroup:
    names = sum(len(each.needs) for each in holes)
    held = {arm: [len(each.prompts[arm].names) for each in holes] for arm in arms}
    value, interval = None, None
    if len(arms) > 1 and holes:
        # A hole counts by how many names it needs, so that the mean is the difference of the shares.
        pairs = zip(held[arms[0]], held[arms[1]], strict=True)
        more = [(one - other) * len(holes) / names for one, other in pairs]
        value, interval = mean(more), mean_interval(more)
    return NamesGroup(
        n=len(holes),
        names=names,
        in_file=sum(len(each.in_file) for each in holes) / max(names, 1),
        in_prompt={arm: sum(counts) / max(names, 1) for arm, counts in held.items()},
        difference=value,
        interval=interval,
        window={arm: percentile([each.prompts[arm].window for each in holes], 0.5) for arm in arms},
        outline={arm: percentile([each.prompts[arm].outline for each in holes], 0.5) for arm in arms},
    )


def _group_json(group: NamesGroup) -> dict[str, Any]:
    interval = group.interval
    return {
        "n": group.n,
        "names": group.names,
        "in_file": round(group.in_file, 4),
        "in_prompt": {arm: round(share, 4) for arm, share in group.in_prompt.items()},
        "difference": None if group.difference is None else round(group.difference, 4),
        "difference_interval": None if interval is None else [round(bound, 4) for bound in interval],
        "window_tokens": dict(group.window),
        "outline_tokens": dict(group.outline),
    }
