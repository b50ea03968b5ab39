import pytest
from PySide6.QtCore import QObject

from app.services.run_control import RunControl
from assistant.config import find_paths
from assistant.errors import InputError
from finetune import runs
from finetune.events import Failed
from tests.support import training

pytestmark = pytest.mark.gui


@pytest.fixture
def job(tmp_path):
    return training.FakeJob(tmp_path)


@pytest.fixture
def control(job, qapp):
    parent = QObject()
    control = RunControl(find_paths(), parent, start=job)
    yield control
    control.stop_now()
    parent.deleteLater()


def at_step(control, number):
    return lambda: control.progress.step is not None and control.progress.step.step >= number


def test_a_run_is_begun_paused_and_gone_on_with(control, job, tmp_path, qtbot):
    control.start(training.make_config(tmp_path))
    assert control.state == "starting"
    qtbot.waitUntil(at_step(control, 3))
    assert control.state == "running"
    control.pause()
    qtbot.waitUntil(lambda: control.state == "paused")
    assert control.progress.checkpoint == control.progress.step.step
    job.mode = "resumed"
    control.resume()
    assert control.state == "starting"
    qtbot.waitUntil(lambda: control.state == "running")
    (control.folder / "finish").touch()
    qtbot.waitUntil(lambda: control.state == "finished")
    assert control.progress.verdict.active
    assert len(job.started) == 2


def test_another_window_finds_the_run_at_work_and_knows_all(control, job, tmp_path, qtbot):
    control.start(training.make_config(tmp_path))
    qtbot.waitUntil(at_step(control, 3))
    other = RunControl(find_paths(), control.parent())
    assert other.find_at_work() == control.folder
    other.follow(control.folder)
    assert other.state == "running"
    assert other.progress.losses[0].step == 1
    seen = other.progress.step.step
    qtbot.waitUntil(lambda: other.progress.step.step > seen)


def test_a_run_that_is_stopped_at_once_can_go_on(control, job, tmp_path, qtbot):
    control.start(training.make_config(tmp_path))
    qtbot.waitUntil(at_step(control, 1))
    control.stop_now()
    assert control.state == "stopped"
    assert not runs.is_owned(control.folder)
    control.resume()
    qtbot.waitUntil(lambda: control.state == "running")


def test_a_failure_is_told(control, job, tmp_path, qtbot):
    job.mode = "fail"
    control.start(training.make_config(tmp_path))
    qtbot.waitUntil(lambda: control.state == "failed")
    assert isinstance(control.progress.ending, Failed)


def test_a_job_that_never_begins_is_noticed(control, job, tmp_path, qtbot, monkeypatch):
    monkeypatch.setattr("app.services.run_control._START_SECONDS", 0.5)
    job.mode = "broken"
    control.start(training.make_config(tmp_path))
    assert control.state == "starting"
    qtbot.waitUntil(lambda: control.state == "new")


def test_a_run_that_others_remove_is_forgotten(control, tmp_path):
    run = training.make_run(tmp_path, training.PAUSED)
    control.follow(run)
    assert control.state == "paused"
    runs.remove(find_paths(), run.name)
    control.look()
    assert control.folder is None


def test_settings_that_cannot_be_are_refused(control, tmp_path, job):
    import dataclasses

    config = training.make_config(tmp_path)
    with pytest.raises(InputError, match="rank"):
        control.start(dataclasses.replace(config, train=dataclasses.replace(config.train, rank=0)))
    assert job.started == []
