"""The real program with a tiny model: it loads behind the ready line, and never imports from the folder it runs in."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.client.http import ServiceClient, find_service, parse_ready_line
from assistant.config import find_paths
from assistant.types import Chat, CompleteRequest, Delta, Finished, Message, Started
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="signals")]


@pytest.fixture(scope="module")
def tiny_home(tmp_path_factory):
    """A GRAFTER_HOME with one tiny model."""
    from assistant.weights.tiny import make_tiny_model

    home = tmp_path_factory.mktemp("tiny-home")
    make_tiny_model(home / "models" / "tiny")
    return home


@pytest.fixture
def serving(tiny_home, monkeypatch, tmp_path):
    """Start the service in a workspace that has packages named like ours; return its process and a client."""
    monkeypatch.setenv("GRAFTER_HOME", str(tiny_home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("app", "assistant", "torch", "uvicorn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            f"open({str(tmp_path / 'imported')!r}, 'w').close()\nraise SystemExit(9)\n"
        )
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--model", "tiny", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    line = process.stdout.readline()
    assert line, process.stderr.read()
    ready = parse_ready_line(line)
    client = ServiceClient(ready.url, Path(ready.token_file).read_text())
    with client:
        yield process, client, tmp_path
    process.kill()
    process.communicate()


def test_it_answers_while_it_loads_and_then_completes(serving, tiny_home):
    process, client, workspace = serving
    assert client.health().state == "loading"
    # Asked before the model is there: the request waits.
    events = list(client.complete(CompleteRequest("r", "def add(a, b):\n    ", 19, max_tokens=8, trigger="manual")))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert events[-1].model == "tiny"
    health = client.health()
    assert (health.state, health.model, health.device) == ("ready", "tiny", "cpu")
    chat = list(client.chat(Chat((Message("user", "hi"),)).messages, 6))
    assert isinstance(chat[-1], Finished)
    assert chat[-1].generated_tokens <= 6
    assert "".join(event.text for event in chat if isinstance(event, Delta)) == chat[-1].choices[0].text
    with find_service(find_paths(), "tiny") as found:
        assert found.health().state == "ready"
    assert find_service(find_paths(), "another") is None
    assert not (workspace / "imported").exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert list((tiny_home / "run").iterdir()) == []


def test_it_ends_at_once_while_it_loads(serving, tiny_home):
    process, _, _ = serving
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert list((tiny_home / "run").iterdir()) == []


def test_it_ends_while_it_writes(serving, tiny_home):
    process, client, _ = serving
    events = client.complete(CompleteRequest("r", "x", 1, max_tokens=1500, trigger="manual"))
    next(events)
    process.send_signal(signal.SIGTERM)
    last = list(events)[-1]
    assert type(last).__name__ in ("Failed", "Finished")
    assert process.wait(PATIENCE_S) == 0
