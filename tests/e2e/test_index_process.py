"""The real index process: ready, files, unsaved text, the end of its parent."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from assistant.config import find_paths
from assistant.retrieval.index.place import index_file
from assistant.retrieval.index.reader import IndexReader
from tests.support.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-P", "-m", "assistant.retrieval.index.build"]


def said(process: subprocess.Popen, event: str) -> dict:
    assert process.stdout is not None
    for line in process.stdout:
        if (found := json.loads(line))["event"] == event:
            return found
    pytest.fail(f"it ended without {event}")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text("def saved(): pass\n")
    (folder / "sub" / "b.py").write_text("class B: pass\n")
    return folder


def start(workspace: Path) -> subprocess.Popen:
    return subprocess.Popen([*COMMAND, str(workspace)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_process_builds_follows_files_takes_unsaved_text_and_ends_when_told(workspace):
    with start(workspace) as process:
        assert process.stdin is not None
        ready = said(process, "ready")
        assert (ready["files"], ready["lines"]) == (2, 2)
        if hasattr(psutil.Process(), "ionice"):
            assert psutil.Process(process.pid).nice() > 0
        with contextlib.closing(IndexReader(index_file(find_paths(), workspace))) as reader:
            (workspace / "sub").rename(workspace / "moved")
            said(process, "changed")
            assert reader.symbols_of("moved/b.py")
            process.stdin.write(json.dumps({"text": {"path": "a.py", "text": "def unsaved(): pass\n"}}) + "\n")
            process.stdin.flush()
            said(process, "changed")
            assert reader.definitions(["unsaved"], 1)
            second = subprocess.run(
                [*COMMAND, str(workspace)], input="", check=False, capture_output=True, text=True, timeout=PATIENCE_S
            )
            assert second.returncode == 1
            assert json.loads(second.stdout.splitlines()[-1])["code"] == "index_busy"
            process.stdin.write('{"stop": true}\n')
            process.stdin.flush()
            assert process.wait(PATIENCE_S) == 0
            assert reader.definitions(["saved"], 1)
            assert not reader.definitions(["unsaved"], 1)


def test_it_ends_when_nobody_can_speak_to_it_any_more(workspace):
    with start(workspace) as process:
        said(process, "ready")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a killed parent's handles close there")
def test_it_ends_with_its_parent_even_where_its_stdin_stays_open(workspace):
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({[*COMMAND, str(workspace)]!r}, stdin=sys.stdin, stdout=sys.stdout)\n"
        "print(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        child = psutil.Process(int(first if first.strip().isdigit() else second))
        process.kill()
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_killed_process_leaves_an_index_that_the_next_one_mends(workspace):
    with start(workspace) as process:
        said(process, "ready")
        assert process.stdin is not None
        process.stdin.write(json.dumps({"text": {"path": "a.py", "text": "def unsaved(): pass\n"}}) + "\n")
        process.stdin.flush()
        said(process, "changed")
        process.kill()
    with start(workspace) as process:
        assert said(process, "ready")["read"] == 1
        with contextlib.closing(IndexReader(index_file(find_paths(), workspace))) as reader:
            assert reader.definitions(["saved"], 1)
            assert not reader.definitions(["unsaved"], 1)
        process.terminate()
