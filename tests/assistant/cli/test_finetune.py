"""``grafter finetune``: what it takes, what it refuses, and what it shows of a run; the run itself is a stand-in."""

import argparse
import dataclasses
import json
import os
import signal
import sys

import pytest

from assistant.cli import finetune as finetune_cli
from assistant.cli.finetune_options import add_arguments, make_config
from assistant.cli.main import main
from assistant.config import find_paths
from assistant.engine.tiny import make_tiny_model
from finetune import launch, runs
from finetune.config import DataConfig, RunConfig, to_json
from finetune.events import EventWriter, Paused


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def home(tmp_path, tiny, monkeypatch):
    monkeypatch.setenv("GRAFTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    (tmp_path / "home" / "models" / "tiny").symlink_to(tiny)
    (tmp_path / "code").mkdir()
    return find_paths()


@pytest.fixture
def code(home, tmp_path):
    return str(tmp_path / "code")


SCRIPT = """
import pathlib, sys
from finetune import runs
from finetune.events import *
run = pathlib.Path(sys.argv[1])
with runs.owned(run):
    say = EventWriter(run)
    say(StageStarted("data"))
    {body}
    say.close()
"""

STAGE = SCRIPT.replace("with runs.owned(run):", "if True:")


@pytest.fixture
def job(monkeypatch):
    """Have the job be a script that says these events."""

    def install(body):
        monkeypatch.setattr(
            launch, "job_command", lambda run: [sys.executable, "-c", SCRIPT.format(body=body), str(run)]
        )

    return install


def test_a_run_is_followed_to_its_end(code, job, capsys):
    job(
        'say(DataReady(9, 8, 70, 9000, 20, 40, "commits", "A note."));'
        'say(PlanReady("cpu", "bf16", 70, 9000, 9, 100.0, 90.0, 1 << 30, 1000, ("Rows are shorter.",), 240.0));'
        "say(Step(1, 9, 1.5, 1e-4, 1000, 99.0, 1 << 30, 80.0)); say(ValidationLoss(1, 1.4, True));"
        'say(Verdict(True, 0.75, "Switched on.")); say(Finished("code", 9.0))'
    )
    assert main(["finetune", code]) == 0
    said = capsys.readouterr().out
    assert "Learning 70 samples (9,000 tokens) from 8 of 9 files" in said
    assert "A note." in said
    assert "9 steps over 9,000 tokens in about 1.5 minutes (100 tokens/s), 1.1 GB of memory" in said
    assert "Proving it takes about 4.0 minutes more." in said
    assert "Rows are shorter." in said
    assert "Switched on." in said
    assert "report.html" in said


def test_json_lines_are_the_events(code, job, capsys):
    job('say(Step(1, 9, 1.5, 1e-4, 1000, 99.0, 1, 80.0)); say(Finished("code", 9.0))')
    assert main(["finetune", code, "--json", "--name", "mine"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["event"] for row in rows] == ["StageStarted", "Step", "Finished"]
    assert rows[1]["loss"] == 1.5


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('say(Failed("The disk is full.", "disk_error"))', 1, "The disk is full."),
        ('say(Failed("There is no code.", "invalid_request"))', 2, "There is no code."),
        ('say(Paused("train", 3))', 0, "grafter finetune --resume code-"),
        ("pass", 1, "ended without a word"),
    ],
)
def test_each_end_has_its_status_and_its_sentence(code, job, capsys, body, status, said):
    job(body)
    assert main(["finetune", code]) == status
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_a_silent_end_on_a_full_disk_is_told(code, job, capsys, monkeypatch):
    job("pass")
    monkeypatch.setattr(runs, "_LEAST_FREE", 1 << 80)
    assert main(["finetune", code]) == 1
    error = capsys.readouterr().err
    assert "is full; make room and resume the run code-" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Name the repository"),
        (("/nowhere/at/all",), "There is no folder /nowhere/at/all"),
        (("CODE", "--name", "../x"), "cannot be the name of an adapter"),
        (("CODE", "--name", "base"), "means something else"),
        (("CODE", "--name", "CON"), "choose another, such as 'my-CON'"),
        (("CODE", "--name", "lpt1.x"), "means something else"),
        (("CODE", "--name", "none"), "means something else"),
        (("CODE", "--name", ""), "cannot be the name of an adapter"),
        (("CODE", "--name", "x" * 101), "up to 100 letters"),
        (("CODE", "--preview", "-3"), "--preview is -3; it has to lie between 1 and 10,000"),
        (("CODE", "--preview", "9" * 400), "--preview is a number of many digits"),
        (("CODE", "--seed", "9" * 400), "seed has to lie between 0 and 4294967295"),
        (("CODE", "--seed", "-1"), "seed is -1"),
        (("CODE", "--set", "clip=-1"), "clip is -1; it has to lie between"),
        (("CODE", "--set", "warmup=-5"), "warmup is -5"),
        (("CODE", "--set", "early_stopping_patience=-1"), "early_stopping_patience is -1"),
        (("CODE", "--set", "middle_weight=nan"), "middle_weight is nan"),
        (("CODE", "--since", ""), "since is empty"),
        (("CODE", "--config", "x"), "leave REPO out"),
        (("--config", "/nowhere/x.json"), "/nowhere/x.json cannot be read"),
        (("--config", "x.json", "--rank", "3"), "leave --rank out"),
        (("CODE", "--model", "huge"), "huge"),
        (("CODE", "--minutes", "0"), "minutes is 0"),
        (("CODE", "--rank", "0"), "rank is 0"),
        (("CODE", "--set", "speed=3"), "There is no setting 'speed'"),
        (("CODE", "--set", "clip=0", "--set", "clip=x"), "clip cannot be 'x'"),
        (("CODE", "--retrieval-share", "2"), "retrieval_share is 2"),
        (("--resume", "none"), "There is no run 'none'"),
        (("--follow", "none"), "There is no run 'none'"),
        (("--stop", "../x"), "is no name of a run"),
        (("--remove", "none"), "There is no run 'none'"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_two(code, capsys, options, said):
    assert main(["finetune", *(code if each == "CODE" else each for each in options)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_options_make_the_run(code, home, job, capsys):
    job('say(Finished("", 1.0))')
    options = ["--preset", "quick", "--rank", "4", "--steps", "7", "--keep", "a/", "--drop", "b.py", "--trust", "c.py",
               "--holes", "11", "--since", "HEAD~3", "--seed", "5", "--method", "dora", "--no-activate",
               "--set", "early_stopping_patience=9", "--set", "plain_share=0"]  # fmt: skip
    assert main(["finetune", code, *options]) == 0
    (found,) = runs.every(home)
    config = found.config
    assert (config.train.rank, config.train.alpha, config.train.steps, config.train.method) == (4, 8, 7, "dora")
    assert (config.train.minutes, config.seed, config.activate) == (10.0, 5, False)
    assert (config.train.early_stopping_patience, config.data.plain_share) == (9, 0.0)
    assert (config.data.keep, config.data.drop, config.data.trusted) == (("a/",), ("b.py",), ("c.py",))
    assert (config.data.holes, config.data.since, config.model, config.name) == (11, "HEAD~3", "tiny", "code")


def test_runs_are_listed_resumed_and_removed(code, home, job, capsys):
    folder = runs.create(home, RunConfig(repository=code, model="tiny", name="shop"))
    say = EventWriter(folder)
    say(Paused("train", 3))
    say.close()
    assert main(["finetune", "--runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["run"], row["state"], row["config"]["name"]) == (folder.name, "paused", "shop")
    assert main(["finetune", "--stop", folder.name]) == 2
    job('say(Verdict(False, 0.0, "Left off.")); say(Finished("shop", 1.0))')
    assert main(["finetune", "--resume", folder.name]) == 0
    assert "Left off." in capsys.readouterr().out
    assert main(["finetune", "--resume", folder.name]) == 2
    assert "is finished" in capsys.readouterr().err
    assert main(["finetune", "--remove", folder.name]) == 0
    assert runs.every(home) == []


def test_a_dry_run_says_what_it_costs_and_leaves_nothing(code, home, monkeypatch, capsys):
    body = {
        "data": 'say(DataReady(9, 8, 70, 9000, 20, 40, "files", ""))',
        "train": 'import dataclasses, json; plan = PlanReady("cpu", "bf16", 70, 9000, 9, 100.0, 90.0, 1 << 30, 1000);'
        "print(json.dumps(dataclasses.asdict(plan)))",
    }
    monkeypatch.setattr(
        launch,
        "stage_command",
        lambda stage, run, _c: [sys.executable, "-c", STAGE.format(body=body[stage]), str(run)],
    )
    assert main(["finetune", code, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["data"]["samples"], found["plan"]["steps"]) == (70, 9)
    assert runs.every(home) == []
    body["data"] = 'say(Failed("There is too little code.", "invalid_request"))'
    assert main(["finetune", code, "--dry-run"]) == 2
    assert "There is too little code." in capsys.readouterr().err
    assert list((home.runs / ".trials").iterdir()) == []


def test_files_and_samples_are_shown(code, home, tmp_path, capsys):
    for number in range(12):
        lines = "".join(f"    value_{n} = compute_{number}(first_{n}, second=None)\n" for n in range(12))
        (tmp_path / "code" / f"part_{number}.py").write_text(f"def run_{number}(first):\n{lines}    return first\n")
    (tmp_path / "code" / "data.csv").write_text("a,b\n1,2\n")
    assert main(["finetune", code, "--files", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["split"]["kind"] == "files"
    rows = {row["path"]: row for row in found["files"]}
    assert not rows["data.csv"]["kept"]
    assert rows["data.csv"]["reason"]
    assert main(["finetune", code, "--files"]) == 0
    assert "data.csv" in capsys.readouterr().out
    assert main(["finetune", code, "--preview", "2", "--json"]) == 0
    samples = json.loads(capsys.readouterr().out)["samples"]
    assert len(samples) == 2
    assert all(sample["middle"].strip() for sample in samples)
    assert main(["finetune", code, "--preview", "1"]) == 0
    assert samples[0]["path"] in capsys.readouterr().out


def test_a_name_that_an_adapter_has_gets_a_number_before_training(code, home, job, capsys):
    job('say(Finished("", 1.0))')
    (home.adapters / "shop").mkdir(parents=True)  # a damaged one has the name, too
    assert main(["finetune", code, "--name", "shop"]) == 0
    assert "There is an adapter 'shop' already; what is learned now will be called 'shop-2'." in capsys.readouterr().out
    (found,) = runs.every(home)
    assert found.config.name == "shop-2"


def test_a_run_whose_name_could_not_end_well_goes_on_with_another_only(code, home, job, capsys):
    folder = runs.create(home, RunConfig(repository=code, model="tiny", name="shop"))
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"shop"', '"con"'))
    job('say(Finished("", 1.0))')
    assert main(["finetune", "--resume", folder.name]) == 2
    error = capsys.readouterr().err
    assert "'con' cannot be the name of an adapter" in error
    assert "--name NAME gives it another name" in error
    assert main(["finetune", "--resume", folder.name, "--name", "shop"]) == 0
    assert runs.look(folder).config.name == "shop"


def test_folders_with_odd_names_are_learned_under_a_name_that_can_be(home, tmp_path, job):
    for folder, name in (("con", "my-con"), ("base", "my-base"), ("ünï cö", "n-c"), ("...", "adapter")):
        (tmp_path / "odd" / folder / "x").mkdir(parents=True, exist_ok=True)
        args = argparse.Namespace(**vars(_parse([str(tmp_path / "odd" / folder)])))
        assert make_config(home, args).name == name


def _parse(arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_a_config_from_a_file_is_the_run(code, home, job, tmp_path, capsys):
    job('say(Finished("", 1.0))')
    config = RunConfig(code, "tiny", "mine", seed=3, data=DataConfig(library_holes=40, drop_outliers=False))
    (tmp_path / "config.json").write_text(to_json(config))
    assert main(["finetune", "--config", str(tmp_path / "config.json"), "--set", "rank=2"]) == 0
    (found,) = runs.every(home)
    assert found.config == dataclasses.replace(config, train=dataclasses.replace(config.train, rank=2))
    (tmp_path / "config.json").write_text("{")
    assert main(["finetune", "--config", str(tmp_path / "config.json")]) == 2
    assert f"{tmp_path / 'config.json'} is not JSON" in capsys.readouterr().err


def test_paths_from_a_shell_are_those_of_the_repository(code, home):
    args = _parse([code, "--drop", f"{code}/store/", "--keep", "a.py", "--trust", "/elsewhere/x"])
    data = make_config(home, args).data
    assert (data.drop, data.keep, data.trusted) == (("store",), ("a.py",), ("/elsewhere/x",))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_who_follows_a_run_says_at_sigterm_that_it_goes_on(code, home, job, monkeypatch, capsys):
    job("import time; time.sleep(60)")
    started = []
    start = finetune_cli.launch.start_job

    def begin(folder):
        started.append(start(folder))
        return started[-1]

    monkeypatch.setattr(finetune_cli.launch, "start_job", begin)
    monkeypatch.setattr(finetune_cli.time, "sleep", lambda _seconds: os.kill(os.getpid(), signal.SIGTERM))
    try:
        with pytest.raises(SystemExit) as ended:
            main(["finetune", code])
        assert ended.value.code == 143
        assert started[0].poll() is None
        said = capsys.readouterr().err
        (name,) = [place.name for place in home.runs.iterdir()]
        assert f"The run {name} goes on without this program" in said
        assert f"--stop {name} ends it" in said
    finally:
        started[0].kill()
        started[0].wait()


def test_options_by_their_old_names_are_taken_with_a_word_on_the_new_ones(code, home, capsys):
    args = _parse([code, "--rate", "1e-4", "--length", "256", "--accumulate", "3"])
    train = make_config(home, args).train
    assert (train.learning_rate, train.max_seq_length, train.gradient_accumulation_steps) == (1e-4, 256, 3)
    said = capsys.readouterr().err
    assert "--rate is called --learning-rate now." in said
    assert "--length is called --max-seq-length now." in said
    new = _parse([code, "--learning-rate", "1e-4", "--max-seq-length", "256", "--gradient-accumulation-steps", "3"])
    assert make_config(home, new).train == train
