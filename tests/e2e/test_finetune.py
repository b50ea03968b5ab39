"""The whole of tuning by its real processes, on the tiny model: data, plan, training, four arms, report, adapter."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.config import find_paths
from assistant.engine.tiny import make_tiny_model
from finetune import runs
from finetune.config import DataConfig, RunConfig, TrainConfig, to_json
from finetune.events import EventReader, Step
from tests.support.patience import PATIENCE_S, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

DATA = DataConfig(since="HEAD~4", holes=6, validation_holes=6, library_holes=4)
TRAIN = TrainConfig(steps=8, max_seq_length=512)


def module(number):
    body = "".join(
        f"""

def load_{name}_{number}(session, key):
    \"\"\"Load one {name}.\"\"\"
    found = session.fetch("{name}", key, strict={strict})
    if found is None:
        raise LookupError("no {name} with key %s in part {number}" % key)
    session.remember({name}_{number}=found, limit={number * 7})
    return found
"""
        for name, strict in (("order", True), ("parcel", False), ("voucher", True), ("tariff", False))
    )
    return f'"""Part {number}."""\n{body}'


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)

    git("init", "-q")
    for number in range(14):
        (folder / f"part_{number}.py").write_text(module(number))
        if number >= 9:
            git("add", "-A")
            git("commit", "-q", "-m", f"part {number}")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    place = tmp_path / "home"
    monkeypatch.setenv("GRAFTER_HOME", str(place))
    (place / "models").mkdir(parents=True)
    make_tiny_model(place / "models" / "tiny")
    return find_paths()


def grafter(*arguments, settings=""):
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "finetune", *arguments, "--json"]
    return subprocess.run(command, input=settings, capture_output=True, text=True, check=False)


def learn(repository, name, *options):
    """Learn a repository with few steps, judged by few holes."""
    config = RunConfig(str(repository), "tiny", name, data=DATA, train=TRAIN)
    return grafter("--config", "-", *options, settings=to_json(config))


def test_a_repository_is_learned_judged_and_installed(repository, home):
    done = learn(repository, "shop")
    assert done.returncode == 0, done.stderr + (next(home.runs.iterdir()) / "job.log").read_text()
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events]
    for kind in ("DataReady", "PlanReady", "Step", "ValidationLoss", "Checkpoint", "ArmScore", "Verdict", "Finished"):
        assert kind in kinds, kind
    assert [event["stage"] for event in events if event["event"] == "StageStarted"] == [
        "data",
        "plan",
        "train",
        "evaluate",
    ]
    (run,) = runs.every(home)
    assert run.state == "finished"
    report = json.loads((run.folder / "report.json").read_text())
    assert set(report["arms"]) == {"base", "retrieval", "adapter", "both"}
    assert report["steps"] == 8
    assert report["loss"]["adapter"] < report["loss"]["base"]
    assert report["forgetting"]["n"] == 4
    assert "What tuning on shop came to" in (run.folder / "report.html").read_text()
    adapter = home.adapters / events[-1]["adapter"]
    assert {file.name for file in adapter.iterdir()} >= {
        "adapter.json",
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert json.loads((adapter / "adapter.json").read_text())["enabled"] is report["verdict"]["active"]


def test_a_run_that_was_stopped_and_killed_ends_as_one_that_was_not(repository, home):
    assert learn(repository, "whole").returncode == 0
    (whole,) = runs.every(home)
    started = json.loads(learn(repository, "broken", "--detach").stdout)
    folder = Path(started["folder"])
    _wait(lambda: steps(folder) >= 2 or not runs.is_owned(folder), "two steps")
    assert grafter("--stop", started["run"]).returncode == 0
    _wait(lambda: not runs.is_owned(folder), "the stop")
    first = runs.look(folder).state
    assert first in ("paused", "finished")
    again = json.loads(grafter("--runs").stdout)["runs"]
    assert {row["run"] for row in again} == {whole.name, started["run"]}
    if first == "paused":
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "finetune.job", "--run-dir", str(folder)], start_new_session=True
        )
        before = steps(folder)
        _wait(lambda: steps(folder) > before or process.poll() is not None, "one more step")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert grafter("--resume", started["run"]).returncode == 0
    assert runs.look(folder).state == "finished"
    same = [(each / "best" / "adapter_model.safetensors").read_bytes() for each in (whole.folder, folder)]
    assert same[0] == same[1]


def steps(folder):
    return sum(isinstance(each.event, Step) for each in EventReader(folder).read())


def _wait(done, what):
    wait_until(done, what, 4 * PATIENCE_S)  # training takes longer than what other tests wait for
