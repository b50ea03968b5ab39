"""What model-written code may and may not do, tried for real in a child process."""

import os
import subprocess
import sys
import threading

import psutil
import pytest

from assistant.measure.evaluate.sandbox import Limits, Sandbox
from tests.support.patience import PATIENCE_S, wait_until

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such limits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux does this")


@pytest.fixture(scope="module")
def sandbox():
    return Sandbox(Limits(seconds=10))


@pytest.mark.parametrize(
    "program",
    [
        "assert 1 + 1 == 2",
        "import asyncio\nasync def f(): return 3\nassert asyncio.run(f()) == 3",
        "import threading\nt = threading.Thread(target=lambda: None); t.start(); t.join()",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int'\nassert A(1) == A(1)",
        "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    open(d + '/x', 'w').write('x')",
        "import os\nopen('a', 'w').write('x'); os.mkdir('b'); os.rename('a', 'b/a'); os.remove('b/a'); os.rmdir('b')",
        "import os\nassert os.getcwd() == os.path.realpath(os.path.expanduser('~'))",
        "def f(x: int): pass\nassert f.__annotations__ == {'x': int}",
        "if __name__ == '__main__':\n    raise SystemExit",
        "import threading, time\nthreading.Thread(target=lambda: time.sleep(60)).start()",
    ],
)
def test_honest_programs_pass(sandbox, program):
    assert sandbox.run(program).verdict == "passed", sandbox.run(program)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("assert 1 + 1 == 3, 'no'", "AssertionError: no"),
        ("x = (", "SyntaxError"),
        ("'\\ud800'.encode()", "UnicodeEncodeError"),
        ("x = '\ud800'", "UnicodeEncodeError"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("input()", "EOFError"),
        ("import assistant", "ModuleNotFoundError"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "ended before its last line"),
        ("raise ValueError('x' * 10_000_000)", "ValueError: xxx"),
    ],
)
def test_a_failure_says_what_it_was(sandbox, program, said):
    result = sandbox.run(program)
    assert result.verdict == "failed"
    assert result.detail.startswith(said)
    assert len(result.detail) <= 300


@pytest.mark.parametrize(
    "program",
    [
        "import sys\nsys.exit(0)",
        "raise SystemExit",
        "import os\nos._exit(0)",
        "import sys, os\nsys.stdout.write('ok'); sys.stdout.flush(); os._exit(0)",
        "import sys\nsys.exit = lambda *_: None\nraise KeyboardInterrupt",
    ],
)
def test_leaving_before_the_last_line_is_no_pass(sandbox, program):
    assert sandbox.run(f"{program}\nassert False").verdict == "failed"


def test_an_endless_loop_is_stopped():
    assert Sandbox(Limits(seconds=1)).run("while True: pass").verdict == "timeout"
    assert Sandbox(Limits(seconds=1)).run("import time\ntime.sleep(60)").verdict == "timeout"


@posix
@pytest.mark.parametrize("program", ["x = bytearray(10**12)", "x = []\nwhile True: x.append(bytearray(10**7))"])
def test_a_memory_bomb_gets_no_memory(sandbox, program):
    result = sandbox.run(program)
    assert result.verdict == "failed"
    assert sys.platform != "linux" or result.detail == "MemoryError"


@posix
def test_files_have_a_largest_size(sandbox):
    result = sandbox.run("with open('a', 'wb') as f:\n    for _ in range(100): f.write(bytes(10**6))")
    assert (result.verdict, "too large" in result.detail) == ("failed", True)


def test_output_goes_nowhere_however_much_it_is(sandbox, capfd):
    program = "import os, sys\nfor _ in range(2000): os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)\nprint('z')"
    assert sandbox.run(program).verdict == "passed"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "program",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])",
        "import os\nos.system('true')",
        "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', ''])",
        "import multiprocessing\np = multiprocessing.get_context('spawn').Process(target=print); p.start(); p.join()",
        "import os\nos.kill(os.getppid(), 9)",
    ],
)
@posix
def test_no_processes_are_started_or_killed(sandbox, program):
    result = sandbox.run(program)
    assert (result.verdict, result.detail.split(":")[0]) == ("failed", "PermissionError")


@posix
def test_what_gets_past_the_hook_dies_with_the_group():
    marker = f"grafter-{os.getpid()}"
    program = (
        "import ctypes, sys, time\n"
        f"name = ctypes.create_string_buffer(b'{marker[:15]}')\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.prctl(15, name)\n"
        "libc.fork()\n"
        "time.sleep(60)"
    )
    seen = []
    watched = threading.Event()

    def watch():
        while not watched.wait(0.02):
            seen.append(named(marker[:15]))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        assert Sandbox(Limits(seconds=2)).run(program).verdict == "timeout"
    finally:
        watched.set()
        thread.join()
    if sys.platform == "linux":
        assert max(map(len, seen)) == 2, "the program had no second process: nothing was tested"
    wait_until(lambda: named(marker[:15]) == [])


def named(name):
    rows = psutil.process_iter(["pid", "name", "status"])
    return [row.pid for row in rows if row.info["name"] == name and row.info["status"] != psutil.STATUS_ZOMBIE]


@linux
def test_a_program_does_not_outlive_a_killed_parent_for_long(tmp_path):
    name = f"orphan-{os.getpid()}"[:15]
    waits = f"import ctypes, time\nctypes.CDLL(None).prctl(15, ctypes.create_string_buffer(b'{name}'))\ntime.sleep(60)"
    code = f"from assistant.measure.evaluate.sandbox import Limits, Sandbox\nSandbox(Limits(seconds=2)).run({waits!r})"
    parent = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    wait_until(lambda: named(name))
    parent.kill()
    parent.wait()
    assert named(name)
    wait_until(lambda: not named(name))


@linux
def test_the_number_of_processes_is_limited(sandbox):
    program = (
        "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_NPROC)\nassert 256 <= soft < 100_000, soft"
    )
    assert sandbox.run(program).verdict == "passed"


@pytest.mark.parametrize(
    "program",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)",
        "import _socket\n_socket.socket().connect(('127.0.0.1', {port}))",
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
        "import socket\nsocket.getaddrinfo('localhost', 80)",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}')",
    ],
)
def test_there_is_no_network(sandbox, program):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        assert sandbox.run(program.format(port=server.getsockname()[1])).verdict == "failed"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_files_outside_of_its_folder_stay(sandbox, tmp_path):
    (tmp_path / "kept").write_text("old")
    path = repr(str(tmp_path))
    for line in (
        f"open({path} + '/kept', 'w')",
        f"open({path} + '/kept', 'a')",
        f"os.open({path} + '/new', os.O_CREAT | os.O_WRONLY)",
        f"os.remove({path} + '/kept')",
        f"os.rename({path} + '/kept', 'mine')",
        f"os.truncate({path} + '/kept', 0)",
        f"shutil.rmtree({path})",
        f"os.symlink({path}, 'link'); open('link/new', 'w')",
        f"os.mkdir({path} + '/new')",
        f"import pathlib; (pathlib.Path({path}) / 'kept').write_text('new')",
    ):
        result = sandbox.run(f"import os, shutil\n{line}")
        assert (result.verdict, result.detail.split(":")[0]) == ("failed", "PermissionError"), line
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"kept": "old"}
    assert sandbox.run(f"assert open({path} + '/kept').read() == 'old'").verdict == "passed", "reading is not prevented"


def test_the_environment_is_empty_but_for_its_folder(sandbox, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    assert sandbox.run("import os\nassert 'SECRET_KEY' not in os.environ, 1\nassert __debug__").verdict == "passed"
    assert sandbox.run("assert False").verdict == "failed"


def test_the_order_of_sets_is_the_same_twice(sandbox):
    details = {sandbox.run("raise ValueError(list({'a', 'b', 'c', 'd', 'e', 'f'}))").detail for _ in range(3)}
    assert len(details) == 1


def test_stopping_ends_the_program_that_runs_and_keeps_later_ones_from_starting():
    sandbox = Sandbox(Limits(seconds=10_000))
    results = []
    thread = threading.Thread(target=lambda: results.append(sandbox.run("import time\ntime.sleep(10_000)")))
    thread.start()
    wait_until(lambda: sandbox._process is not None)
    sandbox.stop()
    thread.join(PATIENCE_S)
    assert results[0].verdict == "failed"
    assert sandbox.run("pass").detail == "stopped"
