"""The service as a process: its first line, its files, and every way in which it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assistant.client.http import ServiceClient, find_service, parse_ready_line
from assistant.client.registry import record_path, running_services, token_path
from assistant.config import find_paths
from assistant.errors import InputError
from assistant.server.process import bind, find_parent, make_token
from tests.support.patience import PATIENCE_S

posix = pytest.mark.skipif(os.name != "posix", reason="signals and file modes")


class Serving:
    """A real ``grafter serve``."""

    def __init__(self, *options, cwd=None, env=None):
        command = [sys.executable, "-P", "-m", "assistant.cli.main", "serve", *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
        self.line = self.process.stdout.readline()
        assert self.line, self.process.stderr.read()
        self.ready = parse_ready_line(self.line)

    def client(self):
        return ServiceClient(self.ready.url, Path(self.ready.token_file).read_text())

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def start():
    running = []

    def make(*options, **places):
        running.append(Serving(*options, **places))
        return running[-1]

    yield make
    for serving in running:
        serving.process.kill()
        serving.process.communicate()


def test_the_token_is_new_each_time_and_in_a_private_file():
    paths = find_paths()
    first, second = make_token(paths), make_token(paths)
    assert first.value != second.value
    assert len(first.value) >= 43  # 32 bytes in base64
    assert second.file.read_text() == second.value
    if os.name == "posix":
        assert stat.S_IMODE(second.file.stat().st_mode) == 0o600
        assert stat.S_IMODE(paths.runtime.stat().st_mode) == 0o700


def test_a_token_file_is_made_once_and_kept(tmp_path):
    file = tmp_path / "key"
    first = make_token(find_paths(), file=file)
    assert make_token(find_paths(), file=file) == first
    assert len(first.value) >= 43
    file.write_text("my-own-key-of-this-machine\n")
    assert make_token(find_paths(), file=file).value == "my-own-key-of-this-machine"


@posix
def test_a_token_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "key"
    file.write_text("x" * 40)
    file.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        make_token(find_paths(), file=file)


@pytest.mark.parametrize("token", ["", "short", "x" * 20 + " y", "x" * 20 + "é", "x" * 20 + "\n"])
def test_a_weak_or_impossible_token_is_refused(token, tmp_path):
    with pytest.raises(InputError, match="GRAFTER_TOKEN must be 16 or more"):
        make_token(find_paths(), given=token)
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text("short")
    with pytest.raises(InputError, match="must be 16 or more"):
        make_token(find_paths(), file=file)


def test_a_token_file_that_cannot_be_is_said(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "folder"):
        if os.name == "posix":
            path.chmod(0o700) if path.exists() else None
        with pytest.raises(InputError, match="cannot be used"):
            make_token(find_paths(), file=path)
    binary = tmp_path / "binary"
    binary.touch(0o600)
    binary.write_bytes(b"\xff" * 40)
    with pytest.raises(InputError, match="is not text"):
        make_token(find_paths(), file=binary)


def test_a_folder_as_token_file_is_refused_before_its_mode_is(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(InputError, match="cannot be used: it is not a file"):
        make_token(find_paths(), file=tmp_path)


def test_the_socket_is_on_loopback_and_a_taken_port_is_said():
    with bind(0) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        with pytest.raises(InputError, match=f"Port {port} is in use"):
            bind(port)


def test_a_parent_that_is_not_there_is_said():
    with pytest.raises(InputError, match="no process"):
        find_parent(2**30)
    assert find_parent(None).pid == os.getppid()


# --- the real program, without a model -----------------------------------------------------


@pytest.mark.e2e
def test_it_says_ready_serves_and_leaves_nothing(start):
    serving = start()
    assert set(json.loads(serving.line)) == {"event", "url", "token_file"}
    paths = find_paths()
    record = running_services(paths)[0]
    assert (record.pid, record.url, record.model) == (serving.process.pid, serving.ready.url, None)
    for path in (record_path(paths, record.pid), token_path(paths, record.pid)):
        assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    with serving.client() as client:
        assert client.health().state == "none"
    assert find_service(paths) is None  # a service without a model is of no use to a command
    out, err = serving.end()
    assert serving.process.returncode == 0
    assert (out, err) == ("", "")
    assert list(paths.runtime.iterdir()) == []


@pytest.mark.e2e
@posix
def test_control_c_ends_it_cleanly(start):
    serving = start()
    out, err = serving.end(signal.SIGINT)
    assert (serving.process.returncode, out, err) == (0, "", "")
    assert list(find_paths().runtime.iterdir()) == []


@pytest.mark.e2e
def test_it_listens_on_loopback_only(start):
    serving = start()
    places = [c for c in psutil.Process(serving.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [place.laddr.ip for place in places] == ["127.0.0.1"]


@pytest.mark.e2e
def test_a_port_in_use_is_one_sentence_and_exit_2(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines() == [
        f"grafter: Port {port} is in use; choose another with --port, or 0 for a free one."
    ]
    assert not find_paths().runtime.exists()


@pytest.mark.e2e
def test_a_chosen_token_and_port_hold(start, tmp_path):
    key = tmp_path / "key"
    first = start("--token-file", str(key))
    assert first.ready.token_file == str(key)
    first.end()
    second = start("--token-file", str(key), "--port", first.ready.url.rpartition(":")[2])
    assert second.ready == first.ready
    with second.client() as client:
        assert client.health().state == "none"
    second.end()
    assert key.exists()
    third = start(env={"GRAFTER_TOKEN": "token-by-the-environment"})
    with ServiceClient(third.ready.url, "token-by-the-environment") as client:
        assert client.health().state == "none"


@pytest.mark.e2e
@posix
@pytest.mark.parametrize("options", [[], ["--parent-pid"]])
def test_it_ends_with_its_parent_even_when_that_is_killed(options):
    parent_code = (
        "import os, subprocess, sys, time\n"
        "options = [*sys.argv[1:], str(os.getpid())] if sys.argv[1:] else []\n"
        "subprocess.Popen([sys.executable, '-P', '-m', 'assistant.cli.main', 'serve', *options])\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code, *options], stdout=subprocess.PIPE, text=True)
    try:
        parse_ready_line(parent.stdout.readline())
        service = psutil.Process(running_services(find_paths())[0].pid)
    finally:
        # Not waited for at once: for a moment the parent is a zombie.
        parent.send_signal(signal.SIGKILL)
    service.wait(PATIENCE_S)
    parent.communicate()
    assert list(find_paths().runtime.iterdir()) == []


@pytest.mark.e2e
@posix
def test_with_stay_it_outlives_its_parent():
    parent_code = (
        "import subprocess, sys\n"
        "service = subprocess.Popen([sys.executable, '-P', '-m', 'assistant.cli.main', 'serve', '--stay'],"
        " stdout=subprocess.PIPE, text=True)\n"
        "print(service.stdout.readline(), end='')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=True
    )
    ready = parse_ready_line(done.stdout)
    service = psutil.Process(running_services(find_paths())[0].pid)
    try:
        time.sleep(1.5)
        with ServiceClient(ready.url, Path(ready.token_file).read_text()) as client:
            assert client.health().state == "none"
    finally:
        service.terminate()
        service.wait(PATIENCE_S)


@pytest.mark.e2e
@posix
def test_an_open_stream_does_not_keep_it(start):
    serving = start()
    port = int(serving.ready.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"POST /v1/completions HTTP/1.1\r\n")
        serving.end()
    assert serving.process.returncode == 0
