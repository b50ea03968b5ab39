"""Compare two runs over the same rows pair by pair, from the files that ``--output`` wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from assistant.errors import InputError
from assistant.measure.evaluate.data import read_objects
from assistant.measure.evaluate.metrics import mean
from assistant.measure.evaluate.paired import difference
from assistant.measure.evaluate.report import Interval

ONE = ""
"""The arm of a run that asked in one way only, as ``infilling`` does."""
_RUN = "run"
"""What the first line of ``repo --output`` tells, which is no row."""


@dataclass(frozen=True, slots=True)
class Paired:
    """One mark in two runs: the share that is right in each, the rows right in only one, and McNemar's exact p.

    ``difference`` is the second less the first, ``interval`` its 95 % interval by the paired bootstrap.
    """

    n: int
    first: float
    second: float
    difference: float
    interval: Interval
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm of two runs. ``unpaired`` counts rows that only one of them has; ``pass_at_1``: None without tests.

    ``by_language`` and ``by_kind`` are empty where the rows do not say what they are.
    """

    exact_match: Paired
    pass_at_1: Paired | None
    same_answers: int
    unpaired: int
    by_language: Mapping[str, Paired] = field(default_factory=dict[str, Paired])
    by_kind: Mapping[str, Paired] = field(default_factory=dict[str, Paired])


@dataclass(frozen=True, slots=True)
class _Mark:
    answer: str
    exact: bool
    passed: bool | None


@dataclass(frozen=True, slots=True)
class _Row:
    solution: str
    marks: Mapping[str, _Mark]
    language: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    path: Path
    arms: tuple[str, ...]
    rows: Mapping[str, _Row]


def compare(first: Path, second: Path, arm: str | None = None) -> dict[str, Comparison]:
    """Return the comparison of the rows that both files have, for each arm of both, or for ``arm`` alone.

    ONE is the arm of a file of ``infilling``. Raises InputError where a file is not what ``--output`` writes, where the
    two have no row or no arm in common, or where a row of the same name has another solution.
    """
    runs = _read(first), _read(second)
    arms = _arms(runs, arm)
    ids = [id_ for id_ in runs[0].rows if id_ in runs[1].rows]
    if not ids:
        raise InputError(f"{first} and {second} have no row in common; both have to be answers to the same data.")
    for id_ in ids:
        if runs[0].rows[id_].solution != runs[1].rows[id_].solution:
            raise InputError(f"The row '{id_}' has another solution in each file; they are not from the same data.")
    return {name: _compare(runs, ids, name) for name in arms}


def to_json(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    if ONE in comparisons:
        said = asdict(comparisons[ONE])
        return {name: value for name, value in said.items() if not name.startswith("by_")}
    return {"arms": {name: asdict(each) for name, each in comparisons.items()}}


def _arms(runs: tuple[_Run, _Run], arm: str | None) -> Sequence[str]:
    """Return the arms to compare."""
    first, second = runs
    if (ONE in first.arms) != (ONE in second.arms):
        one, many = (first, second) if ONE in first.arms else (second, first)
        raise InputError(
            f"{many.path} has the arms {', '.join(many.arms)} and {one.path} has none; compare two files of the same "
            "kind of measurement."
        )
    if arm is not None and ONE in first.arms:
        raise InputError(f"{first.path} has one answer for each row; leave --arm out.")
    for run in runs:
        if arm is not None and arm not in run.arms:
            raise InputError(f"{run.path} has no arm '{arm}'; there are {', '.join(run.arms)}.")
    shared = [name for name in first.arms if name in second.arms and arm in (None, name)]
    if not shared:
        raise InputError(
            f"No arm is in both files: {first.path} has {', '.join(first.arms)}, {second.path} has "
            f"{', '.join(second.arms)}."
        )
    return shared


def _read(path: Path) -> _Run:
    rows: dict[str, _Row] = {}
    for where, row in read_objects(path):
        if not rows and row.keys() == {_RUN}:
            continue
        found = _row(row)
        if found is None or (rows and found.marks.keys() != next(iter(rows.values())).marks.keys()):
            raise InputError(
                f"{where}: this is no row that 'grafter evaluate infilling', 'holes' or 'repo' wrote with --output."
            )
        rows[row["id"]] = found
    if not rows:
        raise InputError(f"{path} has no rows.")
    return _Run(path, tuple(next(iter(rows.values())).marks), rows)


def _row(row: Mapping[str, Any]) -> _Row | None:
    """Return a row with the marks of each arm; None where it is another thing."""
    arms: Any = row.get("arms")
    answers: Any = {ONE: row} if arms is None else arms
    solution = row.get("canonical_solution" if arms is None else "truth")
    if not isinstance(row.get("id"), str) or not isinstance(solution, str) or not isinstance(answers, dict):
        return None
    marks = {name: _mark(answer) for name, answer in cast("dict[str, Any]", answers).items()}
    known = {name: mark for name, mark in marks.items() if mark is not None}
    if not marks or len(known) < len(marks) or (arms is None and "passed" not in row):
        return None
    return _Row(solution, known, str(row.get("language", "")), str(row.get("kind", "")))


def _mark(answer: Any) -> _Mark | None:
    if not isinstance(answer, dict):
        return None
    said = cast("dict[str, Any]", answer)
    if not isinstance(said.get("answer"), str) or not isinstance(said.get("exact_match"), bool):
        return None
    passed = said.get("passed")
    return _Mark(said["answer"], said["exact_match"], passed if isinstance(passed, bool) else None)


def _compare(runs: tuple[_Run, _Run], ids: Sequence[str], arm: str) -> Comparison:
    first, second = ({id_: run.rows[id_].marks[arm] for id_ in ids} for run in runs)
    tested = [id_ for id_ in ids if first[id_].passed is not None and second[id_].passed is not None]

    def exact(some: Sequence[str]) -> Paired:
        return _paired(some, [first[id_].exact for id_ in some], [second[id_].exact for id_ in some])

    def grouped(of: Callable[[_Row], str]) -> dict[str, Paired]:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for id_ in ids:
            groups[of(runs[0].rows[id_])].append(id_)
        return {name: exact(some) for name, some in groups.items() if name}

    return Comparison(
        exact_match=exact(ids),
        pass_at_1=_paired(
            tested, [bool(first[id_].passed) for id_ in tested], [bool(second[id_].passed) for id_ in tested]
        )
        if tested
        else None,
        same_answers=sum(first[id_].answer == second[id_].answer for id_ in ids),
        unpaired=len(runs[0].rows) + len(runs[1].rows) - 2 * len(ids),
        by_language=grouped(lambda row: row.language),
        by_kind=grouped(lambda row: row.kind),
    )


def _paired(ids: Sequence[str], first: Sequence[bool], second: Sequence[bool]) -> Paired:
    marks = list(zip(ids, first, second, strict=True))
    found = difference(first, second)
    return Paired(
        n=len(ids),
        first=mean(first),
        second=mean(second),
        difference=found.value,
        interval=found.interval,
        only_first=tuple(id_ for id_, one, other in marks if one and not other),
        only_second=tuple(id_ for id_, one, other in marks if other and not one),
        p_value=found.p_value,
    )
