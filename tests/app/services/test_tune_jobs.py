import json
import sys

import pytest

from app.services.tune_jobs import TuneJobs, options
from assistant.cli.finetune import add_arguments, make_config
from finetune.config import DataConfig, RunConfig, TrainConfig
from tests.support import SUPPORT

pytestmark = pytest.mark.gui

SCRIPT = SUPPORT / "finetune_command.py"
CONFIG = RunConfig("/code/orchard", "small", "orchard", data=DataConfig(drop=("a.py",)), train=TrainConfig(rank=4))


class Desk:
    def __init__(self, folder, parent):
        self.folder = folder
        self.jobs = TuneJobs([sys.executable, "-P", str(SCRIPT), str(folder)], parent)
        self.heard = []
        self.jobs.answered.connect(lambda question, answer: self.heard.append(("answered", question, answer)))
        self.jobs.failed.connect(lambda question, sentence: self.heard.append(("failed", question, sentence)))
        self.jobs.dropped.connect(lambda question: self.heard.append(("dropped", question)))

    def script(self, **answers):
        (self.folder / "script.json").write_text(json.dumps(answers))

    def calls(self):
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def desk(tmp_path, qtbot):
    from PySide6.QtCore import QObject

    parent = QObject()
    desk = Desk(tmp_path, parent)
    yield desk
    desk.jobs.close()
    parent.deleteLater()


def test_an_answer_may_follow_other_lines_and_stand_on_several(desk, qtbot):
    desk.script(files={"answer": {"files": [], "kept": 0}})
    desk.jobs.ask("files", CONFIG)
    assert desk.jobs.busy("files")
    qtbot.waitUntil(lambda: bool(desk.heard))
    assert desk.heard == [("answered", "files", {"files": [], "kept": 0})]
    assert desk.calls()[0][:3] == ["/code/orchard", "--files", "--json"]
    assert not desk.jobs.busy("files")


def test_a_failure_is_the_last_thing_that_was_said(desk, qtbot):
    desk.script(plan={"err": "loading\ngrafter: Training needs 31 GB and 12 GB are free.\n", "exit": 2})
    desk.jobs.ask("plan", CONFIG)
    qtbot.waitUntil(lambda: bool(desk.heard))
    assert desk.heard == [("failed", "plan", "Training needs 31 GB and 12 GB are free.")]


def test_a_newer_question_takes_the_place_of_the_older_one(desk, qtbot):
    desk.script(plan={"gate": "open", "answer": {"n": 1}})
    desk.jobs.ask("plan", CONFIG)
    qtbot.waitUntil(lambda: len(desk.calls()) == 1)
    (desk.folder / "open").touch()
    desk.script(plan={"answer": {"n": 2}})
    desk.jobs.ask("plan", RunConfig("/code/vineyard", "small", "vineyard"))
    qtbot.waitUntil(lambda: bool(desk.heard))
    assert [call[0] for call in desk.calls()] == ["/code/orchard", "/code/vineyard"]
    assert desk.heard == [("answered", "plan", {"n": 2})]


def test_a_question_that_is_given_up_is_told_once(desk, qtbot):
    desk.script(preview={"gate": "never"})
    desk.jobs.ask("preview", CONFIG)
    qtbot.waitUntil(lambda: bool(desk.calls()))
    desk.jobs.drop("preview")
    assert not desk.jobs.busy("preview")
    qtbot.waitUntil(lambda: bool(desk.heard))
    assert desk.heard == [("dropped", "preview")]


def test_a_program_that_is_missing_is_said(tmp_path, qtbot):
    jobs = TuneJobs([str(tmp_path / "nowhere")])
    with qtbot.waitSignal(jobs.failed) as heard:
        jobs.ask("files", CONFIG)
    assert "missing" in heard.args[1]


def test_the_command_line_understands_every_option(tmp_path, monkeypatch):
    import argparse
    from types import SimpleNamespace

    config = RunConfig(
        str(tmp_path),
        "small",
        tmp_path.name,
        data=DataConfig(keep=("-odd.py", "b c.py"), drop=("x/",), trusted=("s.py",), holes=50, retrieval_share=0.25),
        train=TrainConfig(method="dora", rank=4, alpha=8, rate=1e-4, length=512, batch=2, accumulate=3, minutes=7.0),
    )
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    monkeypatch.setattr("assistant.cli.finetune.choose_model", lambda _paths, name: SimpleNamespace(id=name))
    args = parser.parse_args([config.repository, "--files", "--json", *options(config)])
    assert make_config(None, args) == config
    assert "--load-in-4bit" in options(RunConfig("/x", "m", "n", train=TrainConfig(load_in_4bit=True)))
