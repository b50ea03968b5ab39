"""The service as a child process: its ready line, its end, and starting it again with backoff."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.services.line_process import LineProcess, Outcome

BAD_INPUT_EXIT_CODE = 2


class Backoff:
    """Delays that double with each failure, and an end when failures come too fast.

    Times are seconds on any monotonic clock. A quiet stretch longer than ``window_s`` since the last failure
    counts as recovered: the next delay is the first one again.
    """

    def __init__(self, first_s: float = 0.5, cap_s: float = 15.0, limit: int = 5, window_s: float = 60.0) -> None:
        self.limit = limit
        self.window_s = window_s
        self._first_s = first_s
        self._cap_s = cap_s
        self._delay_s = first_s
        self._failures: deque[float] = deque(maxlen=limit)

    def failed(self, now: float) -> float | None:
        """Note a failure; return the seconds to wait before the next try, or None to give up."""
        if self._failures and now - self._failures[-1] > self.window_s:
            self.reset()
        self._failures.append(now)
        if len(self._failures) == self.limit and now - self._failures[0] <= self.window_s:
            return None
        delay = self._delay_s
        self._delay_s = min(2 * delay, self._cap_s)
        return delay

    def reset(self) -> None:
        """Forget every failure, because a person asked for a new start."""
        self._delay_s = self._first_s
        self._failures.clear()


class ServiceProcess(QObject):
    """Runs ``command`` and keeps it running.

    ``command`` is the whole ``grafter serve`` command line without a model; ``--model ID`` is added
    once a model is chosen. ``ready`` carries the address and the bearer token.
    """

    starting = Signal()
    ready = Signal(str, str)
    stopped = Signal(str, bool)
    """One sentence that says why, and whether it will be started again by itself."""

    def __init__(
        self,
        command: Sequence[str],
        parent: QObject | None = None,
        *,
        model: str | None = None,
        ready_timeout_ms: int = 30_000,
        kill_after_ms: int = 3000,
        backoff: Backoff | None = None,
    ) -> None:
        super().__init__(parent)
        self._command = tuple(command)
        self._model = model
        self._ready_timeout_ms = ready_timeout_ms
        self._backoff = backoff or Backoff()
        self._wanted = False
        self._again = False
        self._is_ready = False
        self._reason = ""
        self._process = LineProcess(self, kill_after_ms=kill_after_ms)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)
        self._ready_timer = self._timer(self._on_ready_timeout)
        self._restart_timer = self._timer(self._launch)

    @property
    def model(self) -> str | None:
        """The model that the service is asked to load; None leaves the choice to it."""
        return self._model

    @property
    def process_id(self) -> int:
        """The operating system's number of the running service, 0 without one."""
        return self._process.process_id

    @property
    def stderr_tail(self) -> tuple[str, ...]:
        """The last lines that the service wrote to standard error, for "why it failed"."""
        return self._process.stderr_tail

    @Slot()
    def start(self) -> None:
        """Start the service unless it runs or is about to."""
        if not self._wanted:
            self.restart()

    def restart(self, model: str | None = None) -> None:
        """Start the service anew because a person asked for it, with ``model`` from now on where one is given."""
        self._model = model or self._model
        self._backoff.reset()
        self._restart_timer.stop()
        self._wanted = True
        if self._process.active:
            self._again = True
            self._process.stop()
        else:
            self._launch()

    @Slot()
    def stop(self) -> None:
        """End the service and leave it ended. Returns at once; ``stopped`` follows."""
        waiting = self._restart_timer.isActive()
        self._wanted = self._again = False
        self._restart_timer.stop()
        self._ready_timer.stop()
        self._process.stop()
        if waiting:  # no process whose end would say so
            self.stopped.emit(self.tr("The service was stopped."), False)

    @Slot()
    def close(self) -> None:
        """End the service and wait for that; for the end of the application."""
        self.stop()
        self._process.close()

    def fail(self, reason: str) -> None:
        """Kill a service that does not work any more; it is started again like one that crashed."""
        if self._process.active and not self._reason:
            self._reason = reason
            self._process.kill()

    def _timer(self, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        return timer

    @Slot()
    def _launch(self) -> None:
        self._again = self._is_ready = False
        self._reason = ""
        self.starting.emit()
        self._ready_timer.start(self._ready_timeout_ms)
        self._process.start([*self._command, *(["--model", self._model] if self._model else [])])

    @Slot(str)
    def _on_line(self, line: str) -> None:
        if self._is_ready or self._reason or self._again or not self._wanted:
            return  # what a ready or a leaving service prints is its own business
        self._ready_timer.stop()
        try:
            data = json.loads(line)
            if data["event"] != "ready":
                raise ValueError(data["event"])
            url = str(data["url"])
            token = Path(data["token_file"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            self.fail(self.tr("The service's token file cannot be read: {error}.").format(error=error))
        except (ValueError, KeyError, TypeError):
            self.fail(
                self.tr("The service printed something else than where it listens: {line}").format(line=line[:200])
            )
        else:
            self._is_ready = True
            self.ready.emit(url, token)

    @Slot()
    def _on_ready_timeout(self) -> None:
        seconds = round(self._ready_timeout_ms / 1000, 1)
        self.fail(self.tr("The service did not get ready within {seconds:g} s.").format(seconds=seconds))

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        self._ready_timer.stop()
        if not self._wanted:
            self.stopped.emit(self.tr("The service was stopped."), False)
        elif self._again:
            self.stopped.emit(self.tr("The service is restarting."), True)
            self._launch()
        else:
            self._recover(outcome)

    def _recover(self, outcome: Outcome) -> None:
        reason = self._reason or self._why(outcome)
        # Nothing that a second try could change: a bad option, or no program at all.
        hopeless = outcome.kind == "not_started" or (
            outcome.kind == "exited" and outcome.exit_code == BAD_INPUT_EXIT_CODE and not self._reason
        )
        delay_s = None if hopeless else self._backoff.failed(time.monotonic())
        if delay_s is not None:
            self._restart_timer.start(round(delay_s * 1000))
            self.stopped.emit(reason, True)
            return
        self._wanted = False
        if not hopeless:
            reason = self.tr("{reason}. It failed {count} times within {seconds:g} s and was not restarted.").format(
                reason=reason.rstrip("."), count=self._backoff.limit, seconds=self._backoff.window_s
            )
        self.stopped.emit(reason, False)

    def _why(self, outcome: Outcome) -> str:
        if outcome.exit_code == BAD_INPUT_EXIT_CODE and outcome.last_line:
            return outcome.last_line  # written for a person
        return f"{outcome.sentence(self.tr('The service'), self._command[0])} {outcome.last_line}".rstrip()
