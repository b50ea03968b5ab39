"""On a graphics card: the same engine, its number type, its answers against the CPU's, and its memory given back."""

import pytest
import torch

from assistant.engine.device import choose_device
from assistant.engine.load import load_engine
from assistant.types import Control, Prompt, Text

pytestmark = pytest.mark.gpu

FIM = Prompt(
    (
        Control("<|fim_prefix|>"),
        Text("def gcd(a, b):\n    "),
        Control("<|fim_suffix|>"),
        Text("\n"),
        Control("<|fim_middle|>"),
    )
)


@pytest.fixture
def device():
    found = choose_device("auto")
    if found.type == "cpu":
        pytest.fail("No graphics card was found; this tier is for machines that have one.")
    return found


def test_float32_answers_are_the_cpus(device, tiny_folder, ask, monkeypatch):
    monkeypatch.setattr("assistant.engine.load.choose_dtype", lambda _device: torch.float32)
    texts = {}
    for kind in ("cpu", device.type):
        engine = load_engine(tiny_folder, kind)
        texts[kind] = ask(engine, FIM, max_tokens=24, n=2).texts
        engine.close()
    assert texts["cpu"] == texts[device.type]


def test_the_real_model_fills_in(device, real_model, ask):
    engine = load_engine(real_model)
    assert engine.info.device == device.type
    assert engine.info.dtype in {"bfloat16", "float16"}
    answer = ask(engine, FIM, max_tokens=48)
    engine.close()
    assert "a % b" in answer.texts[0]


def test_closing_gives_the_memory_back(device, real_model):
    if device.type != "cuda":
        pytest.skip("only CUDA reports allocated bytes in the same way everywhere")
    before = torch.cuda.memory_allocated()
    engine = load_engine(real_model)
    assert torch.cuda.memory_allocated() > before + 500_000_000
    engine.close()
    del engine
    assert torch.cuda.memory_allocated() <= before + 50_000_000


def test_out_of_memory_is_said_and_the_engine_goes_on(device, real_model, ask):
    if device.type != "cuda":
        pytest.skip("only CUDA lets a program limit its own memory")
    engine = load_engine(real_model)
    used = torch.cuda.memory_allocated() / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(used + 0.001)
    try:
        failed = ask(engine, "x = 1\n" * 5000, max_tokens=4).failed
        assert failed.code == "out_of_memory"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert ask(engine, FIM, max_tokens=4).finished.generated_tokens == 4
    engine.close()
