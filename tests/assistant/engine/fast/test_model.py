"""The fast path against transformers' own models of every shape it claims to know, in float32."""

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from assistant.engine.decoding.decoder import Interrupted
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.shape import Shape, read_shape

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES)),
    "llama with biases, tied": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    ),
    "llama with llama3 positions": (LlamaForCausalLM, LlamaConfig(**SIZES, rope_parameters=LLAMA3_ROPE)),
    "llama with linear positions": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES, rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}),
    ),
    "mistral": (MistralForCausalLM, MistralConfig(**SIZES, sliding_window=None)),
    "mistral that sees a window": (MistralForCausalLM, MistralConfig(**SIZES, sliding_window=24)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=32)),
    "starcoder2 that sees a window": (
        Starcoder2ForCausalLM,
        Starcoder2Config(**SIZES, sliding_window=48, use_bias=True),
    ),
    "starcoder2": (Starcoder2ForCausalLM, Starcoder2Config(**SIZES, sliding_window=None, use_bias=True)),
}
IDS = torch.randint(0, 300, (90,), generator=torch.Generator().manual_seed(1)).tolist()


@pytest.fixture(params=MODELS)
def pair(request):
    """Return transformers' model and ours with the same random weights (biases and norms random, too)."""
    torch.manual_seed(0)
    factory, config = MODELS[request.param]
    slow = factory(config).eval()
    with torch.no_grad():
        for name, tensor in slow.named_parameters():
            if tensor.dim() == 1:
                tensor.add_(0.2 * torch.randn_like(tensor))
            elif "embed" in name:
                tensor.mul_(10)
    shape = read_shape(config.to_dict())
    assert isinstance(shape, Shape), shape
    weights = slow.state_dict()
    return slow, FastModel(shape, weights.get, torch.float32, 16, 32)


@torch.inference_mode()
def logits_of(slow, ids):
    return slow(input_ids=torch.tensor([ids])).logits[0]


def test_logits_are_transformers(pair):
    slow, fast = pair
    wanted = logits_of(slow, IDS)
    assert wanted.std() > 0.1  # a model that says nothing would agree with anything
    cache = fast.new_cache()
    torch.testing.assert_close(fast.read(IDS, cache)[0], wanted[-1], atol=2e-4, rtol=1e-3)
    assert cache.length == len(IDS)


def test_reading_in_pieces_and_token_by_token_is_the_same(pair):
    slow, fast = pair
    wanted = logits_of(slow, IDS)
    cache = fast.new_cache()
    fast.read(IDS[:40], cache)
    torch.testing.assert_close(fast.read(IDS[40:70], cache)[0], wanted[69], atol=2e-4, rtol=1e-3)
    for place in range(70, 90):
        torch.testing.assert_close(fast.next([IDS[place]], cache)[0], wanted[place], atol=2e-4, rtol=1e-3)


def test_greedy_output_is_the_same(pair):
    slow, fast = pair
    wanted = slow.generate(
        torch.tensor([IDS]),
        attention_mask=torch.ones(1, len(IDS)),
        max_new_tokens=40,
        do_sample=False,
        eos_token_id=None,
    )[0, len(IDS) :].tolist()
    cache = fast.new_cache()
    token = int(fast.read(IDS, cache).argmax())
    written = [token]
    while len(written) < 40:
        token = int(fast.next([token], cache)[0].argmax())
        written.append(token)
    assert written == wanted


def test_rows_are_independent_and_can_be_dropped(pair):
    slow, fast = pair
    cache = fast.new_cache()
    fast.read(IDS[:50], cache)
    cache.repeat(3)
    first = fast.next([7, 8, 9], cache)
    cache.select([2, 0])
    second = fast.next([5, 6], cache)
    for row, tokens in ((0, [7, 6]), (2, [9, 5])):
        wanted = logits_of(slow, [*IDS[:50], *tokens])
        torch.testing.assert_close(first[row], wanted[50], atol=2e-4, rtol=1e-3)
        torch.testing.assert_close(second[1 if row == 0 else 0], wanted[51], atol=2e-4, rtol=1e-3)


def test_a_cropped_cache_goes_on_from_there(pair):
    slow, fast = pair
    cache = fast.new_cache()
    fast.read(IDS, cache)
    cache.crop(30)
    torch.testing.assert_close(
        fast.read([1, 2, 3], cache)[0], logits_of(slow, [*IDS[:30], 1, 2, 3])[-1], atol=2e-4, rtol=1e-3
    )


def test_the_cache_grows_past_its_first_room(pair):
    slow, fast = pair
    ids = (IDS * 6)[:511]
    cache = fast.new_cache()
    fast.read(ids[:505], cache)
    for token in ids[505:]:
        last = fast.next([token], cache)[0]
    fast.next([1], cache)
    torch.testing.assert_close(last, logits_of(slow, ids)[-1], atol=5e-4, rtol=1e-3)
    assert cache.length == 512
    fast.next([1], cache)  # the 513th token does not fit the first room
    assert cache.length == 513


def test_the_last_logits_are_kept(pair):
    slow, fast = pair
    cache = fast.new_cache()
    torch.testing.assert_close(fast.read(IDS, cache, keep=20), logits_of(slow, IDS)[-20:], atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(
        fast.read([4, 5, 6, 7], cache, keep=3), logits_of(slow, [*IDS, 4, 5, 6, 7])[-3:], atol=2e-4, rtol=1e-3
    )


def test_tokens_checked_together_get_the_logits_that_they_get_alone(pair):
    _, fast = pair
    together, alone = fast.new_cache(), fast.new_cache()
    fast.read(IDS, together)
    fast.read(IDS, alone)
    logits = fast.read([9, 8, 7, 6], together, keep=4)
    for place, token in enumerate([9, 8, 7, 6]):
        torch.testing.assert_close(fast.next([token], alone)[0], logits[place], atol=1e-5, rtol=1e-5)


def test_reading_ends_early_and_leaves_the_cache_as_it_was(pair):
    slow, fast = pair
    cache = fast.new_cache()
    fast.read(IDS[:40], cache)
    asked = iter([False, True])
    with pytest.raises(Interrupted):
        fast.read(IDS[40:80], cache, stop=lambda: next(asked))
    assert cache.length == 40
    torch.testing.assert_close(fast.read(IDS[40:], cache)[0], logits_of(slow, IDS)[-1], atol=2e-4, rtol=1e-3)


def test_a_fork_goes_its_own_way(pair):
    slow, fast = pair
    cache = fast.new_cache()
    fast.read(IDS[:50], cache)
    fork = cache.fork(30)
    fast.read([1, 2, 3], fork)
    wanted = logits_of(slow, [*IDS[:30], 1, 2, 3, 4])
    torch.testing.assert_close(fast.next([4], fork)[0], wanted[-1], atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(fast.read(IDS[50:], cache)[0], logits_of(slow, IDS)[-1], atol=2e-4, rtol=1e-3)
    assert cache.nbytes > 0


def test_one_copy_of_the_weights_writes_like_two(pair):
    slow, fast = pair
    weights = slow.state_dict()
    both = FastModel(fast.shape, weights.get, torch.float32, 8, 32)
    lean = FastModel(fast.shape, weights.get, torch.float32, 8, 32, lean=True)
    wanted, got = (model.read(IDS, model.new_cache())[0] for model in (both, lean))
    assert torch.corrcoef(torch.stack((wanted, got)))[0, 1] > 0.99
    assert lean.nbytes < 0.6 * both.nbytes
