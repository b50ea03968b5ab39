import errno
import json
import shutil
from pathlib import Path

import pytest

from assistant.errors import DiskError, InputError
from assistant.repository.history import History
from finetune.data import samples as samples_module
from finetune.data.manifest import drop_files, read_files, read_holes, read_manifest, verify
from finetune.data.prepare import StoppedError, evaluation_index, files_table, prepare, preview
from finetune.data.samples import SampleSet
from finetune.events import DataReady, StageProgress

SMALL = {"holes": 30, "validation_holes": 10}


def run_in(tmp_path: Path, name: str = "run") -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def make(tmp_path, root, encoder, make_config, wanted=20_000, name="run", **data):
    run = run_in(tmp_path, name)
    events = []
    manifest = prepare(run, make_config(root, **SMALL, **data), encoder, events.append, wanted_tokens=wanted)
    return run, manifest, events


def test_a_run_gets_its_data(tmp_path, history, encoder, make_config):
    run, manifest, events = make(tmp_path, history, encoder, make_config)
    assert sorted(file.name for file in (run / "data").iterdir()) == [
        "files.jsonl", "manifest.json", "test.jsonl", "test.safetensors", "train.safetensors",
        "validation.jsonl", "validation.safetensors",
    ]  # fmt: skip
    train = SampleSet.load(run / "data" / "train.safetensors")
    assert train.tokens >= 20_000
    assert train.lengths.max() <= 512
    assert (len(train), train.tokens) == (manifest.sets["train"].samples, manifest.sets["train"].tokens)
    assert {len(read_holes(run / "data" / "validation.jsonl")), manifest.validation_holes} == {10}
    assert {len(read_holes(run / "data" / "test.jsonl")), manifest.test_holes} == {30}
    assert events[-1] == DataReady(10 + 0, 10, len(train), train.tokens, 10, 30, "commits")
    assert {event.what for event in events if isinstance(event, StageProgress)} >= {
        "Looking at the files",
        "Making samples",
    }
    assert len(read_files(run / "data" / "files.jsonl")) == 10
    assert read_manifest(run / "data") == manifest
    verify(run / "data", manifest)


def test_the_same_seed_makes_the_same_bytes_and_another_one_others(tmp_path, history, encoder, make_config):
    first, *_ = make(tmp_path, history, encoder, make_config, name="a")
    second, *_ = make(tmp_path, history, encoder, make_config, name="b")
    for file in (first / "data").iterdir():
        assert file.read_bytes() == (second / "data" / file.name).read_bytes(), file.name
    (tmp_path / "c").mkdir()
    prepare(tmp_path / "c", make_config(history, seed=1, **SMALL), encoder, lambda _: None, wanted_tokens=20_000)
    assert (tmp_path / "c/data/train.safetensors").read_bytes() != (first / "data/train.safetensors").read_bytes()


def test_what_is_there_already_is_not_made_again(tmp_path, history, encoder, make_config, monkeypatch):
    run, manifest, _ = make(tmp_path, history, encoder, make_config)
    monkeypatch.setattr("finetune.data.prepare.split", None)
    events = []
    assert prepare(run, make_config(history, **SMALL), encoder, events.append, wanted_tokens=1) == manifest
    assert [type(event) for event in events] == [DataReady]


def test_a_half_written_folder_of_an_earlier_try_is_no_data(tmp_path, history, encoder, make_config):
    run = run_in(tmp_path)
    (run / "data.part").mkdir()
    (run / "data.part" / "left").touch()
    (run / "data").mkdir()
    prepare(run, make_config(history, **SMALL), encoder, lambda _: None, wanted_tokens=5000)
    assert not (run / "data.part").exists()
    assert (run / "data" / "manifest.json").is_file()


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, history, encoder, make_config, monkeypatch):
    def full(_self, _path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(samples_module.SampleSet, "save", full)
    run = run_in(tmp_path)
    with pytest.raises(DiskError, match="the disk is full"):
        prepare(run, make_config(history, **SMALL), encoder, lambda _: None, wanted_tokens=5000)
    assert list(run.iterdir()) == []


def test_it_stops_when_asked_and_leaves_nothing(tmp_path, history, encoder, make_config):
    run = run_in(tmp_path)
    told = []

    def stop_soon() -> bool:
        return len(told) > 1

    with pytest.raises(StoppedError):
        prepare(run, make_config(history, **SMALL), encoder, told.append, wanted_tokens=5000, is_stopped=stop_soon)
    assert list(run.iterdir()) == []


def test_held_out_samples_count_the_hole_alone(tmp_path, history, encoder, make_config):
    run, *_ = make(tmp_path, history, encoder, make_config)
    held = SampleSet.load(run / "data" / "test.safetensors")
    holes = read_holes(run / "data" / "test.jsonl")
    end = encoder.tokenizer.find_control("<|endoftext|>")
    for number, hole in enumerate(holes):
        ids, weights = held.sample(number)
        assert set(weights.tolist()) == {0.0, 1.0}
        first = int((weights == 0).sum())
        assert weights[:first].sum() == 0
        assert ids[-1] == end
        written = b"".join(encoder.tokenizer.token_bytes(int(token)) for token in ids[first:]).decode()
        assert hole.truth in written


def test_files_of_far_too_high_loss_are_noted(tmp_path, history, encoder, make_config):
    run, manifest, _ = make(tmp_path, history, encoder, make_config)
    changed = drop_files(run / "data", [manifest.learned[2], "unknown.py"])
    assert changed.drop == (manifest.learned[2],)
    assert read_manifest(run / "data") == changed
    train = SampleSet.load(run / "data" / "train.safetensors")
    assert 2 not in train.without_files([manifest.learned.index(each) for each in changed.drop]).files


def test_data_that_was_damaged_is_found_out(tmp_path, history, encoder, make_config):
    run, manifest, _ = make(tmp_path, history, encoder, make_config)
    file = run / "data" / "test.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match="missing or damaged"):
        verify(run / "data", manifest)


def test_the_table_says_of_each_file_what_becomes_of_it(history, make_config):
    table = files_table(make_config(history, drop=("shop/part_3.py",), **SMALL))
    assert (table["kept"], table["dropped"]) == (9, 1)
    assert table["split"]["kind"] == "commits"
    assert table["split"]["commits"] == 1
    (row,) = [row for row in table["files"] if row["path"] == "shop/part_3.py"]
    assert row == {
        "path": "shop/part_3.py", "bytes": row["bytes"], "kept": False, "reason": "your choice",
        "detail": "you left it out", "overruled": True,
    }  # fmt: skip
    json.dumps(table)


def test_samples_can_be_looked_at(history, encoder, make_config):
    shown = preview(make_config(history, **SMALL), encoder, 8)
    assert len(shown) == 8
    for each in shown:
        text = (history / each["path"]).read_text()
        assert each["prefix"] + each["middle"] + each["suffix"] in text
        assert each["tokens"] <= 512
    json.dumps(shown)


@pytest.mark.parametrize("kind", ["commits", "files"])
def test_the_index_for_judging_knows_nothing_of_what_is_held_out(tmp_path, history, encoder, make_config, kind):
    if kind == "files":
        shutil.rmtree(history / ".git")
    run, manifest, _ = make(tmp_path, history, encoder, make_config)
    assert manifest.kind == kind
    paths = {hole.path for hole in read_holes(run / "data" / "test.jsonl")}
    with evaluation_index(make_config(history, **SMALL), manifest) as index:
        assert index.reader.definitions(["load_record_0_0", "load_record_5_1"], 5)
        assert not any(index.reader.symbols_of(path) for path in paths)


def test_uncommitted_changes_are_no_matter_and_are_not_learned(tmp_path, history, encoder, make_config):
    (history / "shop/part_1.py").write_text("uncommitted = 1\n")
    run, manifest, _ = make(tmp_path, history, encoder, make_config)
    assert "not committed" in manifest.note
    with pytest.raises(InputError, match="not committed"):
        History(history)
    train = SampleSet.load(run / "data" / "train.safetensors")
    words = b"".join(encoder.tokenizer.token_bytes(int(token)) for token in train.ids)
    assert b"uncommitted" not in words


def test_a_disk_that_is_full_leaves_the_manifest_whole(tmp_path, history, encoder, make_config, monkeypatch):
    run, manifest, _ = make(tmp_path, history, encoder, make_config)

    def refuse(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(run), "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        drop_files(run / "data", [manifest.learned[2]])
    monkeypatch.undo()
    assert read_manifest(run / "data") == manifest
    assert not list((run / "data").glob("*.part"))
