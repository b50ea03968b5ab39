"""A replay of the recorded trace against somebody who answers at once: what is asked, seen and counted."""

import asyncio
import dataclasses

import pytest

from assistant.editing.suggestions.session import Options
from assistant.errors import ServiceError
from assistant.measure.bench.askers import OnText, Use
from assistant.measure.bench.keystrokes import Session, Totals, replay_all
from assistant.measure.bench.source import library_file, read_source
from assistant.measure.bench.trace import load_trace
from assistant.types import Choice, CompleteRequest


class Scripted:
    """Answers each request with the same text, in two pieces."""

    name = "scripted"

    def __init__(self, answer: str = "self", error: str = "") -> None:
        self.answer, self.error = answer, error
        self.requests: list[CompleteRequest] = []
        self.closed = False

    async def ask(self, request: CompleteRequest, use: Use, on_text: OnText) -> Choice:
        self.requests.append(request)
        if self.error:
            raise ServiceError(self.error)
        for piece in (self.answer[:2], self.answer[2:]):
            use.written += 1
            on_text(piece)
            await asyncio.sleep(0)
        return Choice(0, self.answer, "stop", use.written)

    async def close(self) -> None:
        self.closed = True


def replay(asker: Scripted, options: Options) -> Totals:
    trace = load_trace("argparse")
    trace = dataclasses.replace(trace, segments=trace.segments[:1])
    session = Session(trace, read_source(library_file(trace.module)), "fast", "argparse.py", options)
    session.check()
    asyncio.run(replay_all(session, [asker], lambda _: None))
    assert asker.closed
    return session.totals(asker.name)


def test_every_request_ends_in_one_way() -> None:
    asker = Scripted()
    totals = replay(asker, Options(debounce_ms=1, adaptive=False, ahead=False))
    assert totals.requests == len(asker.requests) > 0
    assert totals.requests == totals.whole + totals.cut_off + totals.empty + totals.failed
    assert totals.whole > 0
    assert totals.ahead == 0
    assert totals.written >= totals.whole
    assert totals.characters == 4
    assert totals.first.p50 is not None
    assert totals.last.p50 is not None
    assert totals.first.p50 <= totals.last.p50
    assert {request.path for request in asker.requests} == {"argparse.py"}


def test_requests_that_nobody_waits_for_are_counted_apart() -> None:
    asker = Scripted()
    totals = replay(asker, Options(debounce_ms=1, adaptive=False))
    waited = [request for request in asker.requests if request.trigger != "ahead"]
    assert totals.requests >= len(waited)  # for a guess somebody may wait in the end
    assert totals.ahead > 0
    assert totals.requests + totals.ahead >= len(asker.requests)  # some are given up before they go out


@pytest.mark.parametrize(
    ("asker", "kind"), [(Scripted(answer="  "), "empty"), (Scripted(error="It is away."), "failed")]
)
def test_what_brings_nothing(asker: Scripted, kind: str) -> None:
    totals = replay(asker, Options(debounce_ms=1, adaptive=False))
    assert getattr(totals, kind) > 0
    assert (totals.whole, totals.ahead) == (0, 0)
    assert totals.failures == (("It is away.",) if kind == "failed" else ())
