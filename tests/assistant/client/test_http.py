"""The client against servers that answer, stall, lie and vanish."""

import json
import socket
import threading

import pytest

from assistant.client.http import ServiceClient, find_service, parse_ready_line
from assistant.client.registry import make_private_folder, own_record, publish, write_private
from assistant.config import find_paths
from assistant.errors import InputError, ServiceError
from assistant.types import CompleteRequest, Delta, Failed, Finished, Health, Message, Timings
from assistant.wire import event_to_json, health_to_json
from tests.support.patience import PATIENCE_S

FINISHED = Finished("r", "m", (), 1, 0, 1, Timings())


@pytest.fixture
def server():
    """Start a server that answers every request with the given bytes; return its URL and what it was sent."""
    sockets, threads = [], []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        seen = []

        def work():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    for piece in answer if isinstance(answer, list) else [answer]:
                        connection.sendall(piece)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}", seen

    yield start
    for listener in sockets:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(PATIENCE_S)


def answer(data, status=200, kind="application/json"):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def stream(*payloads):
    body = b": keep-alive\n\n" + b"".join(
        b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"
        for payload in payloads
    )
    whole = answer(body, kind="text/event-stream")
    return [whole[:200], whole[200:]]


def test_the_ready_line():
    ready = parse_ready_line('{"event": "ready", "url": "http://127.0.0.1:1", "token_file": "/t"}\n')
    assert (ready.url, ready.token_file) == ("http://127.0.0.1:1", "/t")
    for line in ("", "Traceback", "[]", '{"event":"other"}', '{"event":"ready"}', "null"):
        with pytest.raises(ServiceError, match="did not say that it is ready"):
            parse_ready_line(line)


def test_health_carries_the_token_and_needs_no_proxy(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    url, seen = server(answer(health_to_json(Health("ready", "m"))))
    with ServiceClient(url, "secret") as client:
        assert client.health() == Health("ready", "m")
    assert b"authorization: bearer secret" in seen[0].lower()


def test_events_are_read_from_the_stream(server):
    events = [Delta("r", 0, "grün 😀"), FINISHED]
    url, _ = server(stream(*[event_to_json(event) for event in events]))
    with ServiceClient(url, "t") as client:
        assert list(client.complete(CompleteRequest("r", "", 0))) == events


CHUNK = {"id": "c", "model": "m", "choices": [], "usage": None}


def test_a_chat_becomes_events(server):
    def text(piece, reason=None):
        return {**CHUNK, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": reason}]}

    usage = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    last = {**CHUNK, "usage": usage, "grafter": {"timings": {"total_ms": 5.0}, "adapter": None, "note": "so"}}
    url, _ = server(stream(text("a"), text("b"), text(None, "length"), last, b"[DONE]"))
    with ServiceClient(url, "t") as client:
        *deltas, finished = client.chat([Message("user", "hi")], 9)
    assert [delta.text for delta in deltas] == ["a", "b"]
    assert (finished.choices[0].text, finished.choices[0].reason) == ("ab", "length")
    assert (finished.prompt_tokens, finished.cached_tokens, finished.timings.total_ms, finished.note) == (
        3,
        1,
        5.0,
        "so",
    )


def test_a_chat_that_fails_midway_is_a_failed_event(server):
    url, _ = server(stream({"error": {"message": "No room.", "code": "out_of_memory"}}, b"[DONE]"))
    with ServiceClient(url, "t") as client:
        assert list(client.chat([Message("user", "hi")], 9)) == [Failed("", "No room.", "out_of_memory")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InputError), (404, InputError), (413, InputError), (401, ServiceError), (503, ServiceError)],
)
def test_errors_of_the_service_are_raised_with_their_sentence(server, status, kind):
    url, _ = server(answer({"error": {"message": "So it is."}}, status))
    with ServiceClient(url, "t") as client:
        with pytest.raises(kind, match="So it is"):
            client.health()
        with pytest.raises(kind, match="So it is"):
            list(client.complete(CompleteRequest("r", "", 0)))


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage\r\n\r\n",
        answer(b"not json"),
        answer([]),
        answer({"state": "ready", "surprise": 1}),
        answer(b"<html>", 502),
        answer({}, 500),
        answer({"error": []}, 500),
    ],
    ids=lambda reply: repr(reply[-20:]),
)
def test_nonsense_is_one_error(server, reply):
    url, _ = server(reply)
    with ServiceClient(url, "t") as client, pytest.raises(ServiceError):
        client.health()


@pytest.mark.parametrize("payload", [b"{", b"[]", {"event": "no"}, {"event": "delta"}])
def test_nonsense_in_a_stream_is_one_error(server, payload):
    url, _ = server(stream(payload))
    with ServiceClient(url, "t") as client:
        with pytest.raises(ServiceError):
            list(client.complete(CompleteRequest("r", "", 0)))
        with pytest.raises(ServiceError):
            list(client.chat([Message("user", "x")], 1))


def test_a_stream_that_breaks_off_is_an_error(server):
    whole = b"".join(stream(event_to_json(Delta("r", 0, "x")), event_to_json(FINISHED)))
    url, _ = server(whole[:-20])
    with ServiceClient(url, "t") as client, pytest.raises(ServiceError):
        list(client.complete(CompleteRequest("r", "", 0)))


def test_nobody_there_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        ServiceClient(f"http://127.0.0.1:{port}", "t") as client,
        pytest.raises(ServiceError, match="cannot be reached"),
    ):
        client.health()


@pytest.mark.parametrize(
    ("health", "wanted", "found"),
    [
        (Health("ready", "m"), None, True),
        (Health("ready", "m"), "m", True),
        (Health("loading", "m"), "m", True),
        (Health("ready", "m"), "other", False),
        (Health("none"), None, False),
        (Health("failed", "m"), "m", False),
    ],
)
def test_a_running_service_is_found_by_its_model(server, health, wanted, found):
    url, _ = server(answer(health_to_json(health)))
    paths = find_paths()
    make_private_folder(paths.runtime)
    write_private(paths.runtime / "token", "secret")
    publish(paths, own_record(url, paths.runtime / "token", health.model))
    client = find_service(paths, wanted)
    assert (client is not None) == found
    if client:
        client.close()


def test_a_service_that_hangs_up_or_has_no_token_is_passed_over(server):
    paths = find_paths()
    make_private_folder(paths.runtime)
    url, _ = server(b"")
    publish(paths, own_record(url, paths.runtime / "token", "m"))
    assert find_service(paths) is None
    write_private(paths.runtime / "token", "secret")
    assert find_service(paths) is None
