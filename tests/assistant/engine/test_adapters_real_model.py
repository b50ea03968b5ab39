"""What only the real 0.5B model shows of adapters: an answer that changes and comes back, and speed that stays."""

from __future__ import annotations

import statistics

import pytest
from safetensors import safe_open

from assistant.engine.local.load import load_engine
from assistant.engine.protocol import AdapterChoice
from assistant.measure.bench.sides import OurSide
from assistant.types import Control, Prompt, Text
from tests.support.adapters import write_adapter

pytestmark = pytest.mark.model

PREFIX, SUFFIX = "import math\n\n\ndef area(radius):\n    return ", "\n\n\nprint(area(2))\n"
PROMPT = Prompt(
    (Control("<|fim_prefix|>"), Text(PREFIX), Control("<|fim_suffix|>"), Text(SUFFIX), Control("<|fim_middle|>"))
)


@pytest.fixture(scope="module")
def adapter(real_model, tmp_path_factory):
    """A random adapter of rank 16 on every product, large enough to change what is written."""
    shapes = {}
    with safe_open(real_model / "model.safetensors", framework="pt") as opened:
        for name in opened.keys():  # noqa: SIM118
            if name.endswith("_proj.weight"):
                shapes[name.removesuffix(".weight")] = tuple(opened.get_slice(name).get_shape())
    return write_adapter(tmp_path_factory.mktemp("adapter") / "random", shapes, rank=16, size=0.05)


@pytest.fixture(scope="module")
def engine(real_model):
    engine = load_engine(real_model, "cpu")
    yield engine
    engine.close()


def test_an_adapter_changes_the_answer_and_without_it_the_old_one_is_back(engine, adapter, ask):
    base = ask(engine, PROMPT, max_tokens=6).texts
    assert "math.pi" in base[0]
    engine.set_adapter(AdapterChoice("random", adapter, 1.0), wait=True)
    changed = ask(engine, PROMPT, max_tokens=6)
    assert changed.texts != base
    assert changed.finished.adapter == "random"
    engine.set_adapter(AdapterChoice("random", adapter, 0.02))  # beside the weights, hardly there
    assert "math.pi" in ask(engine, PROMPT, max_tokens=6).texts[0]
    engine.set_adapter(None)
    assert ask(engine, PROMPT, max_tokens=6).texts == base


def test_a_merged_adapter_writes_as_quickly_as_the_base(engine, adapter):
    """Within 25 % here, where other programs run beside it; ``grafter bench engine --adapter`` measures it well."""
    choice = AdapterChoice("random", adapter, 0.02)
    side, base, merged = OurSide(engine), [], []
    for turn in range(5):
        for each, speeds in ((None, base), (choice, merged)):
            engine.set_adapter(each, wait=True)
            speeds.append(side.run(f"# {turn}\n" + PREFIX * 4, 24).decode_speed)
    assert statistics.median(merged) > 0.75 * statistics.median(base)
