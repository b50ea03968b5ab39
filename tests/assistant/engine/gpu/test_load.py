"""Loading as onto a card, but on the processor: what is chosen, and that the engine's answers stay the same."""

import json
import shutil
import weakref

import pytest
import torch

from assistant.engine.decoding.decoder import Loaded
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
from assistant.engine.gpu import load as gpu_loading
from assistant.engine.gpu.decoder import StagedDecoder
from assistant.engine.gpu.load import load_on_card
from assistant.engine.local import load as loading
from assistant.engine.local.load import load_engine
from assistant.engine.local.pretrained import load_pretrained
from assistant.engine.protocol import CancelToken
from assistant.engine.quiet import quietly
from assistant.errors import ModelError, OutOfMemory
from assistant.types import Control, Finished, GenerateRequest, Params, Prompt, Text
from tests.support.adapters import load as load_slow
from tests.support.adapters import make_adapter, merged_weights

CPU = torch.device("cpu")
FIM = Prompt(
    (
        Control("<|fim_prefix|>"),
        Text("def add(a, b):\n    return "),
        Control("<|fim_suffix|>"),
        Text("\n"),
        Control("<|fim_middle|>"),
    )
)


def load(folder, dtype=torch.float32, bits=16, context=2048):
    config = json.loads((folder / "config.json").read_text())
    with quietly():
        return load_on_card(folder, config, CPU, dtype, bits, context)


@pytest.fixture
def engines(tiny_folder, monkeypatch):
    """The same model over stages and over transformers' caches, in float32."""
    monkeypatch.setattr("assistant.engine.local.load.choose_dtype", lambda _device: torch.float32)
    made = []
    for stages in (True, False):
        with quietly():
            model = None if stages else load_pretrained(tiny_folder, CPU, torch.float32)
        loaded = load(tiny_folder) if stages else Loaded(TransformersDecoder(model), 16, 2048)
        monkeypatch.setattr(
            "assistant.engine.local.load.load_fast", lambda *_args, loaded=loaded, **_kwargs: loaded.decoder
        )
        made.append(load_engine(tiny_folder, "cpu", bits=16))
    assert isinstance(made[0]._variants.base.decoder, StagedDecoder)
    yield made
    for engine in made:
        engine.close()


def test_answers_are_those_of_transformers(engines, ask):
    texts = [
        [
            ask(engine, FIM, max_tokens=40, speculate=False).texts,
            ask(engine, FIM, max_tokens=40, speculate=True).texts,
            ask(engine, FIM, max_tokens=20, n=3).texts,
            ask(engine, FIM, max_tokens=20, n=4, temperature=0.8, seed=3).texts,
            ask(engine, "def add(a, b):\n    return a", max_tokens=40).texts,
            ask(engine, "for number in range(10):\n" * 30, max_tokens=10).texts,
        ]
        for engine in engines
    ]
    assert texts[0] == texts[1]


def test_drafts_are_checked_and_some_are_right(engines, ask):
    engine, _ = engines
    repeated = "        print(number)\n" * 8
    plain, drafted = (ask(engine, repeated, max_tokens=60, speculate=speculate) for speculate in (False, True))
    assert plain.texts == drafted.texts
    assert plain.finished.draft_tokens == 0
    assert drafted.finished.draft_tokens > 0


def test_requests_that_take_turns_get_their_own_answers(engines):
    engine, _ = engines

    def start(text, **params):
        request = GenerateRequest(text, Prompt((Text(text),)), Params(max_tokens=12, **params))
        return engine.generate(request, CancelToken())

    def last(events):
        *_, event = events
        assert isinstance(event, Finished)
        return [choice.text for choice in event.choices]

    alone = [last(start("class Point:")), last(start("def length(self):", n=3)), last(start("x = 1\n" * 90))]
    running = [start("class Point:"), start("def length(self):", n=3), start("x = 1\n" * 90)]
    together = {}
    while running:
        for events in list(running):
            event = next(events, None)
            if event is None:
                running.remove(events)
            elif isinstance(event, Finished):
                together[event.request_id] = [choice.text for choice in event.choices]
    assert sorted(together.values()) == sorted(alone)


def test_what_is_asked_again_is_not_read_again(engines, ask):
    engine, other = engines
    text = "class Point:\n    def __init__(self, x, y):\n        self.x = x\n"
    cached = []
    for each in (engine, other):
        ask(each, text, max_tokens=6)
        ask(each, text + "    y = 1\n", max_tokens=6, n=2)
        cached.append(ask(each, text + "    y = 1\n", max_tokens=6).of(object)[0].cached_tokens)
    assert cached[0] == cached[1] > 10


def test_closing_frees_the_decoder(tiny_folder):
    loaded = load(tiny_folder)
    loaded.decoder.next([1], loaded.decoder.new_cache())
    (stage,) = loaded.decoder._stages.values()
    gone = weakref.ref(stage)
    del stage, loaded
    assert gone() is None


def test_a_model_that_forgets_goes_through_transformers(tiny_folder, tmp_path, caplog):
    folder = shutil.copytree(tiny_folder, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    config |= {"use_sliding_window": True, "sliding_window": 32, "max_window_layers": 0, "layer_types": None}
    (folder / "config.json").write_text(json.dumps(config))
    with caplog.at_level("INFO"):
        loaded = load(folder)
    assert isinstance(loaded.decoder, TransformersDecoder)
    assert loaded.context == 2048
    assert "of another kind" in caplog.text


def test_where_drafts_do_not_agree_none_are_made(tiny_folder, monkeypatch):
    monkeypatch.setattr(StagedDecoder, "drafts_agree", lambda _self: False)
    assert load(tiny_folder, torch.bfloat16).decoder.max_draft_tokens == 0
    assert load(tiny_folder, torch.float32).decoder.max_draft_tokens == 7
    monkeypatch.setattr(StagedDecoder, "drafts_agree", lambda _self: True)
    assert load(tiny_folder, torch.bfloat16).decoder.max_draft_tokens == 7


def test_little_memory_bounds_the_context(tiny_folder, monkeypatch):
    monkeypatch.setattr(gpu_loading, "free_memory", lambda _place: 0)
    assert load(tiny_folder, context=100_000).context == 2048


def test_little_memory_takes_fewer_bits(tiny_folder, monkeypatch):
    packed = []
    monkeypatch.setattr(gpu_loading, "free_memory", lambda _place: 0)
    monkeypatch.setattr(gpu_loading, "pack", lambda _model, bits, place: packed.append((bits, place)))
    assert load(tiny_folder, torch.bfloat16, "auto").bits == 4
    assert load(tiny_folder, torch.float16, "auto").bits == 8
    assert packed == [(4, CPU), (8, CPU)]


def test_eight_bits_write(tiny_folder):
    pytest.importorskip("torchao", reason="torchao, of the extra 'gpu', is not installed")
    loaded = load(tiny_folder, torch.bfloat16, 8)
    assert isinstance(loaded.decoder, StagedDecoder)
    cache = loaded.decoder.new_cache()
    logits = loaded.decoder.read(list(range(40)), cache)
    assert torch.isfinite(logits).all()
    cache.repeat(2)
    assert torch.isfinite(loaded.decoder.next([1, 2], cache)).all()


@pytest.fixture
def as_on_cuda(monkeypatch):
    """Have the loader believe that there is a card, on which the processor computes; return what it was asked for."""
    asked = []
    monkeypatch.setattr(loading, "choose_device", lambda _wanted: torch.device("cuda"))
    monkeypatch.setattr(loading, "choose_dtype", lambda _device: torch.float32)
    monkeypatch.setattr(loading, "_cache_bytes", lambda _place: 1 << 20)
    monkeypatch.setattr(loading, "release_memory", lambda _place: None)

    def on_card(folder, config, place, dtype, wanted, context):
        asked.append((place.type, dtype, wanted, context))
        found = load_on_card(folder, config, CPU, dtype, 16, context)
        return Loaded(found.decoder, 8, 1000)

    monkeypatch.setattr(gpu_loading, "load_on_card", on_card)
    return asked


def test_a_card_gets_the_wish_and_says_what_became_of_it(tiny_folder, as_on_cuda, ask):
    engine = load_engine(tiny_folder, "auto")
    assert as_on_cuda == [("cuda", torch.float32, "auto", 2048)]
    assert engine.info.device == "cuda"
    assert engine.info.dtype == "float32, 8-bit weights"
    assert engine.info.context_length == 1000
    assert ask(engine, FIM, max_tokens=5).finished.generated_tokens == 5
    assert ask(engine, "x", max_tokens=1000).failed.code == "context_length_exceeded"
    engine.close()


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (ModelError("Weights in 4 bits need torchao."), ModelError, "need torchao"),
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory, "free memory of the cuda"),
    ],
)
def test_what_a_card_cannot_is_said(tiny_folder, as_on_cuda, monkeypatch, error, raised, said):
    def fail(*_args):
        raise error

    monkeypatch.setattr(gpu_loading, "load_on_card", fail)
    with pytest.raises(raised, match=said):
        load_engine(tiny_folder, "auto")


def test_no_room_for_a_request_is_said_and_the_next_one_works(tiny_folder, as_on_cuda, monkeypatch, ask):
    engine = load_engine(tiny_folder, "auto")
    monkeypatch.setattr("assistant.engine.local.engine.release_memory", lambda _place: None)
    decoder = engine._variants.base.decoder
    real = StagedDecoder._new_stage

    def fail(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(StagedDecoder, "_new_stage", fail)
    assert ask(engine, FIM, max_tokens=5, n=2).failed.code == "out_of_memory"
    assert ask(engine, FIM, max_tokens=5).finished.generated_tokens == 5
    monkeypatch.setattr(StagedDecoder, "_new_stage", real)
    assert ask(engine, FIM, max_tokens=5, n=2).finished.generated_tokens == 10
    assert decoder.stages == [(1, 2048), (4, 2048)]
    engine.close()


def test_an_adapter_changes_the_weights_under_a_recorded_step_and_they_come_back(tiny_folder, tmp_path):
    from assistant.engine.local.adapting import InPlace
    from assistant.engine.protocol import AdapterChoice

    loaded = load(tiny_folder)
    assert isinstance(loaded.decoder, StagedDecoder)
    place = InPlace(loaded.decoder, loaded.model, tiny_folder)
    folder = make_adapter(tiny_folder, tmp_path / "a")
    other, _ = place.merged(AdapterChoice("a", folder, 0.5))
    ids = [1 + number for number in range(20)]

    def logits(decoder):
        cache = decoder.new_cache()
        decoder.read(ids[:12], cache)
        return torch.cat([decoder.next([token], cache) for token in ids[12:]])

    @torch.inference_mode()
    def wanted(model):
        return model(input_ids=torch.tensor([ids])).logits[0, 12:]

    slow = load_slow(tiny_folder)
    plain = wanted(slow)
    slow.load_state_dict(merged_weights(slow, folder, 0.5))
    changed = wanted(slow)
    assert (changed - plain).abs().max() > 0.1
    for decoder, right in ((place.base, plain), (other, changed), (place.base, plain), (other, changed)):
        torch.testing.assert_close(logits(decoder), right, atol=1e-3, rtol=1e-3)
