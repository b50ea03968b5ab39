import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from assistant.engine.decoding import decode
from assistant.engine.decoding.decode import Batch, CacheStore, prefill
from assistant.engine.decoding.prompt_lookup import LONGEST_MATCH, AcceptanceRates, PromptLookup
from assistant.engine.decoding.token_healing import ByteVocabulary, PrefixConstraint
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
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
    monkeypatch.setattr(model, "piece", piece)
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    torch.testing.assert_close(logits, logits_at_once(model, PROMPT), atol=1e-4, rtol=1e-4)
    cache.crop(len(PROMPT) - 1)
    torch.testing.assert_close(model.read(PROMPT[-1:], cache)[0], logits, atol=1e-4, rtol=1e-4)


def test_one_token_gives_the_logits_of_the_whole(model):
    slot = CacheStore(1 << 30)
    cache, _, _ = read(model, slot, PROMPT)
    logits = model.next([5], cache)
    torch.testing.assert_close(logits[0], logits_at_once(model, [*PROMPT, 5]), atol=1e-4, rtol=1e-4)


def test_greedy_is_what_the_plain_way_gives(model):
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    assert write(Batch(model, cache, PROMPT, logits, Params()), 12)[0] == greedy(model, PROMPT, 12)


def test_alternatives_branch_on_the_first_token_and_go_on_greedily(model):
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    rows = write(Batch(model, cache, PROMPT, logits, Params(n=3)), 6)
    best = logits_at_once(model, PROMPT).topk(3).indices.tolist()
    assert [rows[i][0] for i in range(3)] == best
    for i in range(3):
        assert rows[i][1:] == greedy(model, [*PROMPT, best[i]], 5)


def test_alternatives_branch_where_what_they_are_held_to_is_spelled(model):
    # 3 blanks are token 7; of the words behind the fourth some are known. Token 9 is four blanks with a word.
    bytes_of = {7: b"   ", 9: b"    x", 20: b" a", 30: b" b", 40: b" c", 50: b" d"}
    vocabulary = ByteVocabulary((spelling, token) for token, spelling in bytes_of.items())
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    logits = logits.clone()
    logits[7] = 99.0
    constraints = [PrefixConstraint(vocabulary, b"    ", lambda token: bytes_of.get(token, b"?")) for _ in range(3)]
    rows = write(Batch(model, cache, PROMPT, logits, Params(n=3), constraints=constraints), 5)
    assert [rows[row][0] for row in range(3)] == [7, 7, 7]
    words = [20, 30, 40, 50]
    second = logits_at_once(model, [*PROMPT, 7])[words].topk(3).indices.tolist()
    assert [rows[row][1] for row in range(3)] == [words[place] for place in second]
    for row in range(3):
        assert rows[row][2:] == greedy(model, [*PROMPT, *rows[row][:2]], 3)


def test_a_dropped_sequence_leaves_the_others_alone(model):
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
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
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    together = write(Batch(model, cache, PROMPT, logits, Params(n=2, **params)), 8)
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    assert write(Batch(model, cache, PROMPT, logits, Params(**params)), 8)[0] == together[0]
    assert together[0] != together[1]


def test_repetition_penalty_sees_the_prompt_and_what_was_written(model):
    cache, _, logits = read(model, CacheStore(1 << 30), PROMPT)
    tokens = write(Batch(model, cache, PROMPT, logits, Params(repetition_penalty=1e6)), 20)[0]
    assert len(set(tokens)) == 20
    assert not set(tokens) & set(PROMPT)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_next_prompt_reuses_what_it_shares(model, n, steps):
    slot = CacheStore(1 << 30)
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
    slot = CacheStore(1 << 30)
    cache, _, logits = read(model, slot, PROMPT)
    batch = Batch(model, cache, PROMPT, logits, Params())
    tokens = write(batch, 6)[0]
    batch.leave(slot)
    longer = [*PROMPT, *tokens, 9]
    _, start, logits = read(model, slot, longer)
    assert start == len(PROMPT) + 5  # the sixth token was chosen but not read
    torch.testing.assert_close(logits, logits_at_once(model, longer), atol=1e-4, rtol=1e-4)


def test_the_same_prompt_again_reads_its_last_token(model):
    slot = CacheStore(1 << 30)
    cache, _, first = read(model, slot, PROMPT)
    slot.put(cache, PROMPT)
    cache, start, logits = read(model, slot, PROMPT)
    assert start == len(PROMPT) - 1
    torch.testing.assert_close(logits, first, atol=1e-4, rtol=1e-4)


def test_nothing_shared_means_a_fresh_cache(model):
    slot = CacheStore(1 << 30)
    cache, _, _ = read(model, slot, PROMPT)
    slot.put(cache, PROMPT)
    other = [(PROMPT[0] + 1) % 300, *PROMPT[1:]]
    fresh, start = slot.take(model, other)
    assert start == 0
    assert fresh is not cache
    torch.testing.assert_close(model.read(other, fresh)[0], logits_at_once(model, other), atol=1e-4, rtol=1e-4)


def test_a_cache_with_layers_that_forget_is_not_reused(tiny_folder):
    slow = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    slow.config.use_sliding_window = True
    slow.config.layer_types = ["sliding_attention"] * slow.config.num_hidden_layers
    slow.config.sliding_window = 8
    slow.model.has_sliding_layers = True
    decoder = TransformersDecoder(slow)
    slot = CacheStore(1 << 30)
    cache, _ = slot.take(decoder, PROMPT)
    decoder.read(PROMPT, cache)
    batch = Batch(decoder, cache, PROMPT, torch.zeros(300), Params())
    batch.leave(slot)
    _, start = slot.take(decoder, PROMPT)
    assert start == 0


def lookup_for(prompt, chance=0.99):
    return PromptLookup(prompt, [], AcceptanceRates([chance] * (LONGEST_MATCH + 1)), 3, 0.0)


@pytest.mark.parametrize("params", [Params(max_tokens=40), Params(max_tokens=40, temperature=0.7, seed=3)])
@pytest.mark.parametrize("repeats", [1, 4])
def test_drafts_never_change_the_text(model, params, repeats):
    prompt = PROMPT[:10] * repeats
    cache, _, logits = read(model, CacheStore(0), prompt)
    plain = write(Batch(model, cache, prompt, logits, params), 40)[0]
    cache, _, logits = read(model, CacheStore(0), prompt)
    batch = Batch(model, cache, prompt, logits, params, lookup_for([*prompt, *plain, *prompt]))
    quick, steps = [], 0
    while len(quick) < 40:
        quick += [sampled.token for _, sampled in batch.step()]
        steps += 1
    assert quick == plain
    assert batch.drafted >= batch.accepted > 0
    assert steps == 40 - batch.accepted
    assert cache.length == len(prompt) + 39


def test_wrong_drafts_leave_nothing_in_the_cache(model):
    class Wrong(PromptLookup):
        def draft(self, room):
            return [1, 2, 3][:room]

    wanted = greedy(model, PROMPT, 12)
    cache, _, logits = read(model, CacheStore(0), PROMPT)
    batch = Batch(model, cache, PROMPT, logits, Params(max_tokens=12), Wrong(PROMPT, [], AcceptanceRates(), 3, 0.0))
    written = []
    while len(written) < 12:
        written += [sampled.token for _, sampled in batch.step()]
    assert written == wanted
    store = CacheStore(1 << 30)
    batch.leave(store)
    cache, known = store.take(model, [*PROMPT, *wanted, 5])
    assert known == len(PROMPT) + 11
    torch.testing.assert_close(
        model.read([*wanted, 5][-2:], cache)[0], logits_at_once(model, [*PROMPT, *wanted, 5]), atol=1e-4, rtol=1e-4
    )


def kept(model, store, ids):
    """Read a prompt and keep its cache; return how many tokens were there before."""
    cache, start, _ = read(model, store, ids)
    store.put(cache, ids)
    return start


def test_two_conversations_do_not_push_each_other_out(model):
    store = CacheStore(1 << 30)
    one, other = PROMPT, [t + 1 for t in PROMPT]
    assert kept(model, store, one) == 0
    assert kept(model, store, other) == 0
    assert kept(model, store, [*one, 7]) == len(one)
    assert kept(model, store, [*other, 8]) == len(other)


def test_a_short_common_beginning_is_copied_and_the_long_one_stays(model, monkeypatch):
    monkeypatch.setattr(decode, "FORK_TOKENS", 8)
    store = CacheStore(1 << 30)
    kept(model, store, PROMPT)
    branch = [*PROMPT[:10], 9, 9, 9]
    cache, start, logits = read(model, store, branch)
    assert start == 10
    torch.testing.assert_close(logits, logits_at_once(model, branch), atol=1e-4, rtol=1e-4)
    store.put(cache, branch)
    assert kept(model, store, [*PROMPT, 7]) == len(PROMPT)


def test_the_cache_unused_for_longest_goes_first(model):
    prompts = [[start, *PROMPT] for start in (1, 2, 3)]
    store = CacheStore(1 << 30)
    kept(model, store, prompts[0])
    each = store.nbytes
    store = CacheStore(2 * each)
    kept(model, store, prompts[0])
    kept(model, store, prompts[1])
    assert kept(model, store, prompts[0]) == len(prompts[0]) - 1  # used again: now the second is the oldest
    kept(model, store, prompts[2])
    assert store.nbytes <= 2 * each
    assert store.take(model, prompts[1])[1] == 0
    assert store.take(model, prompts[0])[1] > 0


def test_one_cache_is_kept_whatever_the_budget(model):
    store = CacheStore(0)
    kept(model, store, PROMPT)
    assert kept(model, store, [*PROMPT, 1]) == len(PROMPT)
    store.clear()
    assert store.nbytes == 0
