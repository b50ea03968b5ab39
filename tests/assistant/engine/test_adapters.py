"""One engine, several adapters: which answers, what each remembers, and how one takes over from another."""

import dataclasses
import json
import shutil
import threading

import pytest
import torch
from safetensors.torch import load_file, save_file

from assistant.engine.local.adapter_variants import AdapterVariants
from assistant.engine.local.adapting import FastAdapting, InPlace
from assistant.engine.local.load import load_engine
from assistant.engine.protocol import AdapterChoice, Adapts, CancelToken
from assistant.errors import InputError, ModelError
from assistant.models.adapter_format import AdapterError
from assistant.types import Delta, GenerateRequest, Params, Prompt, Started, Text
from tests.support.adapters import make_adapter

TEXT = "def add(a, b):\n    return a + b\n\n\nclass Point:\n    def"


@pytest.fixture(scope="module")
def folders(tiny_folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("adapters")
    return {
        "one": make_adapter(tiny_folder, place / "one", seed=1),
        "two": make_adapter(tiny_folder, place / "two", seed=2),
        "dora": make_adapter(tiny_folder, place / "dora", seed=3, method="dora"),
    }


@pytest.fixture
def choose(folders):
    return lambda name, scale=1.0: AdapterChoice(name, folders[name], scale)


@pytest.fixture(params=["fast", "transformers"])
def engine(request, tiny_folder, choose, monkeypatch):
    monkeypatch.setattr("assistant.engine.local.load.choose_dtype", lambda _device: torch.float32)
    if request.param == "transformers":
        monkeypatch.setattr("assistant.engine.local.load.read_shape", lambda _config: "nobody knows it")

    def find(name):
        if name not in ("one", "two", "dora"):
            raise InputError(f"There is no adapter '{name}'.")
        return choose(name)

    engine = load_engine(tiny_folder, "cpu", bits=16, find_adapter=find)
    yield engine
    engine.close()


def request(adapter=None, text=TEXT, **params):
    params = {"max_tokens": 12, "speculate": False, **params}
    return GenerateRequest("r", Prompt((Text(text),)), Params(**params), adapter=adapter)


def finish(events):
    return list(events)[-1]


def answer(engine, adapter=None, **params):
    done = finish(engine.generate(request(adapter, **params), CancelToken()))
    assert hasattr(done, "choices"), done
    return done


def text_of(engine, adapter=None, **params):
    return answer(engine, adapter, **params).choices[0].text


def test_an_engine_adapts(engine):
    assert isinstance(engine, Adapts)


def test_an_adapter_answers_and_the_base_comes_back(engine, choose):
    base = text_of(engine)
    engine.set_adapter(choose("one"))
    assert engine.info.adapter == "one"
    with_one = answer(engine)
    assert with_one.adapter == "one"
    assert with_one.choices[0].text != base
    engine.set_adapter(choose("two"))
    assert text_of(engine) not in (base, with_one.choices[0].text)
    engine.set_adapter(None)
    assert engine.info.adapter is None
    back = answer(engine)
    assert (back.choices[0].text, back.adapter) == (base, None)


def test_events_say_which_adapter_answered(engine):
    events = list(engine.generate(request("two"), CancelToken()))
    assert [each.adapter for each in events if isinstance(each, Started)] == ["two"]
    assert events[-1].adapter == "two"


def test_a_request_names_its_adapter(engine, choose):
    base, one, two = (text_of(engine, name) for name in ("", "one", "two"))
    assert len({base, one, two}) == 3
    engine.set_adapter(choose("two"))
    assert [text_of(engine, name) for name in ("", "one", None, "two")] == [base, one, two, two]


def test_an_adapter_that_there_is_not_fails_the_request_alone(engine):
    failed = finish(engine.generate(request("nobody"), CancelToken()))
    assert "There is no adapter 'nobody'" in failed.message
    assert failed.code == "invalid_request"
    assert text_of(engine)


def test_scale_zero_is_the_base_itself(engine, choose):
    base = text_of(engine)
    engine.set_adapter(choose("one", 0.0))
    done = answer(engine)
    assert (done.choices[0].text, done.adapter) == (base, None)
    assert engine.info.adapter is None


def test_scales_differ_and_come_back(engine, choose):
    texts = {}
    for scale in (1.0, 0.5, 0.2, 1.0, 0.5):
        engine.set_adapter(choose("one", scale), wait=True)
        assert texts.setdefault(scale, text_of(engine, max_tokens=30)) == text_of(engine, max_tokens=30)
    assert len(set(texts.values())) > 1


def test_what_one_has_read_says_nothing_to_another(engine, choose):
    first = answer(engine)
    assert first.cached_tokens == 0
    engine.set_adapter(choose("one"), wait=True)
    assert answer(engine).cached_tokens == 0
    assert answer(engine).cached_tokens > 0
    engine.set_adapter(None)
    again = answer(engine)
    assert again.cached_tokens > 0
    assert again.choices[0].text == first.choices[0].text


@pytest.mark.parametrize("name", ["one", "dora"])
def test_a_swap_leaves_what_is_paused_as_it_was(engine, choose, name):
    base = text_of(engine)
    paused = engine.generate(request(), CancelToken())
    seen = [next(paused)]
    while not isinstance(seen[-1], Delta):
        seen.append(next(paused))
    engine.set_adapter(choose(name))
    changed = text_of(engine)
    done = finish(paused)
    assert (done.choices[0].text, done.adapter) == (base, None)
    assert changed != base
    other = engine.generate(request(), CancelToken())
    next(other)
    engine.set_adapter(None)
    assert text_of(engine) == base
    done = finish(other)
    assert (done.choices[0].text, done.adapter) == (changed, name)


def test_forgetting_is_for_all(engine, choose):
    engine.set_adapter(choose("one"), wait=True)
    answer(engine)
    engine.forget()
    assert answer(engine).cached_tokens == 0


# --- from beside to merged -------------------------------------------------------------


@pytest.fixture
def fast(tiny_engine):
    return tiny_engine


def test_it_answers_at_once_and_the_merged_model_takes_over(fast, choose):
    fast.set_adapter(choose("one"))
    variants = fast._variants
    beside = variants.find(choose("one"))
    assert not beside.settled
    first = text_of(fast)
    variants._merging.join()
    merged = variants.find(choose("one"))
    assert merged.settled
    assert merged.bytes > 0
    assert merged.decoder is not beside.decoder
    assert first
    assert text_of(fast)
    assert variants.find(choose("one")) is merged


def test_waiting_takes_the_merge_that_goes_on(fast, choose, monkeypatch):
    adapting, calls = fast._variants._adapting, []
    merged = adapting.merged

    def counted(*args):
        calls.append(args[0].name)
        return merged(*args)

    monkeypatch.setattr(adapting, "merged", counted)
    fast.set_adapter(choose("one"))
    fast.set_adapter(choose("one"), wait=True)
    assert calls == ["one"]
    assert fast._variants.find(choose("one")).settled


def test_a_merge_that_fails_leaves_it_beside_the_weights(fast, choose, monkeypatch, caplog):
    monkeypatch.setattr(fast._variants._adapting, "merged", lambda *_: 1 / 0)
    fast.set_adapter(choose("one"))
    fast._variants._merging.join()
    assert fast._variants.find(choose("one")).settled
    assert "stays beside the weights" in caplog.text
    assert answer(fast).adapter == "one"


def test_a_scale_that_moves_on_gives_the_merge_up(fast, choose):
    fast.set_adapter(choose("one", 0.3))
    first = fast._variants._merging
    fast.set_adapter(choose("one", 0.4))
    assert not first.alive
    assert first.result is None
    assert fast._variants._merging.choice.scale == 0.4


def test_another_request_leaves_the_merge_of_the_active_one_alone(fast, choose):
    fast._find_adapter = choose
    fast.set_adapter(choose("one"))
    going = fast._variants._merging
    assert text_of(fast, "two")
    assert fast._variants._merging in (going, None) or going.result is not None


def test_merging_beside_decoding_changes_no_answer(fast, choose):
    base = text_of(fast, max_tokens=40)
    for name in ("one", "two", "one", "two"):
        fast.set_adapter(choose(name))
        assert text_of(fast, "", max_tokens=40) == base


def test_without_memory_it_stays_beside_the_weights(fast, choose, monkeypatch, caplog):
    fast._variants._adapting.needed_bytes = 1 << 60
    fast.set_adapter(choose("one"))
    assert fast._variants._merging is None
    assert fast._variants.find(choose("one")).settled
    assert "no memory for merging" in caplog.text
    assert answer(fast).adapter == "one"


def test_what_was_merged_last_stays_within_the_memory(tiny_engine, choose):
    variants = AdapterVariants(
        tiny_engine._variants.base.decoder, tiny_engine._variants._adapting, 1 << 20, most_bytes=0
    )
    one = variants.find(choose("one"), wait=True)
    assert one.settled
    assert variants.find(choose("two"), wait=True).bytes
    assert [choice.name for choice in variants._kept] == ["two"]
    assert variants.find(choose("one"), wait=True) is not one
    variants.close()


def test_of_one_adapter_a_single_scale_is_kept_merged(fast, choose):
    for scale in (0.2, 0.4, 0.6):
        fast.set_adapter(choose("one", scale), wait=True)
    fast.set_adapter(choose("two"), wait=True)
    kept = [(choice.name, choice.scale) for choice, variant in fast._variants._kept.items() if variant.bytes]
    assert kept == [("one", 0.6), ("two", 1.0)]


def test_closing_ends_the_thread(tiny_folder, choose):
    engine = load_engine(tiny_folder, "cpu")
    engine.set_adapter(choose("one"))
    engine.close()
    assert not any(thread.name == "merging" for thread in threading.enumerate())


def test_a_model_file_that_is_gone_is_a_sentence(tiny_folder, tmp_path, choose):
    copy = shutil.copytree(tiny_folder, tmp_path / "copy")
    engine = load_engine(copy, "cpu")
    base = text_of(engine)
    weights = copy / "model.safetensors"
    shutil.move(weights, tmp_path / "away")
    with pytest.raises(ModelError):
        engine.set_adapter(choose("one"), wait=True)
    assert engine.info.adapter is None
    assert text_of(engine) == base
    engine.close()


# --- what cannot be used ---------------------------------------------------------------


def test_damage_leaves_the_active_adapter_as_it_was(engine, choose, folders, tmp_path):
    engine.set_adapter(choose("one"))
    one = text_of(engine)
    broken = shutil.copytree(folders["two"], tmp_path / "broken")
    weights = load_file(broken / "adapter_model.safetensors")
    name = next(iter(weights))
    weights[name][0, 0] = float("nan")
    save_file(weights, broken / "adapter_model.safetensors")
    for place, why in ((broken, "no numbers"), (tmp_path / "nowhere", "no adapter_config.json")):
        with pytest.raises(AdapterError, match=why):
            engine.set_adapter(AdapterChoice("bad", place, 1.0))
        assert (engine.info.adapter, text_of(engine)) == ("one", one)


def test_an_adapter_of_another_shape_is_refused(engine, folders, tmp_path):
    other = shutil.copytree(folders["one"], tmp_path / "other")
    weights = load_file(other / "adapter_model.safetensors")
    name = next(name for name in weights if "down_proj.lora_A" in name)
    weights[name] = weights[name][:, :-1].contiguous()
    save_file(weights, other / "adapter_model.safetensors")
    with pytest.raises(AdapterError, match="does not fit"):
        engine.set_adapter(AdapterChoice("bad", other, 1.0))


def test_packed_weights_that_cannot_be_changed_in_place_say_so(tiny_engine, tiny_folder, choose):
    class Model:
        def named_parameters(self):
            return iter(())

    place = InPlace(tiny_engine._variants.base.decoder, Model(), tiny_folder)
    with pytest.raises(ModelError, match="--bits 16"):
        place.merged(choose("one"))


def test_the_numbers_of_the_last_adapter_are_read_once(tiny_engine, tiny_folder, choose, monkeypatch):
    adapting = FastAdapting(tiny_engine._variants.base.decoder, tiny_folder)
    adapting.at_once(choose("one", 0.1))
    monkeypatch.setattr("assistant.engine.local.adapting.read_changes", None)
    adapting.at_once(choose("one", 0.9))
    with pytest.raises(TypeError):
        adapting.at_once(dataclasses.replace(choose("one", 0.9), version="another"))


def test_a_model_without_a_way_says_so(tiny_engine):
    variants = AdapterVariants(tiny_engine._variants.base.decoder, None, 1 << 20)
    with pytest.raises(InputError, match="cannot be changed by adapters"):
        variants.find(AdapterChoice("one", None, 1.0))


def test_config_of_the_test_adapters_is_pefts_own(folders):
    assert json.loads((folders["one"] / "adapter_config.json").read_text())["peft_type"] == "LORA"
