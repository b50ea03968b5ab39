import pytest

from finetune import runs
from finetune.events import STAGES
from tests.support import training

pytestmark = pytest.mark.gui


def test_a_run_shows_stages_figures_curves_and_the_status_line(page, window, folder):
    run = training.make_run(folder, training.story())
    with runs.owned(run):
        window.features["train"].open("run")
        step = page.run
        assert step.state.text() == "running"
        assert step.figures["step"].text() == "180 of 310"
        assert step.figures["memory"].text() == "3.3 GB"
        assert step.figures["rate"].text() == "402 tokens/s"
        assert step.figures["left"].text() == "11 min"
        assert step.now.text() == "Learning  ·  58 %  ·  11 min left"
        assert step.chart.base == 1.412
        assert [look.step for look in step.chart.held_out] == [0, 31, 62, 93, 124, 155]
        assert step.stages["data"][2].text() == "358 of 412 files · 5,120 samples · 200 places held out"
        assert window.bench.status.task_text("training") == "Training 58 % · 11 min left"
        assert step.pause.isVisible()
        assert not step.resume.isVisible()
        window.features["settings"].open()
        window.bench.status._tasks["training"].click()
        assert window.bench.central.current is page
        assert page.step == "run"


def test_nobody_at_work_leaves_the_status_line_empty(page, window, folder):
    training.make_run(folder, training.PAUSED)
    window.features["train"].open("run")
    assert window.bench.status.task_text("training") == ""
    assert page.run.state.text() == "paused"
    assert page.run.resume.isVisible()
    assert not page.run.pause.isVisible()
    assert page.run.now.text() == "It resumes exactly where it stopped, at any time."


def test_pausing_and_resuming(page, window, folder, job, qtbot):
    training.make_run(folder, training.PAUSED)
    window.features["train"].open("run")
    control = window.features["train"].control
    page.run.resume.click()
    qtbot.waitUntil(lambda: page.run.state.text() == "running")
    page.run.pause.click()
    assert page.run.state.text() in {"pausing", "paused"}
    qtbot.waitUntil(lambda: control.state == "paused")


def test_stopping_at_once_asks_first(page, window, folder, job, qtbot):
    training.make_run(folder, training.PAUSED)
    window.features["train"].open("run")
    page.run.resume.click()
    qtbot.waitUntil(page.run.kill.isVisible)
    page.run.kill.click()
    assert window.features["train"].control.state == "running"
    window.services.dialogs.answers["confirm"] = True
    page.run.kill.click()
    assert window.features["train"].control.state == "stopped"
    assert "last checkpoint" in page.run.now.text()


def test_an_interrupted_run_on_a_full_disk_says_so(page, window, folder, monkeypatch):
    monkeypatch.setattr(runs, "_LEAST_FREE", 1 << 80)
    training.make_run(folder, training.PAUSED[:-1])
    window.features["train"].open("run")
    assert window.features["train"].control.state == "stopped"
    assert "is full; make room and resume the run" in page.run.now.text()


def test_a_failure_stands_in_a_bar_with_what_can_be_done(page, window, folder):
    run = training.make_run(folder, training.FAILED)
    (run / "job.log").write_text("step 40: nan\n", encoding="utf-8")
    window.features["train"].open("run")
    bar = page.bars.bar("run")
    assert bar.text.text().startswith("The loss is no number any more")
    assert [push.text() for push in bar.buttons] == ["Resume", "Change settings", "Open the log"]
    assert page.run.stages["train"][1].accessibleName().startswith("Learning: failed")
    bar.buttons[2].click()
    assert window.bench.central.current.path == run / "job.log"


def test_a_job_that_never_begins_is_said(page, window, folder, job, qtbot, monkeypatch):
    monkeypatch.setattr("app.services.run_control._START_SECONDS", 0.5)
    job.mode = "broken"
    training.make_run(folder, training.PAUSED)
    window.features["train"].open("run")
    page.run.resume.click()
    qtbot.waitUntil(lambda: "did not start" in page.bars.texts().get("run", ""))


def test_only_one_run_is_at_work(page, window, folder, job):
    first = training.make_run(folder, training.story(), "first")
    second = training.make_run(folder, training.PAUSED, "second")
    with runs.owned(first):
        page._open_run(second)
        page.run.resume.click()
        assert job.started == []
        assert "first" in page.bars.texts()["run"]
        page.bars.bar("run").buttons[0].click()
        assert window.features["train"].control.folder == first


def test_a_run_that_was_at_work_before_the_window_is_found(make_window, folder, qtbot):
    run = training.make_run(folder, training.story())
    with runs.owned(run):
        window = make_window()
        qtbot.waitUntil(lambda: window.bench.status.task_text("training").startswith("Training 58 %"))


def test_before_the_first_run_the_page_teaches(page):
    page.show_step("run")
    assert page.run.empty.isVisible()
    assert not page.run.content.isVisible()
    page.run.begin_wanted.emit()
    assert page.step == "code"
    assert set(page.run.stages) == set(STAGES)
