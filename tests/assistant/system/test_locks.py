"""Locks between processes."""

import errno
import subprocess
import sys
import threading

import pytest

from assistant.system import locks
from assistant.system.locks import exclusive
from tests.support.patience import PATIENCE_S

BUSY = RuntimeError("busy")


def test_one_at_a_time_and_free_when_its_holder_is_killed(tmp_path):
    place = tmp_path / "deep" / "lock"
    code = (
        "import sys\nfrom pathlib import Path\nfrom assistant.system.locks import exclusive\n"
        "with exclusive(Path(sys.argv[1]), RuntimeError()):\n    print('held', flush=True)\n    input()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(RuntimeError, match="busy"), exclusive(place, BUSY):
        pass
    holder.kill()
    holder.communicate()
    with exclusive(place, BUSY):
        pass


def test_who_waits_gets_it_when_it_is_free(tmp_path):
    order = []
    held, go = threading.Event(), threading.Event()

    def hold():
        with exclusive(tmp_path / "lock", BUSY):
            held.set()
            go.wait(PATIENCE_S)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(PATIENCE_S)
    threading.Timer(0.1, go.set).start()
    with exclusive(tmp_path / "lock", BUSY, wait_s=PATIENCE_S):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_a_disk_without_locks_is_used_without(tmp_path, monkeypatch):
    def none_here(_handle, _what):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", none_here)
    with exclusive(tmp_path / "lock", BUSY):
        pass
