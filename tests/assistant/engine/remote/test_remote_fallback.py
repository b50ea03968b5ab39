"""Who answers while the server is away, and what is said about it."""

import socket
import time

import pytest

from assistant.client.address import parse_address
from assistant.completion.complete import complete
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.engine import RemoteEngine
from assistant.engine.remote.fallback import FallbackEngine, relay
from assistant.engine.scheduler.worker import EngineWorker
from assistant.errors import ModelError
from assistant.prompts.fim import FAMILIES, SourceFile, infill_prompt
from assistant.types import (
    Chat,
    CompleteRequest,
    Failed,
    Finished,
    GenerateRequest,
    Health,
    Markup,
    Message,
    Params,
    Prompt,
    Started,
    Text,
)
from tests.support import remote_server
from tests.support.patience import wait_until as until

LOCAL = EngineInfo("local-coder", "starcoder2", "cpu", "int4", 2048)


def infill() -> GenerateRequest:
    fim = infill_prompt("qwen2.5-coder", "a = ", "\n")
    return GenerateRequest("r1", fim.prompt, Params(), fim.stop_tokens)


@pytest.fixture
def pair(make_server):
    """Return what makes a server, an engine with a local model behind it, and the list of local models loaded."""
    made = []

    def make(*, script="from here", error=None, installed=True, **options):
        server = make_server(**options)
        loaded: list[FakeEngine] = []

        def load():
            if error:
                raise error
            loaded.append(FakeEngine(script, LOCAL))
            return loaded[-1]

        remote = RemoteEngine(RemoteConfig(parse_address(server.url), silence_s=5.0, connect_s=1.0))
        engine = FallbackEngine(remote, load if installed else None)
        made.append(engine)
        return server, engine.open(), loaded

    yield make
    for engine in made:
        engine.close()


def test_the_server_answers_and_nothing_is_loaded(pair, run):
    _server, engine, loaded = pair()
    ran = run(engine, infill())
    assert ran.text == "return a + b"
    assert ran.finished.note == ""
    assert not loaded
    assert not engine.holds_memory


def _not_asked(*_):
    raise AssertionError("a server that is known to be gone was asked")


def test_the_local_model_answers_when_the_server_goes_away(pair, run, monkeypatch):
    server, engine, loaded = pair()
    assert engine.begin().info.family == "qwen2.5-coder"
    server.stop()
    ran = run(engine, infill())
    assert ran.text == "from here"
    assert ran.finished.model == "local-coder"
    assert f"127.0.0.1:{server.port} cannot be reached" in ran.finished.note
    assert "local-coder on this computer answered instead" in ran.finished.note
    assert sum(isinstance(event, Started) for event in ran.events) == 1
    # The prompt was the server's; the model here has other tokens.
    assert flat_prompt(loaded[0].requests[0].prompt) == "<fim_prefix>a = <fim_suffix>\n<fim_middle>"
    assert loaded[0].requests[0].stop_tokens == FAMILIES["starcoder2"].stop
    assert engine.begin().info.family == "starcoder2"
    with monkeypatch.context() as patch:
        patch.setattr(engine._remote, "generate", _not_asked)
        assert run(engine, GenerateRequest("r2", Chat((Message("user", "x"),)))).text == "from here"
    assert len(loaded) == 1
    server.restart()
    until(lambda: engine._remote.up)
    assert engine.begin().info.model == "Qwen/Qwen2.5-Coder-7B"
    ran = run(engine, infill())
    assert ran.text == "return a + b"
    assert ran.finished.note == ""


def test_the_local_model_is_given_back_after_a_while(pair, run, monkeypatch):
    server, engine, loaded = pair()
    server.stop()
    run(engine, infill())
    assert engine.holds_memory
    server.restart()
    until(lambda: engine._remote.up)
    assert engine.begin().info.device.startswith("remote")
    assert engine.holds_memory  # it may go away again at once
    monkeypatch.setattr("assistant.engine.remote.fallback._KEEP_LOCAL_S", 0.0)
    assert engine.begin().info.device.startswith("remote")
    assert not engine.holds_memory
    assert loaded[0].closed


def test_a_whole_completion_is_laid_out_for_who_answers(pair):
    server, engine, loaded = pair()
    request = CompleteRequest("c1", "def add(a, b):\n    \n", 19, path="a.py")
    *_, last = complete(engine.begin(), request, CancelToken())
    assert isinstance(last, Finished)
    server.stop()
    for _ in range(2):
        *_, last = complete(engine.begin(), request, CancelToken())
        assert isinstance(last, Finished), last
        assert last.choices[0].text == "from here"
        assert "on this computer answered instead" in last.note
    assert all("<fim_prefix>" in flat_prompt(each.prompt) for each in loaded[0].requests)
    server.restart()


def test_without_a_local_model_the_failure_says_so(pair, run):
    server, engine, _ = pair(installed=False)
    server.stop()
    failed = run(engine, infill()).failed
    assert failed.code == "remote_unreachable"
    assert failed.message.endswith("No model is installed on this computer that could answer instead.")
    assert engine.describe(Health("ready")).state == "failed"
    server.restart()


def test_a_local_model_that_does_not_load_is_said_once_and_not_tried_each_time(pair, run):
    server, engine, loaded = pair(error=ModelError("The file is damaged."))
    server.stop()
    for _ in range(2):
        failed = run(engine, infill()).failed
        assert failed.code == "remote_unreachable"
        assert failed.message.endswith("The file is damaged.")
    assert not loaded
    server.restart()


def test_a_refused_request_does_not_fall_back(pair, run):
    server, engine, loaded = pair()
    server.faults.append(remote_server.Fault(remote_server.status(400, {"error": {"message": "bad"}})))
    assert run(engine, infill()).failed.code == "remote_error"
    assert not loaded


def test_a_busy_server_is_stood_in_for_this_once(pair, run):
    server, engine, loaded = pair()
    server.faults.append(remote_server.Fault(remote_server.status(503, {"error": "no slot"}), times=3))
    ran = run(engine, infill())
    assert ran.text == "from here"
    assert "no slot" in ran.finished.note
    assert run(engine, infill()).text == "return a + b"
    assert len(loaded) == 1


def test_an_answer_that_broke_off_is_not_begun_anew(pair, run):
    server, engine, loaded = pair()
    server.faults.append(remote_server.Fault(remote_server.reset_after(1)))
    ran = run(engine, infill())
    assert ran.failed.code == "remote_interrupted"
    assert ran.shown() == "ab"
    assert not loaded


def test_a_cancelled_request_does_not_load_a_model(pair):
    server, engine, loaded = pair()
    server.stop()
    cancel = CancelToken()
    cancel.cancel()
    time.sleep(0.05)
    last = list(engine.generate(infill(), cancel))[-1]
    assert isinstance(last, Failed | Finished)
    assert not loaded
    server.restart()


# --- the state -----------------------------------------------------------------------------------


@pytest.fixture
def work():
    """Return what runs a worker over an engine; it is closed at the end."""
    workers = []

    def make(engine, idle=lambda: 0.0):
        worker = EngineWorker(lambda _progress: engine.open(), None, idle_seconds=idle)
        workers.append(worker)
        worker.start()
        until(lambda: worker.health().state not in ("loading", "none"))
        return worker

    yield make
    for worker in workers:
        worker.close(5)


def ask(worker, request):
    events = []
    worker.submit(lambda engine, cancel: engine.generate(request, cancel), events.append, request.id)
    until(lambda: events and isinstance(events[-1], Finished | Failed))
    return events[-1]


def test_health_says_who_answers(make_server, work):
    server = make_server()
    remote = RemoteEngine(RemoteConfig(parse_address(server.url), connect_s=1.0))
    worker = work(FallbackEngine(remote, lambda: FakeEngine("x", LOCAL)))
    health = worker.health()
    assert (health.state, health.model) == ("ready", "Qwen/Qwen2.5-Coder-7B")
    assert health.device == f"remote 127.0.0.1:{server.port}"
    server.stop()
    assert isinstance(ask(worker, infill()), Finished)
    health = worker.health()
    assert (health.state, health.model) == ("ready", "local-coder")
    assert health.device == f"cpu (127.0.0.1:{server.port} is away)"
    assert "Until it is back the model on this computer answers." in health.message
    server.restart()
    until(lambda: worker.health().model == "Qwen/Qwen2.5-Coder-7B")  # without a request
    assert worker.health().message == ""


def test_health_without_a_local_model(make_server, work):
    server = make_server()
    server.stop()
    worker = work(RemoteEngine(RemoteConfig(parse_address(server.url), connect_s=1.0, model="qwen2.5-coder-32b")))
    health = worker.health()
    assert (health.state, health.model) == ("failed", "qwen2.5-coder-32b")
    assert "cannot be reached" in health.message
    server.models = [{"id": "qwen2.5-coder-32b"}]
    server.restart()
    until(lambda: worker.health().state == "ready")
    assert isinstance(ask(worker, infill()), Finished)


def test_a_model_that_the_server_lacks_is_the_state(make_server, work):
    worker = work(RemoteEngine(RemoteConfig(parse_address(make_server().url), model="other")))
    assert worker.health().state == "failed"
    assert "has no model 'other'" in worker.health().message


def test_only_a_local_model_is_put_aside(make_server, work):
    server = make_server()
    remote = RemoteEngine(RemoteConfig(parse_address(server.url), connect_s=1.0))
    worker = work(FallbackEngine(remote, lambda: FakeEngine("x", LOCAL)), idle=lambda: 0.05)
    time.sleep(0.3)
    assert worker.health().state == "ready"
    server.stop()
    assert isinstance(ask(worker, infill()), Finished)
    until(lambda: worker.health().state == "idle")
    server.restart()
    assert ask(worker, infill()).choices[0].text == "return a + b"


def test_a_connection_in_the_clear_is_said_once():
    engine = RemoteEngine(RemoteConfig(parse_address("http://gpu-box:8000")))
    assert "not encrypted" in engine.describe(Health("ready")).message
    assert "not encrypted" in engine.warn_once()
    assert engine.warn_once() == ""


# --- laying out anew -------------------------------------------------------------------------------


def info(family: str) -> EngineInfo:
    return EngineInfo("m", family, "cpu", "x", 4096)


@pytest.mark.parametrize("was", sorted(FAMILIES))
@pytest.mark.parametrize("now", ["qwen2.5-coder", "mellum", "codestral", "none"])
def test_a_hole_is_laid_out_anew(was, now):
    fim = infill_prompt(was, "before", "after", path="a.py", files=[SourceFile("b.py", "text")])
    moved = relay(GenerateRequest("r", fim.prompt, Params(), fim.stop_tokens), info(was), info(now))
    if was == now:
        assert moved.prompt == fim.prompt
    else:
        expected = infill_prompt(now, "before", "after")
        assert moved.prompt == expected.prompt
        assert moved.stop_tokens == expected.stop_tokens


@pytest.mark.parametrize("was", sorted(FAMILIES))
def test_a_hole_moves_without_its_file_in_short(was):
    fim = infill_prompt(was, "before", "after", path="a.py", outline="def f(): ...\n")
    now = "codestral" if was != "codestral" else "mellum"
    moved = relay(GenerateRequest("r", fim.prompt, Params(), fim.stop_tokens), info(was), info(now))
    assert moved.prompt == infill_prompt(now, "before", "after").prompt


def test_what_others_laid_out_cannot_move():
    request = GenerateRequest("r", Prompt((Markup("<|fim_prefix|>"),)))
    assert relay(request, info("qwen2.5-coder"), info("mellum")) is None
    assert relay(request, info("qwen2.5-coder"), info("qwen2.5-coder")) is request


def test_chats_and_plain_text_move_as_they_are():
    chat = GenerateRequest("r", Chat((Message("user", "x"),)))
    assert relay(chat, info("mellum"), info("none")) is chat
    text = GenerateRequest("r", Prompt((Text("x"),)), Params(), ("<|im_end|>",))
    assert relay(text, info("mellum"), info("none")).prompt == text.prompt


def test_a_port_that_nobody_has(pair, run):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    remote = RemoteEngine(RemoteConfig(parse_address(f"http://127.0.0.1:{port}"), connect_s=0.5))
    engine = FallbackEngine(remote, lambda: FakeEngine("here", LOCAL)).open()
    assert engine.describe(Health("ready")).state == "ready"
    assert not engine.holds_memory  # loaded when it is needed
    assert engine.begin().info.model == "local-coder"
    assert run(engine, GenerateRequest("r", infill_prompt("starcoder2", "a", "b").prompt)).text == "here"
    engine.close()
