"""The window's routes, in the vocabulary that both sides share."""

import json
import threading

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.types import CompleteRequest, Delta, Failed, Finished, Started
from assistant.wire import complete_to_json, event_from_json, health_from_json
from tests.support.patience import PATIENCE_S

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


LONG = Answer(("return " + "word " * 2000,), token_seconds=0.005)


def start(running, request):
    """Post a request and read its events in a thread; return the list that fills, and what waits for its end."""
    events = []

    def read():
        with running.http.stream("POST", "/grafter/complete", json=complete_to_json(request)) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    event = event_from_json(json.loads(line.removeprefix("data: ")))
                    events.append(event)

    thread = threading.Thread(target=read)
    thread.start()

    def end():
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        return events[-1]

    return events, end


def test_a_newer_request_of_a_page_ends_the_older_one_before_its_client_leaves(serve, until):
    engine = FakeEngine({"first": LONG, "": "short"})
    running = serve(engine)
    options = {"trigger": "manual", "max_tokens": 2000, "session": "page"}
    events, end = start(running, CompleteRequest("r-1", "# first\n", 8, **options))
    until(lambda: any(isinstance(event, Delta) for event in events))
    newer = complete(running, CompleteRequest("r-2", "# next\n", 7, **options))
    assert newer[-1].choices[0].text == "short"
    last = end()
    assert (last.choices[0].reason, engine.cancelled) == ("cancelled", ["r-1"])


def test_requests_of_two_pages_leave_each_other_alone(serve, until):
    running = serve(FakeEngine({"first": Answer(("word " * 30,), token_seconds=0.005), "": "short"}))
    options = {"trigger": "manual", "max_tokens": 2000}
    events, end = start(running, CompleteRequest("r-1", "# first\n", 8, session="one", **options))
    until(lambda: any(isinstance(event, Delta) for event in events))
    assert complete(running, CompleteRequest("r-2", "# next\n", 7, session="two", **options))
    assert end().choices[0].reason == "stop"


def test_a_completion_comes_in_the_middle_of_a_chat(serve, until):
    running = serve(FakeEngine({"user: chat": Answer(("word " * 2000,), token_seconds=0.005), "": "short"}))
    body = {"messages": [{"role": "user", "content": "chat"}], "max_tokens": 2000, "stream": True}
    with running.http.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        next(line for line in lines if "word" in line)
        finished = complete(running, REQUEST)[-1]
        assert finished.choices[0].text == "short"
        next(line for line in lines if "word" in line)  # and the chat goes on
        until(lambda: running.dispatcher.busy == 1)


def test_what_is_asked_ahead_gives_way(serve, until):
    engine = FakeEngine({"guess": LONG, "": "short"})
    running = serve(engine)
    guess = CompleteRequest("g-1", "# guess\n", 8, trigger="ahead", max_tokens=2000, session="page")
    events, end = start(running, guess)
    until(lambda: any(isinstance(event, Delta) for event in events))
    assert complete(running, CompleteRequest("r-1", "# next\n", 7, session="page"))[-1].choices[0].text == "short"
    assert end().choices[0].reason == "cancelled"
    assert engine.cancelled == ["g-1"]


def test_what_is_asked_ahead_is_answered_when_the_model_has_time(serve):
    events = complete(serve(FakeEngine("short")), CompleteRequest("g", TEXT, 19, trigger="ahead"))
    assert events[-1].choices[0].text == "short"


def test_an_unknown_trigger_is_refused(hello):
    body = {**complete_to_json(REQUEST), "trigger": "soon"}
    assert hello.http.post("/grafter/complete", json=body).status_code == 400


def test_tokens_without_text_are_not_sent(serve):
    # The second line is held back: it may become the line below the cursor, and then it does.
    running = serve(FakeEngine("one = 1\ntwo = 2"))
    text = "def f():\n    \n    two = 2\n"
    events = complete(running, CompleteRequest("r", text, 13, trigger="manual"))
    assert events[-1].choices[0].text == "one = 1"
    assert all(event.text for event in events if isinstance(event, Delta))


def test_a_model_that_was_put_aside_wakes_for_a_request_or_when_told(serve, until):
    limit = [0.05]
    loads = []

    def load(_progress):
        loads.append(1)
        return FakeEngine("short")

    running = serve(load=load, idle_seconds=lambda: limit[0])

    def state():
        return health_from_json(running.http.get("/health").json()).state

    until(lambda: state() == "idle")
    assert "memory was given back" in running.http.get("/health").json()["message"]
    assert running.http.get("/v1/models").json()["data"][0]["id"] == "fake"
    assert complete(running, REQUEST)[-1].choices[0].text == "short"
    until(lambda: state() == "idle")
    answer = running.http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "x"}]})
    assert answer.json()["choices"][0]["message"]["content"] == "short"
    until(lambda: state() == "idle")
    guess = CompleteRequest("g", TEXT, 19, trigger="ahead")
    assert complete(running, guess)[-1].choices[0].reason == "cancelled"
    assert (state(), len(loads)) == ("idle", 3)
    limit[0] = 60.0
    woken = running.http.post("/grafter/wake")
    assert woken.status_code == 200
    assert health_from_json(woken.json()).state in ("idle", "loading", "ready")
    until(lambda: state() == "ready")
    assert len(loads) == 4
