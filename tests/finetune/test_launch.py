"""The job starts apart from who starts it, and what anything in it writes is the owner's alone."""

import os
import stat
import subprocess
import sys

import pytest

from finetune import launch
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and sessions are POSIX's")


@pytest.mark.parametrize("start", [launch.start_job, launch.start_detached])
def test_a_job_is_apart_and_its_files_private(no_umask, open_places, tmp_path, monkeypatch, start):
    run = tmp_path / "run"
    run.mkdir(0o700)
    code = "import os; open('made', 'w').close(); os.mkdir('folder'); print('session', os.getsid(0) == os.getpid())"
    monkeypatch.setattr(launch, "job_command", lambda _run: [sys.executable, "-c", code])
    monkeypatch.chdir(run)
    started: list[subprocess.Popen] = []
    plain = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *args, **options: started.append(plain(*args, **options)) or started[0]
    )
    start(run)
    assert started[0].wait(PATIENCE_S) == 0
    assert (run / launch.LOG).read_text() == "session True\n"
    assert {path.name for path in run.iterdir()} == {"made", "folder", launch.LOG}
    assert open_places(run) == {}
    assert stat.S_IMODE((run / "folder").stat().st_mode) == 0o700
