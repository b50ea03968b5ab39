import json
import sys

import pytest

from app.services.tune_jobs import TuneJobs
from finetune.config import DataConfig, RunConfig, TrainConfig, from_json
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

    def asked(self):
        return [from_json(line) for line in (self.folder / "asked.jsonl").read_text().splitlines()]


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
    assert desk.calls()[0][:2] == ["--files", "--json"]
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
    assert [config.repository for config in desk.asked()] == ["/code/orchard", "/code/vineyard"]
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


@pytest.mark.parametrize("question", ["files", "preview", "plan"])
def test_the_program_is_told_all_of_the_settings(desk, qtbot, question):
    train = TrainConfig(rank=3, clip=0.5, load_in_4bit=True, optimizer_8bit=True)
    data = DataConfig(library_holes=40, drop_strange=False, keep=("-odd.py", "b\nc.py"), middle_weight=2.0)
    config = RunConfig("/code/ü", "small", "n", seed=7, threads=2, activate=False, data=data, train=train)
    desk.script(**{question: {"answer": {}}})
    desk.jobs.ask(question, config)
    qtbot.waitUntil(lambda: bool(desk.heard))
    assert desk.asked() == [config]
