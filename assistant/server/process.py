"""The service as a process: its socket, its token, the ready line, and every way in which it ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import secrets
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil
import uvicorn

from assistant.client.registry import (
    make_private_folder,
    own_record,
    publish,
    running_services,
    token_path,
    withdraw,
    write_private,
)
from assistant.completion.complete import Options
from assistant.config import Paths
from assistant.engine.scheduler.worker import EngineWorker
from assistant.errors import InputError
from assistant.models.adapters import ModelAdapters
from assistant.retrieval.index.service import Indexes
from assistant.server.app import create_app
from assistant.server.streams import Dispatcher

HOST = "127.0.0.1"
_HARD_EXIT_SECONDS = 3.0
_PARENT_POLL_SECONDS = 0.5
_MIN_TOKEN = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """The bearer token and the file that programs of this user read it from."""

    value: str
    file: Path


def make_token(paths: Paths, *, given: str | None = None, file: Path | None = None) -> Token:
    """Return this start's token: from ``file`` (made on first use), or ``given``, or a fresh one of 32 random bytes.

    Only a file that the person named stays when the service ends. Raises InputError for a token that is too short or a
    file that others may read.
    """
    running_services(paths)  # clears what dead services left, perhaps under this very process id
    make_private_folder(paths.runtime)
    try:
        if file is not None:
            return Token(_kept_token(file), file)
        value = _checked(given, "GRAFTER_TOKEN") if given is not None else secrets.token_urlsafe(32)
        path = token_path(paths, os.getpid())
        write_private(path, value)
    except OSError as error:
        where = file or paths.runtime
        raise InputError(f"The token file {where} cannot be used: {error.strerror or error}.") from None
    return Token(value, path)


def _kept_token(file: Path) -> str:
    if not file.exists():
        value = secrets.token_urlsafe(32)
        write_private(file, value)
        return value
    if not file.is_file():
        raise InputError(f"The token file {file} cannot be used: it is not a file.")
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise InputError(f"Others may read the token file {file}; run 'chmod 600 {file}'.")
    try:
        return _checked(file.read_text(encoding="utf-8").strip(), f"the token in {file}")
    except UnicodeDecodeError:
        raise InputError(f"The token file {file} is not text.") from None


def _checked(value: str, name: str) -> str:
    if len(value) < _MIN_TOKEN or not all("!" <= letter <= "~" for letter in value):
        raise InputError(
            f"{name[0].upper()}{name[1:]} must be {_MIN_TOKEN} or more letters, digits or signs, no blanks."
        )
    return value


def bind(port: int) -> socket.socket:
    """Return a listening socket on the loopback address; port 0 takes a free one. Raises InputError."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it an answer waits 40 ms for its packets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"Port {port} is in use; choose another with --port, or 0 for a free one.") from None
        raise InputError(f"Port {port} cannot be used: {error.strerror or error}.") from None
    return listener


class _Server(uvicorn.Server):
    """uvicorn with two hooks: after it answers, and when it is asked to end."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_exit = on_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, on a signal or because the parent has ended."""
        self._on_exit()
        super().handle_exit(sig, frame)


class Service:
    """One run of the service: put together by the caller, ended by a signal or with its parent."""

    def __init__(
        self,
        worker: EngineWorker,
        paths: Paths,
        token: Token,
        listener: socket.socket,
        model: str | None,
        *,
        indexes: Indexes | None = None,
        options: Callable[[], Options] = Options,
        model_adapters: ModelAdapters | None = None,
    ) -> None:
        self._worker = worker
        self._paths = paths
        self._token = token
        self._socket = listener
        self._port: int = listener.getsockname()[1]
        self._model = model
        self._indexes = indexes
        self._options = options
        self._model_adapters = model_adapters
        self._dispatcher = Dispatcher(worker)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None

    def run(self, parent: psutil.Process | None = None) -> int:
        """Serve until a signal comes or ``parent`` ends. Prints the ready line; returns the exit status."""
        app = create_app(
            self._worker,
            self._token.value,
            self._port,
            dispatcher=self._dispatcher,
            indexes=self._indexes,
            options=self._options,
            model_adapters=self._model_adapters,
        )
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config, self._ready, self._ending)

        def end_soon(_number: int, _frame: FrameType | None) -> None:
            server.should_exit = True

        # uvicorn raises the signals that ended it again when it is done: they must not end the tidying up.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end_soon)
        if parent is not None:
            threading.Thread(target=self._follow, args=(parent, server), name="parent-watch", daemon=True).start()
        try:
            asyncio.run(self._serve(server))
        finally:
            self._worker.close(timeout=1.0)
            self._tidy()
            if self._indexes is not None:
                self._indexes.close()
        return 0

    async def _serve(self, server: _Server) -> None:
        self._loop = asyncio.get_running_loop()
        await server.serve([self._socket])

    def _ready(self) -> None:
        url = f"http://{HOST}:{self._port}"
        publish(self._paths, own_record(url, self._token.file, self._model))
        print(  # noqa: T201 - the line is the interface
            json.dumps({"event": "ready", "url": url, "token_file": str(self._token.file)}), flush=True
        )
        self._worker.start()

    def _ending(self) -> None:
        # Called from a signal handler or another thread: the work is done on the loop.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._dispatcher.close()
        if self._timer is None:
            # A generation that hangs, or a model that is being loaded, must not keep the process.
            self._timer = threading.Timer(_HARD_EXIT_SECONDS, self._hard_exit)
            self._timer.daemon = True
            self._timer.start()

    def _follow(self, parent: psutil.Process, server: _Server) -> None:
        while _lives(parent):
            time.sleep(_PARENT_POLL_SECONDS)
        log.warning("The program that started this service has ended, so it ends too.")
        server.handle_exit(signal.SIGTERM, None)

    def _hard_exit(self) -> None:
        self._tidy()
        os._exit(0)

    def _tidy(self) -> None:
        withdraw(self._paths, os.getpid())


def find_parent(pid: int | None) -> psutil.Process:
    """Return the process to end with: ``pid``, or the one that started this one. Raises InputError if it is gone."""
    try:
        return psutil.Process(os.getppid() if pid is None else pid)
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        if pid is None:  # in a container the parent may lie outside of what can be seen
            raise InputError("The program that started this cannot be seen; use --stay or --parent-pid.") from None
        raise InputError(f"There is no process {pid} to end with; leave --parent-pid out, or use --stay.") from None


def _lives(process: psutil.Process) -> bool:
    try:
        # A zombie has ended; nobody has asked for its status yet.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def log_to_stderr(level: int = logging.WARNING) -> None:
    """Send the log to stderr: stdout carries the ready line and nothing else."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
