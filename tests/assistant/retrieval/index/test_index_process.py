"""The build process as its owner sees it, with scripts in its place."""

import sys

import pytest

from assistant.retrieval.index.index_process import IndexProcess
from tests.support.patience import wait_until

pytestmark = pytest.mark.e2e

TALKS = """
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
say(event="progress", done=1, total=3, lines=10)
print("a library that prints", flush=True)
say(event="ready", files=3, lines=30, done=3, total=3)
for line in sys.stdin:
    said = json.loads(line)["text"]
    say(event="changed", lines=len(said["text"] or ""), files=len(said["path"]))
"""


def started(tmp_path, script):
    return IndexProcess([sys.executable, "-P", "-c", script], tmp_path)


def wait_for(builder, condition):
    wait_until(lambda: condition(builder.state), lambda: builder.state)
    return builder.state


def test_what_it_says_is_the_state_and_what_it_is_told_arrives(tmp_path):
    builder = started(tmp_path, TALKS)
    try:
        state = wait_for(builder, lambda state: state.state == "ready")
        assert (state.files, state.lines, state.done, state.total) == (3, 30, 3, 3)
        big = "x" * 300_000  # more than a pipe holds
        builder.tell({"a.py": big, "bcd.py": None})
        wait_for(builder, lambda state: (state.files, state.lines) == (6, 0))
    finally:
        builder.close()
    assert builder.state.state == "ready"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('No room on the disk.')", "stopped: No room on the disk."),
        ("raise SystemExit(3)", "stopped: exit code 3."),
        ("""print('{"event": "failed", "message": "The folder cannot be read."}')""", "The folder cannot be read."),
        ("raise ValueError('a bug')", "stopped: ValueError: a bug."),
    ],
)
def test_an_end_that_nobody_asked_for_is_a_failure_in_one_sentence(tmp_path, script, said):
    builder = started(tmp_path, script)
    try:
        state = wait_for(builder, lambda state: state.state == "failed")
        assert said in state.message
        builder.tell({"a.py": "x"})
    finally:
        builder.close()


def test_an_index_that_another_process_keeps_can_be_read(tmp_path):
    script = """print('{"event": "failed", "message": "Another does this.", "code": "index_busy"}')"""
    builder = started(tmp_path, script)
    try:
        wait_for(builder, lambda _state: builder.ended)
        assert wait_for(builder, lambda state: state.state == "ready").message == "Another does this."
    finally:
        builder.close()


def test_one_that_does_not_listen_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.retrieval.index.index_process._END_SECONDS", 0.2)
    builder = started(tmp_path, 'import time\nprint(\'{"event": "ready"}\', flush=True)\nwhile True: time.sleep(60)')
    wait_for(builder, lambda state: state.state == "ready")
    builder.tell({"a.py": "x" * 1_000_000})
    wait_for(builder, lambda _state: not builder._pending)
    builder.close()
    assert builder._process.returncode is not None
    assert not any(thread.is_alive() for thread in builder._threads)
