import subprocess

import pytest

from assistant.models import machine
from assistant.models.machine import Machine, judge
from assistant.models.processor import find_processor
from assistant.system.disk import human_bytes

GB = 10**9


@pytest.mark.parametrize(
    ("here", "need", "active", "fits", "part"),
    [
        (Machine(16 * GB), 2 * GB, 500_000_000, "yes", "this machine has 16.0 GB"),
        (Machine(16 * GB), 12 * GB, 500_000_000, "slow", "leaves little for other programs"),
        (Machine(16 * GB), 8 * GB, 3 * GB, "slow", "without a graphics card"),
        (Machine(16 * GB), 15 * GB, GB, "no", "Needs 15.0 GB of memory and this machine has 16.0 GB"),
        (Machine(16 * GB, 24 * GB, "A card"), 20 * GB, 9 * GB, "yes", "A card has 24.0 GB"),
        (Machine(16 * GB, 4 * GB, "A card"), 2 * GB, 9 * GB, "yes", "A card"),
        (Machine(16 * GB, unified=True), 8 * GB, 3 * GB, "yes", "16.0 GB"),
        (Machine(16 * GB, float32=True), 8 * GB, GB, "no", "Needs 16.0 GB"),
        (Machine(16 * GB, 24 * GB, "A card", float32=True), 8 * GB, GB, "yes", "Needs 8.0 GB; A card"),
    ],
)
def test_what_fits(here, need, active, fits, part):
    answer, reason = judge(here, need, active)
    assert answer == fits
    assert part in reason


def test_the_largest_graphics_card_counts(monkeypatch):
    monkeypatch.setattr(machine, "find_program", lambda _: "/usr/bin/nvidia-smi")
    done = subprocess.CompletedProcess([], 0, stdout="8192, Small\n24576, NVIDIA GeForce RTX 4090\n")
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: done)
    found = machine.find_machine()
    assert (found.gpu_memory, found.gpu_name) == (24576 * 1024 * 1024, "NVIDIA GeForce RTX 4090")


@pytest.mark.parametrize(
    "failure",
    [
        subprocess.TimeoutExpired("nvidia-smi", 2),
        subprocess.CalledProcessError(9, "nvidia-smi"),
        OSError("no"),
        None,
    ],
)
def test_a_driver_that_does_not_answer_is_no_card(monkeypatch, failure):
    def run(*_, timeout, **__):
        assert timeout == 2
        if failure:
            raise failure
        return subprocess.CompletedProcess([], 0, stdout="[N/A], broken\n")

    monkeypatch.setattr(machine, "find_program", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", run)
    assert machine.find_machine().gpu_memory == 0


def test_processors(tmp_path):
    x86 = tmp_path / "x86"
    x86.write_text("processor : 0\nmodel name : A Xeon\nflags : fpu avx2 avx512f amx_bf16\n\nprocessor : 1\n")
    found = find_processor(x86)
    assert (found.name, found.features, found.bfloat16) == ("A Xeon", ("avx2", "avx512f", "amx_bf16"), True)
    old = tmp_path / "old"
    old.write_text("model name : An old one\nflags : fpu avx2\n")
    assert not find_processor(old).bfloat16
    assert find_processor(tmp_path / "nothing").cores >= 1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_600, "1 MB"),
        (491_400_064, "491 MB"),
        (1.5e9, "1.5 GB"),
        (6e13, "60000.0 GB"),
    ],
)
def test_sizes_for_people(count, text):
    assert human_bytes(count) == text
