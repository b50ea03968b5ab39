"""SIGKILL at any point: the run goes on, and ends with the losses and weights of an unbroken one."""

import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.events import Step, ValidationLoss
from tests.support.patience import PATIENCE_S

STEPS = 40


def _finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=5 * PATIENCE_S)
    assert process.returncode == 0, errors
    return out


def _kill_after(process: subprocess.Popen[str], run: Path, lines: int) -> bool:
    """Kill the process once the run has told ``lines`` more events; return whether it still ran then."""
    path = run / "events.jsonl"
    before = path.read_bytes().count(b"\n") if path.exists() else 0
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") - before >= lines:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return process.returncode == -signal.SIGKILL
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.002)
    process.communicate()
    return False


def _by_step(events: list) -> dict[int, float]:
    """Return the losses by step; where steps were taken again, all have to agree."""
    found: dict[int, float] = {}
    for event in events:
        assert found.setdefault(event.step, event.loss) == event.loss
    return found


def _check(whole: Path, broken: Path, events_of: Callable) -> None:
    for kind in (Step, ValidationLoss):
        assert _by_step(events_of(broken, kind)) == _by_step(events_of(whole, kind))
    for place in (f"checkpoints/step-{STEPS:06d}", "best"):
        ours, theirs = (load_file(run / place / "adapter_model.safetensors") for run in (broken, whole))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs), place
    assert not [path for path in broken.rglob("*") if path.name.endswith((".part", ".gone"))]


def _torture(make_run, start, events_of, kills: int, seed: int) -> None:
    whole, broken = make_run(steps=STEPS, evaluate_every=5), make_run(steps=STEPS, evaluate_every=5)
    _finish(start(whole, "--checkpoint-seconds", "0.01"))
    draw = random.Random(seed)
    killed = 0
    for _ in range(kills * 3):
        if killed == kills:
            break
        # At most as far as a kth of the run, so that all kills find it at work.
        alive = _kill_after(start(broken, "--checkpoint-seconds", "0.01"), broken, draw.randint(0, max(90 // kills, 2)))
        killed += alive
        if not alive:
            break
    assert killed >= kills * 3 // 4, killed
    _finish(start(broken, "--checkpoint-seconds", "0.01"))
    _check(whole, broken, events_of)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_three_kills(make_run, start, events_of) -> None:
    _torture(make_run, start, events_of, 3, 0)


@pytest.mark.torture
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_twenty_kills(make_run, start, events_of) -> None:
    _torture(make_run, start, events_of, 20, int(time.time()))
