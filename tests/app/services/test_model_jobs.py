"""Listing, downloading and removing models through child processes."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.services.model_jobs import ModelJobs
from assistant.types import Progress
from tests.support import SUPPORT

pytestmark = pytest.mark.gui


def line(**data: Any) -> dict[str, str]:
    return {"out": json.dumps(data, ensure_ascii=False) + "\n"}


def progress(stage: str, done: int, total: int = 100) -> dict[str, str]:
    return line(event="progress", request_id="m", stage=stage, done=done, total=total, message="ä")


class Jobs:
    """ModelJobs over a scripted program, with what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = ModelJobs([sys.executable, "-P", str(SUPPORT / "models_command.py"), str(folder)])
        self.said: list[tuple[str, Any]] = []
        self.progress: list[tuple[Progress, float, float | None]] = []
        for name in ("listed", "done", "removed", "cancelled", "failed"):
            getattr(self.jobs, name).connect(lambda value, name=name: self.said.append((name, value)))
        self.jobs.progress.connect(lambda *told: self.progress.append(told))

    def script(self, **steps: list[Any]) -> None:
        (self.folder / "script.json").write_text(json.dumps(steps), encoding="utf-8")

    def calls(self) -> list[list[str]]:
        return [json.loads(row) for row in (self.folder / "calls.jsonl").read_text().splitlines()]

    def wait(self, qtbot: QtBot, count: int = 1) -> list[tuple[str, Any]]:
        qtbot.waitUntil(lambda: len(self.said) >= count)
        return self.said


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path)
    yield jobs
    jobs.jobs.close()


def test_list(qtbot: QtBot, jobs: Jobs) -> None:
    models = [{"id": "m", "name": "Größe"}]
    jobs.script(list=[{"out": json.dumps({"default": "m", "models": models}, indent=1, ensure_ascii=False)}])
    jobs.jobs.refresh()
    assert jobs.wait(qtbot) == [("listed", models)]
    assert jobs.jobs.default == "m"
    assert jobs.calls() == [["list", "--json"]]


def test_a_list_asked_for_while_listing_is_made_anew(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.script(list=[{"gate": "go"}, {"out": '{"models": [{"id": "old"}]}'}])
    jobs.jobs.refresh()
    qtbot.waitUntil((jobs.folder / "calls.jsonl").exists)
    jobs.script(list=[{"out": '{"models": [{"id": "new"}]}'}])
    for _ in range(3):
        jobs.jobs.refresh()
    (jobs.folder / "go").touch()
    assert jobs.wait(qtbot) == [("listed", [{"id": "new"}])]
    assert jobs.calls() == [["list", "--json"]] * 2


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"out": '{"event": "failed", "message": "The disk is gone."}'}, {"exit": 1}], "The disk is gone."),
        ([{"err": "Traceback\ngrafter: The settings are broken.\n\n"}, {"exit": 2}], "The settings are broken."),
        ([{"out": "nonsense"}], "ended without an answer"),
        ([{"out": "[1]"}, {"exit": 3}], "ended unexpectedly (status 3)"),
        (["crash"], "was killed or crashed"),
    ],
)
def test_a_list_that_fails(qtbot: QtBot, jobs: Jobs, steps: list[Any], said: str) -> None:
    jobs.script(list=steps)
    jobs.jobs.refresh()
    [(kind, message)] = jobs.wait(qtbot)
    assert kind == "failed"
    assert said in message


def test_pull_with_progress(qtbot: QtBot, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 100, 2))
    monkeypatch.setattr("app.services.model_jobs.time.monotonic", lambda: float(next(times)))
    jobs.script(
        pull=[
            {"out": "a library says hello\n"},
            *[progress("download", done) for done in (0, 40, 80)],
            line(event="progress", stage="download"),
            progress("verify", 10),
            line(event="done", id="m", path="/x"),
        ]
    )
    jobs.jobs.pull("m")
    assert jobs.jobs.busy_with == "m"
    assert jobs.wait(qtbot) == [("done", "m")]
    assert jobs.jobs.busy_with == ""
    assert jobs.calls() == [["pull", "m", "--json"]]
    assert [told[0] for told in jobs.progress] == [
        *[Progress("m", "download", done, 100, "ä") for done in (0, 40, 80)],
        Progress("m", "verify", 10, 100, "ä"),
    ]
    assert jobs.progress[2][1:] == (pytest.approx(20), pytest.approx(1))
    assert jobs.progress[3][1:] == (0.0, None)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([line(event="failed", message="The hash is wrong.", code="x"), {"exit": 1}], "The hash is wrong."),
        ([progress("download", 1), {"err": "OSError: disk full\n"}, {"exit": 1}], "OSError: disk full"),
        ([{"exit": 0}], "ended without a result"),
        (["crash"], "was killed or crashed"),
    ],
)
def test_a_pull_that_fails(qtbot: QtBot, jobs: Jobs, steps: list[Any], said: str) -> None:
    jobs.script(pull=steps)
    jobs.jobs.pull("m")
    [(kind, message)] = jobs.wait(qtbot)
    assert kind == "failed"
    assert said in message


def test_cancel_and_pull_again(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.script(pull=[progress("download", 1), {"gate": "never"}])
    jobs.jobs.cancel()
    jobs.jobs.pull("m")
    qtbot.waitUntil(lambda: bool(jobs.progress))
    jobs.jobs.cancel()
    assert jobs.wait(qtbot) == [("cancelled", "m")]
    jobs.script(pull=[line(event="done", id="m")])
    jobs.jobs.pull("m")
    assert jobs.wait(qtbot, 2)[1] == ("done", "m")


def test_a_cancel_that_comes_too_late_is_done(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.script(pull=[line(event="done", id="m"), {"gate": "never"}])
    jobs.jobs.pull("m")
    qtbot.waitUntil(lambda: jobs.jobs._succeeded)
    jobs.jobs.cancel()
    assert jobs.wait(qtbot) == [("done", "m")]


def test_one_job_at_a_time_but_listing_beside_it(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.script(pull=[{"gate": "go"}, line(event="done", id="m")], list=[{"out": '{"models": []}'}], remove=[])
    jobs.jobs.pull("m")
    jobs.jobs.remove("n")
    jobs.jobs.refresh()
    assert jobs.wait(qtbot, 2) == [("failed", "Wait until the work on m has ended."), ("listed", [])]
    (jobs.folder / "go").touch()
    assert jobs.wait(qtbot, 3)[2] == ("done", "m")


def test_remove_and_add(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.script(remove=[], add=[line(event="done", id="x", path="/m/x")])
    jobs.jobs.remove("m")
    assert jobs.wait(qtbot) == [("removed", "m")]
    jobs.jobs.add("/models/x.gguf")
    assert jobs.wait(qtbot, 2)[1] == ("done", "/models/x.gguf")
    assert jobs.calls() == [["remove", "m", "--json"], ["add", "/models/x.gguf", "--json"]]


def test_a_program_that_is_missing(qtbot: QtBot, tmp_path: Path) -> None:
    jobs = ModelJobs([str(tmp_path / "nothing")])
    said: list[str] = []
    jobs.failed.connect(said.append)
    jobs.refresh()
    jobs.pull("m")
    qtbot.waitUntil(lambda: len(said) == 2)
    assert all("nothing is missing or may not be run" in message for message in said)
