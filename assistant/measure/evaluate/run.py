"""Fill every hole and mark the answers; the tests of one row run while the model writes the next."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.metrics import edit_similarity, exact_match, first_line_match
from assistant.measure.evaluate.sandbox import Outcome, Sandbox

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Scored:
    """One row with its answer and marks. ``test`` is None where the row has no tests."""

    row: Row
    answer: Answer
    exact: bool
    first_line: bool
    similarity: float
    test: Outcome | None


def evaluate(
    engine: Asked, rows: Iterable[Row], ask: Callable[[Asked, Row], Answer], sandbox: Sandbox | None
) -> Generator[Scored]:
    """Yield each row with its marks, in order; without a sandbox no tests are run. ``engine`` is what ``ask`` asks.

    Closing the generator early kills the test that runs and stops the sandbox for good.
    """
    waiting: deque[tuple[Row, Answer, Future[Outcome] | None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="tests") as pool:
        try:
            for row in rows:
                answer = ask(engine, row)
                tests = row.tests if sandbox else None
                future = None
                if sandbox and tests is not None:
                    future = pool.submit(sandbox.run, f"{row.program(answer.text, answer.replaces)}\n{tests}\n")
                waiting.append((row, answer, future))
                while waiting and _is_done(waiting[0][2]):
                    yield _score(*waiting.popleft())
            while waiting:
                yield _score(*waiting.popleft())
        except BaseException:
            if sandbox:
                sandbox.stop()
            raise


def to_json(scored: Scored) -> dict[str, Any]:
    """Return what ``--output`` writes for a row."""
    answer, test = scored.answer, scored.test
    return {
        "id": scored.row.id,
        "answer": answer.text,
        "replaces": answer.replaces,
        "canonical_solution": scored.row.solution,
        "exact_match": scored.exact,
        "first_line_match": scored.first_line,
        "edit_similarity": round(scored.similarity, 4),
        "passed": None if test is None else test.verdict == "passed",
        "test": None if test is None else test.verdict,
        "test_detail": "" if test is None else test.detail,
        "ms": round(answer.ms, 1),
        "prompt_tokens": answer.prompt_tokens,
        "cached_tokens": answer.cached_tokens,
        "generated_tokens": answer.generated_tokens,
        "filters": list(answer.filters),
        "context": [dataclasses.asdict(piece) for piece in answer.context],
        "mean_logprob": answer.mean_logprob,
        "error": answer.error,
    }


def _is_done(future: Future[Outcome] | None) -> bool:
    return future is None or future.done()


def _score(row: Row, answer: Answer, future: Future[Outcome] | None) -> Scored:
    right = row.right(answer.replaces)
    return Scored(
        row=row,
        answer=answer,
        exact=exact_match(answer.text, right),
        first_line=first_line_match(answer.text, right),
        similarity=edit_similarity(answer.text, right),
        test=future.result() if future else None,
    )
