"""Waiting, keeping alive, and ending: what happens to a request besides its answer."""

import asyncio
import socket
import threading

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.errors import ModelError
from assistant.server import streams
from assistant.server.sse import SseResponse
from assistant.server.streams import Dispatcher
from assistant.types import Delta, Progress, TokenLogprob
from tests.support.patience import PATIENCE_S

LONG = Answer(("word " * 2000,), token_seconds=0.01)
STREAMED = {
    "/v1/completions": {"prompt": "x", "max_tokens": 2000},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
    "/infill": {"input_prefix": "x", "n_predict": 2000, "raw": True},
    "/grafter/complete": {"id": "r", "text": "x", "cursor": 1, "max_tokens": 2000, "trigger": "manual"},
}


@pytest.mark.parametrize("path", STREAMED)
def test_a_client_that_leaves_a_stream_stops_its_generation(serve, until, path):
    engine = FakeEngine(LONG)
    running = serve(engine)
    with running.http.stream("POST", path, json={**STREAMED[path], "stream": True}) as response:
        lines = response.iter_lines()  # held: an iterator that is dropped closes the connection
        next(line for line in lines if "wor" in line)
        assert not engine.cancelled
    until(lambda: engine.cancelled)
    assert max(engine.tokens.values()) < 2000
    until(lambda: not running.dispatcher.busy)


@pytest.mark.parametrize("path", [path for path in STREAMED if path != "/grafter/complete"])
def test_a_client_that_leaves_while_waiting_for_the_whole_answer_stops_it_too(serve, until, path):
    import json

    engine = FakeEngine(LONG)
    running = serve(engine)
    body = json.dumps(STREAMED[path]).encode()
    port = int(running.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {running.token}\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        until(lambda: engine.requests)
    until(lambda: engine.cancelled)
    until(lambda: not running.dispatcher.busy)


def test_a_waiting_request_that_is_left_never_reaches_the_model(serve, until):
    engine = FakeEngine({"first": LONG, "": "short"})
    running = serve(engine)
    with running.http.stream("POST", "/v1/completions", json={"prompt": "first", "max_tokens": 2000, "stream": True}):
        until(lambda: engine.requests)
        with running.http.stream("POST", "/grafter/complete", json={"id": "second", "text": "", "cursor": 0}):
            until(lambda: running.dispatcher.busy == 2)
        until(lambda: running.dispatcher.busy == 1)
    until(lambda: not running.dispatcher.busy)
    assert running.http.post("/v1/completions", json={"prompt": "third"}).status_code == 200
    assert [request.id for request in engine.requests].count("second") == 0
    assert len(engine.requests) == 2


def test_requests_wait_for_the_model_and_keep_alive_comes_meanwhile(serve, monkeypatch):
    may_load = threading.Event()

    def load(_progress):
        may_load.wait(PATIENCE_S)
        return FakeEngine("here")

    monkeypatch.setattr(SseResponse.__init__, "__kwdefaults__", {"keep_alive": 0.05})
    running = serve(load=load, ready=False)
    assert running.http.get("/health").json()["state"] == "loading"
    lines = []
    with running.http.stream("POST", "/v1/completions", json={"prompt": "x", "stream": True}) as response:
        for line in response.iter_lines():
            lines.append(line)
            if lines.count(": keep-alive") == 3:
                may_load.set()
    assert lines.count(": keep-alive") >= 3
    assert any('"text":"here"' in line for line in lines)
    assert lines[-2] == "data: [DONE]"
    assert running.http.get("/health").json()["state"] == "ready"


def test_waiting_for_the_model_has_an_end(serve):
    may_load = threading.Event()
    running = serve(load=lambda _: may_load.wait(PATIENCE_S) and FakeEngine("x"), ready=False, load_wait=0.2)
    try:
        for path, body in STREAMED.items():
            if path == "/grafter/complete":
                assert '"code":"model_loading"' in running.events(path, body)[-1]
            else:
                response = running.http.post(path, json=body)
                assert (response.status_code, response.json()["error"]["code"]) == (503, "model_loading")
    finally:
        may_load.set()


def test_without_a_model_it_serves_and_says_so(serve):
    running = serve(None)
    health = running.http.get("/health").json()
    assert (health["state"], health["model"]) == ("none", None)
    assert running.http.get("/v1/models").json() == {"object": "list", "data": []}
    for path, body in STREAMED.items():
        if path == "/grafter/complete":
            assert '"event":"failed"' in running.events(path, body)[-1]
        else:
            for stream in (False, True):
                response = running.http.post(path, json={**body, "stream": stream})
                assert (response.status_code, response.json()["error"]["code"]) == (503, "no_model")


def test_a_model_that_failed_says_why(serve):
    def load(_progress):
        raise ModelError("The weights are torn.")

    running = serve(load=load)
    assert running.http.get("/health").json()["message"] == "The weights are torn."
    error = running.http.post("/v1/completions", json={"prompt": "x"})
    assert (error.status_code, error.json()["error"]["message"]) == (503, "The weights are torn.")
    assert error.headers["retry-after"] == "30"


def test_too_many_open_requests_are_refused(serve, until):
    running = serve(FakeEngine(LONG), max_open=2)
    body = {"prompt": "x", "max_tokens": 2000, "stream": True}
    with (
        running.http.stream("POST", "/v1/completions", json=body),
        running.http.stream("POST", "/grafter/complete", json=STREAMED["/grafter/complete"]),
    ):
        until(lambda: running.dispatcher.busy == 2)
        for path, other in STREAMED.items():
            response = running.http.post(path, json={**other, "stream": True})
            assert (response.status_code, response.json()["error"]["code"]) == (503, "overloaded")
            assert response.headers["retry-after"] == "1"
    until(lambda: not running.dispatcher.busy)
    assert running.http.get("/health").status_code == 200


def test_closing_ends_what_is_open_at_once(serve):
    running = serve(FakeEngine(LONG))
    lines = []
    body = {"prompt": "x", "max_tokens": 2000, "stream": True}
    with running.http.stream("POST", "/v1/completions", json=body) as response:
        for line in response.iter_lines():
            if not lines:
                threading.Timer(0.01, running.close_dispatcher).start()
            lines.append(line)
    assert "service_stopping" in lines[-4]
    assert running.http.post("/v1/completions", json={"prompt": "x"}).status_code == 503


def test_a_client_that_does_not_read_ends_its_generation(monkeypatch):
    monkeypatch.setattr(streams, "_MAX_UNREAD", 50)
    engine = FakeEngine(Answer(("word " * 5000,), token_seconds=0.0001))
    worker = EngineWorker(lambda _: engine, "fake")
    worker.start()

    async def receive():
        await asyncio.Event().wait()

    async def unread():
        from assistant.types import GenerateRequest, Markup, Params, Prompt

        request = GenerateRequest("r", Prompt((Markup("x"),)), Params(max_tokens=10**6))
        async with Dispatcher(worker).open(lambda e, c: e.generate(request, c), "r", receive):
            while not engine.cancelled:  # noqa: ASYNC110 - the engine runs in another thread
                await asyncio.sleep(0.005)

    try:
        asyncio.run(asyncio.wait_for(unread(), 10))
    finally:
        worker.close(5)


def test_a_stream_whose_events_are_not_for_the_client_is_kept_alive(serve, monkeypatch):
    monkeypatch.setattr(SseResponse.__init__, "__kwdefaults__", {"keep_alive": 0.05})
    # An event each 10 ms, none of which OpenAI's stream has a line for.
    running = serve(FakeEngine(Answer(("x",), prefill_seconds=0.6, prefill_pieces=60)))
    with running.http.stream("POST", "/v1/completions", json={"prompt": "x", "stream": True}) as response:
        lines = list(response.iter_lines())
    assert lines.count(": keep-alive") >= 5
    assert lines[-2] == "data: [DONE]"


def test_the_event_loop_hears_of_no_token_without_text():
    said = []

    class Loop:
        def call_soon_threadsafe(self, _call, event):
            said.append(event)

    stream = streams.EventStream(Loop(), "r")
    kept = [Progress("r", "prefill", 1, 2), Delta("r", 0, "x"), Delta("r", 0, "", (TokenLogprob("x", -1.0),))]
    for event in [kept[0], Progress("r", "decode", 1, 9), kept[1], Delta("r", 0, ""), kept[2]]:
        stream.sink(event)
    assert said == kept
