"""Replays one segment of a trace against one server, at the recorded pace or as fast as its answers come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant.bench.askers import Asker, Use
from assistant.bench.rules import Cancel, Reaction, Recalled, Rules, Send, SetTimer, Shown
from assistant.bench.trace import Accept, Dismiss, Go, Look, Step
from assistant.bench.typist import Typist
from assistant.errors import ServiceError

Pace = Literal["real", "fast"]
PACES: tuple[Pace, ...] = ("real", "fast")
End = Literal["whole", "empty", "cut off", "failed"]


@dataclass(slots=True)
class Asked:
    """One request. Times are milliseconds since the key that asked; None where that never came.

    ``cut_ms`` is when the next key, or the end, made it useless. ``characters`` are those of the suggestion.
    """

    key_at: float
    use: Use = field(default_factory=Use)
    first_ms: float | None = None
    whole_ms: float | None = None
    cut_ms: float | None = None
    end: End | None = None
    characters: int = 0


@dataclass(slots=True)
class Log:
    """What a replay has seen."""

    asked: list[Asked] = field(default_factory=list[Asked])
    keys: int = 0
    recalled: int = 0
    """Keys after which a suggestion stood there at once: typed along, or remembered."""
    failures: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class _Text:
    request: int
    text: str


@dataclass(frozen=True, slots=True)
class _End:
    request: int
    text: str
    failure: str = ""


class Replay:
    """One segment and one server. Everything happens in one task, but for the requests that run."""

    def __init__(self, typist: Typist, asker: Asker, debounce_ms: float, pace: Pace, log: Log) -> None:
        self._typist = typist
        self._asker = asker
        self._debounce_ms = debounce_ms
        self._pace = pace
        self._log = log
        self._rules = Rules(*typist.around(), debounce_ms)
        self._timer: float | None = None
        self._news: asyncio.Queue[_Text | _End] = asyncio.Queue()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._asked: dict[int, Asked] = {}

    async def run(self, steps: Sequence[Step]) -> None:
        """Do all steps, wait for the last suggestion, and leave no request behind."""
        due = _now()
        try:
            for step in steps:
                due += step.ms
                if self._pace == "real":
                    await self._wait(due)
                elif step.ms >= self._debounce_ms:
                    await self._settle()
                self._do(step)
            await self._settle()
        finally:
            self._react(self._rules.closed())
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _do(self, step: Step) -> None:
        changed = self._typist.do(step.action)
        prefix, suffix = self._typist.around()
        match step.action:
            case Dismiss():
                self._react(self._rules.dismissed())
            case Go() | Look():
                if changed:
                    self._react(self._rules.moved(prefix, suffix, _now()))
            case action if changed:
                self._log.keys += 1
                self._react(self._rules.edited(prefix, suffix, _now()))
                if isinstance(action, Accept):
                    self._react(self._rules.accepted())
            case _:
                pass

    # --- waiting ----------------------------------------------------------------------------

    async def _wait(self, until: float) -> None:
        """Let answers come in and the timer fire until a moment."""
        while (now := _now()) < until:
            if self._timer is not None and self._timer <= now:
                self._fire()
                continue
            await self._hear(min(until, self._timer or until) - now)
        # What came at the same moment as the key was there before it.
        while not self._news.empty():
            self._take(self._news.get_nowait())

    async def _settle(self) -> None:
        """Let answers come in until nothing is asked any more."""
        while self._rules.pending:
            if self._timer is None:
                await self._hear(None)
            elif (left := self._timer - _now()) > 0:
                await self._hear(left)
            else:
                self._fire()

    async def _hear(self, ms: float | None) -> None:
        try:
            async with asyncio.timeout(None if ms is None else ms / 1000):
                news = await self._news.get()
        except TimeoutError:
            return
        self._take(news)

    def _fire(self) -> None:
        self._timer = None
        self._react(self._rules.timer_fired())

    def _take(self, news: _Text | _End) -> None:
        if isinstance(news, _Text):
            self._react(self._rules.arrived(news.request, news.text, _now()))
            return
        asked = self._asked[news.request]
        if news.failure:
            self._log.failures.append(news.failure)
        text = news.text if news.text.strip() else ""
        reactions = self._rules.finished(news.request, text, _now())
        if asked.end is None:
            asked.characters = len(text)
            if Shown(news.request, whole=True) in reactions:
                asked.end = "whole"
            elif text:  # the typing has passed it
                asked.end, asked.cut_ms = "cut off", _now() - asked.key_at
            else:
                asked.end = "failed" if news.failure else "empty"
        self._react(reactions)

    # --- what the rules want ------------------------------------------------------------------

    def _react(self, reactions: list[Reaction]) -> None:
        for reaction in reactions:
            match reaction:
                case SetTimer(ms=ms):
                    self._timer = None if ms is None else _now() + ms
                case Send():
                    self._send(reaction)
                case Cancel(request=request):
                    self._tasks[request].cancel()
                    asked = self._asked[request]
                    asked.cut_ms, asked.end = _now() - asked.key_at, "cut off"
                case Shown(request=request, whole=whole):
                    asked = self._asked[request]
                    if whole:
                        asked.whole_ms = _now() - asked.key_at
                    else:
                        asked.first_ms = _now() - asked.key_at
                case Recalled():
                    self._log.recalled += 1

    def _send(self, send: Send) -> None:
        asked = Asked(send.key_at)
        self._log.asked.append(asked)
        self._asked[send.request] = asked
        self._tasks[send.request] = asyncio.create_task(self._ask(send, asked.use))

    async def _ask(self, send: Send, use: Use) -> None:
        def on_text(text: str) -> None:
            self._news.put_nowait(_Text(send.request, text))

        try:
            whole = await self._asker.ask(send.prefix, send.suffix, use, on_text)
            self._news.put_nowait(_End(send.request, whole))
        except ServiceError as error:
            self._news.put_nowait(_End(send.request, "", str(error)))


def _now() -> float:
    return 1000 * time.monotonic()
