import dataclasses
import json

import pytest

from assistant.errors import InputError
from assistant.models.local import add, inspect
from assistant.models.vocabulary import choose_family, read_vocabulary


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "My Model"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def test_a_safetensors_folder_is_added_under_an_id_made_of_its_name(folder, store, tools, reports):
    model = add(inspect(folder), store, None, reports, tools)
    assert (model.id, model.name, model.family) == ("my-model", "My Model", "qwen2.5-coder")
    assert model.source.kind == "local"
    assert store.installed() == [model]
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_a_gguf_file_is_added(tmp_path, store, tools, reports):
    path = tmp_path / "tiny.Q4_K_M.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    assert add(inspect(path, "Other name"), store, None, reports, tools).id == "other-name"


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl"])
def test_pickles_are_refused(tmp_path, suffix):
    path = tmp_path / f"pytorch_model{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="is a pickle, and reading one can run any code"):
        inspect(path)


def test_a_folder_of_pickles_is_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds its weights as pickles"):
        inspect(folder)


def test_a_folder_without_config(folder):
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"has no config\.json"):
        inspect(folder)


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"holds no \.safetensors"):
        inspect(folder)


def test_a_folder_of_ggufs_asks_for_one(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"give one of them, for example .*a\.gguf"):
        inspect(tmp_path)


def test_things_that_are_not_there_or_not_models(tmp_path, folder):
    with pytest.raises(InputError, match="There is no file or folder"):
        inspect(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"Give the folder of model\.safetensors"):
        inspect(folder / "model.safetensors")
    (tmp_path / "x.gguf").write_bytes(b"no")
    with pytest.raises(InputError, match="is not a GGUF file"):
        inspect(tmp_path / "x.gguf")
    with pytest.raises(InputError, match="No id can be made"):
        inspect(folder, "!!!")


def test_an_id_that_is_taken(folder, store, tools, reports):
    add(inspect(folder), store, None, reports, tools)
    with pytest.raises(InputError, match="There is a model 'my-model' already: choose another name with --name"):
        add(inspect(folder), store, None, reports, tools)


def test_a_name_with_path_tricks_stays_in_the_store(folder, store, tools, reports):
    model = add(inspect(folder, "../../evil"), store, None, reports, tools)
    assert model.id == "evil"
    assert store.path("evil").parent == store.folder


def test_families(folder, store, tools, reports):
    with pytest.raises(InputError, match="no fill-in-the-middle family 'nonsense'"):
        add(inspect(folder), store, "nonsense", reports, tools)
    with pytest.raises(InputError, match="cannot be of the family 'seed-coder': its tokenizer lacks"):
        add(inspect(folder), store, "seed-coder", reports, tools)
    assert not store.path("my-model").exists()
    assert add(inspect(folder), store, "none", reports, tools).family == "none"


def test_too_little_room(folder, store, tools, reports, monkeypatch):
    from assistant.errors import DiskError

    local = dataclasses.replace(inspect(folder), bytes=10**18)
    with pytest.raises(DiskError, match="My Model needs"):
        add(local, store, None, reports, tools)


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        ({"added_tokens": [{"content": "<x>"}], "model": {"vocab": {"a": 0}}}, {"<x>", "a"}),
        ({"model": {"vocab": [["▁a", -1.5], ["b", -2.0]]}}, {"▁a", "b"}),
        ({}, set()),
        ([], set()),
        ({"added_tokens": [{}]}, set()),
    ],
)
def test_vocabularies_of_every_shape(tmp_path, tokenizer, expected):
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert read_vocabulary(tmp_path) == expected


def test_no_tokenizer_leaves_the_family_as_it_is(tmp_path):
    assert read_vocabulary(tmp_path) == frozenset()
    assert choose_family("mellum", frozenset()) == "mellum"
    assert choose_family("mellum", frozenset({"a"})) == "none"
