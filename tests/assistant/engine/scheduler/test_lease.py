"""A lease fixes which model and adapter answer for one job, and is released at its end."""

from pathlib import Path

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.protocol import AdapterChoice, CancelToken, Lease
from assistant.errors import ModelError
from assistant.types import Priority
from tests.support.worker import Sink, ask


def failing(_model, _cancel):
    raise ModelError("No.")
    yield


@pytest.mark.parametrize("work", [ask(), failing])
def test_a_job_leases_the_model_of_its_role_and_gives_it_back(make_worker, work):
    engine = FakeEngine("a b")
    worker = make_worker(engine)
    sink = Sink()
    worker.submit(work, sink, "r", Priority.CHAT, role="chat")
    sink.last()
    assert (engine.leased.count("chat"), engine.released.count("chat")) == (1, 1)


def test_a_cancelled_job_gives_it_back(make_worker):
    engine = FakeEngine(" a" * 100)
    worker = make_worker(engine, start=False)
    tokens = []

    def leave():
        tokens[0].cancel()

    sink = Sink({2: leave})
    tokens.append(worker.submit(ask(), sink, "r", role="edit"))
    worker.start()
    assert sink.reason == "cancelled"
    assert engine.leased.count("edit") == engine.released.count("edit") == 1


def test_a_model_that_cannot_be_leased_fails_its_job(make_worker):
    class Full(FakeEngine):
        def begin(self, role="complete"):
            if role == "chat":
                raise ModelError("There is no room for it.")
            return super().begin(role)

    worker = make_worker(Full("x"))
    sink = Sink()
    worker.submit(ask(), sink, "r", role="chat")
    assert sink.last().message == "There is no room for it."
    again = Sink()
    worker.submit(ask(), again, "s")
    assert again.text == "x"


def test_the_adapter_stays_for_the_whole_job(make_worker, tmp_path):
    """A job may ask several times; a change in the middle of it counts from the next job on."""
    engine = FakeEngine(Answer((" one two",)))
    worker = make_worker(engine)
    changed = []

    def twice(model, cancel):
        *_, first = ask()(model, cancel)
        engine.set_adapter(AdapterChoice("new", tmp_path, 1.0))
        changed.append(first.adapter)
        yield from ask()(model, cancel)

    sink, after = Sink(), Sink()
    worker.submit(twice, sink, "r")
    assert (sink.last().adapter, changed) == (None, [None])
    worker.submit(ask(), after, "s")
    assert after.last().adapter == "new"


def test_the_adapter_of_a_loaded_model_stays_for_the_whole_job(tiny_engine, monkeypatch):
    asked = []
    find = tiny_engine._variants.find
    monkeypatch.setattr(tiny_engine._variants, "find", lambda choice, **_: asked.append(choice) or find(None))
    choice = AdapterChoice("one", Path(), 1.0)
    tiny_engine._active = choice
    lease = tiny_engine.begin()
    tiny_engine._active = None
    list(ask(max_tokens=1)(lease, CancelToken()))
    assert asked == [choice]
    list(ask(max_tokens=1)(tiny_engine.begin(), CancelToken()))
    assert asked == [choice, None]


def test_a_lease_is_released_by_its_block():
    released = []

    def broken(lease):
        with lease as same:
            assert same is lease
            raise KeyError

    with pytest.raises(KeyError):
        broken(Lease(FakeEngine().info, len, lambda *_: iter(()), lambda: released.append(1)))
    assert released == [1]
