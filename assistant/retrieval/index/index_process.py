"""The process that builds the index of one workspace and keeps it fresh, as its owner sees it: state in, texts out."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assistant.system import jsonl
from assistant.system.background import background_environment, step_back
from assistant.system.processes import how_it_ended

_END_SECONDS = 2.0
_LAST_LINES = 20

BuildState = Literal["none", "building", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far an index is. ``done`` of ``total`` files are read while it is built; ``message`` says what failed."""

    state: BuildState = "none"
    files: int = 0
    lines: int = 0
    done: int = 0
    total: int = 0
    message: str = ""


class IndexProcess:
    """Runs one build process until it is closed. Safe for threads; nothing here waits for the process but ``close``."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        """Start ``command`` in ``folder``, which is not the workspace: nothing that lies there is ever run."""
        self._lock = threading.Condition()
        self._state = IndexState("building")
        self._pending: dict[str, str | None] = {}
        self._closing = False
        self._said: list[str] = []
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**background_environment(), "PYTHONUTF8": "1"},
            encoding="utf-8",
            errors="replace",
        )
        step_back(self._process.pid)
        jobs = {"index-events": self._read_events, "index-log": self._read_log, "index-texts": self._write_texts}
        self._threads = [threading.Thread(target=job, name=name, daemon=True) for name, job in jobs.items()]
        for thread in self._threads:
            thread.start()

    @property
    def state(self) -> IndexState:
        """How far the index is."""
        return self._state

    @property
    def ended(self) -> bool:
        """Whether the process has ended, so that nobody keeps the index fresh."""
        return self._process.poll() is not None

    def tell(self, texts: Mapping[str, str | None]) -> None:
        """Give texts as they stand in the editor, by path; None: the file's own content counts again.

        Only the newest of each path is sent, however slow the process is.
        """
        with self._lock:
            self._pending.update(texts)
            self._lock.notify_all()

    def close(self) -> None:
        """End the process, gently at first, and wait for it."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(_END_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    # --- on threads of its own -----------------------------------------------------------

    def _read_events(self) -> None:
        for line in self._process.stdout or ():
            self._take(jsonl.decode(line) or {})
        code = self._process.wait()
        if not self._closing and not self._state.message:
            last = self._said[-1].strip().rstrip(".") if self._said else f"its process {how_it_ended(code)}"
            self._state = IndexState("failed", message=f"The index of this folder stopped: {last}.")

    def _take(self, event: Mapping[str, Any]) -> None:
        numbers = {
            name: event[name] for name in ("files", "lines", "done", "total") if isinstance(event.get(name), int)
        }
        match event.get("event"):
            case "progress":
                self._state = replace(self._state, state="building", **numbers)
            case "ready":
                state = replace(self._state, state="ready", message="", **numbers)
                self._state = replace(state, done=state.files, total=state.files)
            case "changed":
                self._state = replace(self._state, **numbers)
            case "failed":
                # Where another process keeps the index it can be read all the same.
                state = "ready" if event.get("code") == "index_busy" else "failed"
                self._state = IndexState(state, message=str(event.get("message", "")))
            case _:
                pass

    def _read_log(self) -> None:
        for line in self._process.stderr or ():
            self._said = [*self._said, line][-_LAST_LINES:]

    def _write_texts(self) -> None:
        # Only this thread touches the pipe, also to close it: a write to a process that does not read holds its lock.
        with suppress(OSError), self._process.stdin or nullcontext() as stdin:
            while (text := self._next_text()) is not None and stdin is not None:
                stdin.write(jsonl.encode({"text": text}).decode())
                stdin.flush()

    def _next_text(self) -> dict[str, str | None] | None:
        """Wait for a text; None when the process is to end."""
        with self._lock:
            self._lock.wait_for(lambda: self._pending or self._closing)
            if self._closing:
                return None
            path = next(iter(self._pending))
            return {"path": path, "text": self._pending.pop(path)}
