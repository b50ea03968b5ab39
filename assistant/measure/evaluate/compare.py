"""Compare two runs over the same rows pair by pair, from the files that ``--output`` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.errors import InputError
from assistant.measure.evaluate.data import read_objects
from assistant.measure.evaluate.metrics import mcnemar, mean


@dataclass(frozen=True, slots=True)
class Paired:
    """One mark in two runs: the share that is right in each, the rows right in only one, and McNemar's exact p."""

    n: int
    first: float
    second: float
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. ``unpaired`` counts rows that only one of them has; ``pass_at_1`` is None without tests in both."""

    exact_match: Paired
    pass_at_1: Paired | None
    same_answers: int
    unpaired: int


def compare(first: Path, second: Path) -> Comparison:
    """Return the comparison of the rows that both files have.

    Raises InputError where a file is not what ``--output`` writes, where the two have no row in common, or where a
    row of the same name has another solution.
    """
    runs = _read(first), _read(second)
    ids = [id_ for id_ in runs[0] if id_ in runs[1]]
    if not ids:
        raise InputError(f"{first} and {second} have no row in common; both have to be answers to the same data.")
    pairs = [(runs[0][id_], runs[1][id_]) for id_ in ids]
    for id_, (one, other) in zip(ids, pairs, strict=True):
        if one["canonical_solution"] != other["canonical_solution"]:
            raise InputError(f"The row '{id_}' has another solution in each file; they are not from the same data.")
    tested = [id_ for id_, pair in zip(ids, pairs, strict=True) if all(isinstance(r["passed"], bool) for r in pair)]
    return Comparison(
        exact_match=_paired(runs, ids, "exact_match"),
        pass_at_1=_paired(runs, tested, "passed") if tested else None,
        same_answers=sum(one["answer"] == other["answer"] for one, other in pairs),
        unpaired=len(runs[0]) + len(runs[1]) - 2 * len(ids),
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return asdict(comparison)


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    rows: dict[str, Mapping[str, Any]] = {}
    for where, row in read_objects(path):
        named = isinstance(row.get("id"), str) and isinstance(row.get("exact_match"), bool)
        if not named or not {"answer", "canonical_solution", "passed"} <= set(row):
            raise InputError(f"{where}: this is no row that 'grafter evaluate infilling --output' wrote.")
        rows[row["id"]] = row
    if not rows:
        raise InputError(f"{path} has no rows.")
    return rows


def _paired(runs: Sequence[Mapping[str, Mapping[str, Any]]], ids: Sequence[str], mark: str) -> Paired:
    marks = [(bool(runs[0][id_][mark]), bool(runs[1][id_][mark])) for id_ in ids]
    only_first = tuple(id_ for id_, (one, other) in zip(ids, marks, strict=True) if one and not other)
    only_second = tuple(id_ for id_, (one, other) in zip(ids, marks, strict=True) if other and not one)
    return Paired(
        n=len(ids),
        first=mean([one for one, _ in marks]),
        second=mean([other for _, other in marks]),
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar(len(only_first), len(only_second)),
    )
