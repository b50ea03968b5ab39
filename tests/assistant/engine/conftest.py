"""Fixtures: a tiny model, engines made from it, and short ways to ask them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from assistant.engine.local.engine import LocalEngine
from assistant.engine.local.load import load_engine
from assistant.engine.protocol import CancelToken, Engine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.types import Event, Failed, Finished, GenerateRequest, Params, Prompt, Text
from assistant.weights.tiny import make_tiny_model
from tests.support.worker import WAIT


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a tiny random model; not to be changed."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def tiny_engine(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEngine]:
    """An engine on the tiny model in float32, so that two ways to one result agree to rounding."""
    monkeypatch.setattr("assistant.engine.local.load.choose_dtype", lambda _device: torch.float32)
    engine = load_engine(tiny_folder, "cpu", bits=16)
    assert isinstance(engine, LocalEngine)
    yield engine
    engine.close()


class Asked:
    """All that came back for one request."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.last = events[-1]

    @property
    def finished(self) -> Finished:
        assert isinstance(self.last, Finished), self.last
        return self.last

    @property
    def failed(self) -> Failed:
        assert isinstance(self.last, Failed), self.last
        return self.last

    @property
    def texts(self) -> list[str]:
        return [choice.text for choice in self.finished.choices]

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def ask() -> Callable[..., Asked]:
    """Ask an engine and return all events: ``ask(engine, "text" or Prompt or Chat, max_tokens=8, …)``."""

    def call(engine: Engine, prompt, *, cancel: CancelToken | None = None, stop_tokens=(), **params) -> Asked:
        if isinstance(prompt, str):
            prompt = Prompt((Text(prompt),))
        request = GenerateRequest("r1", prompt, Params(**params), stop_tokens)
        return Asked(list(engine.generate(request, cancel or CancelToken())))

    return call


@pytest.fixture
def make_worker() -> Iterator[Callable[..., EngineWorker]]:
    """What makes workers, which are closed after the test; none may leave a thread behind."""
    workers = []

    def make(engine_or_load, model="fake", *, start=True, **options):
        load = engine_or_load if engine_or_load is None or callable(engine_or_load) else lambda _tell: engine_or_load
        worker = EngineWorker(load, model, **options)
        workers.append(worker)
        if start:
            worker.start()
        return worker

    before = set(threading.enumerate())
    yield make
    for worker in workers:
        assert worker.close(WAIT)
    assert set(threading.enumerate()) <= before
