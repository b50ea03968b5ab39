"""A warm-up over an engine that keeps what it read: the next request reads only what is new."""

from dataclasses import replace

import pytest

from assistant.engine.local.load import load_engine
from assistant.engine.tiny import make_tiny_model
from assistant.types import Finished

EXTRA = [
    {"filename": f"f{number}.py", "text": f"def price_{number}(item):\n    return item.price\n"} for number in range(4)
]
PREFIX, SUFFIX = "def total(items):\n    ", "\n"


class Watched:
    """An engine that notes the last event of each request."""

    def __init__(self, engine):
        self._engine = engine
        self.finished = []

    def begin(self, role="complete"):
        lease = self._engine.begin(role)

        def generate(request, cancel):
            for event in lease.generate(request, cancel):
                if isinstance(event, Finished):
                    self.finished.append(event)
                yield event

        return replace(lease, generate=generate)

    def close(self):
        self._engine.close()


@pytest.fixture
def engine(tmp_path):
    return Watched(load_engine(make_tiny_model(tmp_path / "tiny"), "cpu", bits=16))


def test_after_other_files_were_read_only_the_hole_is(serve, until, engine):
    running = serve(engine)
    warm_up = {"input_prefix": "", "input_suffix": "", "prompt": "", "input_extra": EXTRA, "n_predict": 0}
    assert running.http.post("/infill", json=warm_up).json()["tokens_predicted"] == 0
    until(lambda: len(engine.finished) == 1)
    read = engine.finished[0]
    assert (read.generated_tokens, read.cached_tokens) == (0, 0)
    hole = {"input_prefix": PREFIX, "input_suffix": SUFFIX, "input_extra": EXTRA, "n_predict": 4}
    first = running.http.post("/infill", json=hole).json()
    # All but the control tokens behind the files, which stand where the hole begins now.
    assert first["timings"]["cache_n"] >= read.prompt_tokens - 4
    assert first["timings"]["prompt_n"] == first["tokens_evaluated"] - first["timings"]["cache_n"]


def test_with_the_hole_that_was_asked_for_last_nothing_is_left_to_read(serve, until, engine):
    running = serve(engine)
    hole = {"input_prefix": PREFIX, "input_suffix": SUFFIX, "n_predict": 4}
    running.http.post("/infill", json=hole)
    before = len(engine.finished)
    running.http.post("/infill", json={"input_extra": EXTRA, "n_predict": 0})
    until(lambda: len(engine.finished) == before + 1)
    running.http.post("/infill", json={**hole, "input_extra": EXTRA})
    read, asked = engine.finished[before : before + 2]  # the model may be asked once more after it
    assert read.cached_tokens < read.prompt_tokens
    assert asked.prompt_tokens - asked.cached_tokens <= 1
