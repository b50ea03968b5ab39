"""Whose turn it is: urgent jobs interrupt others, new requests replace old ones, guesses give way to everything."""

import threading
import weakref
from types import SimpleNamespace

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.types import Priority, Progress
from tests.support.patience import wait_until as wait_for
from tests.support.worker import WAIT, Sink
from tests.support.worker import ask as request

INTERACTIVE, CHAT, BACKGROUND = Priority.INTERACTIVE, Priority.CHAT, Priority.BACKGROUND
WORDS = " one two three four five six seven eight"


def engine(**answers):
    """Return an engine that answers prompts by a word in them; "long" has eight tokens, "short" two."""
    return FakeEngine({"long": WORDS, "short": " one two", **answers})


# --- pausing ---------------------------------------------------------------------------------


def test_a_completion_interrupts_a_chat_between_two_tokens(make_worker):
    worker = make_worker(engine(), start=False)
    log = []
    completion = Sink(log=log, name="complete")
    chat = Sink({3: lambda: worker.submit(request("short"), completion, "b", INTERACTIVE)}, log, "chat")
    worker.submit(request("long"), chat, "a", CHAT)
    worker.start()
    assert chat.text == WORDS
    assert log == ["chat"] * 3 + ["complete"] * 2 + ["complete."] + ["chat"] * 5 + ["chat."]


def test_prefill_is_interrupted_between_two_pieces(make_worker):
    worker = make_worker(engine(long=Answer((WORDS,), prefill_seconds=0.2, prefill_pieces=4)), start=False)
    completion, events = Sink(), []

    class Chat(Sink):
        def __call__(self, event):
            super().__call__(event)
            events.append((type(event).__name__, completion.ended.is_set()))
            if isinstance(event, Progress) and len(events) == 2:
                worker.submit(request("short"), completion, "b", INTERACTIVE)

    chat = Chat()
    worker.submit(request("long"), chat, "a", CHAT)
    worker.start()
    assert chat.text == WORDS
    assert events[:3] == [("Started", False), ("Progress", False), ("Progress", True)]


def test_each_urgency_interrupts_the_less_urgent_ones(make_worker):
    worker = make_worker(engine(), start=False)
    log = []
    completion = Sink(log=log, name="i")
    chat = Sink({4: lambda: worker.submit(request("short"), completion, "c", INTERACTIVE)}, log, "c")
    background = Sink({2: lambda: worker.submit(request("long"), chat, "b", CHAT)}, log, "b")
    worker.submit(request("long"), background, "a", BACKGROUND)
    worker.start()
    assert background.text == chat.text == WORDS
    assert log == ["b", "b", *"cccc", "i", "i", "i.", *"cccc", "c.", *"bbbbbb", "b."]


@pytest.mark.parametrize("priority", Priority)
def test_equals_do_not_interrupt_each_other(make_worker, priority):
    worker = make_worker(engine(), start=False)
    log = []
    second = Sink(log=log, name="second")
    first = Sink({1: lambda: worker.submit(request("short"), second, "b", priority)}, log, "first")
    worker.submit(request("long"), first, "a", priority)
    worker.start()
    second.last()
    assert log == ["first"] * 8 + ["first."] + ["second"] * 2 + ["second."]


def test_what_is_less_urgent_does_not_interrupt(make_worker):
    worker = make_worker(engine(), start=False)
    log = []
    chat = Sink(log=log, name="chat")
    completion = Sink({1: lambda: worker.submit(request("short"), chat, "b", CHAT)}, log, "complete")
    worker.submit(request("long"), completion, "a", INTERACTIVE)
    worker.start()
    chat.last()
    assert log[:9] == ["complete"] * 8 + ["complete."]


def test_no_more_jobs_are_under_way_than_there_are_priorities(make_worker):
    worker = make_worker(engine(), start=False)
    under_way, most, sinks = set(), [], []

    def counted(name, text):
        def work(engine_, cancel):
            under_way.add(name)
            most.append(len(under_way))
            yield from request(text, name)(engine_, cancel)

        return work

    def add(name, priority, at=None):
        sink = Sink(at)
        sinks.append((sink, name))
        original = sink.__call__

        def receive(event):
            if type(event).__name__ == "Finished":
                under_way.discard(name)
            original(event)

        worker.submit(counted(name, "long"), receive, name, priority)

    def many(priority, then):
        return lambda: [add(f"{priority}{i}", priority, {2: then} if then else None) for i in range(3)]

    add("first", BACKGROUND, {2: many(CHAT, many(INTERACTIVE, None))})
    worker.start()
    wait_for(lambda: len(sinks) == 1 + 3 + 9 and all(sink.ended.is_set() for sink, _ in sinks))
    assert all(sink.text == WORDS for sink, _ in sinks)
    assert max(most) == 3


class Clock:
    """Stands in for the module ``time``: it goes on only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in ("fake", "scheduler.job"):
        monkeypatch.setattr(f"assistant.engine.{module}.time", clock)
    return clock


def test_a_pause_counts_as_waiting_and_times_add_up(make_worker, clock):
    slow = Answer((" one two three four",), token_seconds=0.02, prefill_seconds=0.04)
    worker = make_worker(engine(long=slow, short=Answer((" one",), prefill_seconds=0.3)), start=False)
    completion = Sink()
    chat = Sink({2: lambda: worker.submit(request("short"), completion, "b", INTERACTIVE)})
    worker.submit(request("long"), chat, "a", CHAT)
    worker.start()
    chatted, completed = chat.last().timings, completion.last().timings
    parts = ("queue_ms", "prefill_ms", "decode_ms", "total_ms")
    assert [getattr(chatted, part) for part in parts] == pytest.approx([300, 40, 80, 420])
    assert [getattr(completed, part) for part in parts] == pytest.approx([0, 300, 0, 300])


def test_a_pause_within_the_prompt_is_no_time_of_reading(make_worker, clock):
    slow = Answer((" one two",), prefill_seconds=0.1, prefill_pieces=2, token_seconds=0.01)
    worker = make_worker(engine(long=slow, short=Answer((" one",), prefill_seconds=0.3)), start=False)
    completion = Sink()

    class Chat(Sink):
        def __call__(self, event):
            super().__call__(event)
            if isinstance(event, Progress) and event.done < event.total:
                worker.submit(request("short"), completion, "b", INTERACTIVE)

    chat = Chat()
    worker.submit(request("long"), chat, "a", CHAT)
    worker.start()
    timings = chat.last().timings
    assert [timings.queue_ms, timings.prefill_ms, timings.decode_ms] == pytest.approx([300, 100, 20])


def test_a_model_writes_the_same_with_and_without_pauses(make_worker, tiny_engine, ask):
    alone = ask(tiny_engine, "def add(a, b):", max_tokens=24).texts[0]
    short = ask(tiny_engine, "import os", max_tokens=6).texts[0]
    kept = SimpleNamespace(begin=tiny_engine.begin, close=lambda: None)  # the fixture closes it
    worker = make_worker(kept, start=False)
    completions = [Sink() for _ in range(4)]

    def interrupt(sink):
        return lambda: worker.submit(request("import os", max_tokens=6), sink, "b")

    chat = Sink({3 * number + 1: interrupt(sink) for number, sink in enumerate(completions)})
    worker.submit(request("def add(a, b):", max_tokens=24), chat, "a", CHAT)
    worker.start()
    assert chat.text == alone
    assert [sink.text for sink in completions] == [short] * 4


# --- cancelling ------------------------------------------------------------------------------


def test_a_paused_job_that_is_cancelled_ends_at_once_with_what_it_has(make_worker):
    fake = engine()
    worker = make_worker(fake, start=False)
    log, held = [], []

    class Prompt:
        pass

    def work(engine_, cancel):
        prompt = Prompt()
        held.append(weakref.ref(prompt))
        yield from request("long", "a")(engine_, cancel)

    tokens = {}
    completion = Sink({2: lambda: tokens["chat"].cancel()}, log, "complete")  # noqa: PLW0108 - it comes later
    chat = Sink({3: lambda: worker.submit(request("long"), completion, "b", INTERACTIVE)}, log, "chat")
    tokens["chat"] = worker.submit(work, chat, "a", CHAT)
    worker.start()
    assert completion.text == WORDS
    assert log == ["chat"] * 3 + ["complete"] * 2 + ["chat."] + ["complete"] * 6 + ["complete."]
    assert (chat.reason, chat.text) == ("cancelled", " one two three")
    assert fake.tokens["a"] == 3
    assert held[0]() is None


def test_a_waiting_job_that_is_cancelled_ends_while_another_runs(make_worker):
    fake = engine()
    worker = make_worker(fake, start=False)
    log, tokens = [], {}
    waiting = Sink(log=log, name="waiting")
    running = Sink({2: lambda: tokens["waiting"].cancel()}, log, "running")  # noqa: PLW0108 - it comes later
    worker.submit(request("long"), running, "a", INTERACTIVE)
    tokens["waiting"] = worker.submit(request("long", "b"), waiting, "b", INTERACTIVE)
    worker.start()
    running.last()
    assert log[:3] == ["running", "running", "waiting."]
    assert waiting.reason == "cancelled"
    assert "b" not in fake.tokens


def test_closing_ends_what_is_paused_too(make_worker):
    fake = engine(endless=Answer((" word" * 5000,), token_seconds=0.005))
    worker = make_worker(fake, start=False)
    completion = Sink()
    chat = Sink({3: lambda: worker.submit(request("endless", "b", max_tokens=5000), completion, "b", INTERACTIVE)})
    worker.submit(request("long", "a"), chat, "a", CHAT)
    worker.start()
    assert completion.first_delta.wait(WAIT)
    assert worker.close(WAIT)
    assert (chat.reason, completion.reason) == ("cancelled", "cancelled")
    assert fake.tokens["a"] == 3
    assert fake.closed


def test_a_bug_in_the_urgent_job_leaves_the_paused_one_whole(make_worker, caplog):
    worker = make_worker(engine(bug=Answer(error=RuntimeError("boom"))), start=False)
    completion = Sink()
    chat = Sink({3: lambda: worker.submit(request("bug"), completion, "b", INTERACTIVE)})
    worker.submit(request("long"), chat, "a", CHAT)
    worker.start()
    assert chat.text == WORDS
    assert "boom" in completion.last().message
    assert caplog.records


# --- replacing -------------------------------------------------------------------------------


def test_a_newer_request_of_a_session_stops_the_running_one_before_its_next_token(make_worker):
    fake = engine()
    worker = make_worker(fake, start=False)
    newer = Sink()
    older = Sink({5: lambda: worker.submit(request("short"), newer, "b", session="page")})
    worker.submit(request("long", "a"), older, "a", session="page")
    worker.start()
    assert newer.text == " one two"
    assert (older.reason, older.text) == ("cancelled", " one two three four five")
    assert fake.tokens["a"] == 5


def test_from_another_thread_at_most_the_token_that_is_being_computed_is_finished(make_worker):
    fake = engine(endless=Answer((" word" * 5000,), token_seconds=0.02))
    worker = make_worker(fake)
    older, newer = Sink(), Sink()
    worker.submit(request("endless", "a", max_tokens=5000), older, "a", session="page")
    assert older.first_delta.wait(WAIT)
    before = fake.tokens["a"]
    worker.submit(request("short"), newer, "b", session="page")
    assert older.reason == "cancelled"
    # One may have begun between the look and the call.
    assert fake.tokens["a"] <= before + 1
    assert newer.text == " one two"


def test_a_newer_request_drops_those_of_its_session_that_wait(make_worker):
    fake = engine()
    worker = make_worker(fake, start=False)
    sinks = [Sink() for _ in range(4)]
    for i, sink in enumerate(sinks):
        worker.submit(request("short", str(i)), sink, str(i), session="page")
    worker.start()
    assert [sink.reason for sink in sinks] == ["cancelled"] * 3 + ["stop"]
    assert list(fake.tokens) == ["3"]


def test_only_the_same_session_and_urgency_is_replaced(make_worker):
    worker = make_worker(engine(), start=False)
    kept = [Sink() for _ in range(5)]
    worker.submit(request("short"), kept[0], "a", session="other")
    worker.submit(request("short"), kept[1], "b")
    worker.submit(request("short"), kept[2], "c", CHAT, session="page")
    worker.submit(request("short"), kept[3], "d")
    worker.submit(request("short"), kept[4], "e", session="page")
    worker.start()
    assert [sink.reason for sink in kept] == ["stop"] * 5


# --- asked ahead -----------------------------------------------------------------------------


def test_what_is_asked_ahead_runs_when_nothing_else_waits(make_worker):
    worker = make_worker(engine(), start=False)
    log, order = [], []
    for name, priority, ahead in [("a", BACKGROUND, True), ("b", BACKGROUND, False)]:
        order.append(Sink(log=log, name=name))
        worker.submit(request("short"), order[-1], name, priority, ahead=ahead)
    worker.start()
    order[1].last()
    assert (order[0].reason, order[1].reason) == ("cancelled", "stop")
    sink = Sink(log=log, name="c")
    worker.submit(request("short"), sink, "c", BACKGROUND, ahead=True)
    assert sink.text == " one two"


def test_what_is_asked_ahead_waits_for_what_runs(make_worker):
    worker = make_worker(engine(), start=False)
    log = []
    ahead = Sink(log=log, name="ahead")
    asked = {2: lambda: worker.submit(request("short"), ahead, "b", BACKGROUND, session="page", ahead=True)}
    completion = Sink(asked, log, "complete")
    worker.submit(request("long"), completion, "a", session="page")
    worker.start()
    assert ahead.text == " one two"
    assert completion.text == WORDS
    assert log == ["complete"] * 8 + ["complete."] + ["ahead"] * 2 + ["ahead."]


@pytest.mark.parametrize("priority", Priority)
def test_a_real_request_ends_what_was_asked_ahead(make_worker, priority):
    fake = engine()
    worker = make_worker(fake, start=False)
    log = []
    real = Sink(log=log, name="real")
    ahead = Sink({3: lambda: worker.submit(request("short"), real, "b", priority)}, log, "ahead")
    worker.submit(request("long", "a"), ahead, "a", BACKGROUND, ahead=True)
    worker.start()
    assert real.text == " one two"
    assert log == ["ahead"] * 3 + ["ahead."] + ["real"] * 2 + ["real."]
    assert ahead.reason == "cancelled"
    assert fake.tokens["a"] == 3


def test_a_newer_guess_replaces_an_older_one_of_its_session(make_worker):
    worker = make_worker(engine(), start=False)
    older, newer, other = Sink(), Sink(), Sink()
    worker.submit(request("short"), other, "o", BACKGROUND, session="other page", ahead=True)
    worker.submit(request("short"), older, "a", BACKGROUND, session="page", ahead=True)
    worker.submit(request("short"), newer, "b", BACKGROUND, session="page", ahead=True)
    worker.start()
    assert (older.reason, newer.reason, other.reason) == ("cancelled", "stop", "stop")


# --- all at once -----------------------------------------------------------------------------


def test_many_threads_submit_and_cancel_and_every_job_ends_once_with_its_own_text(make_worker):
    worker = make_worker(engine(long=Answer((WORDS,), token_seconds=0.0005)))
    sinks, lock = [], threading.Lock()

    def typist(number):
        for i in range(40):
            sink = Sink()
            kind = (number + i) % 4
            priority = (INTERACTIVE, CHAT, BACKGROUND, BACKGROUND)[kind]
            session = f"page {number}" if i % 2 else None
            token = worker.submit(request("long"), sink, "r", priority, session=session, ahead=kind == 3)
            with lock:
                sinks.append(sink)
            if i % 5 == 4:
                token.cancel()

    threads = [threading.Thread(target=typist, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sinks) == 160
    for sink in sinks:
        assert sink.text == WORDS if sink.reason == "stop" else WORDS.startswith(sink.text)
    assert any(sink.reason == "stop" for sink in sinks)
