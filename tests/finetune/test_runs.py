import dataclasses
import os
import subprocess
import sys

import pytest

from assistant.config import Paths
from assistant.errors import InputError
from finetune import runs
from finetune.config import RunConfig
from finetune.events import EventWriter, Failed, Finished, Paused, StageStarted, Verdict

CONFIG = RunConfig(repository="/code", model="m", name="shop")


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "data", tmp_path / "config", tmp_path / "cache", tmp_path / "run")


def say(folder, *events):
    writer = EventWriter(folder)
    for event in events:
        writer(event)
    writer.close()


def test_runs_are_made_found_and_listed_newest_first(paths):
    first, second = runs.create(paths, CONFIG), runs.create(paths, CONFIG)
    os.utime(first / "config.json", (1, 1))
    assert first != second
    assert [each.folder for each in runs.every(paths)] == [second, first]
    found = runs.find(paths, first.name)
    assert (found.config, found.state) == (CONFIG, "new")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "C:x", "a\0b", "x" * 151, "-x", "a\n", "end."])
def test_a_hostile_name_reaches_no_folder(paths, name):
    with pytest.raises(InputError, match="is no name"):
        runs.find(paths, name)
    with pytest.raises(InputError, match="is no name"):
        runs.remove(paths, name)


def test_the_state_follows_the_last_word(paths):
    folder = runs.create(paths, CONFIG)
    say(folder, StageStarted("data"))
    assert runs.look(folder).state == "stopped"
    say(folder, Paused("train", 3))
    assert runs.look(folder).state == "paused"
    failed = Failed("The disk is full.", "disk_error")
    say(folder, StageStarted("train"), failed)
    assert (runs.look(folder).state, runs.look(folder).failure) == ("failed", failed)
    verdict = Verdict(True, 0.8, "Switched on.")
    say(folder, StageStarted("train"), verdict, Finished("shop", 3.0))
    found = runs.look(folder)
    assert (found.state, found.verdict, found.failure) == ("finished", verdict, None)


def test_a_full_disk_is_told_for_a_run_that_could_not(paths, monkeypatch):
    folder = runs.create(paths, CONFIG)
    assert runs.full_disk(folder) == ""
    monkeypatch.setattr(runs, "_LEAST_FREE", 1 << 80)
    assert f"The disk with {paths.runs} is full; make room and resume the run {folder.name}." == runs.full_disk(folder)
    assert runs.full_disk(folder / "gone") == ""


def test_one_process_at_a_time_works_on_a_run(paths):
    folder = runs.create(paths, CONFIG)
    runs.ask_to_stop(folder)
    with runs.owned(folder):
        assert not runs.is_asked_to_stop(folder), "a wish from before is forgotten"
        assert runs.look(folder).state == "running"
        with pytest.raises(InputError, match="at work already"), runs.owned(folder):
            pass
        with pytest.raises(InputError, match="stop it first"):
            runs.remove(paths, folder.name)
    assert not runs.is_owned(folder)


def test_a_run_whose_process_was_killed_is_nobodys(paths):
    folder = runs.create(paths, CONFIG)
    script = (
        f"import os, pathlib\nfrom finetune import runs\nwith runs.owned(pathlib.Path({str(folder)!r})): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    assert (folder / "owner").exists()
    assert not runs.is_owned(folder)
    with runs.owned(folder):
        assert runs.is_owned(folder)


def test_a_removed_run_is_gone_whole(paths):
    folder = runs.create(paths, CONFIG)
    (folder / "checkpoints").mkdir()
    runs.remove(paths, folder.name)
    assert list(paths.runs.iterdir()) == []


def test_a_folder_that_holds_no_run_is_passed_over(paths):
    folder = runs.create(paths, CONFIG)
    (paths.runs / "other").mkdir()
    (paths.runs / "other" / "config.json").write_text("{")
    assert [each.folder for each in runs.every(paths)] == [folder]


def test_a_name_that_is_taken_gets_a_number_and_stays_short_enough(paths):
    paths.adapters.mkdir(parents=True)
    (paths.adapters / "Shop").mkdir()  # damaged: nothing is in it
    (paths.adapters / "shop-2").touch()
    (paths.adapters / ("x" * 100)).mkdir()
    assert runs.free_name(paths, "shop") == "shop-3"
    assert runs.free_name(paths, "other") == "other"
    assert runs.free_name(paths, "x" * 100) == "x" * 98 + "-2"
    assert runs.look(runs.create(paths, CONFIG)).config.name == "shop-3"


@pytest.mark.parametrize("name", ["base", "none", "con", "Nul.x", "com1", "a/b", "", "x" * 101, "end."])
def test_a_run_whose_adapter_could_not_be_called_so_is_not_made(paths, name):
    with pytest.raises(InputError, match="cannot be the name of an adapter"):
        runs.create(paths, dataclasses.replace(CONFIG, name=name))
    assert not paths.runs.exists()


def test_a_run_with_the_longest_name_is_found_again(paths):
    folder = runs.create(paths, dataclasses.replace(CONFIG, name="x" * 100))
    assert runs.find(paths, folder.name).folder == folder
    runs.remove(paths, folder.name)


def test_a_trial_is_in_no_list_and_leaves_nothing_even_where_one_was_killed(paths):
    left = paths.runs / ".trials" / "killed"
    left.mkdir(parents=True)
    with runs.trial(paths, CONFIG) as folder:
        assert runs.look(folder).config == CONFIG
        assert not left.exists()
        with runs.trial(paths, CONFIG) as second:  # one that is at work stays
            assert folder.exists()
            assert second != folder
        assert runs.every(paths) == []
    assert list((paths.runs / ".trials").iterdir()) == []


def test_a_run_can_be_given_another_name(paths):
    folder = runs.create(paths, CONFIG)
    old = (folder / "config.json").read_text().replace('"shop"', '"con"')
    (folder / "config.json").write_text(old)
    with pytest.raises(InputError, match="cannot be the name"):
        runs.rename(paths, folder, "aux")
    assert runs.rename(paths, folder, "shop").config == CONFIG
