"""The window's routes, in the vocabulary that both sides share."""

import json

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.types import CompleteRequest, Delta, Failed, Finished, Started
from assistant.wire import complete_to_json, event_from_json, health_from_json

TEXT = "def gcd(a, b):\n    \n"
REQUEST = CompleteRequest("r-1", TEXT, 19, path="gcd.py")


def complete(running, request):
    lines = running.events("/grafter/complete", complete_to_json(request))
    return [event_from_json(json.loads(line)) for line in lines]


def test_health_is_the_state_of_the_worker(hello):
    health = health_from_json(hello.http.get("/health").json())
    assert (health.state, health.model, health.device, health.progress) == ("ready", "fake", "cpu", 1.0)


def test_a_completion_is_a_stream_of_events(serve):
    running = serve(FakeEngine("return a if b == 0 else gcd(b, a % b)"))
    events = complete(running, REQUEST)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert {event.request_id for event in events} == {"r-1"}
    whole = "".join(event.text for event in events if isinstance(event, Delta))
    assert whole == events[-1].choices[0].text == "return a if b == 0 else gcd(b, a % b)"
    assert events[-1].context[0].path == "gcd.py"


def test_alternatives_come_in_one_stream(serve):
    running = serve(FakeEngine(Answer(("return 1", "return 2"))))
    finished = complete(running, CompleteRequest("r", TEXT, 19, n=2))[-1]
    assert [choice.text for choice in finished.choices] == ["return 1", "return 2"]


@pytest.mark.parametrize("cursor", [len(TEXT) + 1, 10**12])
def test_a_cursor_outside_of_the_text_is_a_failed_event(hello, cursor):
    last = complete(hello, CompleteRequest("r", TEXT, cursor))[-1]
    assert isinstance(last, Failed)
    assert last.code == "invalid_request"


def test_a_failure_is_the_last_event(serve):
    running = serve(FakeEngine(Answer(failure="No room on the device.", failure_code="out_of_memory")))
    last = complete(running, REQUEST)[-1]
    assert last == Failed("r-1", "No room on the device.", "out_of_memory")


def test_characters_beyond_the_basic_plane_count_as_one(serve):
    engine = FakeEngine("x")
    running = serve(engine)
    complete(running, CompleteRequest("r", "a = '😀' + ", 10))
    prefix = engine.requests[0].prompt.parts[1]
    assert prefix.text == "a = '😀' + "
