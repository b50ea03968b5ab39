"""Which bits a card keeps of a model, and packing them, with torchao and without."""

import json
import sys
import types

import pytest
import torch
from transformers import AutoModelForCausalLM

from assistant.engine.gpu.bits import MARGIN, Demand, choose_bits, fitting_context, pack, read_demand
from assistant.errors import ModelError

GB = 1 << 30
CPU = torch.device("cpu")
SEVEN = Demand(fixed=GB, packable=14 * GB, token=57344)
"""About what a model of seven billion parameters takes."""


def choose(free, wanted="auto", context=32768, dtype=torch.bfloat16):
    return choose_bits(wanted, SEVEN, context, int(free * GB), dtype)


@pytest.mark.parametrize(("free", "bits"), [(24, 16), (17, 16), (16.8, 8), (12, 8), (10.5, 8), (9, 4), (2, 4)])
def test_as_many_bits_as_fit(free, bits):
    assert choose(free) == bits


@pytest.mark.parametrize("bits", [16, 8, 4])
def test_what_was_asked_for(bits):
    assert choose(2, bits) == bits
    assert choose(80, bits) == bits


def test_an_old_card_has_no_four_bits():
    assert choose(2, dtype=torch.float16) == 8
    with pytest.raises(ModelError, match=r"too old.*--bits 8"):
        choose(2, 4, dtype=torch.float16)


def test_a_huge_context_alone_packs_nothing():
    assert choose(18, context=1_000_000) == 16
    assert choose(16.2, context=1024) == 16


def test_the_files_say_what_a_model_takes(tiny_folder):
    config = json.loads((tiny_folder / "config.json").read_text())
    demand = read_demand(tiny_folder, config)
    size = (tiny_folder / "model.safetensors").stat().st_size
    assert demand.at(16) == size
    assert demand.fixed == 2 * config["vocab_size"] * 32
    assert demand.token == 2 * 2 * 2 * 2 * 8
    assert demand.at(4) < demand.at(8) < size
    assert read_demand(tiny_folder, {}) == Demand(0, size, 0)


def test_the_context_that_fits():
    assert fitting_context(32768, 57344, 8 * GB) == 32768
    assert fitting_context(32768, 57344, 2 * GB) == (2 * GB - MARGIN // 2) // (2 * 57344)
    assert fitting_context(32768, 57344, 0) == 2048
    assert fitting_context(1024, 57344, 0) == 1024
    assert fitting_context(32768, 0, 0) == 32768


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).eval()


def test_sixteen_bits_change_nothing(tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    model = load(tiny_folder)
    before = model.lm_head.weight
    pack(model, 16, CPU)
    assert model.lm_head.weight is before


@pytest.mark.parametrize("bits", [8, 4])
def test_without_torchao_it_says_what_to_do(tiny_folder, monkeypatch, bits):
    monkeypatch.setitem(sys.modules, "torchao", None)
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(ModelError, match=rf"{bits} bits need torchao.*pip install.*--bits 16"):
        pack(load(tiny_folder), bits, CPU)


@pytest.mark.parametrize(("bits", "kind"), [(8, "Int8WeightOnlyConfig"), (4, "Int4WeightOnlyConfig")])
def test_what_torchao_is_asked_for(tiny_folder, monkeypatch, bits, kind):
    asked = []

    def quantize(model, config, filter_fn, device):
        asked.append((config, [name for name, module in model.named_modules() if filter_fn(module, name)], device))

    fake = types.ModuleType("torchao.quantization")
    for name in ("Int8WeightOnlyConfig", "Int4WeightOnlyConfig"):
        setattr(fake, name, lambda name=name, **options: (name, options))
    fake.quantize_ = quantize
    monkeypatch.setitem(sys.modules, "torchao", types.ModuleType("torchao"))
    monkeypatch.setitem(sys.modules, "torchao.quantization", fake)
    pack(load(tiny_folder), bits, CPU)
    [((name, options), packed, device)] = asked
    assert name == kind
    assert options.get("group_size") == (32 if bits == 4 else None)
    assert device == CPU
    assert len(packed) == 2 * 7
    assert "lm_head" not in packed


def test_eight_bits_are_nearly_the_same(tiny_folder):
    pytest.importorskip("torchao", reason="torchao, of the extra 'gpu', is not installed")
    ids = torch.arange(40)[None]
    model = load(tiny_folder)
    with torch.inference_mode():
        whole = model(input_ids=ids).logits
        pack(model, 8, CPU)
        packed = model(input_ids=ids).logits
    assert type(model.model.layers[0].mlp.up_proj.weight.data) is not torch.Tensor
    assert type(model.lm_head.weight.data) is torch.Tensor
    error = (packed - whole).float().norm() / whole.float().norm()
    assert 0 < error < 0.05
