"""How much of the open file the model reads, by how fast this computer reads."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace

from assistant.completion.complete import Options
from assistant.completion.filters import SURER_ALONE
from assistant.retrieval.search.reading_speed import ReadingSpeed
from assistant.retrieval.search.window import Budget
from assistant.types import Event, Finished

# From so many tokens a second on. At a new place all of the window has to be read before the first suggestion, and
# afterwards the KV cache has it: with the largest, a slow processor would be silent for seconds after each jump.
STEPS = ((0.0, Budget(384, 96, 256)), (250.0, Budget(512, 128)), (800.0, Budget(1024, 192)))
_UNKNOWN = 1
_CLEARLY = 0.15


class WindowBudget:
    """The budget for this computer. It stays unless the speed is clearly another one: a change moves the window."""

    def __init__(self) -> None:
        self._speed = ReadingSpeed()
        self._step = _UNKNOWN

    @property
    def budget(self) -> Budget:
        """Most tokens before and after the cursor."""
        return STEPS[self._step][1]

    def affordable(self, options: Options) -> Options:
        """Return the options without what a slow reader has no time for: to read the window once more, alone."""
        return options if self._step else replace(options, without=options.without | {SURER_ALONE})

    def learn(self, finished: Finished) -> None:
        """Take from a request that ended how fast the model reads."""
        self._speed.learn(finished)
        speed = self._speed.tokens_per_second
        if speed is None:
            return
        while self._step + 1 < len(STEPS) and speed >= STEPS[self._step + 1][0] * (1 + _CLEARLY):
            self._step += 1
        while speed < STEPS[self._step][0] * (1 - _CLEARLY):
            self._step -= 1

    def watch(self, events: Generator[Event]) -> Iterator[Event]:
        """Yield the events of a completion, and learn from its end."""
        with contextlib.closing(events):
            for event in events:
                if isinstance(event, Finished):
                    self.learn(event)
                yield event
