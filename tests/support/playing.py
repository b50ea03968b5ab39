"""Plays a recorded trace to a session in virtual time, against a model of which the speed and the knowledge are given."""

import heapq
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.editing.suggestions.actions import Action, Cancel, Clear, Send, SetTimer, Show
from assistant.editing.suggestions.pace import Pace
from assistant.editing.suggestions.requests import Requests
from assistant.editing.suggestions.session import CompletionSession, Options
from assistant.measure.bench.source import library_file, read_source
from assistant.measure.bench.trace import Accept, Dismiss, Go, Look, Step, find_holes, load_trace
from assistant.measure.bench.typist import Typist
from assistant.types import Choice, CompleteRequest, Delta, Event, Finished, Timings


@dataclass
class Seen:
    """What a play came to, in milliseconds. ``followed``: from taking text at once to what follows it."""

    requests: int = 0
    ahead: int = 0
    given_up: int = 0
    followed: list[float] = field(default_factory=list)
    shown_ms: float = 0.0
    """For how long there was ghost text."""
    end: float = 0.0


@dataclass(frozen=True)
class Model:
    """Milliseconds to the first character and to the whole, and how often it is right."""

    first_ms: float = 130
    whole_ms: float = 350
    right: float = 0.5


class Player:
    """One segment of a trace."""

    def __init__(self, source: str, typist: Typist, options: Options, pace: Pace, model: Model, seen: Seen) -> None:
        self._source, self._typist, self._model, self._seen = source, typist, model, seen
        self.now = seen.end
        self._agenda: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._timer: float | None = None
        self._shown_at: float | None = None
        self._accepted_at: float | None = None
        self._gone: set[str] = set()
        requests = Requests("a.py", None, "page", new_id=lambda: f"r{next(self._order)}")
        self._session = CompletionSession(*typist.around(), requests=requests, options=options, pace=pace, ready=True)

    def run(self, steps: Sequence[Step], slower: float) -> None:
        for step in steps:
            self._pass(self.now + step.ms * slower)
            changed = self._typist.do(step.action)
            prefix, suffix = self._typist.around()
            match step.action:
                case Dismiss():
                    self._react(self._session.dismissed(self.now))
                case Go() | Look():
                    self._react(self._session.cursor_moved(prefix, suffix, self.now))
                case action if changed:
                    self._accepted_at = self.now if isinstance(action, Accept) else None
                    self._react(self._session.text_changed(prefix, suffix, self.now))
                    if isinstance(action, Accept):
                        self._react(self._session.accepted("all", self.now))
                case _:
                    pass
        self._pass(self.now + 3000)
        self._react(self._session.close(self.now))

    def _pass(self, until: float) -> None:
        while True:
            timer = self._timer if self._timer is not None else until + 1
            event = self._agenda[0][0] if self._agenda else until + 1
            if min(timer, event) > until:
                break
            if timer <= event:
                self.now, self._timer = timer, None
                self._react(self._session.timer_fired(self.now))
            else:
                self.now, _, what = heapq.heappop(self._agenda)
                if what.request_id not in self._gone:
                    self._react(self._session.event(what, self.now))
        self.now = until

    def _react(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SetTimer(ms):
                    self._timer = None if ms is None else self.now + ms
                case Send(request):
                    self._answer(request)
                case Cancel(request_id):
                    self._gone.add(request_id)
                    self._seen.given_up += 1
                case Show():
                    if self._shown_at is None:
                        self._shown_at = self.now
                    if self._accepted_at is not None:
                        self._seen.followed.append(self.now - self._accepted_at)
                        self._accepted_at = None
                case Clear():
                    assert self._shown_at is not None
                    self._seen.shown_ms += self.now - self._shown_at
                    self._shown_at = None
                case _:
                    pass

    def _answer(self, request: CompleteRequest) -> None:
        if request.trigger == "ahead":
            self._seen.ahead += 1
        else:
            self._seen.requests += 1
        text = self._continuation(request)
        first, whole = self.now + self._model.first_ms, self.now + self._model.whole_ms
        heapq.heappush(self._agenda, (first, next(self._order), Delta(request.id, 0, text[:3])))
        finished = Finished(request.id, "m", (Choice(0, text, "stop", 1),), 1, 0, 1, Timings())
        heapq.heappush(self._agenda, (whole, next(self._order), finished))

    def _continuation(self, request: CompleteRequest) -> str:
        """Return the rest of the line, or the next one, as the file has it; something else where that is not known."""
        tail = request.text[: request.cursor][-40:]
        at = self._source.find(tail)
        if at < 0 or zlib.crc32(tail.encode()) % 100 >= self._model.right * 100:
            return "something(else_)"
        at += len(tail)
        end = self._source.find("\n", at)
        return self._source[at:end] or self._source[at : self._source.find("\n", end + 1)]


def play(options: Options, model: Model, slower: float = 1.0) -> Seen:
    """Play the trace that comes with the program over its file, so many times slower than it was recorded."""
    trace = load_trace("argparse")
    source = read_source(library_file(trace.module))
    seen, pace = Seen(), Pace()
    for segment in trace.segments:
        player = Player(source, Typist(source, find_holes(trace, segment, source)), options, pace, model, seen)
        player.run(segment.steps, slower)
        seen.end = player.now + 5000
    return seen
