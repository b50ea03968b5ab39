"""A model that nobody asks is put aside, and comes back for the next request."""

import threading
import time
import weakref

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.scheduler import worker as worker_module
from assistant.errors import ModelError
from assistant.types import Finished, Priority
from tests.support.patience import wait_until as wait_for
from tests.support.worker import WAIT, Sink, ask

SOON = 0.05
GUESS = {"priority": Priority.BACKGROUND, "ahead": True}


class Loads:
    """Makes an engine at each load and keeps only weak references to them."""

    def __init__(self, script="word"):
        self.script = script
        self.engines = []
        self.closed = []
        self.asked = []

    def __call__(self, _tell):
        loads = self

        class Engine(FakeEngine):
            def close(self):
                super().close()
                loads.closed.append(self.requests)

            def generate(self, request, cancel):
                loads.asked.append(request.id)
                return super().generate(request, cancel)

        engine = Engine(self.script)
        self.engines.append(weakref.ref(engine))
        return engine


def state_of(worker):
    return worker.health().state


def is_idle(worker):
    return lambda: state_of(worker) == "idle"


def test_after_a_while_without_requests_the_model_is_closed_and_let_go(make_worker):
    loads = Loads()
    worker = make_worker(loads, "some-model", idle_seconds=lambda: SOON)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.text == "word"
    wait_for(is_idle(worker))
    assert len(loads.closed) == 1
    assert loads.engines[0]() is None
    health = worker.health()
    assert (health.model, health.device, health.progress) == ("some-model", None, 0.0)
    assert "memory was given back" in health.message
    assert worker.close(WAIT)
    assert len(loads.closed) == 1


def test_the_next_request_loads_it_again_and_waits(make_worker):
    loads = Loads()
    worker = make_worker(loads, idle_seconds=lambda: SOON)
    for turn in range(1, 4):
        wait_for(is_idle(worker))
        sink = Sink()
        worker.submit(ask(), sink, "r", Priority(turn % 3))
        assert sink.text == "word"
        assert len(loads.engines) == turn + 1


def test_it_says_that_it_loads_again(make_worker):
    go, seen = threading.Event(), []
    loads = Loads()

    def load(tell):
        if loads.engines:
            tell(0.5)
            seen.append(worker.health())
            assert go.wait(WAIT)
        return loads(tell)

    worker = make_worker(load, start=False, idle_seconds=lambda: SOON)
    worker.start()
    wait_for(is_idle(worker))
    worker.wake()
    wait_for(lambda: seen)
    assert (seen[0].state, seen[0].progress, seen[0].message) == ("loading", 0.5, "")
    go.set()
    wait_for(lambda: state_of(worker) == "ready")


def test_waking_it_early_needs_no_request_and_counts_as_one(make_worker):
    limit = [SOON]
    loads = Loads()
    worker = make_worker(loads, idle_seconds=lambda: limit[0])
    wait_for(is_idle(worker))
    limit[0] = 60.0
    worker.wake()
    wait_for(lambda: state_of(worker) == "ready")
    assert len(loads.engines) == 2
    worker.wake()
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.text == "word"
    assert len(loads.engines) == 2


def test_a_long_answer_is_not_cut_and_a_pause_in_it_neither(make_worker):
    loads = Loads({"long": Answer((" word" * 20,), token_seconds=0.01), "": "x"})
    worker = make_worker(loads, start=False, idle_seconds=lambda: SOON)
    completion = Sink()
    chat = Sink({5: lambda: worker.submit(ask("short"), completion, "b")})
    worker.submit(ask("long"), chat, "a", Priority.CHAT)
    worker.start()
    assert chat.text == " word" * 20
    assert completion.text == "x"
    wait_for(is_idle(worker))
    assert len(loads.engines) == 1


def test_zero_is_never_and_a_change_of_the_limit_is_followed(make_worker, monkeypatch):
    monkeypatch.setattr(worker_module, "_LOOK_SECONDS", 0.01)
    limit, asked = [0.0], []

    def seconds():
        asked.append(time.monotonic())
        return limit[0]

    worker = make_worker(Loads(), idle_seconds=seconds)
    wait_for(lambda: len(asked) > 10)
    assert state_of(worker) == "ready"
    limit[0] = SOON
    wait_for(is_idle(worker))


def test_by_default_it_stays(make_worker, monkeypatch):
    monkeypatch.setattr(worker_module, "_LOOK_SECONDS", 0.01)
    loads = Loads()
    worker = make_worker(loads)
    wait_for(lambda: state_of(worker) == "ready")
    time.sleep(0.1)
    assert state_of(worker) == "ready"
    assert not loads.closed


def test_a_guess_neither_wakes_it_nor_keeps_it_awake(make_worker):
    endless = Answer((" word" * 100_000,), token_seconds=0.001)
    loads = Loads({"endless": endless, "": "word"})
    worker = make_worker(loads, idle_seconds=lambda: SOON)
    running = Sink()
    worker.submit(ask("endless", "guess", max_tokens=100_000), running, "guess", **GUESS)
    waiting = Sink()
    worker.submit(ask("x", "second"), waiting, "second", **GUESS)
    wait_for(is_idle(worker))
    assert running.reason == waiting.reason == "cancelled"
    assert len(running.events) > 3
    late = Sink()
    worker.submit(ask("x", "late"), late, "late", **GUESS)
    assert late.reason == "cancelled"
    assert state_of(worker) == "idle"
    assert len(loads.engines) == 1
    assert loads.asked == ["guess"]


def test_a_model_that_cannot_be_loaded_again_says_why(make_worker):
    loads = Loads()

    def load(tell):
        if loads.engines:
            raise ModelError("The model is gone.")
        return loads(tell)

    worker = make_worker(load, idle_seconds=lambda: SOON)
    wait_for(is_idle(worker))
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.last().message == "The model is gone."
    assert worker.health().state == "failed"


def test_an_engine_that_does_not_close_is_logged_and_let_go(make_worker, caplog):
    class Stuck(FakeEngine):
        def close(self):
            raise OSError("busy")

    made = []

    def load(_tell):
        made.append(1)
        return Stuck("word") if len(made) == 1 else FakeEngine("word")

    worker = make_worker(load, idle_seconds=lambda: SOON)
    wait_for(is_idle(worker))
    assert caplog.records
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert isinstance(sink.last(), Finished)


def test_closing_while_it_is_aside_loads_nothing(make_worker):
    loads = Loads()
    worker = make_worker(loads, idle_seconds=lambda: SOON)
    wait_for(is_idle(worker))
    assert worker.close(WAIT)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.last().code == "service_stopping"
    assert len(loads.engines) == 1
