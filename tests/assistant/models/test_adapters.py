"""The store of adapters: names, safety, damage, and that each is bound to its base. No torch: files made by hand."""

import contextlib
import json
import os
import pickle
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from assistant.config import find_paths
from assistant.errors import DiskError, InputError, ModelError
from assistant.models.adapter_format import AdapterError, base_shapes, read_adapter_files
from assistant.models.adapters import (
    AdapterRecord,
    AdapterStore,
    check_name,
    export,
    identity,
    parse_choice,
)
from assistant.models.safetensors_header import read_header

HOSTILE = json.loads(Path(__file__).with_name("hostile_names.json").read_text(encoding="utf-8"))
MODULE = "model.layers.0.self_attn.q_proj"
CONFIG = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "r": 2,
    "lora_alpha": 4,
    "target_modules": ["q_proj"],
    "bias": "none",
}


def tensors(rank=2, inputs=8, outputs=6, module=MODULE, dtype=np.float32):
    at = f"base_model.model.{module}"
    return {
        f"{at}.lora_A.weight": np.ones((rank, inputs), dtype),
        f"{at}.lora_B.weight": np.ones((outputs, rank), dtype),
    }


def write(folder: Path, weights=None, **config) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **config}))
    save_file(tensors() if weights is None else weights, folder / "adapter_model.safetensors")
    return folder


def install_model(name="toy", seed=0, quantisation=None):
    """A model folder by hand: one product, and a model.json."""
    folder = find_paths().models / name
    folder.mkdir(parents=True)
    weight = np.full((6, 8), seed, np.float32)
    save_file({f"{MODULE}.weight": weight, "model.embed_tokens.weight": weight}, folder / "model.safetensors")
    import hashlib

    sha = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    record = {
        "format": 1, "id": name, "name": name, "licence": "MIT", "family": "none", "source": {"kind": "local", "detail": ""},
        "files": {"model.safetensors": {"bytes": 1, "sha256": sha}}, "parameters": 1, "context_length": 9,
        "quantisation": quantisation,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(record))
    return AdapterStore(find_paths()).models.get(name)


@pytest.fixture
def store():
    return AdapterStore(find_paths())


@pytest.fixture
def toy():
    return install_model()


@pytest.fixture
def mine(store, toy, tmp_path):
    return store.add(write(tmp_path / "mine"), "mine", toy)


# --- names -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_no_plain_ones_are_refused_everywhere(store, toy, tmp_path, name):
    source = write(tmp_path / "source")
    before = sorted(tmp_path.rglob("*"))
    for action in (
        store.path,
        store.get,
        store.remove,
        store.enable,
        store.disable,
        store.files,
        lambda each: store.choice(each, toy),
        lambda each: store.add(source, each, toy),
        lambda each: store.install(source, AdapterRecord(each, "toy", "0")),
        lambda each: export(store, each, tmp_path / "out"),
        parse_choice,
    ):
        with pytest.raises(InputError):
            action(name)
    assert sorted(tmp_path.rglob("*")) == before
    assert not store.folder.exists()


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "x" * 100, "0", "console"])
def test_plain_names_are_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("text", "found"), [("a", ("a", None)), ("a:0", ("a", 0.0)), ("a:0.5", ("a", 0.5)), ("a:1", ("a", 1.0))]
)
def test_a_choice_is_a_name_and_perhaps_a_scale(text, found):
    assert parse_choice(text) == found


@pytest.mark.parametrize("text", ["a:", "a:x", "a:-0.1", "a:1.1", "a:nan", "a:inf", ":1", "a:b:1"])
def test_scales_lie_between_none_and_all(text):
    with pytest.raises(InputError):
        parse_choice(text)


# --- installing ------------------------------------------------------------------------


def test_an_adapter_is_copied_whole_and_listed(store, toy, mine, tmp_path):
    assert store.list() == [mine]
    assert (mine.base, mine.base_sha256, mine.scale, mine.enabled) == ("toy", identity(toy, Path()), 1.0, False)
    assert mine.made
    assert sorted(file.name for file in store.path("mine").iterdir()) == [
        "adapter.json",
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    files = store.files("mine")
    assert (files.method, files.rank) == ("lora", 2)
    assert files.changes[f"{MODULE}.weight"].factor == 2.0
    assert store.fits(mine, toy)
    shutil.rmtree(tmp_path / "mine")
    assert store.files("mine").rank == 2


def test_a_second_of_one_name_is_refused(store, toy, mine, tmp_path):
    with pytest.raises(InputError, match="already"):
        store.add(write(tmp_path / "other"), "mine", toy)
    assert store.list() == [mine]


def test_nothing_is_left_of_what_could_not_be_installed(store, toy, tmp_path, monkeypatch):
    source = write(tmp_path / "source")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.models.adapters.shutil.copyfile", full)
    with pytest.raises(DiskError, match="disk is full"):
        store.add(source, "mine", toy)
    assert list(store.folder.iterdir()) == []
    assert store.list() == []


def test_removing_frees_all_and_says_what_there_is_not(store, mine):
    assert store.remove("mine") > 0
    assert list(store.folder.iterdir()) == []
    with pytest.raises(InputError, match="There is no adapter 'mine'"):
        store.remove("mine")


def test_removing_a_link_leaves_what_it_leads_to(store, mine, tmp_path):
    store.path("mine").rename(tmp_path / "elsewhere")
    store.path("mine").symlink_to(tmp_path / "elsewhere")
    assert store.remove("mine") == 0
    assert (tmp_path / "elsewhere" / "adapter.json").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 9}', "\udcff", '{"format": 1, "scale": "x", "enabled": true}',
     '{"format": 1, "scale": 7, "enabled": true}', '{"format": 1, "scale": NaN, "enabled": true}'],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_damage_and_can_be_removed(store, mine, text):
    (store.path("mine") / "adapter.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert store.list() == []
    with pytest.raises(AdapterError, match="'mine' is damaged"):
        store.get("mine")
    assert store.remove("mine") > 0


def test_export_is_pefts_two_files(store, mine, tmp_path):
    export(store, "mine", tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    with pytest.raises(InputError, match="is there already"):
        export(store, "mine", tmp_path / "out")


# --- which one is active ---------------------------------------------------------------


def test_one_adapter_of_a_base_is_enabled_at_a_time(store, toy, mine, tmp_path):
    store.add(write(tmp_path / "other"), "other", toy)
    assert store.active(toy) is None
    store.enable("mine", 0.5)
    active = store.active(toy)
    assert (active.name, active.scale, active.folder) == ("mine", 0.5, store.path("mine"))
    store.enable("other")
    assert store.active(toy).name == "other"
    assert [record.enabled for record in store.list()] == [False, True]
    store.disable("other")
    assert store.active(toy) is None
    assert store.enable("mine").scale == 0.5


def test_adapters_of_two_bases_do_not_disturb_each_other(store, toy, mine, tmp_path):
    second = install_model("second", seed=1)
    store.add(write(tmp_path / "other"), "other", second)
    store.enable("mine")
    store.enable("other")
    assert (store.active(toy).name, store.active(second).name) == ("mine", "other")


@pytest.mark.parametrize("scale", [-0.1, 1.5, float("nan"), float("inf")])
def test_scales_outside_are_refused(store, mine, scale):
    with pytest.raises(InputError, match="between 0 and 1"):
        store.enable("mine", scale)
    assert store.get("mine") == mine


# --- the base --------------------------------------------------------------------------


def test_a_wrong_base_is_refused_by_a_sentence_that_names_both(store, toy, mine):
    other = install_model("other", seed=1)
    assert not store.fits(mine, other)
    with pytest.raises(InputError, match=r"for the weights of 'toy'.*not for those of 'other'"):
        store.choice("mine", other)
    assert store.choice("mine", toy, 0.25).scale == 0.25


def test_the_same_id_with_other_weights_is_another_base(store, toy, mine):
    shutil.rmtree(store.models.path("toy"))
    changed = install_model("toy", seed=3)
    assert not store.fits(mine, changed)
    store.enable("mine")
    assert store.active(changed) is None


def test_a_model_that_was_quantised_from_the_base_takes_its_adapters(store, toy, mine):
    small = install_model("small", 5, {"bits": 4, "group": 32, "method": "rtn", "base": "toy"})
    stranger = install_model("stranger", 6, {"bits": 4, "group": 32, "method": "rtn", "base": "elsewhere"})
    assert store.fits(mine, small)
    assert not store.fits(mine, stranger)
    shutil.rmtree(store.models.path("toy"))
    assert store.fits(mine, small)


def test_weights_without_a_hash_are_hashed(store, toy):
    import dataclasses

    folder = store.models.path("toy")
    assert identity(dataclasses.replace(toy, files={}), folder) == identity(toy, folder)


def test_a_name_taken_by_another_adapter_is_another_version(store, toy, mine, tmp_path):
    first = store.choice("mine", toy)
    store.remove("mine")
    store.add(write(tmp_path / "again"), "mine", toy)
    assert store.choice("mine", toy) != first


# --- what is refused -------------------------------------------------------------------


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter_model.pt", "adapter_model.pkl", "x.ckpt"])
def test_a_pickle_is_refused_and_never_run(store, toy, tmp_path, name):
    source = write(tmp_path / "source")
    (source / "adapter_model.safetensors").unlink()
    sentinel = tmp_path / "sentinel"
    (source / name).write_bytes(pickle.dumps(Bomb(sentinel)))
    with pytest.raises(AdapterError, match="pickle"):
        store.add(source, "bad", toy)
    assert not sentinel.exists()
    (source / "adapter_model.safetensors").write_bytes(pickle.dumps(Bomb(sentinel)))
    with pytest.raises(AdapterError, match="damaged"):
        store.add(source, "bad", toy)
    assert not sentinel.exists()
    assert store.list() == []


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "evil"}}, "code of its own"),
        ({"peft_type": "IA3"}, "kind 'IA3'"),
        ({"peft_type": None}, "kind 'None'"),
        ({"task_type": "SEQ_CLS"}, "another task"),
        ({"bias": "all"}, "'bias'"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"layer_replication": [[0, 1]]}, "layer_replication"),
        ({"target_parameters": ["x"]}, "target_parameters"),
        ({"lora_bias": True}, "lora_bias"),
        ({"use_qalora": True}, "use_qalora"),
        ({"something_new": 1}, "something_new"),
        ({"init_lora_weights": "pissa_niter_4"}, "changes the base's own weights"),
        ({"init_lora_weights": "olora"}, "changes the base's own weights"),
        ({"r": 0}, "'r' is '0'"),
        ({"r": "2"}, "'r'"),
        ({"r": 10**9}, "'r'"),
        ({"r": True}, "'r'"),
        ({"lora_alpha": None}, "lora_alpha"),
        ({"lora_alpha": float("nan")}, "lora_alpha"),
        ({"lora_alpha": float("inf")}, "lora_alpha"),
        ({"rank_pattern": []}, ""),
        ({"rank_pattern": ["x"]}, "rank_pattern"),
        ({"rank_pattern": {"(a+)+$": 2}}, "plain names"),
        ({"alpha_pattern": {"q_proj": "x"}}, "alpha_pattern"),
        ({"r": 3}, "rank .* is 2, and its adapter_config.json says 3"),
        ({"use_dora": True}, "incomplete"),
    ],
)
def test_what_a_config_may_not_say(store, toy, tmp_path, config, why):
    source = write(tmp_path / "source", **config)
    if not why:
        assert store.add(source, "fine", toy)
        return
    with pytest.raises(AdapterError, match=why) as caught:
        store.add(source, "bad", toy)
    assert "\n" not in str(caught.value)
    assert store.list() == []


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "\udcff", "[" * 100_000, '"x"'])
def test_a_config_that_cannot_be_read_is_a_sentence(store, toy, tmp_path, text):
    source = write(tmp_path / "source")
    (source / "adapter_config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AdapterError, match=r"adapter_config.json cannot be read"):
        store.add(source, "bad", toy)


def test_a_folder_that_is_none_and_one_without_files(store, toy, tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        store.add(tmp_path / "nowhere", "bad", toy)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdapterError, match=r"no adapter_config.json"):
        store.add(tmp_path / "empty", "bad", toy)
    source = write(tmp_path / "source")
    (source / "adapter_model.safetensors").unlink()
    with pytest.raises(AdapterError, match=r"no adapter_model.safetensors"):
        store.add(source, "bad", toy)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_pipe_is_not_waited_for(store, toy, tmp_path, name):
    source = write(tmp_path / "source")
    (source / name).unlink()
    os.mkfifo(source / name)
    with pytest.raises(AdapterError):
        store.add(source, "bad", toy)


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ({}, "empty"),
        (tensors(inputs=9), "is 6 x 8 there, and 6 x 9 here"),
        (tensors(outputs=7), "is 6 x 8 there, and 7 x 8 here"),
        (tensors(module="model.layers.9.self_attn.q_proj"), "has no product model.layers.9"),
        (tensors(module="lm_head"), "inside of the layers only"),
        (tensors() | {"x": np.ones(1, np.float32)}, "no part of LoRA"),
        (tensors() | {"base_model.model.lm_head.weight": np.ones((2, 2), np.float32)}, "no part of LoRA"),
        (dict(list(tensors().items())[:1]), "incomplete"),
        (tensors(dtype=np.int32), "has to be floating point"),
        ({name: value.ravel() for name, value in tensors().items()}, "do not fit together"),
        ({name: np.full_like(value, np.nan) for name, value in tensors().items()}, "no numbers"),
        ({name: np.full_like(value, np.inf) for name, value in tensors(dtype=np.float16).items()}, "no numbers"),
    ],
)  # fmt: skip
def test_what_weights_may_not_be(store, toy, tmp_path, weights, why):
    with pytest.raises(AdapterError, match=why):
        store.add(write(tmp_path / "source", weights), "bad", toy)
    assert store.list() == []


def test_brain_floats_are_looked_at_too(store, toy, tmp_path):
    source = write(tmp_path / "source", tensors(dtype=np.float16))
    path = source / "adapter_model.safetensors"
    data = path.read_bytes().replace(b'"F16"', b'"BF16"')
    (length,) = struct.unpack("<Q", data[:8])
    grown = length + 2
    path.write_bytes(struct.pack("<Q", grown) + data[8 : 8 + grown] + data[8 + grown :])
    assert store.add(source, "fine", toy)
    bad = bytearray(path.read_bytes())
    bad[-2:] = b"\x80\x7f"
    path.write_bytes(bad)
    with pytest.raises(AdapterError, match="no numbers"):
        store.add(source, "bad", toy)


def test_a_file_cut_off_anywhere_is_refused(store, toy, tmp_path):
    source = write(tmp_path / "source")
    path = source / "adapter_model.safetensors"
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(AdapterError, match="damaged"):
            read_adapter_files(source)
    path.write_bytes(data + b"x")
    with pytest.raises(AdapterError, match="longer than its tensors"):
        store.add(source, "bad", toy)


def test_no_mutation_of_the_header_does_more_than_be_refused(tmp_path):
    path = write(tmp_path / "source") / "adapter_model.safetensors"
    data = path.read_bytes()
    generator = np.random.default_rng(0)
    (length,) = struct.unpack("<Q", data[:8])
    for _ in range(2000):
        changed = bytearray(data)
        for place in generator.integers(0, 8 + length, size=3):
            changed[place] = int(generator.integers(0, 256))
        path.write_bytes(changed)
        with contextlib.suppress(ValueError):
            read_header(path)


def test_shapes_of_a_damaged_model_are_a_sentence(store, toy):
    (store.models.path("toy") / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="is damaged"):
        base_shapes(store.models.path("toy"))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_adapters_are_their_owners_alone(no_umask, open_places, tmp_path):
    model = install_model()
    store = AdapterStore(find_paths())
    store.add(write(tmp_path / "a"), "shop", model)
    store.enable("shop", 0.5)
    assert {path.name for path in store.path("shop").iterdir()} >= {"adapter_config.json", "adapter_model.safetensors"}
    assert open_places(store.folder) == {}
    export(store, "shop", tmp_path / "mine")  # a person's own: as the umask has it
    assert (tmp_path / "mine" / "adapter_model.safetensors").stat().st_mode & 0o777 == 0o666
