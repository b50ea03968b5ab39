"""HTTP glue against a scripted service: what streams, what breaks, and what a person is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.services.api import ApiClient
from app.services.reply import EventReply, Refusal, Reply
from app.services.service_process import ServiceProcess
from assistant.types import CompleteRequest, Delta, Event, Failed, Finished

pytestmark = pytest.mark.gui


class Client:
    """An ApiClient with how many streams it counted."""

    def __init__(self, **options: Any) -> None:
        self.api = ApiClient(**options)
        self.running: list[int] = []
        self.api.running_changed.connect(self.running.append)


class Answers:
    """What replies said, in order."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.replies: list[Reply] = []

    def of(self, reply: Reply) -> Reply:
        """Listen to one reply more."""
        self.replies.append(reply)
        reply.answered.connect(lambda answer: self.said.append(("answered", answer)))
        reply.failed.connect(lambda refusal: self.said.append(("failed", refusal)))
        return reply

    def wait(self, qtbot: QtBot, count: int = 1) -> list[Any]:
        """Wait for so many answers and return them."""
        qtbot.waitUntil(lambda: len(self.said) >= count)
        return self.said


class Heard:
    """What one completion said."""

    def __init__(self, client: Client, reply: EventReply) -> None:
        self.client = client  # it owns the reply
        self.reply = reply
        self.events: list[Event] = []
        self.done = 0
        reply.received.connect(self.events.append)
        reply.done.connect(self._on_done)

    def _on_done(self) -> None:
        self.done += 1

    @property
    def last(self) -> Event:
        return self.events[-1]


@pytest.fixture
def service(qtbot: QtBot, fake_service: Any) -> Iterator[Any]:
    process = ServiceProcess(fake_service.command)
    process.ready.connect(lambda url, token: fake_service.__dict__.update(url=url, token=token))
    with qtbot.waitSignal(process.ready):
        process.start()
    fake_service.process = process
    yield fake_service
    process.close()


def connect(service: Any, **options: Any) -> Client:
    client = Client(**options)
    client.api.set_endpoint(service.url + "/", service.token)
    return client


def complete(client: Client, text: str = "x") -> Heard:
    return Heard(client, client.api.complete(CompleteRequest("r1", text, len(text))))


def finish(qtbot: QtBot, heard: Heard) -> Event:
    qtbot.waitUntil(lambda: heard.done > 0)
    assert heard.done == 1
    return heard.last


def failure(qtbot: QtBot, heard: Heard) -> Failed:
    last = finish(qtbot, heard)
    assert isinstance(last, Failed)
    assert last.request_id == "r1"
    return last


def test_an_answer(qtbot: QtBot, service: Any) -> None:
    client, answers = connect(service), Answers()
    reply = answers.of(client.api.get("/health"))
    [(kind, answer)] = answers.wait(qtbot)
    assert kind == "answered"
    assert (answer["state"], answer["model"]) == ("ready", "fake-1b")
    with qtbot.waitSignal(reply.destroyed):
        pass
    assert len(answers.said) == 1


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ("garbage", Refusal(200, "garbage", "The service sent something that cannot be read. Restart it.")),
        ({"status": 500}, Refusal(500, "service_error", "The service is unwell.")),
    ],
)
def test_an_answer_that_is_none(qtbot: QtBot, service: Any, answer: Any, refusal: Refusal) -> None:
    service.set(health=[answer])
    client, answers = connect(service), Answers()
    answers.of(client.api.get("/health"))
    [(kind, said)] = answers.wait(qtbot)
    assert kind == "failed"
    assert (said.status, said.message) == (refusal.status, refusal.message)


def test_an_answer_without_token_or_service(qtbot: QtBot, service: Any) -> None:
    client, answers = connect(service), Answers()
    client.api.set_endpoint(service.url, "wrong")
    answers.of(client.api.get("/health"))
    answers.wait(qtbot, 1)
    client.api.set_endpoint("http://127.0.0.1:9", "x")
    answers.of(client.api.get("/health"))
    answers.wait(qtbot, 2)
    client.api.set_endpoint("", "")
    assert not client.api.has_service
    answers.of(client.api.get("/health"))
    assert len(answers.said) == 2  # never before the caller has connected
    refusals = [refusal for _, refusal in answers.wait(qtbot, 3)]
    assert [(refusal.status, refusal.code) for refusal in refusals] == [
        (401, "unauthorized"),
        (0, "unreachable"),
        (0, "unreachable"),
    ]
    assert refusals[2].message == "The service is not running."


def test_an_answer_that_does_not_come_and_the_next_that_does(qtbot: QtBot, service: Any) -> None:
    service.set(health=["stall", {"state": "none"}])
    client, answers = connect(service), Answers()
    answers.of(client.api.get("/health", timeout_ms=300))
    assert answers.wait(qtbot) == [("failed", Refusal(0, "timeout", "The service did not answer within 0.3 s."))]
    answers.of(client.api.get("/health", timeout_ms=30_000))
    assert answers.wait(qtbot, 2)[1][0] == "answered"
    assert len(answers.said) == 2


def test_an_answer_of_a_service_of_the_past_never_comes(qtbot: QtBot, service: Any) -> None:
    service.set(health=["stall", {"state": "none"}])
    client, answers = connect(service), Answers()
    answers.of(client.api.get("/health", timeout_ms=300))
    qtbot.waitUntil(lambda: len(service.rows("health")) == 1)
    client.api.set_endpoint(service.url, service.token)
    answers.of(client.api.get("/health"))
    assert answers.wait(qtbot)[0][0] == "answered"
    assert len(answers.said) == 1


def test_an_answer_that_is_given_up_is_quiet(qtbot: QtBot, service: Any) -> None:
    service.set(health=["stall"])
    client, answers = connect(service), Answers()
    for running in (client, Client()):
        reply = answers.of(running.api.get("/health", timeout_ms=300))
        with qtbot.waitSignal(reply.destroyed):
            reply.abort()
    assert answers.said == []


def test_deltas_come_as_they_are_written(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"delta": "eins"}, {"gate": "a"}, {"raw": ": keep-alive\n\n"}, {"finished": ["eins zwei"]}]])
    client = connect(service)
    heard = complete(client, "die Zahl ä: ")
    qtbot.waitUntil(lambda: bool(heard.events))
    assert heard.events == [Delta("r1", 0, "eins")]
    assert client.api.running == 1
    service.open_gate("a")
    last = finish(qtbot, heard)
    assert isinstance(last, Finished)
    assert last.choices[0].text == "eins zwei"
    assert client.running == [1, 0]
    assert service.requests[0]["text"] == "die Zahl ä: "
    heard.reply.abort()
    assert heard.done == 1


def test_characters_split_across_writes(qtbot: QtBot, service: Any) -> None:
    text = "größer 写一个 \U0001f600"
    service.set(complete=[["bytes", {"delta": text}, {"finished": [text]}]])
    heard = complete(connect(service))
    last = finish(qtbot, heard)
    assert heard.events[0] == Delta("r1", 0, text)
    assert isinstance(last, Finished)
    assert last.choices[0].text == text


def test_text_with_half_a_surrogate_pair_still_goes_out(qtbot: QtBot, service: Any) -> None:
    heard = complete(connect(service), "a\ud83db")
    assert isinstance(finish(qtbot, heard), Finished)
    assert len(service.requests[0]["text"]) == 3


def test_the_service_says_failed(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"failed": "The model has no room."}]])
    assert failure(qtbot, complete(connect(service))) == Failed("r1", "The model has no room.", "model_error")


def test_abort_is_quiet_and_the_service_notices(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"delta": "a"}, "stall"]])
    client = connect(service)
    heard = complete(client)
    qtbot.waitUntil(lambda: bool(heard.events))
    heard.reply.abort()
    assert (heard.done, len(heard.events), client.api.running) == (1, 1, 0)
    qtbot.waitUntil(lambda: service.rows("left") == [{"kind": "left", "id": "r1"}])
    heard.reply.abort()
    assert (heard.done, len(heard.events)) == (1, 1)


def test_silence_fails_after_a_while(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"delta": "a"}, "stall"]])
    client = connect(service, idle_ms=300)
    heard = complete(client)
    assert failure(qtbot, heard) == Failed("r1", "The service said nothing for 0.3 s.", "timeout")
    qtbot.waitUntil(lambda: bool(service.rows("left")))
    assert heard.done == 1


def test_a_service_that_dies_mid_stream_and_the_next_request(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"delta": "a"}, "die"]])
    client = connect(service)
    heard = complete(client)
    assert failure(qtbot, heard) == Failed("r1", "The service ended in the middle of a suggestion.", "cut")
    service.set(complete=[[{"finished": ["b"]}]])
    with qtbot.waitSignal(service.process.ready):
        pass
    client.api.set_endpoint(service.url, service.token)
    assert isinstance(finish(qtbot, complete(client)), Finished)


def test_a_service_that_dies_before_it_answers(qtbot: QtBot, service: Any) -> None:
    service.set(complete=["die"])
    assert failure(qtbot, complete(connect(service))).code == "cut"


def test_a_stream_that_ends_without_an_end(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"delta": "a"}]])
    assert failure(qtbot, complete(connect(service))).code == "cut"


@pytest.mark.parametrize("raw", ["data: <html>\n\n", 'data: {"event": "dance"}\n\n', "data: [1]\n\n"])
def test_garbage_in_the_stream(qtbot: QtBot, service: Any, raw: str) -> None:
    service.set(complete=[[{"raw": raw}, "stall"]])
    failed = failure(qtbot, complete(connect(service)))
    assert failed.code == "garbage"
    assert "cannot be read" in failed.message


def test_garbage_instead_of_a_stream(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"status": 200, "body": {"hello": 1}}]])
    assert failure(qtbot, complete(connect(service))).code == "garbage"


def test_events_after_the_last_one_are_not_heard(qtbot: QtBot, service: Any) -> None:
    service.set(complete=[[{"finished": ["a"]}, {"delta": "b"}]])
    heard = complete(connect(service))
    gone: list[bool] = []
    heard.reply.destroyed.connect(lambda: gone.append(True))
    qtbot.waitUntil(lambda: bool(gone))
    assert (heard.done, len(heard.events)) == (1, 1)


def test_the_wrong_token(qtbot: QtBot, service: Any) -> None:
    client = connect(service)
    client.api.set_endpoint(service.url, "wrong")
    failed = failure(qtbot, complete(client))
    assert failed.code == "unauthorized"
    assert "token" in failed.message


@pytest.mark.parametrize(
    ("status", "body", "message", "code"),
    [
        (500, {"error": {"message": "The model broke.", "code": "model_error"}}, "The model broke.", "model_error"),
        (413, {"error": {"message": "Too long.", "code": None}}, "Too long.", "service_error"),
        (503, ["busy"], "The service answered with status 503.", "service_error"),
        (302, {}, "The service answered with status 302.", "service_error"),
    ],
)
def test_error_answers(qtbot: QtBot, service: Any, status: int, body: Any, message: str, code: str) -> None:
    service.set(complete=[[{"status": status, "body": body}]])
    assert failure(qtbot, complete(connect(service))) == Failed("r1", message, code)


def test_nothing_listens(qtbot: QtBot, service: Any) -> None:
    client = connect(service)
    service.process.close()
    failed = failure(qtbot, complete(client))
    assert failed.code == "unreachable"
    assert "nothing listens" in failed.message


def test_a_name_that_leads_nowhere(qtbot: QtBot) -> None:
    client = Client()
    client.api.set_endpoint("http://grafter.invalid", "x")
    assert failure(qtbot, complete(client)).code == "unreachable"


def test_no_service_at_all(qtbot: QtBot) -> None:
    heard = complete(Client())
    assert heard.events == []
    assert failure(qtbot, heard) == Failed("r1", "The service is not running.", "unreachable")


def test_no_service_and_given_up_at_once(qtbot: QtBot) -> None:
    heard = complete(Client())
    with qtbot.waitSignal(heard.reply.destroyed):
        heard.reply.abort()
    assert (heard.done, heard.events) == (1, [])


def test_what_is_posted(qtbot: QtBot, service: Any) -> None:
    client, answers = connect(service), Answers()
    body = {"workspace": "/w", "texts": [{"path": "a.py", "text": "é\n"}, {"path": "b.py", "text": None}]}
    answers.of(client.api.post("/grafter/index", body))
    assert answers.wait(qtbot)[0][0] == "answered"
    assert service.rows("index")[0]["body"] == body
    service.set(index=404)
    answers.of(client.api.post("/grafter/index", body))
    assert answers.wait(qtbot, 2)[1][1].status == 404


def test_what_is_posted_without_a_body(qtbot: QtBot, service: Any) -> None:
    client, answers = connect(service), Answers()
    answers.of(client.api.post("/grafter/wake"))
    assert answers.wait(qtbot)[0][0] == "answered"
    assert len(service.rows("wake")) == 1


def test_what_is_posted_where_nobody_listens(qtbot: QtBot, service: Any) -> None:
    client, answers = connect(service), Answers()
    service.process.close()
    answers.of(client.api.post("/grafter/index", {}))
    [(_, refusal)] = answers.wait(qtbot)
    assert (refusal.status, refusal.code) == (0, "unreachable")


def test_what_nobody_waits_for_is_not_counted(qtbot: QtBot, service: Any) -> None:
    client = connect(service)
    reply = client.api.complete(CompleteRequest("r1", "x", 1, trigger="ahead"))
    assert client.api.running == 0
    with qtbot.waitSignal(reply.done):
        pass
    assert client.api.running == 0
