"""One state out of the service's process, its health and its requests."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.services.api import ApiClient
from app.services.connection import Connection, ConnectionState, Intervals
from app.services.service_process import Backoff, ServiceProcess
from assistant.types import CompleteRequest

pytestmark = pytest.mark.gui

READY = {"state": "ready", "model": "fake-1b", "device": "cpu", "adapter": "mine"}


class Watched:
    """A Connection with the states that it went through."""

    def __init__(self, service: Any, *, silence_ms: int = 10_000, answer_ms: int = 10_000, ready_ms: int = 30) -> None:
        self.service = service
        self.process = ServiceProcess(service.command, backoff=Backoff(first_s=0.01))
        self.api = ApiClient(self.process)
        intervals = Intervals(loading_ms=10, ready_ms=ready_ms, silence_ms=silence_ms, answer_ms=answer_ms)
        self.connection = Connection(self.process, self.api, self.process, intervals=intervals)
        self.states: list[ConnectionState] = []
        self.connection.changed.connect(self.states.append)

    @property
    def kinds(self) -> list[str]:
        return [state.kind for state in self.states]

    def until(self, qtbot: QtBot, kind: str) -> ConnectionState:
        qtbot.waitUntil(lambda: self.connection.state.kind == kind)
        return self.connection.state


@pytest.fixture
def watch(fake_service: Any) -> Iterator[Any]:
    made: list[Watched] = []

    def make(**options: Any) -> Watched:
        made.append(Watched(fake_service, **options))
        return made[-1]

    yield make
    for watched in made:
        watched.process.close()


def test_from_start_over_loading_to_ready(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[{"state": "loading", "model": "m", "progress": p} for p in (0.0, 0.5)] + [READY])
    watched = watch()
    assert watched.connection.state.kind == "starting"
    watched.connection.start()
    state = watched.until(qtbot, "ready")
    assert state == ConnectionState("ready", "fake-1b", "cpu", adapter="mine")
    assert [(s.kind, s.progress) for s in watched.states] == [("loading", 0.0), ("loading", 0.5), ("ready", 0.0)]
    assert [s.can_complete for s in watched.states] == [False, False, True]
    qtbot.waitUntil(lambda: watched.connection.details == "a line for the log")


@pytest.mark.parametrize(
    "health", [{"state": "none"}, {"state": "failed", "model": "m", "message": "The model needs 9 GB."}]
)
def test_no_model_or_one_that_cannot_be_loaded(qtbot: QtBot, fake_service: Any, watch: Any, health: Any) -> None:
    fake_service.set(health=[health])
    watched = watch()
    watched.connection.start()
    state = watched.until(qtbot, health["state"])
    assert (state.message, state.can_complete) == (health.get("message", ""), False)
    fake_service.set(health=[READY])
    watched.until(qtbot, "ready")


def test_requests_make_it_thinking(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(complete=[[{"gate": "a"}, {"finished": ["x"]}]])
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "ready")
    replies = [watched.api.complete(CompleteRequest(name, "x", 1)) for name in "ab"]
    assert watched.connection.state.kind == "thinking"
    assert watched.connection.state.can_complete
    asked = len(fake_service.rows("health"))
    qtbot.waitUntil(lambda: len(fake_service.rows("health")) >= asked + 2)
    replies[0].abort()
    assert watched.connection.state.kind == "thinking"
    fake_service.open_gate("a")
    watched.until(qtbot, "ready")
    watched.connection.note_latency(80.0, 200.0)
    state = watched.connection.state
    assert (state.first_ms, state.latency_ms) == (80.0, 200.0)


ASLEEP = {"state": "idle", "model": "fake-1b", "message": "Nobody asked for a while."}
WAKING = {"state": "loading", "model": "fake-1b", "progress": 0.5}


def test_a_model_that_sleeps_can_be_asked_and_is_woken(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[ASLEEP])
    watched = watch()
    watched.connection.start()
    state = watched.until(qtbot, "idle")
    assert (state.can_complete, state.message) == (True, "Nobody asked for a while.")
    assert fake_service.rows("wake") == []
    fake_service.set(health=[WAKING, READY])
    for _ in range(3):  # the keys of a word, before the service could say anything
        watched.connection.wake()
    watched.until(qtbot, "ready")
    assert watched.kinds == ["idle", "loading", "ready"]
    assert len(fake_service.rows("wake")) == 1
    watched.connection.wake()  # awake already
    asked = len(fake_service.rows("health"))
    qtbot.waitUntil(lambda: len(fake_service.rows("health")) >= asked + 2)
    assert len(fake_service.rows("wake")) == 1


def test_a_request_wakes_it_and_that_is_seen_soon(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[ASLEEP], complete=[[{"gate": "a"}, {"finished": ["x"]}]])
    watched = watch(ready_ms=60_000)
    watched.connection.start()
    watched.until(qtbot, "idle")
    fake_service.set(health=[WAKING, READY])
    reply = watched.api.complete(CompleteRequest("a", "x", 1))
    watched.until(qtbot, "loading")
    qtbot.waitUntil(lambda: watched.connection.state.kind == "thinking")
    with qtbot.waitSignal(reply.done):
        fake_service.open_gate("a")
    assert watched.kinds == ["idle", "loading", "thinking", "ready"]


def test_a_request_while_loading_is_not_thinking(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[{"state": "loading"}])
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "loading")
    with qtbot.waitSignal(watched.api.complete(CompleteRequest("a", "x", 1)).done):
        pass
    assert "thinking" not in watched.kinds


def test_a_crash_is_said_and_mended(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "ready")
    watched.states.clear()
    os.kill(watched.process.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: watched.kinds[-1:] == ["ready"])
    assert watched.kinds == ["restarting", "ready"]
    assert watched.states[0].message.startswith("The service was killed or crashed,")
    assert watched.states[-1].message == ""


def test_a_service_that_cannot_start_is_failed_until_started_by_hand(
    qtbot: QtBot, fake_service: Any, watch: Any
) -> None:
    fake_service.set(start=[{"exit": 2, "stderr": "No such device."}, "ready"])
    watched = watch()
    watched.connection.start()
    state = watched.until(qtbot, "failed")
    assert state.message.endswith("No such device.")
    watched.connection.restart()
    assert watched.connection.state.kind == "restarting"
    watched.until(qtbot, "ready")


def test_stop(qtbot: QtBot, watch: Any) -> None:
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "ready")
    watched.connection.stop()
    assert watched.until(qtbot, "failed").message == "The service was stopped."
    assert watched.process.process_id == 0


def test_another_model(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "ready")
    watched.states.clear()
    fake_service.set(health=[{"state": "loading", "model": "big"}, {"state": "ready", "model": "big"}])
    watched.connection.use_model("big")
    assert watched.connection.state.kind == "restarting"
    assert watched.connection.state.model == "big"
    watched.until(qtbot, "ready")
    assert watched.kinds == ["restarting", "loading", "ready"]
    assert [row["model"] for row in fake_service.rows("start")] == [None, "big"]


def test_a_service_that_says_nothing_is_started_anew(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[READY, "stall"])
    watched = watch(answer_ms=300)
    watched.connection.start()
    qtbot.waitUntil(lambda: "unresponsive" in watched.kinds)
    fake_service.set(health=[READY])
    qtbot.waitUntil(lambda: watched.kinds[-3:] == ["unresponsive", "restarting", "ready"])
    assert watched.states[-2].message == "The service did not answer within 0.3 s."


def test_health_that_fails_for_a_moment_does_no_harm(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[{"status": 500}, "garbage", READY])
    watched = watch()
    watched.connection.start()
    watched.until(qtbot, "ready")
    assert watched.kinds == ["ready"]
    assert len(fake_service.rows("start")) == 1


def test_health_that_keeps_failing_starts_the_service_anew(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(health=[{"status": 500}])
    watched = watch(silence_ms=100)
    watched.connection.start()
    qtbot.waitUntil(lambda: "unresponsive" in watched.kinds)
    assert "unwell" in watched.states[-1].message
    fake_service.set(health=[READY])
    watched.until(qtbot, "ready")
    assert len(fake_service.rows("start")) == 2
