"""Slow, broken and silent servers; cancelling; and what is tried again."""

import socket
import threading
import time

import pytest

from assistant.engine.protocol import CancelToken
from assistant.engine.remote import counts
from assistant.prompts.fim import infill_prompt
from assistant.types import Chat, Delta, Finished, GenerateRequest, Message, Params, Progress, Text
from tests.support import remote_server
from tests.support.patience import PATIENCE_S
from tests.support.patience import wait_until as until

_PATH = "/v1/completions"


def infill(**params) -> GenerateRequest:
    fim = infill_prompt("qwen2.5-coder", "a = ", "\n")
    return GenerateRequest("r1", fim.prompt, Params(**params), fim.stop_tokens)


# --- tried again -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [429, 502, 503])
def test_a_busy_server_is_asked_again(code, make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.status(code), times=2))
    assert run(engine, infill()).text == "return a + b"
    assert len(server.bodies(_PATH)) == 3


def test_retry_after_is_kept_to(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.status(429, None, Retry_After="0.6")))
    begin = time.monotonic()
    assert run(engine, infill()).text == "return a + b"
    assert time.monotonic() - begin >= 0.6


def test_nobody_waits_a_minute(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(
        remote_server.Fault(remote_server.status(503, {"error": "loading"}, Retry_After="60"), times=9)
    )
    failed = run(engine, infill()).failed
    assert failed.code == "remote_busy"
    assert "loading" in failed.message
    assert len(server.bodies(_PATH)) == 1


def test_a_server_that_stays_busy_is_given_up(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.status(503), times=9))
    assert run(engine, infill()).failed.code == "remote_busy"
    assert len(server.bodies(_PATH)) == 3
    assert engine.up  # it is there


def test_a_connection_that_died_while_idle_is_made_anew(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    assert run(engine, infill()).text
    server.http.drop_all()
    assert run(engine, infill()).text == "return a + b"


def test_a_connection_that_closes_without_a_word_is_tried_again(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.drop))
    assert run(engine, infill()).text == "return a + b"
    server.faults.append(remote_server.Fault(remote_server.drop, times=9))
    assert run(engine, infill()).failed.code == "remote_unreachable"


# --- not tried again -----------------------------------------------------------------------------


def test_500_is_said_at_once(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.status(500, {"detail": "CUDA out of memory"}), times=9))
    failed = run(engine, infill()).failed
    assert failed.code == "remote_error"
    assert "CUDA out of memory" in failed.message
    assert len(server.bodies(_PATH)) == 1


def test_an_answer_that_breaks_off_is_not_asked_for_again(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.reset_after(2)))
    ran = run(engine, infill())
    assert ran.failed.code == "remote_interrupted"
    assert "middle of the answer" in ran.failed.message
    assert ran.shown() == "abab"
    assert len(server.bodies(_PATH)) == 1
    assert run(engine, infill()).text == "return a + b"


def test_an_answer_that_ends_without_its_end(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    chunk = b'data: {"choices": [{"index": 0, "text": "a"}]}\n\n'
    server.faults.append(remote_server.Fault(remote_server.raw("text/event-stream", chunk)))
    assert run(engine, infill()).failed.code == "remote_interrupted"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/event-stream", b"data: {not json\n\n"),
        ("text/event-stream", b"data: [1, 2]\n\n"),
        ("text/html", b"<html>Log in to the guest network</html>"),
        ("application/octet-stream", b"\x00\x01"),
        ("text/event-stream", b"data: " + b"x" * 6_000_000),
    ],
)
def test_garbage_is_said_to_be_garbage(kind, data, make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.raw(kind, data)))
    failed = run(engine, infill()).failed
    assert failed.code == "remote_error"
    assert "127.0.0.1" in failed.message
    assert len(failed.message) < 300
    assert run(engine, infill()).text == "return a + b"


def test_odd_but_whole_events_do_no_harm(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    pieces = (
        b": ping\n\n",
        b'data: {"choices": []}\n\n',
        b'data: {"choices": [{"index": 0, "text": null, "logprobs": {"tokens": null}}], "usage": null}\n\n',
        b'data: {"choices": [{"index": 0, "text": "caf\xc3',
        b'\xa9"}]}\r\n\r\n',
        b'data: {"choices": [{"index": 0, "text": "!", "finish_reason": "eos"}], "usage": {"prompt_tokens": "x"}}\n\n',
        b"data: [DONE]\n\n",
    )
    server.faults.append(remote_server.Fault(remote_server.raw("text/event-stream", *pieces)))
    assert run(engine, infill()).text == "café!"


def test_an_address_that_is_no_models_server(make_server, connect, run):
    server = make_server()
    server.faults.append(
        remote_server.Fault(remote_server.raw("text/html", b"<html>Hello</html>"), path="/v1/models", times=9)
    )
    failed = run(connect(server), infill()).failed
    assert "check the address" in failed.message


def test_an_event_that_is_an_error(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    said = b'data: {"error": {"message": "The engine died.", "code": 500}}\n\n'
    server.faults.append(remote_server.Fault(remote_server.raw("text/event-stream", said)))
    assert run(engine, infill()).failed.message.endswith("The engine died.")


# --- silence ---------------------------------------------------------------------------------------


def test_silence_ends_after_its_time(make_server, connect, run):
    server = make_server()
    engine = connect(server, silence_s=0.3)
    server.faults.append(remote_server.Fault(remote_server.hang()))
    failed = run(engine, infill()).failed
    assert failed.code == "remote_unreachable"
    assert "said nothing for 0.3 s" in failed.message
    assert len(server.bodies(_PATH)) == 1


def test_an_endless_answer_ends(make_server, connect, run):
    server = make_server(answer=["a"] * 10_000, token_seconds=0.02)
    failed = run(connect(server, total_s=0.4), infill(max_tokens=5000)).failed
    assert failed.code == "remote_interrupted"


def test_signs_of_life_come_while_the_server_reads(make_server, connect, run):
    ran = run(connect(make_server(first_seconds=0.4)), infill())
    waits = [event for event in ran.events if isinstance(event, Progress)]
    assert len(waits) >= 4
    assert all(event.stage == "prefill" and event.done < event.total for event in waits)
    assert ran.finished.timings.prefill_ms >= 400


@pytest.mark.parametrize("where", ["before the first byte", "in the middle", "while tokenising", "while connecting"])
def test_a_cancel_ends_it_soon(where, make_server, connect):
    server = make_server(answer=["x"] * 100)
    engine = connect(server)
    if where == "before the first byte":
        server.first_seconds = 30
    elif where == "in the middle":
        chunk = b'data: {"choices": [{"index": 0, "text": "ab"}]}\n\n'

        def answer(handler):
            handler.begin("text/event-stream")
            handler.piece(chunk)
            handler.wait(PATIENCE_S)

        server.faults.append(remote_server.Fault(answer))
    elif where == "while tokenising":
        server.faults.append(remote_server.Fault(remote_server.hang(30), path="/tokenize"))
    else:
        server.stop()
        hole = socket.create_server(("127.0.0.1", server.port), backlog=0)
        fill = [socket.socket() for _ in range(3)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", server.port))
        run_to_end(engine, CancelToken())  # notes that it is lost
        time.sleep(1.1)
    cancel = CancelToken()
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    last = run_to_end(engine, cancel)
    assert isinstance(last, Finished)
    assert last.choices[0].reason == "cancelled"
    assert last.choices[0].text == ("ab" if where == "in the middle" else "")
    if where == "while connecting":
        for each in (hole, *fill):
            each.close()
        server.restart()
    else:
        until(lambda: server.disconnects == 1)  # the server sees it, too


def run_to_end(engine, cancel):
    return list(engine.generate(infill(), cancel))[-1]


def test_a_cancel_stops_the_servers_work(make_server, connect):
    server = make_server(answer=["x"] * 1000, token_seconds=0.02)
    engine = connect(server)
    cancel = CancelToken()
    for event in engine.generate(infill(max_tokens=1000), cancel):
        if isinstance(event, Delta) and event.text:
            cancel.cancel()
    until(lambda: server.disconnects == 1)
    assert server.written < 1000


def test_closing_the_iterator_stops_the_servers_work(make_server, connect):
    server = make_server(answer=["x"] * 1000, token_seconds=0.02)
    events = connect(server).generate(infill(max_tokens=1000), CancelToken())
    while not isinstance(next(events), Delta):
        pass
    events.close()
    until(lambda: server.disconnects == 1)


def test_a_stop_string_of_ours_stops_the_servers_work(make_server, connect, run):
    server = make_server("openai", refuses={"stop": "unknown field stop"}, answer=["a", "\n"] * 500, token_seconds=0.01)
    assert run(connect(server), infill(stop=("\n",), max_tokens=1000)).text == "a"
    until(lambda: server.disconnects == 1)


def test_paused_requests_do_not_disturb_each_other(make_server, connect):
    server = make_server(answer=list("abcdefgh"), token_seconds=0.01)
    engine = connect(server)
    first = engine.generate(GenerateRequest("c", Chat((Message("user", "x"),))), CancelToken())
    while not isinstance(next(first), Delta):
        pass
    second = list(engine.generate(infill(), CancelToken()))[-1]
    last = list(first)[-1]
    assert second.choices[0].text == last.choices[0].text == "abcdefgh"


# --- going and coming back -------------------------------------------------------------------------


def test_nobody_there(connect, run):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    engine = connect(f"http://127.0.0.1:{port}")
    failed = run(engine, infill()).failed
    assert failed.code == "remote_unreachable"
    assert f"127.0.0.1:{port} cannot be reached" in failed.message
    assert not engine.up
    assert engine.info.family == "none"


def test_is_found_again_after_a_restart_with_another_model(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    assert run(engine, infill()).text
    server.stop()
    assert run(engine, infill()).failed.code == "remote_unreachable"
    assert engine.info.model == "Qwen/Qwen2.5-Coder-7B"  # still known
    server.models = [{"id": "qwen2.5-coder-14b"}]
    server.restart()
    until(lambda: engine.up, 10)  # found in the background, without a request
    ran = run(engine, infill())
    assert ran.text == "return a + b"
    assert ran.finished.model == "qwen2.5-coder-14b"


def test_a_request_after_a_second_looks_for_the_server_itself(make_server, connect, run):
    server = make_server()
    engine = connect(server)
    server.stop()
    run(engine, infill())
    server.restart()
    time.sleep(1.1)
    assert run(engine, infill()).text == "return a + b"


# --- counting ----------------------------------------------------------------------------------------


def test_counting_asks_once_for_all_that_is_new(make_server, connect, run):
    server = make_server("vllm")
    engine = connect(server)
    before = len(server.bodies("/tokenize"))
    lines = [Text(f"line {number}\n") for number in range(50)]
    assert engine.count_tokens(lines) == [len(line.text) for line in lines]
    assert len(server.bodies("/tokenize")) == before + 1
    assert engine.count_tokens(lines[::-1]) == [len(line.text) for line in lines[::-1]]
    assert len(server.bodies("/tokenize")) == before + 1
    assert engine.count_tokens([*lines, Text("new")])[-1] == 3
    assert len(server.bodies("/tokenize")) == before + 2


def test_counts_hold_where_there_are_too_many_to_remember(make_server, connect, monkeypatch):
    engine = connect(make_server("vllm"))
    monkeypatch.setattr(counts, "_REMEMBERED_CHARS", 10)
    assert engine.count_tokens([Text("a line")]) == [6]
    assert engine.count_tokens([Text("a line"), Text("another"), Text("")]) == [6, 7, 0]


def test_what_was_sent_as_a_prompt_is_not_counted_again(make_server, connect, run):
    server = make_server("llamacpp")
    engine = connect(server)
    run(engine, infill())
    before = len(server.seen)
    assert engine.count_tokens([Text("a = "), Text("\n")]) == [4, 1]
    assert len(server.seen) == before


def test_counting_is_estimated_where_the_server_is_silent(make_server, connect):
    server = make_server("vllm")
    engine = connect(server)
    server.faults.append(remote_server.Fault(remote_server.hang(), path="/tokenize"))
    (count,) = engine.count_tokens([Text("def add(a, b):\n")])
    assert 7 <= count <= 12


def test_counting_never_raises(make_server, connect):
    server = make_server("vllm")
    engine = connect(server)
    server.stop()
    assert engine.count_tokens([Text("abcd")]) == [1]
    assert not engine.up
    server.restart()
