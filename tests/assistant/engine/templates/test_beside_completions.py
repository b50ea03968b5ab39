"""A chat whose template takes time, memory or liberties takes the model away from nobody."""

import psutil
import pytest

from assistant.engine.local.load import load_engine
from assistant.engine.templates.layout import ChatLayout
from assistant.engine.templates.renderer import Bounds, Renderer
from assistant.types import Chat, Failed, Finished, GenerateRequest, Message, Params, Priority, Progress
from tests.support import hostile_templates as hostile
from tests.support.patience import wait_until as wait_for
from tests.support.worker import WAIT, Sink, ask

CHAT = Chat((Message("user", "hi"),))


@pytest.fixture(scope="module")
def engine(tiny_folder):
    """Return one engine for all these tests, which each give it a template."""
    engine = load_engine(tiny_folder, "cpu", bits=16)
    closing, engine.close = engine.close, lambda: None  # the workers would
    yield engine
    closing()


@pytest.fixture
def worker_with(engine, make_worker):
    """Return what makes a worker whose model has the template."""
    made = []

    def make(template, bounds):
        made.append(Renderer(bounds))
        engine._layout = ChatLayout(template, {}, made[-1])
        return make_worker(engine)

    yield make
    for renderer in made:
        renderer.close()


class ChatSink(Sink):
    """Does something on the worker's thread while the conversation is laid out, and keeps the order of what ends."""

    def __init__(self, then, log) -> None:
        super().__init__(log=log, name="chat")
        self._then = then

    def __call__(self, event):
        if isinstance(event, Progress) and event.stage == "layout" and self._then is not None:
            then, self._then = self._then, None
            then()
        super().__call__(event)


def chat(request_id="chat"):
    request = GenerateRequest(request_id, CHAT, Params(max_tokens=4))
    return lambda engine, cancel: engine.generate(request, cancel)


@pytest.mark.parametrize("template", hostile.HOSTILE.values(), ids=hostile.HOSTILE)
def test_a_chat_ends_in_a_sentence_and_a_completion_comes_meanwhile(worker_with, template):
    worker = worker_with(template, Bounds(processor_s=1))
    completion, log = Sink(), []
    completion._log, completion._name = log, "completion"
    asked = ask("def add", "completion", max_tokens=3)
    sink = ChatSink(lambda: worker.submit(asked, completion, "completion", Priority.INTERACTIVE), log)
    worker.submit(chat(), sink, "chat", Priority.CHAT)
    assert sink.ended.wait(110)  # a process starts and has a second of the processor, however busy that is
    failed = sink.events[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "chat_template_error"
    assert failed.message.endswith(".")
    if sink._then is None:  # it took long enough to ask in the middle of it
        assert isinstance(completion.last(), Finished)
        ends = [each for each in log if each.endswith(".")]
        assert ends == ["completion.", "chat."]
    again = Sink()
    worker.submit(asked, again, "again", Priority.INTERACTIVE)
    assert isinstance(again.last(), Finished)


def test_completions_come_while_a_template_runs_and_leaving_ends_it(worker_with, engine):
    worker = worker_with(hostile.SLOW["nested-ranges"], Bounds(processor_s=3600, wall_s=3600))
    started = Sink()
    laid = ChatSink(started.ended.set, [])
    token = worker.submit(chat(), laid, "chat", Priority.CHAT)
    assert started.ended.wait(WAIT)
    for number in range(5):
        completion = Sink()
        worker.submit(ask("def add", f"c{number}", max_tokens=3), completion, f"c{number}", Priority.INTERACTIVE)
        assert isinstance(completion.last(), Finished)
    assert not laid.ended.is_set()
    child = psutil.Process(engine._layout._renderer.pid)
    token.cancel()
    assert laid.reason == "cancelled"
    assert laid.last().prompt_tokens == 0
    wait_for(lambda: not child.is_running())
