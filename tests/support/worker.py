"""What the tests of the worker share: a sink that remembers, requests in one line, workers that are closed."""

from __future__ import annotations

import threading

from assistant.types import Delta, Failed, Finished, GenerateRequest, Params, Prompt, Text
from tests.support.patience import PATIENCE_S

WAIT = PATIENCE_S


class Sink:
    """Collects events and tells when the last has come. ``at`` maps the number of a Delta to what is done then."""

    def __init__(self, at=None, log=None, name="") -> None:
        self.events = []
        self.ended = threading.Event()
        self.first_delta = threading.Event()
        self._at = at or {}
        self._log = log if log is not None else []
        self._name = name
        self._deltas = 0

    def __call__(self, event) -> None:
        self.events.append(event)
        if isinstance(event, Delta):
            self._deltas += 1
            self._log.append(self._name)
            self.first_delta.set()
            # On the worker's own thread, so that what follows follows in every run.
            if self._deltas in self._at:
                self._at[self._deltas]()
        if isinstance(event, (Finished, Failed)):
            self._log.append(f"{self._name}.")
            self.ended.set()

    def last(self):
        assert self.ended.wait(WAIT)
        assert sum(isinstance(event, (Finished, Failed)) for event in self.events) == 1
        return self.events[-1]

    @property
    def text(self):
        return self.last().choices[0].text

    @property
    def reason(self):
        return self.last().choices[0].reason


def ask(text="x", request_id="r", **params):
    request = GenerateRequest(request_id, Prompt((Text(text),)), Params(**params))
    return lambda engine, cancel: engine.generate(request, cancel)
