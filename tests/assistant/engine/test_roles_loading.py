"""A second model is loaded while the first answers: what waits, what goes on, and what is said of it."""

import threading

import pytest

from assistant.engine.factory import EngineSpec, needed_bytes
from assistant.engine.fake import FakeEngine
from assistant.engine.protocol import AdapterChoice, CancelToken, EngineInfo, Prepares
from assistant.engine.roles import RoleEngines, open_roles
from assistant.engine.tiny import make_tiny_model
from assistant.errors import InputError, ModelError
from assistant.types import Failed, GenerateRequest, Params, Priority, Progress, Prompt, Text
from tests.support.patience import wait_until as wait_for
from tests.support.worker import WAIT, Sink, ask

MAIN, CHAT, EDIT = (EngineSpec("fake", name, script=f" {name}") for name in ("main", "chat", "edit"))
NEEDS = {"main": 4, "chat": 3, "edit": 5}


class Loads:
    """Opens fakes; those that are loaded beside wait until the test says ``go`` to their name."""

    def __init__(self):
        self.here, self.beside, self.threads = [], [], []
        self.engines = {}
        self._gates = {name: threading.Event() for name in NEEDS}
        self.errors = {}
        self.only_here = set()

    def go(self, name):
        self._gates[name].set()

    def open(self, spec, _progress=None):
        self.here.append(spec.name)
        self.threads.append(threading.current_thread().name)
        return self._make(spec)

    def open_beside(self, spec):
        if spec.name in self.only_here:
            return None
        self.beside.append(spec.name)
        self.threads.append(threading.current_thread().name)
        assert self._gates[spec.name].wait(WAIT)
        if spec.name in self.errors:
            raise self.errors.pop(spec.name)
        return self._make(spec)

    def _make(self, spec):
        info = EngineInfo(spec.name, "qwen2.5-coder", "cpu", "float32", 1000)
        self.engines[spec.name] = FakeEngine(spec.script, info)
        return self.engines[spec.name]


@pytest.fixture
def loads():
    made = Loads()
    yield made
    for name in NEEDS:
        made.go(name)


@pytest.fixture
def serve(loads, make_worker):
    def call(specs, budget=100, **options):
        def load(progress):
            engine = RoleEngines(
                specs, budget, open_=loads.open, open_beside=loads.open_beside, needs=lambda spec: NEEDS[spec.name]
            )
            return engine.open(progress)

        worker = make_worker(load, "main", roles={role: spec.name for role, spec in specs.items()}, **options)
        wait_for(lambda: worker.health().state == "ready")
        return worker

    yield call
    for name in NEEDS:  # before the workers are closed
        loads.go(name)


def submit(worker, role="complete", priority=Priority.INTERACTIVE, **options):
    sink = Sink()
    sink.token = worker.submit(ask(), sink, role, priority, role=role, **options)
    return sink


def states(worker):
    return worker.health().roles


def test_the_first_model_answers_while_a_second_one_is_loaded(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT})
    assert states(worker) == {"complete": "ready", "chat": "idle"}
    chat = submit(worker, "chat", Priority.CHAT)
    wait_for(lambda: states(worker)["chat"] == "loading")
    assert (worker.health().state, worker.is_loading("chat")) == ("ready", True)
    assert [worker.is_loading(role) for role in ("complete", "edit")] == [False, False]
    for _ in range(3):
        assert submit(worker).text == " main"
    assert submit(worker, "edit", Priority.CHAT).text == " main"  # the main one has this role
    assert not chat.ended.is_set()
    assert loads.beside == ["chat"]
    loads.go("chat")
    assert chat.text == " chat"
    assert chat.last().timings.queue_ms > 0
    assert states(worker) == {"complete": "ready", "chat": "ready"}
    assert submit(worker, "chat", Priority.CHAT).text == " chat"
    assert (loads.here, loads.beside, loads.threads) == (["main"], ["chat"], ["engine", "load"])


def test_a_job_goes_on_that_began_before_the_load(serve, loads):
    worker = serve({"complete": EngineSpec("fake", "main", script=" a b c d e"), "chat": CHAT})
    chat = Sink()
    first = Sink({2: lambda: worker.submit(ask(), chat, "c", role="chat")})  # as urgent, so it pauses nothing
    worker.submit(ask(), first, "a")
    assert first.text == " a b c d e"
    assert not chat.ended.is_set()
    loads.go("chat")
    assert chat.text == " chat"


def test_one_that_waits_for_a_load_can_be_cancelled(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT})
    chat = submit(worker, "chat", Priority.CHAT)
    wait_for(lambda: states(worker)["chat"] == "loading")
    chat.token.cancel()
    assert chat.reason == "cancelled"
    assert states(worker)["chat"] == "loading"
    loads.go("chat")
    wait_for(lambda: submit(worker).text and states(worker)["chat"] == "ready")
    assert submit(worker, "chat").text == " chat"
    assert loads.beside == ["chat"]


@pytest.mark.parametrize("error", [ModelError("The folder is damaged."), ZeroDivisionError("a bug")])
def test_a_load_that_fails_fails_who_waits_and_is_tried_again(serve, loads, error):
    loads.errors["chat"] = error
    worker = serve({"complete": MAIN, "chat": CHAT})
    loads.go("chat")
    failed = submit(worker, "chat").last()
    assert isinstance(failed, Failed)
    assert failed.message == str(error) if isinstance(error, ModelError) else "a bug" in failed.message
    assert submit(worker).text == " main"
    assert submit(worker, "chat").text == " chat"
    assert loads.beside == ["chat", "chat"]


def test_a_failure_that_nobody_waits_for_is_forgotten(serve, loads):
    loads.errors["chat"] = ModelError("The folder is damaged.")
    worker = serve({"complete": MAIN, "chat": CHAT})
    chat = submit(worker, "chat")
    wait_for(lambda: states(worker)["chat"] == "loading")
    chat.token.cancel()
    assert chat.reason == "cancelled"
    loads.go("chat")
    wait_for(lambda: submit(worker).text and states(worker)["chat"] == "idle")
    assert submit(worker, "chat").text == " chat"


def test_two_that_do_not_fit_together_take_turns(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT}, 4)
    chat = submit(worker, "chat", Priority.CHAT)
    wait_for(lambda: states(worker) == {"complete": "idle", "chat": "loading"})
    wait_for(lambda: loads.beside == ["chat"])
    completion = submit(
        worker
    )  # more urgent; but what was loaded for the other goes first, else none would ever answer
    loads.go("chat")
    loads.go("main")
    assert chat.text == " chat"
    assert completion.text == " main"
    assert loads.beside == ["chat", "main"]
    notes = [[event.message for event in sink.events if isinstance(event, Progress)] for sink in (chat, completion)]
    assert [each[0] for each in notes] == [
        "main was unloaded to make room for chat.",
        "chat was unloaded to make room for main.",
    ]


def test_a_model_that_a_waiting_job_needs_does_not_go_for_a_less_urgent_one(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT, "edit": EDIT}, 7)
    for name in ("chat", "edit"):
        loads.go(name)
    edit, later = Sink(), Sink()

    def both():
        worker.submit(ask(), edit, "e", Priority.BACKGROUND, role="edit")
        worker.submit(ask(), later, "l", Priority.CHAT)

    first = Sink({1: both})
    worker.submit(ask(), first, "f", Priority.CHAT)
    assert later.text == " main"
    assert edit.text == " edit"
    assert loads.engines["main"].leased.count("complete") >= 2
    assert loads.here == ["main"]


def test_one_is_loaded_after_the_other(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT, "edit": EDIT})
    edit = submit(worker, "edit", Priority.BACKGROUND)
    wait_for(lambda: loads.beside == ["edit"])
    chat = submit(worker, "chat", Priority.CHAT)
    loads.go("chat")
    assert submit(worker).text == " main"
    assert states(worker) == {"complete": "ready", "chat": "idle", "edit": "loading"}
    loads.go("edit")
    assert (edit.text, chat.text) == (" edit", " chat")
    assert loads.beside == ["edit", "chat"]


def test_what_is_asked_ahead_loads_nothing(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT}, 4)
    loads.go("chat")
    assert submit(worker, "chat").text == " chat"
    assert submit(worker, ahead=True).reason == "cancelled"
    assert loads.beside == ["chat"]
    assert states(worker) == {"complete": "idle", "chat": "ready"}


def test_an_adapter_waits_for_its_model_and_others_go_on(serve, loads, tmp_path):
    worker = serve({"complete": MAIN, "chat": CHAT}, 4)
    loads.go("chat")
    assert submit(worker, "chat").text == " chat"
    done = worker.adapt(AdapterChoice("mine", tmp_path, 1.0))
    wait_for(lambda: loads.beside == ["chat", "main"])
    assert not done.done()
    loads.go("main")
    done.result(WAIT)
    assert submit(worker).last().adapter == "mine"


def test_a_model_that_no_other_thread_may_load_is_loaded_by_the_worker(serve, loads):
    loads.only_here.add("chat")
    worker = serve({"complete": MAIN, "chat": CHAT})
    assert submit(worker, "chat").text == " chat"
    assert (loads.here, loads.beside, loads.threads) == (["main", "chat"], [], ["engine", "engine"])


def test_closing_waits_for_a_load_and_gives_its_memory_back(serve, loads):
    worker = serve({"complete": MAIN, "chat": CHAT})
    chat = submit(worker, "chat")
    wait_for(lambda: states(worker)["chat"] == "loading")
    assert not worker.close(0.0)
    assert chat.last().code == "service_stopping"
    loads.go("chat")
    assert worker.close(WAIT)
    assert all(engine.closed for engine in loads.engines.values())
    assert len(loads.engines) == 2


def test_without_anybody_to_prepare_begin_waits_for_what_is_on_its_way(loads):
    engine = RoleEngines(
        {"complete": MAIN, "chat": CHAT}, 100, open_=loads.open, open_beside=loads.open_beside, needs=lambda _: 1
    ).open()
    assert isinstance(engine, Prepares)
    assert engine.prepare(("chat",), lambda: None) == {"complete", "edit", "embed"}
    assert engine.loading
    loads.go("chat")
    with engine.begin("chat") as lease:
        assert lease.info.model == "chat"
    assert not engine.loading
    assert (loads.here, loads.beside) == (["main"], ["chat"])
    engine.close()


def test_what_cannot_be_measured_fails_who_asks_for_it(loads):
    def needs(spec):
        if spec.name == "chat":
            raise InputError("There is no folder.")
        return 1

    engine = RoleEngines(
        {"complete": MAIN, "chat": CHAT}, 9, open_=loads.open, open_beside=loads.open_beside, needs=needs
    ).open()
    assert "chat" in engine.prepare(("chat",), lambda: None)
    with pytest.raises(InputError, match="no folder"):
        engine.begin("chat")


def test_a_real_model_that_was_loaded_beside_answers_the_same(tmp_path, make_worker):
    folders = [make_tiny_model(tmp_path / name, seed=seed) for seed, name in enumerate(("first", "second"))]
    specs = [EngineSpec("local", folder.name, folder, "cpu", 16) for folder in folders]
    request = GenerateRequest("r", Prompt((Text("def add"),)), Params(max_tokens=6))
    alone = open_roles({"complete": specs[1]}, 1)
    with alone.begin() as lease:
        wanted = list(lease.generate(request, CancelToken()))[-1].choices[0].text
    alone.close()
    budget = sum(map(needed_bytes, specs))
    worker = make_worker(lambda tell: open_roles({"complete": specs[0], "chat": specs[1]}, budget, tell), "first")
    sink = Sink()
    worker.submit(lambda lease, cancel: lease.generate(request, cancel), sink, "r", role="chat")
    assert (sink.text, sink.last().model) == (wanted, "second")
