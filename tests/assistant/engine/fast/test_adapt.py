"""Adapters on the fast path against peft's own models, beside the weights and merged into them."""

import pytest
import torch
from transformers import (
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from assistant.engine.decoding.decoder import Interrupted
from assistant.engine.fast.adapt import beside, merged
from assistant.engine.fast.layer import products_of
from assistant.engine.fast.load import load_fast
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.shape import read_shape
from assistant.engine.local.lowrank import read_changes
from tests.support.adapters import METHODS, load, make_adapter, merged_weights

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
MODELS = {
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=32)),
    "starcoder2": (Starcoder2ForCausalLM, Starcoder2Config(**SIZES, sliding_window=None, use_bias=True)),
}
TARGETS = {
    "all": {},
    "queries and values": {"target_modules": ["q_proj", "v_proj"]},
    "one layer": {"target_modules": ["o_proj", "k_proj"], "layers_to_transform": [1]},
    "ranks of their own": {"rank_pattern": {"q_proj": 7}, "alpha_pattern": {"model.layers.2.self_attn.v_proj": 3}},
}
IDS = torch.randint(0, 300, (70,), generator=torch.Generator().manual_seed(1)).tolist()


@pytest.fixture(scope="module", params=MODELS)
def slow(request):
    factory, config = MODELS[request.param]
    torch.manual_seed(0)
    model = factory(config).eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "embed" in name:
                tensor.mul_(10)
    return model


def fast_of(slow, **options):
    return FastModel(read_shape(slow.config.to_dict()), slow.state_dict().get, torch.float32, 16, 32, **options)


@torch.inference_mode()
def logits(model, ids=IDS):
    cache = model.new_cache()
    many = model.read(ids[:-3], cache)
    return torch.cat([many, *[model.next([token], cache) for token in ids[-3:]]])


def wanted(slow, weights, ids=IDS):
    before = {name: tensor.clone() for name, tensor in slow.state_dict().items()}
    slow.load_state_dict(weights)
    with torch.inference_mode():
        found = slow(input_ids=torch.tensor([ids])).logits[0][-4:]
    slow.load_state_dict(before)
    return found


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("method", METHODS)
def test_logits_are_pefts_at_every_scale(slow, tmp_path, method, scale):
    folder = make_adapter(slow, tmp_path / "a", method=method)
    fast, changes = fast_of(slow), read_changes(folder)
    right = wanted(slow, merged_weights(slow, folder, scale))
    plain = wanted(slow, slow.state_dict())
    assert (right - plain).abs().max() > 0.02 or scale == 0
    model, own = merged(fast, changes, scale)
    assert own > 0
    torch.testing.assert_close(logits(model), right, atol=5e-4, rtol=2e-3)
    at_once = beside(fast, changes, scale)
    assert (at_once is None) == (method == "dora")
    if at_once is not None:
        assert at_once.max_draft_tokens == 0
        torch.testing.assert_close(logits(at_once), right, atol=5e-4, rtol=2e-3)
    torch.testing.assert_close(logits(fast), plain, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("targets", TARGETS)
def test_whatever_products_are_changed_the_others_are_shared(slow, tmp_path, targets):
    folder = make_adapter(slow, tmp_path / "a", **TARGETS[targets])
    fast, changes = fast_of(slow), read_changes(folder)
    model, _ = merged(fast, changes, 1.0)
    right = wanted(slow, merged_weights(slow, folder, 1.0))
    torch.testing.assert_close(logits(model), right, atol=5e-4, rtol=2e-3)
    torch.testing.assert_close(logits(beside(fast, changes, 1.0)), right, atol=5e-4, rtol=2e-3)
    assert model.embedding is fast.embedding
    assert model.head is fast.head
    for index, (mine, its) in enumerate(zip(model.layers, fast.layers, strict=True)):
        for product in products_of(fast.shape, index):
            touched = any(f"{name}.weight" in changes for name in product.modules)
            assert (getattr(mine, product.part) is getattr(its, product.part)) != touched


def test_merging_ends_early_when_nobody_wants_it(slow, tmp_path):
    changes = read_changes(make_adapter(slow, tmp_path / "a"))
    with pytest.raises(Interrupted):
        merged(fast_of(slow), changes, 1.0, lambda: True)


@pytest.mark.parametrize("packing", [(16, False), (8, False), (4, False), (8, True), (4, True)])
@pytest.mark.parametrize("integer", [False, True])
def test_merged_weights_are_packed_as_those_of_a_folder_that_held_them(tiny_folder, tmp_path, packing, integer):
    """Bit for bit: what a person gets is the merged model in the base's own packing."""
    import shutil

    from safetensors.torch import save_file

    from assistant.engine.fast import integer as integers

    if integer and not integers.usable():
        pytest.skip("this processor has no such products")
    bits, lean = packing
    folder = make_adapter(tiny_folder, tmp_path / "a")
    full = tmp_path / "full"
    shutil.copytree(tiny_folder, full)
    changes, base = read_changes(folder), load(tiny_folder, torch.bfloat16)
    weights = {
        name: changes[name].apply(tensor, 1.0) if name in changes else tensor
        for name, tensor in base.state_dict().items()
        if name != "lm_head.weight"
    }
    save_file(weights, full / "model.safetensors")
    shape = read_shape(base.config.to_dict())

    def loaded(place):
        return load_fast(place, shape, torch.float32, bits, lambda _: None, lean=lean, integer=integer)

    model, _ = merged(loaded(tiny_folder), changes, 1.0)
    ids = [1 + place % 300 for place in range(50)]
    assert torch.equal(logits(model, ids), logits(loaded(full), ids))


def test_a_quantised_base_is_packed_again_in_its_own_bits(tiny_folder, tmp_path):
    from assistant.weights.quantise import quantise_folder

    small = tmp_path / "small"
    small.mkdir()
    quantise_folder(tiny_folder, small, 4, 32, "rtn", lambda *_: None)
    base = load(tiny_folder)
    shape = read_shape(base.config.to_dict())
    fast = load_fast(small, shape, torch.float32, 4, lambda _: None)
    changes = read_changes(make_adapter(tiny_folder, tmp_path / "a"))
    model, _ = merged(fast, changes, 1.0)
    ids = [1 + place % 300 for place in range(50)]
    exact = logits(beside(fast, changes, 1.0), ids)
    assert model.layers[0].qkv._bits == fast.layers[0].qkv._bits
    plain = logits(fast, ids)
    # Rounding again is far less than what the adapter does.
    assert (logits(model, ids) - exact).abs().mean() < 0.35 * (plain - exact).abs().mean()
