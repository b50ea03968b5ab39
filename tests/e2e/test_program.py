"""``grafter PATH`` as a person starts it: its own process, its own service, and both end together."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.e2e


@pytest.fixture
def program(grafter_home, tmp_path):
    """Start the real program on an empty folder; kill it at the end."""
    command = [sys.executable, "-P", "-m", "app", "--startup-report", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE_S)


def service_of(process: subprocess.Popen) -> psutil.Process:
    """Wait for the service that the program starts."""
    parent = psutil.Process(process.pid)
    while True:
        assert process.poll() is None, process.stderr.read()
        for child in parent.children():
            if "serve" in child.cmdline():
                return child


def test_the_window_shows_and_its_service_ends_with_it(program):
    report = json.loads(program.stdout.readline())
    assert report["event"] == "shown"
    assert 0 < report["ms"] < 30_000
    service = service_of(program)
    assert "-P" in service.cmdline()
    program.kill()  # no chance to tidy up
    service.wait(timeout=10)


def test_a_path_that_cannot_be_is_one_sentence(tmp_path):
    command = [sys.executable, "-P", "-m", "app", str(tmp_path / "no" / "such" / "folder")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_without_a_display_there_is_one_message_and_no_traceback(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can lack a display")
    without = {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"}
    env = {key: value for key, value in os.environ.items() if key not in without}
    command = [sys.executable, "-P", "-m", "app", str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert "DISPLAY" in done.stderr
    assert "Traceback" not in done.stderr
