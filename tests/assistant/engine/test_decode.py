import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from assistant.engine import decode
from assistant.engine.decode import Batch, CacheSlot, prefill
from assistant.engine.decoder import TransformersDecoder
from assistant.engine.fast.load import load_fast
from assistant.engine.fast.shape import read_shape
from assistant.types import Params

PROMPT = [int(i) for i in torch.randint(0, 300, (40,), generator=torch.Generator().manual_seed(3))]


@pytest.fixture(params=["fast", "transformers"])
def model(request, tiny_folder):
    """Return a decoder of each kind in float32; ``reference`` is transformers' model to compare with."""
    reference = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    if request.param == "fast":
        shape = read_shape(json.loads((tiny_folder / "config.json").read_text()))
        decoder = load_fast(tiny_folder, shape, torch.float32, 16, lambda _share: None)
    else:
        decoder = TransformersDecoder(reference)
    decoder.reference = reference
    return decoder


@torch.inference_mode()
def logits_at_once(model, ids):
    return model.reference(input_ids=torch.tensor([ids])).logits[0, -1]


def greedy(model, ids, count):
    """The plain way: the whole text again for each token."""
    ids = list(ids)
    for _ in range(count):
        ids.append(int(logits_at_once(model, ids).argmax()))
    return ids[-count:]


def read(model, slot, ids):
    cache, start = slot.take(model, ids)
    *_, (done, logits) = prefill(model, ids, cache, start)
    assert done == len(ids)
    return cache, start, logits


def write(batch, count):
    rows = {}
    for _ in range(count):
        for row, sampled in batch.step():
            rows.setdefault(row, []).append(sampled.token)
    return rows


@pytest.mark.parametrize("piece", [1, 7, 512])
def test_pieces_give_the_logits_of_the_whole(model, monkeypatch, piece):
    monkeypatch.setattr(decode, "PIECE_TOKENS", piece)
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    torch.testing.assert_close(logits, logits_at_once(model, PROMPT), atol=1e-4, rtol=1e-4)
    cache.crop(len(PROMPT) - 1)
    torch.testing.assert_close(model.read(PROMPT[-1:], cache), logits, atol=1e-4, rtol=1e-4)


def test_one_token_gives_the_logits_of_the_whole(model):
    slot = CacheSlot()
    cache, _, _ = read(model, slot, PROMPT)
    logits = model.next([5], cache)
    torch.testing.assert_close(logits[0], logits_at_once(model, [*PROMPT, 5]), atol=1e-4, rtol=1e-4)


def test_greedy_is_what_the_plain_way_gives(model):
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    assert write(Batch(model, cache, PROMPT, logits, Params()), 12)[0] == greedy(model, PROMPT, 12)


def test_alternatives_branch_on_the_first_token_and_go_on_greedily(model):
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    rows = write(Batch(model, cache, PROMPT, logits, Params(n=3)), 6)
    best = logits_at_once(model, PROMPT).topk(3).indices.tolist()
    assert [rows[i][0] for i in range(3)] == best
    for i in range(3):
        assert rows[i][1:] == greedy(model, [*PROMPT, best[i]], 5)


def test_a_dropped_sequence_leaves_the_others_alone(model):
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    batch = Batch(model, cache, PROMPT, logits, Params(n=3))
    batch.step()
    batch.drop(1)
    rows = write(batch, 4)
    assert sorted(rows) == [0, 2]
    best = logits_at_once(model, PROMPT).topk(3).indices.tolist()
    assert rows[2] == greedy(model, [*PROMPT, best[2]], 4)
    batch.drop(0)
    assert batch.active
    batch.drop(2)
    assert not batch.active


def test_a_seeded_sequence_does_not_depend_on_its_neighbours(model):
    params = {"temperature": 1.0, "seed": 7}
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    together = write(Batch(model, cache, PROMPT, logits, Params(n=2, **params)), 8)
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    assert write(Batch(model, cache, PROMPT, logits, Params(**params)), 8)[0] == together[0]
    assert together[0] != together[1]


def test_repetition_penalty_sees_the_prompt_and_what_was_written(model):
    cache, _, logits = read(model, CacheSlot(), PROMPT)
    tokens = write(Batch(model, cache, PROMPT, logits, Params(repetition_penalty=1e6)), 20)[0]
    assert len(set(tokens)) == 20
    assert not set(tokens) & set(PROMPT)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_next_prompt_reuses_what_it_shares(model, n, steps):
    slot = CacheSlot()
    cache, start, logits = read(model, slot, PROMPT)
    assert start == 0
    batch = Batch(model, cache, PROMPT, logits, Params(n=n))
    write(batch, steps)
    batch.leave(slot)

    changed = [*PROMPT[:30], 1, 2, 3]
    cache, start, logits = read(model, slot, changed)
    assert start == 30
    torch.testing.assert_close(logits, logits_at_once(model, changed), atol=1e-4, rtol=1e-4)
    assert write(Batch(model, cache, changed, logits, Params()), 6)[0] == greedy(model, changed, 6)


def test_a_text_that_goes_on_with_what_was_written_reuses_that_too(model):
    slot = CacheSlot()
    cache, _, logits = read(model, slot, PROMPT)
    batch = Batch(model, cache, PROMPT, logits, Params())
    tokens = write(batch, 6)[0]
    batch.leave(slot)
    longer = [*PROMPT, *tokens, 9]
    _, start, logits = read(model, slot, longer)
    assert start == len(PROMPT) + 5  # the sixth token was chosen but not read
    torch.testing.assert_close(logits, logits_at_once(model, longer), atol=1e-4, rtol=1e-4)


def test_the_same_prompt_again_reads_its_last_token(model):
    slot = CacheSlot()
    cache, _, first = read(model, slot, PROMPT)
    slot.put(cache, PROMPT)
    cache, start, logits = read(model, slot, PROMPT)
    assert start == len(PROMPT) - 1
    torch.testing.assert_close(logits, first, atol=1e-4, rtol=1e-4)


def test_nothing_shared_means_a_fresh_cache(model):
    slot = CacheSlot()
    cache, _, _ = read(model, slot, PROMPT)
    slot.put(cache, PROMPT)
    other = [(PROMPT[0] + 1) % 300, *PROMPT[1:]]
    fresh, start = slot.take(model, other)
    assert start == 0
    assert fresh is not cache
    torch.testing.assert_close(model.read(other, fresh), logits_at_once(model, other), atol=1e-4, rtol=1e-4)


def test_a_cache_with_layers_that_forget_is_not_reused(tiny_folder):
    slow = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    slow.config.use_sliding_window = True
    slow.config.layer_types = ["sliding_attention"] * slow.config.num_hidden_layers
    slow.config.sliding_window = 8
    slow.model.has_sliding_layers = True
    decoder = TransformersDecoder(slow)
    slot = CacheSlot()
    cache, _ = slot.take(decoder, PROMPT)
    decoder.read(PROMPT, cache)
    batch = Batch(decoder, cache, PROMPT, torch.zeros(300), Params())
    batch.leave(slot)
    _, start = slot.take(decoder, PROMPT)
    assert start == 0
