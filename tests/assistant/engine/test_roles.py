"""Several models by role: shared, loaded when they are first asked, unloaded where another needs their memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.engine.factory import EngineSpec, needed_bytes
from assistant.engine.fake import FakeEngine
from assistant.engine.protocol import AdapterChoice, CancelToken, EngineInfo
from assistant.engine.roles import RoleEngines, open_roles, usual_budget
from assistant.engine.tiny import make_tiny_model
from assistant.errors import InputError, OutOfMemory
from assistant.types import Failed, Finished, GenerateRequest, Health, Params, Priority, Progress, Prompt, Text
from tests.support.patience import wait_until as wait_for
from tests.support.worker import Sink, ask

MAIN, CHAT, EDIT = (EngineSpec("fake", name, script=name) for name in ("main", "chat", "edit"))
NEEDS = {"main": 4, "chat": 3, "edit": 5}


class Opened:
    """What was opened, in order, and the engines by name."""

    def __init__(self):
        self.names, self.engines = [], {}

    def __call__(self, spec, _progress=None):
        self.names.append(spec.name)
        info = EngineInfo(spec.name, "qwen2.5-coder", "cpu", "float32", 1000)
        self.engines[spec.name] = FakeEngine(spec.script, info)
        return self.engines[spec.name]


@pytest.fixture
def opened():
    return Opened()


@pytest.fixture
def make(opened):
    def call(specs, budget):
        return RoleEngines(specs, budget, open_=opened, open_beside=opened, needs=lambda spec: NEEDS[spec.name]).open()

    return call


def name_of(engine, role):
    with engine.begin(role) as lease:
        return lease.info.model


def test_a_role_without_a_model_of_its_own_has_the_main_one(make, opened):
    engine = make({"complete": MAIN, "chat": CHAT}, 100)
    assert opened.names == ["main"]
    assert [name_of(engine, role) for role in ("complete", "edit", "embed")] == ["main"] * 3
    assert opened.names == ["main"]
    assert [name_of(engine, role) for role in ("chat", "complete", "chat")] == ["chat", "main", "chat"]
    assert opened.names == ["main", "chat"]
    engine.close()
    assert all(each.closed for each in opened.engines.values())


def test_roles_of_one_spec_share_one_model(make, opened):
    engine = make({"complete": MAIN, "chat": CHAT, "edit": replace(CHAT)}, 100)
    assert [name_of(engine, role) for role in ("chat", "edit")] == ["chat", "chat"]
    assert opened.names == ["main", "chat"]


def test_what_was_used_longest_ago_goes_and_that_is_said(make, opened):
    engine = make({"complete": MAIN, "chat": CHAT, "edit": EDIT}, 8)
    with engine.begin("chat") as lease:
        assert lease.note == ""
    name_of(engine, "complete")  # so that chat is the older one; 4 + 5 is over 8 all the same
    with engine.begin("edit") as lease:
        assert lease.note == "chat and main was unloaded to make room for edit."
    assert opened.engines["chat"].closed
    assert opened.engines["main"].closed
    with engine.begin("chat") as lease:  # 5 + 3 fit
        assert lease.note == ""
    with engine.begin("complete") as lease:
        assert lease.note == "edit was unloaded to make room for main."
    assert opened.names == ["main", "chat", "edit", "chat", "main"]


def test_a_model_that_a_job_has_stays(make, opened):
    engine = make({"complete": MAIN, "chat": CHAT, "edit": EDIT}, 8)
    chat = engine.begin("chat")
    main = engine.begin("complete")
    with pytest.raises(
        OutOfMemory, match=r"edit needs about 5 bytes .* take 8 bytes: it does not fit beside the 7 bytes"
    ):
        engine.begin("edit")
    main.release()
    with engine.begin("edit") as lease:
        assert lease.note == "main was unloaded to make room for edit."
    assert not opened.engines["chat"].closed
    chat.release()


def test_what_cannot_fit_at_all_is_refused_and_nothing_goes(make, opened):
    engine = make({"complete": MAIN, "edit": EDIT}, 4)
    with pytest.raises(OutOfMemory, match="it does not fit; choose a smaller model or give models more memory"):
        engine.begin("edit")
    assert not opened.engines["main"].closed
    assert name_of(engine, "complete") == "main"
    assert name_of(make({"complete": MAIN}, 1), "chat") == "main"  # the main model alone is loaded in any case


def test_an_adapter_is_the_main_models_and_comes_back_with_it(make, opened, tmp_path):
    engine = make({"complete": MAIN, "edit": EDIT}, 5)
    engine.set_adapter(AdapterChoice("one", tmp_path, 1.0))
    with engine.begin("complete") as lease:
        assert lease.info.adapter == "one"
    with engine.begin("edit") as lease:
        assert lease.info.adapter is None
    with engine.begin("complete") as lease:
        assert (lease.info.adapter, opened.names) == ("one", ["main", "edit", "main"])


def test_an_adapter_without_a_model_that_takes_one(opened):
    class Plain:
        begin, close = None, lambda _self: None

    engine = RoleEngines({"complete": MAIN}, 9, open_=lambda *_: Plain(), needs=lambda _: 0).open()
    engine.set_adapter(None)
    with pytest.raises(InputError, match="runs on a server"):
        engine.set_adapter(AdapterChoice("one", Path(), 1.0))


def test_forgetting_and_the_state_reach_those_they_concern(make, opened):
    engine = make({"complete": MAIN, "chat": CHAT}, 9)
    name_of(engine, "chat")
    engine.forget()
    assert [each.forgot for each in opened.engines.values()] == [1, 1]
    assert engine.holds_memory
    described = engine.describe(Health("ready", "main"))
    assert described == Health("ready", "main", roles={"complete": "ready", "chat": "ready"})
    engine.close()
    assert not engine.holds_memory


def test_one_model_for_all_roles_is_that_model_alone():
    assert isinstance(open_roles({"complete": MAIN, "chat": replace(MAIN)}, 1), FakeEngine)
    assert isinstance(open_roles({"complete": MAIN, "chat": CHAT}, usual_budget()), RoleEngines)


def test_a_service_says_what_had_to_go(make, make_worker):
    worker = make_worker(make({"complete": MAIN, "chat": CHAT}, 4), roles={"chat": "chat"})
    wait_for(lambda: worker.health().state == "ready")
    assert (worker.models, worker.model_for("chat"), worker.model_for("edit")) == (["main", "chat"], "chat", "main")
    chat, completion = Sink(), Sink()
    worker.submit(ask(), chat, "a", Priority.CHAT, role="chat")
    assert chat.last().model == "chat"
    said = [event.message for event in chat.events if isinstance(event, Progress) and event.stage == "load"]
    assert said == ["main was unloaded to make room for chat."]
    worker.submit(ask(), completion, "b")
    assert completion.last().model == "main"


def test_a_job_keeps_its_model_while_it_pauses(make, opened, make_worker):
    """The chat is in the middle of its answer when a completion wants the memory."""
    worker = make_worker(make({"complete": MAIN, "chat": replace(CHAT, script=" a b c d")}, 4))
    completion, later = Sink(), Sink()
    chat = Sink({2: lambda: worker.submit(ask(), completion, "b")})
    worker.submit(ask(), chat, "a", Priority.CHAT, role="chat")
    assert chat.text == " a b c d"
    failed = completion.last()
    assert isinstance(failed, Failed)
    assert failed.code == "out_of_memory"
    worker.submit(ask(), later, "c")
    assert later.last().model == "main"


def test_two_real_models_within_a_budget(tmp_path):
    """Tiny ones, each with weights of its own."""
    folders = [make_tiny_model(tmp_path / name, seed=seed) for seed, name in enumerate(("first", "second"))]
    specs = [EngineSpec("local", folder.name, folder, "cpu", 16) for folder in folders]
    request = GenerateRequest("r", Prompt((Text("def add"),)), Params(max_tokens=6))

    def answers(budget):
        engine = open_roles(dict(zip(("complete", "chat"), specs, strict=True)), budget)
        found, notes = [], []
        for role in ("complete", "chat", "complete"):
            with engine.begin(role) as lease:
                notes.append(lease.note)
                last = list(lease.generate(request, CancelToken()))[-1]
                assert isinstance(last, Finished)
                found.append((last.model, last.choices[0].text))
        engine.close()
        return found, notes

    needs = [needed_bytes(spec) for spec in specs]
    both, silent = answers(sum(needs))
    one, notes = answers(max(needs))
    assert both == one
    assert [model for model, _ in both] == ["first", "second", "first"]
    assert both[0] == both[2] != both[1]
    assert silent == ["", "", ""]
    assert notes == ["", "first was unloaded to make room for second.", "second was unloaded to make room for first."]
