"""Greedy text with drafts and without, by the real model, on places in Python's standard library."""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.completion.complete import complete
from assistant.engine.local.engine import LocalEngine
from assistant.engine.local.load import load_engine
from assistant.engine.protocol import CancelToken, Engine
from assistant.retrieval.search.window import Budget
from assistant.types import CompleteRequest, Finished, GenerateRequest

pytestmark = pytest.mark.model

PROMPTS = 200
FEW = 10


@pytest.fixture(scope="module")
def engine(real_model):
    engine = load_engine(real_model, "cpu")
    yield engine
    engine.close()


class Recorder:
    """An engine that keeps what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.info = engine.info
        self.count_tokens = engine.count_tokens
        self.requests: list[GenerateRequest] = []

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Finished]:
        self.requests.append(request)
        return iter(())


def requests(engine: Engine, count: int) -> list[GenerateRequest]:
    """Return what an editor asks at places chosen by chance, at the end of a word or of a line."""
    chance = random.Random(0)
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    recorder = Recorder(engine)
    while len(recorder.requests) < count:
        text = chance.choice(files).read_text("utf-8", "replace")
        ends = [place for place, letter in enumerate(text) if letter in "\n (" and place > 400]
        if not ends:
            continue
        cursor = chance.choice(ends) + chance.choice((0, 1))
        list(complete(recorder, CompleteRequest("r", text, cursor), CancelToken(), Budget(320, 96)))
    return recorder.requests


def write(engine: LocalEngine, request: GenerateRequest, *, speculate: bool, tokens: int) -> Finished:
    engine._variants.clear()  # few tokens are read in fewer bits than many: both ways begin alike
    params = replace(request.params, max_tokens=tokens, speculate=speculate)
    *_, last = engine.generate(replace(request, params=params), CancelToken())
    assert isinstance(last, Finished), last
    return last


def compare(engine: LocalEngine, count: int, tokens: int) -> int:
    """Return how many drafted tokens were taken."""
    different: list[tuple[str, str]] = []
    accepted = 0
    for request in requests(engine, count):
        plain = write(engine, request, speculate=False, tokens=tokens)
        drafted = write(engine, request, speculate=True, tokens=tokens)
        accepted += drafted.accepted_tokens
        if plain.choices != drafted.choices:
            different.append((plain.choices[0].text, drafted.choices[0].text))
    assert different == []
    return accepted


def test_drafts_change_no_text_at_some_places(engine):
    assert compare(engine, FEW, 32) > 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_drafts_change_no_text_at_two_hundred_places(engine):
    assert compare(engine, PROMPTS, 48) > PROMPTS
