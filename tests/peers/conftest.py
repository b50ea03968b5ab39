"""Real servers, ours among them, started once for all tests; `make peer-tests` makes what they need."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from assistant.client.address import parse_address
from assistant.client.http import ServiceClient, parse_ready_line
from assistant.config import DEFAULT_MODEL
from assistant.engine.protocol import CancelToken
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.engine import RemoteEngine
from assistant.types import Event
from tests.support.patience import PATIENCE_S
from tests.support.patience import wait_until as until

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers"
SERVED = "qwen"
READY_S = 600.0
END_S = 30.0


@dataclass
class RunningServer:
    """One server that answers."""

    kind: str
    url: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=PATIENCE_S, trust_env=False)

    @property
    def busy(self) -> bool:
        """Whether it computes for somebody, by its own word."""
        if self.kind == "llama.cpp":
            return any(slot["is_processing"] for slot in self.get("/slots").json())
        rows = [row.rpartition(" ") for row in self.get("/metrics").text.splitlines()]
        running = [float(value) for name, _, value in rows if name.startswith("vllm:num_requests_running")]
        assert running, "vLLM no longer says how many requests run"
        return sum(running) > 0


@dataclass
class RealServer(RunningServer):
    """A server as a process group of our own."""

    log: Path
    process: subprocess.Popen = field(repr=False)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if (code := self.process.poll()) is not None:
                if code == -signal.SIGILL or "Illegal instruction" in self.said():
                    pytest.skip(f"{self.kind} uses instructions that this processor lacks.")
                pytest.fail(f"{self.kind} ended with {code}:\n{self.said()[-4000:]}")
            with contextlib.suppress(httpx.HTTPError):
                if self.get("/health").status_code == 200:
                    return
            time.sleep(0.2)
        pytest.fail(f"{self.kind} was not ready within {READY_S:g} s:\n{self.said()[-4000:]}")

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(kind: str, command: list, log: Path, **environment: str) -> RealServer:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*map(str, command), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    server = RealServer(kind, f"http://127.0.0.1:{port}", log, process)
    try:
        server.wait_until_ready()
    except BaseException:
        server.stop()
        raise
    return server


def find(*names: str) -> Path:
    path = PEERS.joinpath(*names)
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is missing; run 'make peer-tests', or 'python tools/peers.py'.")
    return path


@pytest.fixture(scope="session")
def find_peer() -> Callable[..., Path]:
    """Return what finds a thing that tools/peers.py makes."""
    return find


@pytest.fixture(scope="session")
def start_llama(tmp_path_factory) -> Callable[[], RealServer]:
    """Return what starts a llama.cpp server of one's own."""
    python, gguf = find("llama", "bin", "python"), find("model.gguf")

    def make() -> RealServer:
        log = tmp_path_factory.mktemp("llama") / "log"
        return start("llama.cpp", [python, "-P", ROOT / "tools" / "llama_server.py", gguf], log)

    return make


@pytest.fixture(scope="session")
def llama(start_llama) -> Iterator[RealServer]:
    server = start_llama()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def vllm(tmp_path_factory, real_model) -> Iterator[RunningServer]:
    if url := os.environ.get("GRAFTER_PEER_VLLM"):  # one that runs already, started as below
        yield RunningServer("vLLM", url.rstrip("/"))
        return
    log = tmp_path_factory.mktemp("vllm") / "log"
    command = [find("vllm", "bin", "vllm"), "serve", real_model, "--host", "127.0.0.1", "--served-model-name", SERVED]
    # Eagerly: compiling takes minutes and a C++ compiler, and changes nothing that is tested here.
    command += ["--dtype", "bfloat16", "--enforce-eager", "--max-model-len", "4096", "--enable-lora"]
    server = start(
        "vLLM",
        command,
        log,
        VLLM_CPU_KVCACHE_SPACE="1",
        VLLM_ALLOW_RUNTIME_LORA_UPDATING="True",
        VLLM_NO_USAGE_STATS="1",
        HF_HUB_OFFLINE="1",
    )
    yield server
    server.stop()


# For the whole session, so that it stands before what looks for processes that a test left behind.
@pytest.fixture(scope="session", params=["llama", "vllm"])
def server(request) -> RunningServer:
    """Return each server in turn."""
    return request.getfixturevalue(request.param)


@dataclass(frozen=True)
class Grafter:
    """Our own service with the real model, which other editors' code asks."""

    url: str
    token: str

    def ask(self, path: str, **body: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(self.url + path, json=body, headers=headers, timeout=PATIENCE_S, trust_env=False)

    def wait_for_the_background(self) -> None:
        """Wait until the model has read what it was asked to read ahead, and leave its cache as it is.

        A request that is asked ahead has its turn behind them; this one fails then, for its adapter, and reads nothing.
        """
        body = {"id": "behind", "text": "x", "cursor": 1, "trigger": "ahead", "session": "behind"}
        assert "failed" in self.ask("/grafter/complete", **body, adapter="no-such-adapter").text


@pytest.fixture(scope="session")
def grafter(tmp_path_factory, real_model) -> Iterator[Grafter]:
    """Start `grafter serve` as a person does for another editor, once for all tests."""
    home = tmp_path_factory.mktemp("grafter")
    (home / "models").mkdir()
    (home / "models" / DEFAULT_MODEL).symlink_to(real_model, target_is_directory=True)
    # A test waits for a suggestion, however unsure the model is of it.
    (home / "settings.toml").write_text("confidence = 0.0\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--token-file", str(home / "token")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "GRAFTER_HOME": str(home)}
        )
    try:
        ready = parse_ready_line(process.stdout.readline())
        token = Path(ready.token_file).read_text(encoding="utf-8").strip()
        with ServiceClient(ready.url, token) as client:
            until(lambda: client.health().state == "ready", "the model's load", READY_S)
        yield Grafter(ready.url, token)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture(autouse=True)
def no_key(monkeypatch) -> None:
    for name in ("GRAFTER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def connect() -> Iterator[Callable[..., RemoteEngine]]:
    """Return what connects an engine to a server."""
    engines: list[RemoteEngine] = []

    def make(server: RunningServer, **options) -> RemoteEngine:
        engine = RemoteEngine(RemoteConfig(parse_address(server.url), **options))
        engines.append(engine)
        return engine.open()

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def run() -> Callable[..., list[Event]]:
    """Return what runs a request to its end."""
    return lambda engine, request: list(engine.generate(request, CancelToken()))
