"""Children that work in the background leave the processor to the editor and its model."""

import os
import subprocess
import sys

import psutil
import pytest

from assistant.system import background
from assistant.system.background import background_environment, step_back
from tests.support.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def stepping_back(monkeypatch):
    """As in the program; tests/conftest.py switches it off for all others."""
    monkeypatch.setattr(background, "NICENESS", 10)


def test_the_environment_keeps_what_it_had_and_computes_with_few_threads(monkeypatch):
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 8)
    made = background_environment({"PATH": "/bin", "MKL_NUM_THREADS": "6", "OPENBLAS_NUM_THREADS": "1"})
    assert made["PATH"] == "/bin"
    assert (made["OMP_NUM_THREADS"], made["MKL_NUM_THREADS"], made["OPENBLAS_NUM_THREADS"]) == ("4", "4", "1")
    assert made["TOKENIZERS_PARALLELISM"] == "false"


@pytest.mark.parametrize("cores", [None, 1])
def test_at_least_one_thread(monkeypatch, cores):
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: cores)
    assert background_environment({})["OMP_NUM_THREADS"] == "1"


@pytest.mark.skipif(os.name != "posix", reason="niceness")
def test_a_child_runs_below_its_parent():
    code = "import os, sys\nsys.stdin.read()\nprint(os.nice(0))\n"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        step_back(child.pid)
        said, _ = child.communicate(b"", timeout=PATIENCE_S)
    assert int(said) == max(10, os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.skipif(os.name != "posix", reason="niceness")
def test_a_child_that_is_further_back_stays_there():
    code = "import os, sys\nos.nice(17)\nprint(flush=True)\nsys.stdin.read()\nprint(os.nice(0))\n"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        step_back(child.pid)
        said, _ = child.communicate(b"", timeout=PATIENCE_S)
    assert int(said) >= 17


def test_a_child_that_has_ended_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(PATIENCE_S)
    step_back(child.pid)
