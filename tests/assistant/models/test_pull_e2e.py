"""The real command and the real converter, on a tiny model that a stand-in of the hub serves."""

import json
import os
import signal
import subprocess
import sys

import pytest

from assistant.models.store import Store
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.e2e

MODEL = "qwen2.5-coder-0.5b"
COMMAND = [sys.executable, "-P", "-m", "assistant.cli.main", "models"]


@pytest.fixture
def tiny_hub(hub, tmp_path):
    from assistant.weights.tiny import make_tiny_model

    folder = make_tiny_model(tmp_path / "tiny")
    hub.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "model.json"}
    return hub


@pytest.fixture
def environment(tiny_hub, grafter_home):
    return {**os.environ, "HF_ENDPOINT": tiny_hub.endpoint, "OMP_NUM_THREADS": "1", "NO_PROXY": "127.0.0.1"}


def test_a_pull_that_is_ended_is_resumed_and_installs_a_model_that_verifies(
    tiny_hub, environment, grafter_home, store, tmp_path
):
    size = len(tiny_hub.files["model.safetensors"])
    tiny_hub.delay_s = 0.3
    command = [*COMMAND, "pull", MODEL, "--source", "hub", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        texts = sum(len(data) for name, data in tiny_hub.files.items() if name != "model.safetensors")
        for line in process.stdout:
            if json.loads(line)["done"] > texts:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 143
    home = Store(_paths(grafter_home))
    assert home.installed() == []
    (part,) = (grafter_home / "cache" / "downloads").rglob("model.safetensors.part")
    have = part.stat().st_size
    assert 0 < have < size

    tiny_hub.delay_s = 0
    tiny_hub.ranges.clear()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"event": "done", "id": MODEL, "path": str(home.path(MODEL))}
    assert ("model.safetensors", f"bytes={have}-") in tiny_hub.ranges
    assert not any(name != "model.safetensors" for name, _ in tiny_hub.ranges)
    model = home.get(MODEL)
    assert (model.family, model.context_length) == ("qwen2.5-coder", 2048)
    assert home.verify(MODEL) == []
    assert not list((grafter_home / "cache" / "downloads").rglob("*.safetensors*"))


def test_a_damaged_source_is_one_sentence(tiny_hub, environment):
    tiny_hub.files["model.safetensors"] = b"not safetensors at all"
    command = [*COMMAND, "pull", MODEL, "--source", "hub"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("grafter: ")
    assert "Traceback" not in done.stderr


def test_adding_a_local_folder(tiny_hub, environment, grafter_home, tmp_path):
    folder = tmp_path / "tiny"
    command = [*COMMAND, "add", str(folder), "--name", "Mine", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    model = Store(_paths(grafter_home)).get("mine")
    assert (model.family, model.source.detail) == ("qwen2.5-coder", str(folder))


def _paths(home):
    from assistant.config import Paths

    return Paths(home, home, home / "cache", home / "run")
