"""The owner of the process that renders chat templates: starts it when it is first needed, bounds it, replaces it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from assistant.errors import InputError, ModelError

_BEAT_S = 0.05
_END_S = 5.0
_MOST_ANSWER = 32 << 20  # a text of the largest size, each character escaped, is less
_COMMAND = (sys.executable, "-P", "-m", "assistant.engine.templates.render")


class ChatTemplateError(InputError):
    """A chat template does not lay out this conversation: it refuses, fails, or takes too much time or memory."""

    code = "chat_template_error"


class RefusedByTemplateError(ChatTemplateError):
    """The template says no to this conversation, or cannot read it; to a simpler one it might say yes."""


class Abandoned(Exception):  # noqa: N818  (nobody made an error)
    """Nobody waits for the text any more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one rendering may take: seconds of the processor, seconds on the clock, bytes of memory.

    An ordinary template takes a thousandth of a second and of these. On the clock there is more room, since another
    program may have the processor.
    """

    processor_s: float = 2.0
    wall_s: float = 30.0
    memory: int = 256 << 20
    mapped: int = 1 << 30


class Renderer:
    """Renders one template at a time. Safe for threads; whoever asks waits, so not on the thread of a model."""

    def __init__(self, bounds: Bounds | None = None, command: Sequence[str] = _COMMAND) -> None:
        """``command`` starts the process; it gets the bounds of memory as its last arguments."""
        self._bounds = bounds or Bounds()
        self._command = (*command, str(self._bounds.memory), str(self._bounds.mapped))
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that is there now."""
        child = self._child
        return child.pid if child else None

    def render(self, template: str, variables: Mapping[str, Any], abandoned: Callable[[], bool]) -> str:
        """Return the text of a template. ``abandoned`` is asked again and again whether anybody still waits.

        Raises ChatTemplateError with a sentence (RefusedByTemplateError where the template said no), ModelError where
        no process can be started, Abandoned. What takes too much, and what nobody waits for, ends with its process.
        """
        bounds = self._bounds
        asked = {
            "template": template,
            "variables": variables,
            "processor_s": bounds.processor_s,
            "wall_s": bounds.wall_s,
        }
        line = json.dumps(asked, default=str)
        while not self._turn.acquire(timeout=_BEAT_S):
            self._check_wanted(abandoned)
        try:
            return self._ask(line, abandoned)
        except BaseException as error:
            if not isinstance(error, RefusedByTemplateError):
                self._drop()
            raise
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process; whoever waits for it gets Abandoned."""
        self._closed = True
        with self._turn:
            self._drop()

    def _check_wanted(self, abandoned: Callable[[], bool]) -> None:
        if self._closed or abandoned():
            raise Abandoned

    def _ask(self, line: str, abandoned: Callable[[], bool]) -> str:
        self._check_wanted(abandoned)
        if self._child is None or self._child.ended:
            self._drop()
            self._child = _Child(self._command)
        child, bounds = self._child, self._bounds
        spent, end = child.processor_s(), time.monotonic() + bounds.wall_s + _END_S
        child.send(line)
        while (answer := child.answer(_BEAT_S)) is None:
            self._check_wanted(abandoned)
            if child.memory() > bounds.memory:
                raise _too_large(bounds)
            # A second more than the process allows itself: the system counts in whole ones.
            if child.processor_s() - spent > bounds.processor_s + 1 or time.monotonic() > end:
                raise _too_slow(bounds)
        if not answer:
            raise _died(child, bounds)
        return _read(answer, bounds)

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """One process and the thread that reads from it."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUTF8": "1"},
            )
        except OSError as error:
            raise ModelError(
                f"The process that lays out conversations cannot be started ({error.strerror or error}); close other "
                "programs and ask again."
            ) from None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="chat-template", daemon=True)
        self._thread.start()
        self._watched: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._watched = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def status(self) -> int | None:
        """How it ended, once its answers have."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_S)
        return None

    def send(self, line: str) -> None:
        """Ask. A process that has ended gives an empty answer."""
        assert self._process.stdin is not None  # noqa: S101  (it was made so)
        with contextlib.suppress(OSError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, seconds: float) -> bytes | None:
        """Return the next line; None: not within so many seconds; empty: there will be none."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def memory(self) -> int:
        """Return how many bytes of memory it holds now."""
        try:
            return int(self._watched.memory_info().rss) if self._watched else 0
        except psutil.Error:  # it has just ended
            return 0

    def processor_s(self) -> float:
        """Return how many seconds of the processor it has had."""
        try:
            times = self._watched.cpu_times() if self._watched else None
        except psutil.Error:
            return 0.0
        return float(times.user + times.system) if times else 0.0

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                self._thread.join()
                with contextlib.suppress(OSError):
                    stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  (it was made so)
        while (line := self._process.stdout.readline(_MOST_ANSWER)).endswith(b"\n"):
            self._answers.put(line)
        self._answers.put(b"")


def _read(answer: bytes, bounds: Bounds) -> str:
    """Return the text in an answer. Raises ChatTemplateError."""
    said = json.loads(answer)
    match said.get("error"):
        case None:
            return str(said["text"])
        case "large":
            raise _too_large(bounds)
        case "refused":
            raise RefusedByTemplateError(f"The model's chat template refuses this conversation: {said['message']}.")
        case _:
            raise RefusedByTemplateError(
                f"The model's chat template cannot lay out this conversation ({said['message']}); choose another model."
            )


def _died(child: _Child, bounds: Bounds) -> ChatTemplateError:
    import signal  # noqa: PLC0415  (names what only some systems have)

    status = child.status
    if status is not None and status == -getattr(signal, "SIGXCPU", 0):
        return _too_slow(bounds)
    return ChatTemplateError(
        f"The process that lays out conversations ended (status {status}) over the model's chat template; choose "
        "another model."
    )


def _too_slow(bounds: Bounds) -> ChatTemplateError:
    return ChatTemplateError(
        f"The model's chat template was stopped after {bounds.processor_s:g} seconds of computing; shorten the "
        "conversation or choose another model."
    )


def _too_large(bounds: Bounds) -> ChatTemplateError:
    return ChatTemplateError(
        f"The model's chat template was stopped because it makes too much text or needs more than "
        f"{bounds.memory >> 20} MB of memory; shorten the conversation or choose another model."
    )
