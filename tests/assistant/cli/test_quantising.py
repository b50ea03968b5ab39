"""``grafter models quantize`` on the tiny model, whole: the process that rounds, and the report."""

import json
import shutil

import pytest

from assistant.cli.main import main
from assistant.cli.quantising import REPORT
from assistant.config import find_paths
from assistant.models.store import InstalledModel, Origin, Store, hash_folder
from assistant.weights.tiny import make_tiny_model


@pytest.fixture
def store(tmp_path):
    store = Store(find_paths())
    staged = store.staging("tiny")
    shutil.copytree(make_tiny_model(tmp_path / "made"), staged, dirs_exist_ok=True)
    (staged / "model.json").unlink()
    family = "qwen2.5-coder"
    store.install(
        staged, InstalledModel("tiny", "Tiny", "MIT", family, Origin("local", "/x"), hash_folder(staged), 1000, 512)
    )
    return store


def test_it_makes_a_model_and_says_what_changed(store, capsys):
    assert main(["models", "quantize", "tiny", "--bits", "8", "--holes", "3", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event": "done", "id": "tiny-8bit", "path": str(store.path("tiny-8bit"))} in events
    report = events[-1]
    assert report["event"] == "report"
    assert report["base"]["disk_bytes"] > report["made"]["disk_bytes"]
    assert report["made"]["n"] == 3
    for side in ("base", "made"):
        assert report[side]["memory_bytes"] > 1_000_000
        assert report[side]["load_seconds"] > 0
    assert json.loads((store.path("tiny-8bit") / REPORT).read_text()) == report
    assert store.verify("tiny-8bit") == []
    assert main(["models", "list", "--json"]) == 0
    assert "tiny-8bit" in capsys.readouterr().out


def test_the_table_is_for_people(store, capsys):
    assert main(["models", "quantize", "tiny", "--bits", "4", "--holes", "2", "--name", "mine"]) == 0
    said = capsys.readouterr().out
    assert "Tiny, 4 bits is installed" in said
    assert "exact match" in said
    assert "--model mine" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--bits", "8", "--group", "64"], "--group and --method are for 4 bits"),
        (["--bits", "8", "--method", "hqq"], "--group and --method are for 4 bits"),
        (["--bits", "4", "--name", "../x"], "cannot be the name of a model"),
    ],
)
def test_bad_options_are_one_line(store, capsys, options, sentence):
    assert main(["models", "quantize", "tiny", *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_model_that_is_not_there(store, capsys):
    assert main(["models", "quantize", "gone", "--bits", "4"]) == 2
    assert "'gone' is not installed" in capsys.readouterr().err
