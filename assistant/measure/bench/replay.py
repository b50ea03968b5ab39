"""Replays one segment of a trace against one server, at the recorded pace or as fast as its answers come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant.editing.suggestions.actions import Action, Arrived, Cancel, Clear, Send, SetTimer, Show
from assistant.editing.suggestions.pace import Pace
from assistant.editing.suggestions.requests import Requests
from assistant.editing.suggestions.session import CompletionSession, Options
from assistant.errors import ServiceError
from assistant.measure.bench.askers import Asker, Use
from assistant.measure.bench.trace import Accept, Dismiss, Go, Look, Step
from assistant.measure.bench.typist import Typist
from assistant.types import Choice, CompleteRequest, Delta, Event, Failed, Finished, Timings

Speed = Literal["real", "fast"]
SPEEDS: tuple[Speed, ...] = ("real", "fast")
End = Literal["whole", "empty", "cut off", "failed"]


@dataclass(slots=True)
class Asked:
    """One request. Times are milliseconds since the key that asked; None where that never came.

    ``cut_ms`` is when the next key, or the end, made it useless. ``characters`` are those of the suggestion.
    ``ahead``: it went out before there was a key that asked, and none has waited for it yet.
    """

    key_at: float
    ahead: bool = False
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
    """Keys after which a suggestion stood there at once: typed along, remembered, or asked ahead."""
    followed_ms: list[float] = field(default_factory=list[float])
    """Milliseconds from taking text at once to the first character of what follows, where that came in time."""
    failures: list[str] = field(default_factory=list[str])


class Replay:
    """One segment and one server. Everything happens in one task, but for the requests that run.

    When to ask and what to show is decided as in the window, by the same code.
    """

    def __init__(
        self, typist: Typist, asker: Asker, path: str, options: Options, pace: Pace, speed: Speed, log: Log
    ) -> None:
        self._typist = typist
        self._asker = asker
        self._debounce_ms = options.debounce_ms
        self._speed = speed
        self._log = log
        requests = Requests(path, name="bench")
        self._session = CompletionSession(*typist.around(), requests=requests, options=options, pace=pace, ready=True)
        self._timer: float | None = None
        self._shown = False
        self._key_at = _now()
        self._follows = False  # text was taken at once, and nothing has followed yet
        self._news: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, Asked] = {}

    async def run(self, steps: Sequence[Step]) -> None:
        """Do all steps, wait for the last suggestion, and leave no request behind."""
        due = _now()
        try:
            for step in steps:
                due += step.ms
                if self._speed == "real":
                    await self._wait(due)
                elif step.ms >= self._debounce_ms:
                    await self._settle()
                self._do(step)
            await self._settle()
        finally:
            self._react(self._session.close(_now()))
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _do(self, step: Step) -> None:
        changed = self._typist.do(step.action)
        prefix, suffix = self._typist.around()
        match step.action:
            case Dismiss():
                self._react(self._session.dismissed(_now()))
            case Go() | Look():
                self._react(self._session.cursor_moved(prefix, suffix, _now()))
            case action if changed:
                self._log.keys += 1
                self._key_at = _now()
                self._follows = isinstance(action, Accept)
                self._react(self._session.text_changed(prefix, suffix, self._key_at))
                self._log.recalled += self._shown
                if isinstance(action, Accept):
                    self._react(self._session.accepted("all", _now()))
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
        """Let answers come in until nothing is asked any more that somebody waits for."""
        while self._session.busy:
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
        self._react(self._session.timer_fired(_now()))

    def _take(self, event: Event) -> None:
        asked = self._asked[event.request_id]
        self._react(self._session.event(event, _now()), asked)
        match event:
            case Finished(choices=(choice,)):
                asked.characters = len(choice.text)
                if asked.end is None and choice.text and not asked.ahead:  # the typing has passed it
                    asked.end, asked.cut_ms = "cut off", _now() - asked.key_at
                elif asked.end is None:
                    asked.end = "whole" if choice.text else "empty"
            case Failed(message=message):
                self._log.failures.append(message)
                asked.end = asked.end or "failed"
            case _:
                pass

    # --- what the session wants ---------------------------------------------------------------

    def _react(self, actions: list[Action], answered: Asked | None = None) -> None:
        """Do what the session wants; ``answered`` is the request whose answer made it so."""
        for action in actions:
            match action:
                case SetTimer(ms=ms):
                    self._timer = None if ms is None else _now() + ms
                case Send(request=request):
                    self._send(request)
                case Cancel(request_id=request_id):
                    self._tasks[request_id].cancel()
                    asked = self._asked[request_id]
                    asked.cut_ms, asked.end = _now() - asked.key_at, "cut off"
                case Show():
                    self._shown = True
                    if self._follows:
                        self._follows = False
                        self._log.followed_ms.append(_now() - self._key_at)
                case Clear():
                    self._shown = False
                case Arrived() if answered is not None:
                    answered.ahead = False
                    answered.first_ms = action.first_ms
                    if action.finished is not None:
                        answered.whole_ms, answered.end = action.total_ms, "whole"
                case _:
                    pass

    def _send(self, request: CompleteRequest) -> None:
        asked = Asked(self._key_at, ahead=request.trigger == "ahead")
        self._log.asked.append(asked)
        self._asked[request.id] = asked
        self._tasks[request.id] = asyncio.create_task(self._ask(request, asked.use))

    async def _ask(self, request: CompleteRequest, use: Use) -> None:
        def on_text(text: str) -> None:
            self._news.put_nowait(Delta(request.id, 0, text))

        try:
            choice = await self._asker.ask(request, use, on_text)
        except ServiceError as error:
            self._news.put_nowait(Failed(request.id, str(error)))
            return
        if not choice.text.strip():
            choice = Choice(0, "", choice.reason, choice.generated_tokens)
        self._news.put_nowait(
            Finished(request.id, self._asker.name, (choice,), use.prompt, use.reused, use.written, Timings())
        )


def _now() -> float:
    return 1000 * time.monotonic()
