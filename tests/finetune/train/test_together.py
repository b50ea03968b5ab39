"""Several processes on this processor learn what one does, and stop together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from finetune import runs
from finetune.config import TrainConfig, read_config
from finetune.events import Checkpoint, Failed, HeldOut, Paused, Step
from finetune.launch import train_command
from finetune.train.__main__ import main
from tests.support.patience import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[3]


def train(run: Path) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = train_command(run, read_config(run).train)
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=5 * PATIENCE_S, check=False)


def test_one_process_needs_no_launcher(tmp_path) -> None:
    assert train_command(tmp_path, TrainConfig())[1:4] == ["-P", "-m", "finetune.train"]
    assert "fsdp" in train_command(tmp_path, TrainConfig(processes=2, strategy="fsdp"))


def test_zero_is_refused_by_one_process(make_run, events_of) -> None:
    run = make_run(processes=2, strategy="zero2")
    assert main(["--run-dir", str(run)]) == 2
    assert "fsdp" in events_of(run, Failed)[-1].sentence


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_are_as_one_with_twice_the_rows(make_run, events_of, strategy: str) -> None:
    two = make_run(steps=6, evaluate_every=3, processes=2, strategy=strategy)
    one = make_run(steps=6, evaluate_every=3, accumulate=2)
    done = train(two)
    assert done.returncode == 0, done.stderr
    assert train(one).returncode == 0
    for kind in (Step, HeldOut):
        ours, theirs = ([event.loss for event in events_of(run, kind)] for run in (two, one))
        assert ours == pytest.approx(theirs, rel=1e-5)
    assert [s.tokens for s in events_of(two, Step)] == [s.tokens for s in events_of(one, Step)]
    ours, theirs = (load_file(run / "best" / "adapter_model.safetensors") for run in (two, one))
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_a_stop_file_ends_all_with_one_checkpoint(make_run, events_of) -> None:
    run = make_run(steps=3000, evaluate_every=1000, processes=2)
    variables = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(train_command(run, read_config(run).train), env=variables)
    while process.poll() is None and len(events_of(run, Step)) < 3:
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    runs.ask_to_stop(run)
    assert process.wait(100) == 3
    assert [c.step for c in events_of(run, Checkpoint)] == [p.step for p in events_of(run, Paused)]
    (kept,) = (run / "checkpoints").iterdir()
    assert json.loads((kept / "state.json").read_text())["step"] == events_of(run, Step)[-1].step


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_trains_ends_with_what_started_it(make_run, events_of, processes: int) -> None:
    run = make_run(steps=100_000, evaluate_every=100_000, processes=processes)
    command = train_command(run, read_config(run).train)
    text = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(1000)"
    variables = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", text], env=variables) as job:
        wait_until(lambda: len(events_of(run, Step)) > 2)
        family = psutil.Process(job.pid).children(recursive=True)
        job.kill()
    assert len(family) >= processes
    _, left = psutil.wait_procs(family, timeout=PATIENCE_S)
    for process in left:
        process.kill()
    assert not left


@pytest.mark.slow
def test_bad_input_is_said_once(make_run, events_of) -> None:
    run = make_run(processes=2)
    (run / "data" / "train.safetensors").unlink()
    assert train(run).returncode == 2
    assert len(events_of(run, Failed)) == 1


def test_nothing_is_started_without_an_interpreter_that_is_safe() -> None:
    from finetune.train.together import environment, launch_command

    assert environment()["PYTHONSAFEPATH"] == "1"
    assert launch_command(Path("r"), 2, "ddp", [])[:2] == [sys.executable, "-P"]
