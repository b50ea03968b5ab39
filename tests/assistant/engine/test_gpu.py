"""On a graphics card: recorded steps against plain ones, answers against the CPU's, fewer bits, and memory given back."""

import gc
import json
import logging

import pytest
import torch

from assistant.engine.device import choose_device, choose_dtype
from assistant.engine.gpu.cuda_graph import CaptureOrPlain, CudaGraphCapture, NoCapture
from assistant.engine.gpu.decoder import StagedDecoder
from assistant.engine.gpu.load import load_on_card
from assistant.engine.local.load import load_engine
from assistant.engine.quiet import quietly
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
IDS = torch.randint(1000, 50000, (600,), generator=torch.Generator().manual_seed(0)).tolist()
REPEATED = "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n\n\n" * 6


@pytest.fixture
def device():
    found = choose_device("auto")
    if found.type == "cpu":
        pytest.fail("No graphics card was found; this tier is for machines that have one.")
    return found


@pytest.fixture
def cuda(device):
    if device.type != "cuda":
        pytest.skip("recorded steps, torchao and memory limits are CUDA's")
    return device


@pytest.fixture
def on_card(cuda, real_model):
    """Load the real model: ``on_card(recorder, bits=16)``."""
    config = json.loads((real_model / "config.json").read_text())

    def load(capture=None, bits=16):
        with quietly():
            found = load_on_card(real_model, config, cuda, choose_dtype(cuda), bits, 32768, capture)
        assert isinstance(found.decoder, StagedDecoder)
        return found

    return load


def greedy(decoder, count, prompt=IDS):
    cache = decoder.new_cache()
    logits, written = decoder.read(prompt, cache)[0], []
    for _ in range(count):
        written.append(int(logits.argmax()))
        logits = decoder.next([written[-1]], cache)[0]
    return written


def test_float32_answers_are_the_cpus(device, tiny_folder, ask, monkeypatch):
    monkeypatch.setattr("assistant.engine.local.load.choose_dtype", lambda _device: torch.float32)
    texts = {}
    for kind in ("cpu", device.type):
        engine = load_engine(tiny_folder, kind, bits=16)
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


def test_steps_are_recorded(on_card, caplog):
    with caplog.at_level(logging.WARNING):
        decoder = on_card().decoder
        greedy(decoder, 2)
    assert isinstance(decoder._capture, CaptureOrPlain)
    assert isinstance(decoder._capture._capture, CudaGraphCapture)
    assert "cannot be recorded" not in caplog.text


def test_a_recorded_step_is_the_plain_step(on_card):
    captured, plain = on_card(CudaGraphCapture()).decoder, on_card(NoCapture()).decoder
    logits = []
    for decoder in (captured, plain):
        cache = decoder.new_cache()
        decoder.read(IDS, cache)
        single = decoder.next([4], cache)
        cache.repeat(4)
        logits.append((single, decoder.next([5, 6, 7, 8], cache)))
    for one, other in zip(*logits, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.05)
    assert greedy(captured, 64) == greedy(plain, 64)


def test_recorded_steps_go_on_past_the_end_of_a_stage(on_card):
    captured, plain = on_card(CudaGraphCapture()).decoder, on_card(NoCapture()).decoder
    prompt = (IDS * 4)[:2030]
    assert greedy(captured, 40, prompt) == greedy(plain, 40, prompt)
    assert (1, 4096) in captured.stages


def test_alternatives_come_in_one_step(on_card):
    decoder = on_card().decoder
    cache = decoder.new_cache()
    decoder.read(IDS, cache)
    alone = [decoder.next([token], cache.fork(len(IDS)))[0] for token in (5, 6, 7)]
    cache.repeat(3)
    together = decoder.next([5, 6, 7], cache)
    assert (4, 2048) in decoder.stages
    torch.testing.assert_close(together, torch.stack(alone), rtol=0.05, atol=0.2)


def test_drafts_change_no_text(cuda, real_model, ask):
    engine = load_engine(real_model)
    if engine._variants.base.decoder.max_draft_tokens == 0:
        pytest.skip("on this card tokens read together are rounded otherwise than one by one, so none are drafted")
    for prompt in (REPEATED, REPEATED + "class Line:\n", *(REPEATED[:-cut] for cut in range(20, 200, 20))):
        plain, drafted = (ask(engine, prompt, max_tokens=64, speculate=speculate) for speculate in (False, True))
        assert plain.texts == drafted.texts
    assert drafted.finished.accepted_tokens > 0
    engine.close()


@pytest.mark.parametrize("bits", [8, 4])
def test_fewer_bits_load_smaller_and_fill_in(cuda, real_model, ask, bits):
    pytest.importorskip("torchao", reason="torchao, of the extra 'gpu', is not installed")
    if bits == 4 and choose_dtype(cuda) != torch.bfloat16:
        pytest.skip("4 bits need bfloat16")
    whole = load_engine(real_model, bits=16)
    size = torch.cuda.memory_allocated()
    whole.close()
    del whole
    gc.collect()
    engine = load_engine(real_model, bits=bits)
    assert torch.cuda.memory_allocated() < size
    assert engine.info.dtype.endswith(f"{bits}-bit weights")
    assert isinstance(engine._variants.base.decoder._place.decoder, StagedDecoder)
    answer = ask(engine, FIM, max_tokens=48, n=2)
    engine.close()
    assert any("% b" in text for text in answer.texts)


@pytest.mark.parametrize("bits", [8, 4])
def test_packed_steps_are_recorded(on_card, cuda, bits):
    pytest.importorskip("torchao", reason="torchao, of the extra 'gpu', is not installed")
    if bits == 4 and choose_dtype(cuda) != torch.bfloat16:
        pytest.skip("4 bits need bfloat16")
    assert greedy(on_card(CudaGraphCapture(), bits).decoder, 64) == greedy(on_card(NoCapture(), bits).decoder, 64)


def test_closing_gives_the_memory_back(cuda, real_model, ask):
    gc.collect()
    before = torch.cuda.memory_allocated()
    engine = load_engine(real_model)
    ask(engine, FIM, max_tokens=8, n=4)
    assert torch.cuda.memory_allocated() > before + 500_000_000
    engine.close()
    del engine
    gc.collect()
    assert torch.cuda.memory_allocated() <= before + 50_000_000


def test_out_of_memory_is_said_and_the_engine_goes_on(cuda, real_model, ask):
    engine = load_engine(real_model)
    ask(engine, FIM, max_tokens=4)
    gc.collect()
    torch.cuda.empty_cache()
    used = torch.cuda.memory_reserved() / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(used + 0.001, 1.0))
    try:
        failed = ask(engine, "x = 1\n" * 5000, max_tokens=4).failed
        assert failed.code == "out_of_memory"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert ask(engine, FIM, max_tokens=4).finished.generated_tokens == 4
    engine.close()
