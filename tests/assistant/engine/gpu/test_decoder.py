"""Staged caches on the processor, against transformers' growing ones: logits, cuts, copies, rows, and other caches."""

import copy

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

from assistant.engine.decoding.decode import CacheStore
from assistant.engine.decoding.decoder import Interrupted
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
from assistant.engine.gpu import attention
from assistant.engine.gpu.cuda_graph import NoCapture
from assistant.engine.gpu.decoder import StagedDecoder, read_kv_shape, stage_rows

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES)),
    "llama, a key for each head": (LlamaForCausalLM, LlamaConfig(**{**SIZES, "num_key_value_heads": 4})),
    "mistral": (MistralForCausalLM, MistralConfig(**SIZES, sliding_window=None)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=32)),
    "starcoder2": (Starcoder2ForCausalLM, Starcoder2Config(**SIZES, sliding_window=None, use_bias=True)),
}
IDS = torch.randint(0, 300, (90,), generator=torch.Generator().manual_seed(1)).tolist()
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


class Replay:
    """Does what a graph does to the memory: runs while it records, and gives all results in one place."""

    def __init__(self):
        self.captured = 0

    def capture(self, step):
        step()
        place = step().clone()
        self.captured += 1

        def replay():
            return place.copy_(step())

        return replay


def make(kind="qwen2", dtype=torch.float32, capture=None, **options):
    """Return both decoders over models with the same weights."""
    both = []
    for _ in range(2):
        torch.manual_seed(0)
        factory, config = MODELS[kind]
        both.append(factory(copy.deepcopy(config)).to(dtype).eval())
    shape = read_kv_shape(both[0])
    assert attention.use(both[0])
    options = {"longest": 512, "smallest": 64, **options}
    return StagedDecoder(both[0], shape, capture or Replay(), **options), TransformersDecoder(both[1])


def same(ours, theirs):
    torch.testing.assert_close(ours, theirs, **TOLERANCE)


def greedy(decoder, cache, logits, count):
    written = []
    for _ in range(count):
        written.append(int(logits.argmax()))
        logits = decoder.next([written[-1]], cache)[0]
    return written


@pytest.mark.parametrize("kind", MODELS)
def test_logits_are_those_of_transformers(kind):
    ours, theirs = make(kind)
    mine, other = ours.new_cache(), theirs.new_cache()
    for begin, end in ((0, 30), (30, 70), (70, 75)):  # the last piece is few tokens: a step
        same(ours.read(IDS[begin:end], mine, keep=3), theirs.read(IDS[begin:end], other, keep=3))
    for token in IDS[75:]:
        same(ours.next([token], mine), theirs.next([token], other))
    assert mine.length == other.length == 90
    assert mine.nbytes == other.nbytes


@pytest.mark.parametrize("kind", MODELS)
def test_greedy_text_is_that_of_transformers(kind):
    texts = []
    for decoder in make(kind):
        cache = decoder.new_cache()
        texts.append(greedy(decoder, cache, decoder.read(IDS, cache)[0], 64))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("kind", ["qwen2", "llama, a key for each head"])
def test_rows_go_on_alike_and_fewer_are_kept(kind):
    results = []
    for decoder in make(kind):
        cache = decoder.new_cache()
        decoder.read(IDS[:40], cache)
        cache.repeat(3)
        steps = [decoder.next([5, 6, 7], cache), decoder.next([8, 9, 10], cache)]
        cache.select([2, 0])
        steps.append(decoder.next([11, 12], cache))
        cache.select([1])
        steps.append(decoder.next([13], cache))
        cache.crop(40)
        steps.append(decoder.read(IDS[40:60], cache))
        results.append(torch.cat(steps))
    same(*results)


def test_a_cut_cache_forgets_what_was_behind():
    ours, theirs = make()
    mine, other = ours.new_cache(), theirs.new_cache()
    for decoder, cache in ((ours, mine), (theirs, other)):
        decoder.read(IDS[:60], cache)
        cache.crop(21)
    same(ours.read(IDS[60:64], mine, keep=4), theirs.read(IDS[60:64], other, keep=4))
    assert mine.length == 25


def test_a_copy_goes_its_own_way():
    ours, theirs = make()
    results = []
    for decoder in (ours, theirs):
        cache = decoder.new_cache()
        decoder.read(IDS[:50], cache)
        copy = cache.fork(20)
        first = decoder.read(IDS[60:90], copy)
        results.append(torch.cat([first, decoder.next([3], cache), decoder.next([4], copy), decoder.next([5], cache)]))
    same(*results)


def test_caches_that_take_turns_do_not_see_each_other():
    ours, theirs = make()
    results = []
    for decoder in (ours, theirs):
        first, second = decoder.new_cache(), decoder.new_cache()
        decoder.read(IDS[:30], first)
        decoder.read(IDS[30:50], second)
        logits = [decoder.next([1], first), decoder.next([2], second), decoder.next([3], first)]
        second.repeat(2)
        logits += [decoder.next([4, 5], second), decoder.next([6], first), decoder.next([7, 8], second)]
        results.append(torch.cat(logits))
    same(*results)


def test_a_cache_that_nobody_holds_is_not_copied():
    ours, _ = make()
    cache = ours.new_cache()
    ours.read(IDS[:30], cache)
    (stage,) = ours._stages.values()
    assert not stage.free
    del cache
    assert stage.free


def test_a_growing_cache_moves_to_larger_stages():
    capture = Replay()
    ours, theirs = make(capture=capture)
    mine, other = ours.new_cache(), theirs.new_cache()
    for start in range(0, 300, 50):
        piece = [(token + start) % 300 for token in IDS[:50]]
        same(ours.read(piece, mine), theirs.read(piece, other))
    same(ours.next([1], mine), theirs.next([1], other))
    assert ours.stages == [(1, 64), (1, 128), (1, 256), (1, 512)]
    assert capture.captured == 4


def test_no_stage_is_larger_than_the_model_needs():
    ours, _ = make(longest=300)
    cache = ours.new_cache()
    ours.read(IDS * 3, cache)
    greedy(ours, cache, torch.zeros(300), 29)
    assert cache.length == 299
    assert ours.stages[-1] == (1, 320)


def test_each_shape_is_recorded_once():
    capture = Replay()
    ours, _ = make(capture=capture)
    for rows in (1, 4, 3, 2, 1, 4):
        cache = ours.new_cache()
        ours.read(IDS[:20], cache)
        if rows > 1:
            cache.repeat(rows)
        ours.next([1] * rows, cache)
        ours.next([2] * rows, cache)
    assert ours.stages == [(1, 64), (4, 64)]
    assert capture.captured == 2


@pytest.mark.parametrize(("rows", "stage"), [(1, 1), (2, 4), (3, 4), (4, 4), (5, 16), (16, 16)])
def test_rows_of_stages(rows, stage):
    assert stage_rows(rows) == stage


def test_drafted_tokens_are_checked_in_one_step():
    ours, theirs = make()
    assert ours.max_draft_tokens == 7
    mine, other = ours.new_cache(), theirs.new_cache()
    ours.read(IDS[:40], mine)
    theirs.read(IDS[:40], other)
    checked = ours.read(IDS[40:48], mine, keep=8)
    same(checked, torch.cat([theirs.next([token], other) for token in IDS[40:48]]))
    mine.crop(44)
    other.crop(44)
    same(ours.next([9], mine), theirs.next([9], other))


def test_a_decoder_of_width_one_checks_none():
    ours, theirs = make(width=1)
    assert ours.max_draft_tokens == 0
    mine, other = ours.new_cache(), theirs.new_cache()
    same(ours.read(IDS[:40], mine), theirs.read(IDS[:40], other))
    same(ours.next([9], mine), theirs.next([9], other))


def test_whether_drafts_agree_is_looked_at(monkeypatch):
    ours, _ = make()
    answer = ours.drafts_agree()
    assert isinstance(answer, bool)
    real = StagedDecoder.next
    monkeypatch.setattr(StagedDecoder, "next", lambda *args: real(*args) * (1 + 1e-6))
    assert not ours.drafts_agree()


def test_reading_that_nobody_wants_changes_nothing():
    ours, _ = make()
    cache = ours.new_cache()
    ours.read(IDS[:20], cache)
    with pytest.raises(Interrupted):
        ours.read(IDS[20:40], cache, stop=lambda: True)
    assert cache.length == 20


def test_a_stage_without_room_takes_the_room_of_the_others(monkeypatch):
    ours, theirs = make()
    mine, other = ours.new_cache(), theirs.new_cache()
    ours.read(IDS[:40], mine)
    theirs.read(IDS[:40], other)
    real, failures = ours._capture.capture, [torch.OutOfMemoryError("CUDA out of memory")]

    def capture(step):
        if failures:
            raise failures.pop()
        return real(step)

    monkeypatch.setattr(ours._capture, "capture", capture)
    same(ours.read(IDS[40:80], mine), theirs.read(IDS[40:80], other))
    assert ours.stages == [(1, 128)]

    failures += [torch.OutOfMemoryError("CUDA out of memory")] * 2
    with pytest.raises(torch.OutOfMemoryError):
        ours.read([*IDS, *IDS], mine)
    assert mine.length == 80
    same(ours.next([4], mine), theirs.next([4], other))


def test_a_store_keeps_staged_caches():
    ours, theirs = make()
    results = []
    for decoder in (ours, theirs):
        store = CacheStore(1 << 20)
        cache, _ = store.take(decoder, IDS[:60])
        decoder.read(IDS[:60], cache)
        store.put(cache, IDS[:60])
        cache, cached = store.take(decoder, IDS[:45])
        assert cached == 44
        results.append(decoder.read(IDS[44:45], cache))
    same(*results)


def test_numbers_of_half_precision(monkeypatch):
    ours, theirs = make(dtype=torch.bfloat16, capture=NoCapture())
    mine, other = ours.new_cache(), theirs.new_cache()
    logits = ours.read(IDS, mine)
    torch.testing.assert_close(logits, theirs.read(IDS, other), rtol=0.05, atol=0.05)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(ours.next([4], mine), theirs.next([4], other), rtol=0.05, atol=0.05)


def test_a_model_that_forgets_has_no_shape():
    config = MistralConfig(**SIZES, sliding_window=24)
    assert read_kv_shape(MistralForCausalLM(config).eval()) is None


def test_a_model_that_attends_in_a_way_of_its_own_is_left_as_it_is():
    model = Qwen2ForCausalLM(Qwen2Config(**SIZES, attn_implementation="eager"))
    assert not attention.use(model)
    assert model.config._attn_implementation == "eager"
