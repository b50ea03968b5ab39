import logging
import threading
import weakref
from pathlib import Path

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.protocol import AdapterChoice
from assistant.errors import InputError, ModelError
from assistant.types import Failed, Finished, Priority, Started, Timings
from tests.support.worker import WAIT, Sink, ask


def test_a_job_runs_and_its_wait_is_counted(make_worker):
    engine = FakeEngine("a b")
    worker = make_worker(engine, start=False)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    worker.start()
    finished = sink.last()
    assert [type(event) for event in sink.events][:1] == [Started]
    assert finished.choices[0].text == "a b"
    assert finished.timings.queue_ms > 0
    assert finished.timings.total_ms >= finished.timings.queue_ms
    health = worker.health()
    assert (health.state, health.model, health.device, health.progress) == ("ready", "fake", "cpu", 1.0)
    assert worker.close(WAIT)
    assert engine.closed


def test_events_come_on_the_workers_own_thread(make_worker):
    threads = set()
    sink = Sink()

    def receive(event):
        threads.add(threading.current_thread().name)
        sink(event)

    make_worker(FakeEngine("a")).submit(ask(), receive, "r")
    sink.last()
    assert threads == {"engine"}


def test_priorities_go_first_and_equals_in_order(make_worker):
    engine = FakeEngine("a")
    worker = make_worker(engine, start=False)
    sinks = []
    for i, priority in enumerate([Priority.BACKGROUND, Priority.CHAT, Priority.INTERACTIVE, Priority.INTERACTIVE]):
        sinks.append(Sink())
        worker.submit(ask(request_id=str(i)), sinks[-1], str(i), priority)
    worker.start()
    for sink in sinks:
        sink.last()
    assert [request.id for request in engine.requests] == ["2", "3", "1", "0"]


def test_a_cancelled_waiting_job_never_reaches_the_model(make_worker):
    engine = FakeEngine("a")
    worker = make_worker(engine, start=False)
    sink = Sink()
    worker.submit(ask(), sink, "r").cancel()
    worker.start()
    finished = sink.last()
    assert finished == Finished("r", "fake", finished.choices, 0, 0, 0, Timings())
    assert finished.choices[0].reason == "cancelled"
    assert engine.requests == []


def test_a_cancelled_waiting_job_holds_no_file(make_worker):
    class File:
        pass

    def job_of(file):
        return lambda engine, cancel: iter((file,))

    worker = make_worker(FakeEngine("a"), start=False)
    file, sink = File(), Sink()
    held = weakref.ref(file)
    worker.submit(job_of(file), sink, "r").cancel()
    del file
    worker.submit(ask(), Sink(), "s")
    assert held() is None
    worker.start()
    assert sink.last().choices[0].reason == "cancelled"


def test_a_running_job_is_cancelled(make_worker):
    engine = FakeEngine(Answer(("a " * 1000,), token_seconds=0.01))
    worker = make_worker(engine)
    sink = Sink()
    cancel = worker.submit(ask(max_tokens=1000), sink, "r")
    assert sink.first_delta.wait(WAIT)
    cancel.cancel()
    assert sink.last().choices[0].reason == "cancelled"
    assert engine.cancelled == ["r"]


def test_jobs_wait_while_the_model_loads(make_worker):
    go = threading.Event()
    told = threading.Event()

    def load(tell):
        tell(0.4)
        told.set()
        assert go.wait(WAIT)
        return FakeEngine("a")

    worker = make_worker(load, "some-model")
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert told.wait(WAIT)
    health = worker.health()
    assert (health.state, health.model, health.progress) == ("loading", "some-model", 0.4)
    assert sink.events == []
    go.set()
    assert isinstance(sink.last(), Finished)


def test_without_a_model_jobs_fail_with_a_sentence(make_worker):
    worker = make_worker(None, None)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert "grafter models pull" in sink.last().message
    assert worker.health().state == "none"


def test_a_model_that_cannot_be_loaded_is_said_to_all(make_worker):
    def load(_tell):
        raise ModelError("The model is damaged.")

    worker = make_worker(load)
    first, second = Sink(), Sink()
    worker.submit(ask(), first, "r")
    assert first.last() == Failed("r", "The model is damaged.", "model_error")
    worker.submit(ask(), second, "r2")
    assert second.last().message == "The model is damaged."
    health = worker.health()
    assert (health.state, health.message) == ("failed", "The model is damaged.")


def test_a_bug_while_loading_is_logged_and_said(make_worker, caplog):
    def load(_tell):
        raise KeyError("what")

    worker = make_worker(load)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert "KeyError" in sink.last().message
    assert worker.health().state == "failed"
    assert any(record.exc_info for record in caplog.records)


def test_a_bug_in_a_job_is_logged_and_the_thread_lives(make_worker, caplog):
    worker = make_worker(FakeEngine({"bug": Answer(error=RuntimeError("boom")), "": "a"}))
    first, second = Sink(), Sink()
    worker.submit(ask("bug"), first, "r")
    failed = first.last()
    assert "boom" in failed.message
    assert failed.code == "internal_error"
    assert any(record.levelno == logging.ERROR and record.exc_info for record in caplog.records)
    worker.submit(ask(), second, "r2")
    assert second.last().choices[0].text == "a"


def test_an_error_on_purpose_in_a_job_is_its_sentence(make_worker, caplog):
    def job(_engine, _cancel):
        raise InputError("The cursor is outside of the text.")

    sink = Sink()
    make_worker(FakeEngine()).submit(job, sink, "r")
    assert sink.last() == Failed("r", "The cursor is outside of the text.", "invalid_request")
    assert not caplog.records


def test_a_job_without_a_last_event_is_a_bug(make_worker, caplog):
    sink = Sink()
    make_worker(FakeEngine()).submit(lambda _engine, _cancel: iter(()), sink, "r")
    assert "without its last event" in sink.last().message
    assert caplog.records


def test_nothing_follows_the_last_event(make_worker):
    def job(_engine, _cancel):
        yield Failed("r", "first")
        yield Failed("r", "second")

    worker = make_worker(FakeEngine("a"))
    sink, after = Sink(), Sink()
    worker.submit(job, sink, "r")
    worker.submit(ask(), after, "r2")
    after.last()
    assert sink.events == [Failed("r", "first")]


def test_a_broken_receiver_stops_its_job_and_no_other(make_worker, caplog):
    engine = FakeEngine(Answer(("a " * 500,), token_seconds=0.005))
    worker = make_worker(engine)

    def broken(_event):
        raise OSError("gone")

    worker.submit(ask(max_tokens=500), broken, "r")
    sink = Sink()
    worker.submit(ask(max_tokens=2), sink, "r2")
    assert isinstance(sink.last(), Finished)
    assert engine.cancelled == ["r"]
    assert caplog.records


def test_closing_ends_what_runs_and_what_waits(make_worker):
    worker = make_worker(FakeEngine(Answer(("a " * 1000,), token_seconds=0.01)))
    running, waiting, late = Sink(), Sink(), Sink()
    worker.submit(ask(max_tokens=1000), running, "r")
    assert running.first_delta.wait(WAIT)
    worker.submit(ask(), waiting, "r2")
    assert worker.close(WAIT)
    assert running.last().choices[0].reason == "cancelled"
    assert waiting.last().code == "service_stopping"
    worker.submit(ask(), late, "r3")
    assert late.last().code == "service_stopping"


def test_closing_a_worker_that_never_started_leaves_nothing(make_worker):
    worker = make_worker(FakeEngine(), start=False)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert worker.close(WAIT)
    assert sink.last().code == "service_stopping"


def test_an_adapter_is_set_on_the_workers_thread_and_shown(make_worker):
    engine = FakeEngine("a")
    worker = make_worker(engine)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.last().adapter is None
    worker.adapt(AdapterChoice("mine", Path(), 0.5)).result(WAIT)
    assert worker.health().adapter == "mine"
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.last().adapter == "mine"
    worker.adapt(None).result(WAIT)
    assert worker.health().adapter is None


def test_an_adapter_is_set_while_a_job_is_under_way(make_worker):
    worker = make_worker(FakeEngine("a b c d"))
    done = []
    sink = Sink(at={1: lambda: done.append(worker.adapt(AdapterChoice("mine", Path(), 1.0)))})
    worker.submit(ask(), sink, "r")
    assert sink.text == "a b c d"
    done[0].result(WAIT)
    assert worker.health().adapter == "mine"


def test_an_adapter_that_cannot_be_set_changes_nothing(make_worker):
    class Picky(FakeEngine):
        def set_adapter(self, choice, *, wait=False):
            raise ModelError("It does not fit.")

    worker = make_worker(Picky("a"))
    with pytest.raises(ModelError, match="does not fit"):
        worker.adapt(AdapterChoice("mine", Path(), 1.0)).result(WAIT)
    assert (worker.health().state, worker.health().adapter) == ("ready", None)


def test_a_wish_before_the_model_is_there_counts_when_it_is(make_worker):
    worker = make_worker(FakeEngine("a"), start=False)
    wish = worker.adapt(AdapterChoice("mine", Path(), 1.0))
    worker.start()
    wish.result(WAIT)
    sink = Sink()
    worker.submit(ask(), sink, "r")
    assert sink.last().adapter == "mine"


def test_a_wish_at_the_end_is_answered(make_worker):
    worker = make_worker(FakeEngine("a"), start=False)
    wish = worker.adapt(None)
    assert worker.close(WAIT)
    with pytest.raises(InputError, match="is stopping"):
        wish.result(WAIT)
