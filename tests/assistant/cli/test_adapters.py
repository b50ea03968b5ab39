"""``grafter adapters``: every action, for people and as JSON, on a tiny model."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from assistant.cli.main import main
from assistant.config import find_paths
from assistant.models.adapters import AdapterStore
from assistant.weights.tiny import make_tiny_model
from tests.support.adapters import load, make_adapter, merged_weights

HOSTILE = json.loads((Path(__file__).parents[1] / "models" / "hostile_names.json").read_text(encoding="utf-8"))


@pytest.fixture
def tiny():
    return make_tiny_model(find_paths().models / "tiny")


@pytest.fixture
def made(tiny, tmp_path):
    return make_adapter(tiny, tmp_path / "mine")


@pytest.fixture
def store():
    return AdapterStore(find_paths())


def run(capsys, *arguments, code=0):
    assert main(["adapters", *map(str, arguments)]) == code
    return capsys.readouterr()


def asked(capsys, *arguments):
    return json.loads(run(capsys, *arguments, "--json").out)


def test_from_coming_to_going(capsys, made, store, tmp_path):
    added = asked(capsys, "add", made)
    assert (added["event"], added["name"], added["base"]) == ("added", "mine", "tiny")
    listed = asked(capsys, "list")
    assert listed["model"] == "tiny"
    assert [(row["name"], row["fits"], row["enabled"]) for row in listed["adapters"]] == [("mine", True, False)]
    shown = asked(capsys, "show", "mine")
    assert (shown["method"], shown["rank"], shown["products"], shown["base_installed"]) == ("lora", 4, 14, True)
    enabled = asked(capsys, "enable", "mine", "--scale", "0.5")
    assert (enabled["enabled"], enabled["scale"], enabled["services"]) == (True, 0.5, 0)
    assert store.get("mine").enabled
    assert asked(capsys, "disable", "mine")["enabled"] is False
    exported = asked(capsys, "export", "mine", "--output", tmp_path / "out")
    assert sorted(file.name for file in Path(exported["path"]).iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    removed = asked(capsys, "remove", "mine")
    assert removed["freed_bytes"] > 0
    assert asked(capsys, "list")["adapters"] == []


def test_people_read_sentences_and_a_table(capsys, made):
    assert "There are no adapters yet" in run(capsys, "list").out
    assert "'mine' is installed for tiny" in run(capsys, "add", made).out
    assert "answers for tiny at the strength 0.25" in run(capsys, "enable", "mine", "--scale", "0.25").out
    table = run(capsys, "list").out
    assert "mine" in table
    assert "0.25" in table
    assert "rank" in run(capsys, "show", "mine").out
    assert "does not answer any more" in run(capsys, "disable", "mine").out
    assert "is removed" in run(capsys, "remove", "mine").out


def test_an_adapter_that_was_made_elsewhere_gets_a_name(capsys, made, store):
    odd = made.rename(made.with_name("checkpoint 12"))
    assert "cannot be the name of an adapter" in run(capsys, "add", odd, code=2).err
    assert asked(capsys, "add", odd, "--name", "ours")["name"] == "ours"
    assert [record.name for record in store.list()] == ["ours"]


def test_a_merged_folder_holds_what_peft_merges_and_can_be_added(capsys, tiny, made, tmp_path):
    run(capsys, "add", made)
    merged = asked(capsys, "merge", "mine", "--output", tmp_path / "merged", "--scale", "0.5")
    folder = Path(merged["path"])
    weights, right = load_file(folder / "model.safetensors"), merged_weights(load(tiny), made, 0.5)
    for name, tensor in weights.items():
        assert (tensor.float() - right[name]).abs().max() <= 0.01 * max(right[name].abs().max(), 0.1), name
    assert not (folder / "model.json").exists()
    assert main(["models", "add", str(folder), "--name", "both"]) == 0
    assert (find_paths().models / "both" / "model.json").exists()
    assert "is there already" in run(capsys, "merge", "mine", "--output", folder, code=2).err


def test_nothing_is_left_of_a_merge_that_failed(capsys, tiny, made, tmp_path):
    run(capsys, "add", made)
    weights = find_paths().adapters / "mine" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "damaged" in run(capsys, "merge", "mine", "--output", tmp_path / "place" / "merged", code=1).err
    assert list((tmp_path / "place").iterdir()) == []


CONVERTER = """
import pathlib, sys
folder, _, out, _, kind = sys.argv[1:]
assert (pathlib.Path(folder) / "model.safetensors").exists() and kind == "bf16"
pathlib.Path(out).write_bytes(b"GGUF")
"""


def test_gguf_is_written_by_llama_cpps_converter(capsys, made, tmp_path):
    run(capsys, "add", made)
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(CONVERTER)
    out = tmp_path / "mine.gguf"
    assert asked(capsys, "merge", "mine", "--gguf", out, "--converter", script)["path"] == str(out)
    assert out.read_bytes() == b"GGUF"
    script.write_text("import sys; print('no such architecture'); sys.exit(1)")
    failed = run(capsys, "merge", "mine", "--gguf", tmp_path / "two.gguf", "--converter", script, code=1)
    assert "llama.cpp's converter failed: no such architecture." in failed.err
    assert sorted(path.name for path in tmp_path.glob("*two*")) == []


def test_without_a_converter_it_says_how_to_get_one(capsys, made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    run(capsys, "add", made)
    said = run(capsys, "merge", "mine", "--gguf", tmp_path / "x.gguf", code=2).err
    assert "llama.cpp" in said
    assert "--converter" in said
    assert "There is no converter" in run(
        capsys, "merge", "mine", "--gguf", tmp_path / "x.gguf", "--converter", tmp_path / "no.py", code=2
    ).err  # fmt: skip


def test_a_quantised_base_is_merged_into_its_full_model(capsys, tiny, made, tmp_path):
    run(capsys, "add", made)
    small = shutil.copytree(tiny, find_paths().models / "small")
    record = json.loads((small / "model.json").read_text())
    record |= {"id": "small", "quantisation": {"bits": 4, "group": 32, "method": "rtn", "base": "tiny"}}
    (small / "model.json").write_text(json.dumps(record))
    said = run(capsys, "merge", "mine", "--model", "small", "--output", tmp_path / "out", code=2).err
    assert "--model tiny" in said


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("action", ["show", "enable", "disable", "remove", "export", "merge"])
def test_hostile_names_are_one_line(capsys, action, name, tmp_path):
    more = {"export": ["--output", "out"], "merge": ["--output", "out"]}.get(action, [])
    more = [str(tmp_path / each) if each == "out" else each for each in more]
    arguments = ["adapters", action, *more, "--", name]
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    assert not find_paths().adapters.exists()


def test_a_running_service_follows(capsys, made, tmp_path, monkeypatch):
    from assistant.cli import adapters as command

    told = []

    class Client:
        """A service."""

        def __init__(self):
            self.state = {"active": None, "adapters": [{"name": "mine", "fits": True}]}

        def adapters(self):
            return self.state

        def set_adapter(self, name, scale=None):
            told.append((name, scale))
            self.state = {**self.state, "active": name}

    client = Client()
    monkeypatch.setattr(command, "every_service", lambda _paths: iter([client]))
    run(capsys, "add", made)
    assert "and the running service follows" in run(capsys, "enable", "mine", "--scale", "0.5").out
    run(capsys, "disable", "mine")
    run(capsys, "disable", "mine")
    run(capsys, "enable", "mine")
    run(capsys, "remove", "mine")
    assert told == [("mine", 0.5), (None, None), ("mine", 0.5), (None, None)]


# --- commands that answer with one -----------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "add.py"
    path.write_text("def add(a, b):\n    \n")
    return path


def completed(capsys, file, *more):
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--json", "--device", "cpu", *more]) == 0
    return json.loads(capsys.readouterr().out)["adapter"]


def test_complete_answers_with_the_enabled_one_the_named_one_or_none(capsys, made, tiny, file, tmp_path):
    run(capsys, "add", made)
    run(capsys, "add", make_adapter(tiny, tmp_path / "other", seed=9))
    assert completed(capsys, file) is None
    run(capsys, "enable", "mine")
    assert completed(capsys, file) == "mine"
    assert completed(capsys, file, "--adapter", "other:0.5") == "other"
    assert completed(capsys, file, "--adapter", "base") is None
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--adapter", "nobody"]) == 2
    assert "There is no adapter 'nobody'" in capsys.readouterr().err


def test_bench_and_evaluate_measure_the_base_unless_one_is_named(capsys, made, tmp_path):
    run(capsys, "add", made)
    run(capsys, "enable", "mine")
    data = tmp_path / "holes.jsonl"
    data.write_text(
        json.dumps({"prompt": "def add(a, b):\n    return ", "suffix": "\n", "canonical_solution": "a + b"})
    )
    bench = ["bench", "engine", "--prompt", "8", "--context", "8", "--tokens", "2", "--repeat", "1", "--json"]
    for command in (bench, ["evaluate", "infilling", str(data), "--json"]):
        for more, adapter in (([], None), (["--adapter", "mine"], "mine"), (["--adapter", "mine:0.5"], "mine")):
            assert main([*command, *more]) == 0
            assert json.loads(capsys.readouterr().out)["adapter"] == adapter


def test_the_merger_is_a_program_of_its_own(tiny, made, tmp_path):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-P", "-m", "assistant.weights.merge", f"--adapter={made}", str(tiny), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "done"
