"""Quantised models in the store, with a stand-in for the process that does the work."""

import json
import sys

import pytest

from assistant.config import find_paths
from assistant.errors import InputError, ModelError
from assistant.models.quantise import quantise, target_id
from assistant.models.store import InstalledModel, Origin, Quantisation, Store, hash_folder

WORKS = """
import json, pathlib, sys
source, folder = sys.argv[-2:]
(pathlib.Path(folder) / "model.safetensors").write_bytes(b"small")
print(json.dumps({"event": "progress", "stage": "convert", "done": 500, "total": 1000}))
print(json.dumps({"event": "done", "parameters": 7, "context_length": 64, "arguments": sys.argv[1:-2]}))
"""
FAILS = """
import json, pathlib, sys
(pathlib.Path(sys.argv[-1]) / "model.safetensors").write_bytes(b"half")
print(json.dumps({"event": "failed", "message": "It needs torchao.", "code": "model_error"}))
sys.exit(1)
"""


@pytest.fixture
def store():
    store = Store(find_paths())
    staged = store.staging("whole")
    (staged / "model.safetensors").write_bytes(b"x" * 1000)
    (staged / "config.json").write_text("{}")
    (staged / "tokenizer.json").write_text("{}")
    origin = Origin("local", "/somewhere")
    store.install(staged, InstalledModel("whole", "Whole", "MIT", "none", origin, hash_folder(staged), 7, 64))
    return store


def way(bits=4, group=64, method="rtn"):
    return Quantisation(bits, group, method, "whole")


def ignore(stage, done, total):
    pass


def test_a_smaller_model_stands_beside_the_whole_one(store):
    told = []
    made = quantise(store, "whole", way(), lambda *told_of: told.append(told_of), command=[sys.executable, "-c", WORKS])
    assert made.id == "whole-4bit-g64"
    again = store.get("whole-4bit-g64")
    assert again == made
    assert again.quantisation == way()
    assert again.source == Origin("quantised", "whole")
    assert (store.path(made.id) / "model.safetensors").read_bytes() == b"small"
    assert (store.path(made.id) / "config.json").read_text() == "{}"
    assert store.verify(made.id) == []
    assert (store.path("whole") / "model.safetensors").stat().st_size == 1000
    assert told == [("convert", 500, 1000)]
    assert json.loads((store.path(made.id) / "model.json").read_text())["quantisation"]["base"] == "whole"


def test_what_fails_leaves_nothing(store):
    with pytest.raises(ModelError, match="torchao"):
        quantise(store, "whole", way(method="hqq"), ignore, command=[sys.executable, "-c", FAILS])
    assert [folder.name for folder in store.folder.iterdir()] == ["whole"]


def test_ids_that_are_taken_and_models_that_are_small_already_are_refused(store):
    works = [sys.executable, "-c", WORKS]
    quantise(store, "whole", way(), ignore, command=works)
    with pytest.raises(InputError, match="There is a model 'whole-4bit-g64' already"):
        quantise(store, "whole", way(), ignore, command=works)
    with pytest.raises(InputError, match="quantised already; quantise the model that it was made of, 'whole'"):
        quantise(store, "whole-4bit-g64", way(), ignore, command=works)
    assert quantise(store, "whole", way(8), ignore, "mine", works).id == "mine"
    with pytest.raises(InputError, match="'gone' is not installed"):
        quantise(store, "gone", way(), ignore, command=works)


@pytest.mark.parametrize(
    ("bits", "group", "method", "name"),
    [(8, 32, "rtn", "m-8bit"), (4, 32, "rtn", "m-4bit-g32"), (4, 128, "hqq", "m-4bit-g128-hqq")],
)
def test_names(bits, group, method, name):
    assert target_id("m", bits, group, method) == name
