import importlib.util
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from app.services.run_control import RunControl
from assistant.config import find_paths
from assistant.errors import InputError
from finetune import runs
from finetune.events import Failed

pytestmark = pytest.mark.gui

PLACE = Path(__file__).parents[1] / "features" / "train" / "support_train.py"


@pytest.fixture
def support():
    spec = importlib.util.spec_from_file_location("support_train", PLACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def job(support, tmp_path):
    return support.FakeJob(tmp_path)


@pytest.fixture
def control(job, qapp):
    parent = QObject()
    control = RunControl(find_paths(), parent, start=job)
    yield control
    control.stop_now()
    parent.deleteLater()


def at_step(control, number):
    return lambda: control.story.step is not None and control.story.step.step >= number


def test_a_run_is_begun_paused_and_gone_on_with(control, support, job, tmp_path, qtbot):
    control.start(support.make_config(tmp_path))
    assert control.state == "starting"
    qtbot.waitUntil(at_step(control, 3), timeout=20_000)
    assert control.state == "running"
    control.pause()
    qtbot.waitUntil(lambda: control.state == "paused", timeout=20_000)
    assert control.story.checkpoint == control.story.step.step
    job.mode = "resumed"
    control.resume()
    assert control.state == "starting"
    qtbot.waitUntil(lambda: control.state == "running", timeout=20_000)
    (control.folder / "finish").touch()
    qtbot.waitUntil(lambda: control.state == "finished", timeout=20_000)
    assert control.story.verdict.active
    assert len(job.started) == 2


def test_another_window_finds_the_run_at_work_and_knows_all(control, support, job, tmp_path, qtbot):
    control.start(support.make_config(tmp_path))
    qtbot.waitUntil(at_step(control, 3), timeout=20_000)
    other = RunControl(find_paths(), control.parent())
    assert other.find_at_work() == control.folder
    other.follow(control.folder)
    assert other.state == "running"
    assert other.story.losses[0].step == 1
    seen = other.story.step.step
    qtbot.waitUntil(lambda: other.story.step.step > seen, timeout=20_000)


def test_a_run_that_is_stopped_at_once_can_go_on(control, support, job, tmp_path, qtbot):
    control.start(support.make_config(tmp_path))
    qtbot.waitUntil(at_step(control, 1), timeout=20_000)
    control.stop_now()
    assert control.state == "stopped"
    assert not runs.is_owned(control.folder)
    control.resume()
    qtbot.waitUntil(lambda: control.state == "running", timeout=20_000)


def test_a_failure_is_told(control, support, job, tmp_path, qtbot):
    job.mode = "fail"
    control.start(support.make_config(tmp_path))
    qtbot.waitUntil(lambda: control.state == "failed", timeout=20_000)
    assert isinstance(control.story.ending, Failed)


def test_a_job_that_never_begins_is_noticed(control, support, job, tmp_path, qtbot, monkeypatch):
    monkeypatch.setattr("app.services.run_control._START_SECONDS", 0.5)
    job.mode = "broken"
    control.start(support.make_config(tmp_path))
    assert control.state == "starting"
    qtbot.waitUntil(lambda: control.state == "new", timeout=20_000)


def test_a_run_that_others_remove_is_forgotten(control, support, tmp_path):
    run = support.make_run(tmp_path, support.PAUSED)
    control.follow(run)
    assert control.state == "paused"
    runs.remove(find_paths(), run.name)
    control.look()
    assert control.folder is None


def test_settings_that_cannot_be_are_refused(control, support, tmp_path, job):
    import dataclasses

    config = support.make_config(tmp_path)
    with pytest.raises(InputError, match="rank"):
        control.start(dataclasses.replace(config, train=dataclasses.replace(config.train, rank=0)))
    assert job.started == []
