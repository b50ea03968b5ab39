"""A command line program as the window runs it, against a program that plays a script: split, garbled, dying, hanging."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.services.json_command import JsonCommand

pytestmark = pytest.mark.gui

NAME = "The program that counts"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    'print(\'{"event": "up"}\', flush=True); signal.pause()'
)


class Heard:
    """A JsonCommand with all that it said, in order."""

    def __init__(self, **options: Any) -> None:
        self.command = JsonCommand(NAME, **options)
        self.ends: list[tuple[Any, ...]] = []
        self.progress: list[dict[str, Any]] = []
        self.command.progress.connect(self.progress.append)
        self.command.answered.connect(lambda answer: self.ends.append(("answered", answer)))
        self.command.failed.connect(lambda sentence: self.ends.append(("failed", sentence)))
        self.command.dropped.connect(lambda: self.ends.append(("dropped",)))

    def run(self, qtbot: QtBot, code: str, text: str = "") -> tuple[Any, ...]:
        """Run some Python and return how it ended."""
        self.command.start(python(code), text)
        assert self.command.busy
        qtbot.waitUntil(lambda: bool(self.ends), timeout=15_000)
        assert not self.command.busy
        [end] = self.ends
        return end


def python(code: str) -> list[str]:
    return [sys.executable, "-P", "-c", code]


def child_of(command: JsonCommand) -> psutil.Process:
    return psutil.Process(command._process.process_id)


@pytest.fixture
def heard(qtbot: QtBot) -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.command.close()


def test_an_answer_on_one_line_after_progress(qtbot: QtBot, heard: Heard) -> None:
    code = """if True:
        print("a library says hello")
        print('{"event": "progress", "done": 1}', flush=True)
        print('[1]'); print('{"no": ')
        print('{"n": 2}')
    """
    assert heard.run(qtbot, code) == ("answered", {"n": 2})
    assert heard.progress == [{"event": "progress", "done": 1}, {"n": 2}]


def test_an_answer_on_several_lines_after_other_lines(qtbot: QtBot, heard: Heard) -> None:
    answer = {"rows": [{"name": "größer"}, {}], "n": 1}
    code = f"print('{{not JSON'); print({json.dumps(answer, indent=1, ensure_ascii=False)!r})"
    assert heard.run(qtbot, code) == ("answered", answer)


def test_an_answer_that_is_split_inside_of_characters(qtbot: QtBot, heard: Heard) -> None:
    answer = {"text": "größer 写一个 \U0001f600"}
    data = (json.dumps(answer, ensure_ascii=False) + "\n").encode()
    code = f"import os, time\nfor byte in {data!r}:\n    os.write(1, bytes([byte])); time.sleep(0.001)"
    assert heard.run(qtbot, code) == ("answered", answer)


def test_a_program_is_told_a_text(qtbot: QtBot, heard: Heard) -> None:
    code = "import sys, json; print(json.dumps({'read': sys.stdin.read()}))"
    assert heard.run(qtbot, code, "ä\n") == ("answered", {"read": "ä\n"})


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("print('<html>garbage')", f"{NAME} ended without an answer."),
        ('print(\'{"event": "progress"}\')', f"{NAME} ended without an answer."),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)) * 40)", f"{NAME} ended without an answer."),
        ("print('{' * 100_000)", f"{NAME} ended without an answer."),
        ("import sys; print('{\"n\": 1}'); sys.exit(3)", f"{NAME} ended unexpectedly (status 3)."),
        ("import os; os.abort()", f"{NAME} was killed or crashed, perhaps because memory ran out."),
        ("import sys; sys.exit('grafter: The disk is full.')", "The disk is full."),
        (
            'print(\'{"event": "failed", "message": "The hash is wrong."}\'); print(\'bye\'); raise SystemExit(\'why\')',
            "The hash is wrong.",
        ),
        ('print(\'{\\n "sentence": "It does not fit."\\n}\'); raise SystemExit(2)', "It does not fit."),
    ],
)
def test_a_failure_is_one_sentence(qtbot: QtBot, heard: Heard, code: str, sentence: str) -> None:
    assert heard.run(qtbot, code) == ("failed", sentence)


def test_a_program_that_is_missing_is_named(qtbot: QtBot, heard: Heard, tmp_path: Path) -> None:
    program = str(tmp_path / "nothing")
    heard.command.start([program])
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [("failed", f"{NAME} cannot be started: {program} is missing or may not be run.")]


def test_a_program_that_has_nothing_to_say_may_say_nothing(qtbot: QtBot) -> None:
    assert Heard(needs_answer=False).run(qtbot, "") == ("answered", {})
    failed = Heard(needs_answer=False).run(qtbot, "raise SystemExit(1)")
    assert failed == ("failed", f"{NAME} ended unexpectedly (status 1).")


def test_the_newest_wins_and_the_older_answer_never_comes(qtbot: QtBot, heard: Heard, tmp_path: Path) -> None:
    """The older one does not heed the request to end: it prints its answer before it goes."""
    code = f"""if True:
        import json, pathlib, signal, time
        signal.signal(signal.SIGTERM, lambda *_: None)
        print(json.dumps({{"event": "progress", "n": 1}}), flush=True)
        while not pathlib.Path({str(tmp_path / "go")!r}).exists():
            time.sleep(0.01)
        print(json.dumps({{"event": "progress", "n": "late"}}))
        print(json.dumps({{"n": "old"}}))
    """
    heard.command.start(python(code))
    qtbot.waitUntil(lambda: len(heard.progress) == 1)
    for number in range(3):
        heard.command.start(python(f"import json; print(json.dumps(dict(n={number})))"))
    assert heard.command.busy
    (tmp_path / "go").touch()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=15_000)
    assert heard.ends == [("answered", {"n": 2})]
    assert heard.progress == [{"event": "progress", "n": 1}, {"n": 2}]


def test_what_is_dropped_is_told_once_and_another_may_follow(qtbot: QtBot, heard: Heard) -> None:
    heard.command.drop()
    assert heard.ends == []
    heard.command.start(python('import time; print(\'{"event": "up"}\', flush=True); time.sleep(600)'))
    qtbot.waitUntil(lambda: bool(heard.progress))
    heard.command.drop()
    heard.command.drop()
    assert not heard.command.busy
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [("dropped",)]
    heard.ends.clear()
    assert heard.run(qtbot, "print('{}')") == ("answered", {})


def test_a_start_after_a_drop_counts(qtbot: QtBot, heard: Heard) -> None:
    heard.command.start(python("import time; time.sleep(600)"))
    heard.command.drop()
    heard.command.start(python("print('{\"n\": 1}')"))
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [("answered", {"n": 1})]


def test_a_drop_takes_back_what_waits(qtbot: QtBot, heard: Heard) -> None:
    heard.command.start(python("import time; time.sleep(600)"))
    heard.command.start(python("print('{\"n\": 1}')"))
    heard.command.drop()
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [("dropped",)]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_program_that_hangs_ends_with_the_window(qtbot: QtBot, heard: Heard) -> None:
    heard.command._process._kill_after_ms = 200
    heard.command.start(python(STUBBORN))
    qtbot.waitUntil(lambda: bool(heard.progress))
    child = child_of(heard.command)
    heard.command.close()
    assert not child.is_running()
    assert heard.ends == [("dropped",)]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_program_that_hangs_gives_way_to_a_newer_one(qtbot: QtBot, heard: Heard) -> None:
    heard.command._process._kill_after_ms = 200
    heard.command.start(python(STUBBORN))
    qtbot.waitUntil(lambda: bool(heard.progress))
    child = child_of(heard.command)
    heard.command.start(python("print('{\"n\": 1}')"))
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [("answered", {"n": 1})]
    assert not child.is_running()


def test_a_program_that_never_stops_printing_is_not_kept(qtbot: QtBot, heard: Heard, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.services.json_command._MAX_KEPT", 1000)
    code = "print('{')\nfor _ in range(10_000): print('x' * 100)\nprint('{\"n\": 1}')"
    assert heard.run(qtbot, code) == ("answered", {"n": 1})
    heard.ends.clear()
    heard.command.start(python("print('{')\nfor _ in range(10_000): print('x' * 100)"))
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert sum(map(len, heard.command._objects._rest)) < 2000
