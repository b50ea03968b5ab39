"""Starting the service, its ready line, and what happens when it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.services.service_process import Backoff, ServiceProcess

pytestmark = pytest.mark.gui


class Watched:
    """A ServiceProcess with what it said."""

    def __init__(self, command: list[str], **options: Any) -> None:
        options.setdefault("backoff", Backoff(first_s=0.01, cap_s=0.01))
        self.process = ServiceProcess(command, **options)
        self.starts = 0
        self.ready: list[tuple[str, str]] = []
        self.stopped: list[tuple[str, bool]] = []
        self.process.starting.connect(self._on_starting)
        self.process.ready.connect(lambda url, token: self.ready.append((url, token)))
        self.process.stopped.connect(lambda reason, again: self.stopped.append((reason, again)))

    def _on_starting(self) -> None:
        self.starts += 1


@pytest.fixture
def watch() -> Iterator[Any]:
    made: list[Watched] = []

    def make(command: list[str], **options: Any) -> Watched:
        made.append(Watched(command, **options))
        return made[-1]

    yield make
    for watched in made:
        watched.process.close()


def test_the_ready_line_gives_address_and_token(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch(fake_service.command)
    watched.process.start()
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    [(url, token)] = watched.ready
    assert url.startswith("http://127.0.0.1:")
    assert token == "a-token-of-the-tests"
    assert watched.starts == 1
    assert psutil.Process(watched.process.process_id).is_running()
    qtbot.waitUntil(lambda: watched.process.stderr_tail == ("a line for the log",))
    assert watched.stopped == []


def test_stop_ends_it_and_leaves_it_ended(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch(fake_service.command)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    watched.process.stop()
    qtbot.waitUntil(lambda: bool(watched.stopped))
    assert watched.stopped == [("The service was stopped.", False)]
    assert watched.process.process_id == 0
    watched.process.start()
    qtbot.waitUntil(lambda: len(watched.ready) == 2)


def test_a_service_that_ignores_the_request_is_killed(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(stubborn=True)
    watched = watch(fake_service.command, kill_after_ms=100)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    watched.process.stop()
    qtbot.waitUntil(lambda: bool(watched.stopped))
    assert watched.process.process_id == 0


def test_a_crash_starts_it_again(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch(fake_service.command)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    os.kill(watched.process.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: len(watched.ready) == 2)
    [(reason, again)] = watched.stopped
    assert reason.startswith("The service was killed or crashed, perhaps because memory ran out.")
    assert again


def test_the_last_line_of_stderr_says_why(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(start=[{"exit": 1, "stderr": "Traceback\nOSError: no room"}, "ready"])
    watched = watch(fake_service.command)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    assert watched.stopped == [("The service ended unexpectedly (status 1). OSError: no room", True)]


def test_gives_up_after_five_failures_and_starts_again_by_hand(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(start=[{"exit": 1, "stderr": "no"}] * 5 + ["ready"])
    watched = watch(fake_service.command)
    watched.process.start()
    qtbot.waitUntil(lambda: len(watched.stopped) == 5)
    assert [again for _, again in watched.stopped] == [True] * 4 + [False]
    assert watched.stopped[-1][0].endswith("no. It failed 5 times within 60 s and was not restarted.")
    watched.process.restart()
    qtbot.waitUntil(lambda: bool(watched.ready))


def test_bad_input_is_not_tried_again(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(start=[{"exit": 2, "stderr": "There is no device 'cuda' here."}])
    watched = watch(fake_service.command)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.stopped))
    [(reason, again)] = watched.stopped
    assert reason == "There is no device 'cuda' here."
    assert not again


def test_a_missing_program_is_one_sentence(qtbot: QtBot, tmp_path: Path, watch: Any) -> None:
    watched = watch([str(tmp_path / "nothing-here")])
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.stopped))
    [(reason, again)] = watched.stopped
    assert "nothing-here is missing or may not be run" in reason
    assert not again


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("garbage", "something else than where it listens: Traceback, or anything else"),
        ("no-token", "token file cannot be read"),
        ("silent", "did not get ready within 1.5 s"),
    ],
)
def test_a_start_that_goes_wrong_is_said_and_tried_again(
    qtbot: QtBot, fake_service: Any, watch: Any, start: str, said: str
) -> None:
    fake_service.set(start=[start, "ready"])
    watched = watch(fake_service.command, ready_timeout_ms=1500 if start == "silent" else 30_000)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    reason, again = watched.stopped[0]
    assert said in reason
    assert again


def test_restart_takes_another_model(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch(fake_service.command, model="one")
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    watched.process.restart("two")
    qtbot.waitUntil(lambda: len(watched.ready) == 2)
    assert watched.stopped == [("The service is restarting.", True)]
    assert [row["model"] for row in fake_service.rows("start")] == ["one", "two"]
    assert watched.process.model == "two"


def test_stop_while_waiting_for_the_next_try(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    fake_service.set(start=[{"exit": 1, "stderr": "no"}, "ready"])
    watched = watch(fake_service.command, backoff=Backoff(first_s=60))
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.stopped))
    watched.process.stop()
    assert watched.stopped[-1] == ("The service was stopped.", False)
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))


def test_fail_kills_and_recovers(qtbot: QtBot, fake_service: Any, watch: Any) -> None:
    watched = watch(fake_service.command)
    watched.process.fail("nothing runs")
    watched.process.start()
    qtbot.waitUntil(lambda: bool(watched.ready))
    watched.process.fail("It hangs.")
    watched.process.fail("It still hangs.")
    qtbot.waitUntil(lambda: len(watched.ready) == 2)
    assert watched.stopped == [("It hangs.", True)]
