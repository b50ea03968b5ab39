"""Ask each arm to fill each hole, and mark the answers against what stood there."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from assistant.completion.syntax import count_errors, is_python
from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.metrics import edit_similarity, exact_match
from assistant.measure.repository.arms import Arm
from assistant.repository.holes import Hole
from assistant.repository.parsing import parse_within
from assistant.retrieval.index.base_index import BaseIndex
from assistant.types import ContextPiece

_MOST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Mark:
    """An arm's answer with its marks.

    ``parses``: whether the file has no more errors with it than with what stood there; None where nothing was shown
    or that cannot be told.
    """

    answer: Answer
    exact: bool
    similarity: float
    parses: bool | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A hole with each arm's mark, by the arm's name."""

    hole: Hole
    marks: Mapping[str, Mark]


def ask_all(
    arms: Sequence[Arm], index: BaseIndex, holes: Sequence[Hole], done: Mapping[str, Asked]
) -> Generator[Asked]:
    """Yield each hole with its marks, in order; those that are ``done`` already, by id, as they are.

    The arms take turns in who is asked first.
    """
    for number, hole in enumerate(holes):
        if hole.id in done:
            yield done[hole.id]
            continue
        first = number % len(arms)
        answers: dict[str, Answer] = {}
        with index.with_open(hole):
            for arm in (*arms[first:], *arms[:first]):
                answers[arm.name] = arm.ask(hole)
        yield Asked(hole, {arm.name: mark(hole, answers[arm.name]) for arm in arms})


def mark(hole: Hole, answer: Answer) -> Mark:
    """Return the marks of an answer: what is right is the same text in the file, whatever it replaced."""
    right = hole.truth + hole.after[: answer.replaces]
    return Mark(
        answer,
        exact=not answer.error and exact_match(answer.text, right),
        similarity=0.0 if answer.error else edit_similarity(answer.text, right),
        parses=_parses(hole, answer) if answer.text and not answer.error else None,
    )


def _parses(hole: Hole, answer: Answer) -> bool | None:
    """Return whether the file with the answer in it is as right as it was. Python's own parser has the last word."""
    text = hole.before + answer.text + hole.after[answer.replaces :]
    if hole.language == "python" and is_python(hole.text):
        return is_python(text)
    was, is_now = _errors(hole.language, hole.text), _errors(hole.language, text)
    return None if was is None or is_now is None else is_now <= was


def _errors(language: str, text: str) -> int | None:
    """Return how many nodes of the file's tree are wrong or missing; None where parsing takes too long."""
    tree = parse_within(language, text.encode("utf-8", "replace"), _MOST_SECONDS)
    return None if tree is None else count_errors(tree.root_node)


def to_json(asked: Asked) -> dict[str, Any]:
    """Return what ``--output`` writes for a hole."""
    hole = asked.hole
    return {
        "id": hole.id,
        "path": hole.path,
        "language": hole.language,
        "kind": hole.kind,
        "line": hole.line,
        "column": hole.column,
        "truth": hole.truth,
        "arms": {name: _mark_to_json(mark) for name, mark in asked.marks.items()},
    }


def _mark_to_json(mark: Mark) -> dict[str, Any]:
    answer = mark.answer
    return {
        "answer": answer.text,
        "replaces": answer.replaces,
        "exact_match": mark.exact,
        "edit_similarity": round(mark.similarity, 4),
        "parses": mark.parses,
        "ms": round(answer.ms, 1),
        "prompt_tokens": answer.prompt_tokens,
        "cached_tokens": answer.cached_tokens,
        "generated_tokens": answer.generated_tokens,
        "prefill_ms": round(answer.prefill_ms, 1),
        "decode_ms": round(answer.decode_ms, 1),
        "filters": list(answer.filters),
        "context": [dataclasses.asdict(piece) for piece in answer.context],
        "mean_logprob": answer.mean_logprob,
        "error": answer.error,
    }


def from_json(row: Mapping[str, Any], hole: Hole, names: Sequence[str]) -> Asked:
    """Return a hole with the marks that ``to_json`` wrote. Raises KeyError and the like for anything else."""
    if row["truth"] != hole.truth:
        raise ValueError("another text stood there")
    return Asked(hole, {name: _mark_from_json(row["arms"][name]) for name in names})


def _mark_from_json(row: Mapping[str, Any]) -> Mark:
    pieces = cast("list[dict[str, Any]]", row["context"])
    answer = Answer(
        text=row["answer"],
        ms=row["ms"],
        prompt_tokens=row["prompt_tokens"],
        cached_tokens=row["cached_tokens"],
        generated_tokens=row["generated_tokens"],
        prefill_ms=row["prefill_ms"],
        decode_ms=row["decode_ms"],
        filters=tuple(row["filters"]),
        error=row["error"],
        context=tuple(ContextPiece(p["path"], tuple(p["lines"]), p["tokens"], p["why"]) for p in pieces),
        mean_logprob=row["mean_logprob"],
        replaces=row["replaces"],
    )
    return Mark(answer, row["exact_match"], row["edit_similarity"], row["parses"])
