"""Which process it is, whether it lives, and how it ends; whatever the clock does."""

import ctypes
import os
import struct
import subprocess
import sys
import threading
import time

import psutil
import pytest

from assistant.system import processes
from assistant.system.processes import (
    Identity,
    apart,
    end_all,
    end_gently,
    end_group,
    how_it_ended,
    identity_of,
    lives,
    parent_of_this,
    watch,
)
from tests.support.patience import PATIENCE_S, wait_until

posix = pytest.mark.skipif(os.name != "posix", reason="signals and groups are POSIX's")
WAITS = [sys.executable, "-c", "input()"]


@pytest.fixture
def child():
    process = subprocess.Popen(WAITS, stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_process_is_known_by_more_than_its_id(child):
    me, other = identity_of(), identity_of(child.pid)
    assert me.pid == os.getpid()
    assert me.mark
    assert me == identity_of(os.getpid())
    assert me.mark != other.mark or not sys.platform.startswith("linux")
    assert lives(me)
    assert lives(other)
    assert not lives(Identity(me.pid, me.mark + "1"))
    assert Identity.parse(str(me)) == me


def test_a_process_that_ended_lives_no_more_even_while_nobody_asked_how(child):
    known = identity_of(child.pid)
    child.kill()
    wait_until(lambda: not lives(known))
    assert child.returncode is None, "a zombie"
    child.wait()
    assert not lives(known)
    assert identity_of(child.pid) is None


@pytest.mark.parametrize("step", [5, -5, 3600, -86_400])
def test_a_step_of_the_clock_changes_nothing(child, monkeypatch, step):
    before = identity_of(child.pid)
    now, boot, made = time.time(), psutil.boot_time(), psutil.Process.create_time
    monkeypatch.setattr(time, "time", lambda: now + step)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + step)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: made(self) + step)
    if sys.platform.startswith("linux"):  # elsewhere the system itself keeps what psutil reads
        assert identity_of(child.pid) == before
        assert lives(before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_a_name_with_brackets_and_blanks_is_read(tmp_path, monkeypatch):
    (tmp_path / "7").mkdir()
    rest = " ".join(["S", *map(str, range(1, 19)), "4242", "0", "0"])
    (tmp_path / "7" / "stat").write_bytes(b"7 (a) Z 1 (\xff b)) " + rest.encode())
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert identity_of(7).mark.endswith("/4242")
    (tmp_path / "7" / "stat").write_bytes(b"7 (a) " + rest.replace("S", "Z").encode())
    assert identity_of(7) is None


@pytest.mark.parametrize("pid", [-1, 10**30, "1; x"])
def test_an_impossible_id_is_nobodys(pid):
    assert identity_of(pid) is None
    assert not lives(Identity(pid))


@pytest.mark.parametrize("text", ["", "x", "x y", " "])
def test_what_is_no_identity_is_refused(text):
    with pytest.raises(ValueError, match="invalid literal"):
        Identity.parse(text)


def test_a_time_that_an_older_program_wrote_down_is_no_mark():
    assert Identity.parse("12 1712345678.25") == Identity(12)
    assert lives(Identity.parse(f"{os.getpid()} 1712345678.25"))


def test_the_end_of_a_process_is_told_once(child):
    told = []
    ended = threading.Event()
    watch(identity_of(child.pid), lambda: (told.append(threading.current_thread().name), ended.set()), 0.01)
    assert not ended.is_set()
    child.kill()
    assert ended.wait(PATIENCE_S)
    assert told == ["parent-watch"]


def test_the_parent_is_found():
    assert parent_of_this() == identity_of(os.getppid())
    assert parent_of_this(os.getpid()) == identity_of()
    code = "from assistant.system.processes import parent_of_this as p; print(p())"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert Identity.parse(done.stdout) == identity_of()


def test_a_tree_is_ended_from_its_root():
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1); print(p.pid, flush=True); p.wait()"
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    second = identity_of(int(first.stdout.readline()))
    assert lives(second)
    known = identity_of(first.pid)
    end_all(known)
    assert not lives(known)
    wait_until(lambda: not lives(second))
    first.communicate()
    end_all(known)  # a second time does nothing


def test_another_process_with_the_id_is_not_ended(child):
    end_all(Identity(child.pid, identity_of(child.pid).mark + "1"))
    assert child.poll() is None


@posix
def test_a_group_is_ended_and_is_not_ours():
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1); print(p.pid, flush=True); p.wait()"
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, **apart())
    second = identity_of(int(first.stdout.readline()))
    assert os.getpgid(first.pid) == first.pid != os.getpgid(0)
    end_group(first)
    first.communicate()
    wait_until(lambda: not lives(second))
    end_group(first)


@posix
def test_who_does_not_end_when_asked_is_killed():
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", stubborn], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    end_gently(process, 0.2)
    assert process.returncode == -9
    process.communicate()


@posix
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "ended unexpectedly (status 1)"),
        (0, "ended unexpectedly (status 0)"),
        (-11, "ended unexpectedly (status -11)"),
        (-9, "was killed, perhaps because memory ran out"),
        (137, "was killed, perhaps because memory ran out"),
    ],
)
def test_an_end_is_said_in_words(code, said):
    assert how_it_ended(code) == said


def test_what_macs_kernel_tells_of_a_start_is_read_at_its_place(monkeypatch):
    # <sys/proc_info.h>, struct proc_bsdinfo: 5 and 6 and 1 numbers, two names, 6 numbers, seconds and microseconds.
    told = struct.pack("=5I6II16s32s5IiQQ", *range(12), b"name", b"longer name", *range(5), -1, 1_700_000_000, 42)

    class Library:
        def __init__(self, name):
            assert name == "/usr/lib/libproc.dylib"

        @staticmethod
        def proc_pidinfo(pid, flavour, _argument, buffer, size):
            assert (pid, flavour, size) == (7, 3, len(told))
            buffer[:size] = told
            return size

    monkeypatch.setattr(ctypes, "CDLL", Library)
    assert processes._mark_on_mac(7) == "mac/1700000000.000042"
    monkeypatch.setattr(Library, "proc_pidinfo", lambda *_: 0)
    with pytest.raises(PermissionError):
        processes._mark_on_mac(7)
