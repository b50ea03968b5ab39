import dataclasses

import pytest

from app.features.train.plan.step import ModelStep
from finetune.config import PRESETS
from tests.support import training

pytestmark = pytest.mark.gui


@pytest.fixture
def step(page, tune, qtbot):
    tune.answered.emit("files", training.files_answer())
    page.show_step("model")
    qtbot.waitUntil(lambda: tune.asked[-1][0] == "plan")
    return page.model


def plans(tune):
    return [config for question, config in tune.asked if question == "plan"]


def test_arriving_measures_once_and_shows_the_plan(step, tune):
    assert step.plan.busy.isVisible()
    tune.answered.emit("plan", training.plan_answer())
    assert not step.plan.busy.isVisible()
    figures = {name: widget.text() for name, widget in step.plan.figures.items()}
    assert figures["time"] == "about 30 min"
    assert figures["proof"] == "about 21 min"
    assert figures["samples"] == "1,480 (640 k tokens)"
    assert figures["memory"] == "3.4 GB"
    assert figures["steps"] == "310"
    assert step.start.text() == "Start learning: 30 min"


def test_other_minutes_need_no_other_measurement_and_other_settings_do(step, tune, qtbot):
    tune.answered.emit("plan", training.plan_answer())
    step.minutes.setValue(60)
    assert step.plan.figures["steps"].text() == "620"
    assert step.plan.figures["memory"].text() == "3.4 GB"
    step._measure()
    assert len(plans(tune)) == 1
    step.advanced.rank.setValue(8)
    assert not step.plan._grid_holder.isVisible()
    qtbot.waitUntil(lambda: len(plans(tune)) == 2)
    assert plans(tune)[-1].train.rank == 8
    step.advanced.rank.setValue(16)
    assert step.plan.figures["steps"].text() == "620"


def test_nothing_is_measured_while_a_run_is_at_work(step, page, tune, qtbot, monkeypatch, tmp_path):
    tune.answered.emit("plan", training.plan_answer())
    monkeypatch.setattr(page._services.control, "find_at_work", lambda: tmp_path / "mine-1")
    step.advanced.rank.setValue(8)
    qtbot.waitUntil(lambda: "The run mine-1 is going on" in step.plan.text.text())
    assert len(plans(tune)) == 1
    assert not step.plan.busy.isVisible()


def test_before_the_models_are_known_nobody_is_told_that_there_is_none(window):
    fresh = ModelStep(window.bench.icons)
    assert fresh.empty.isHidden()
    assert fresh.form.isHidden()
    assert not fresh.looking.isHidden()
    fresh.show_models([])
    assert fresh.looking.isHidden()
    assert not fresh.empty.isHidden()
    fresh.deleteLater()


def test_presets_are_plain_words_that_set_the_rest(step, tune):
    step.presets["quick"].setChecked(True)
    config = step.config()
    assert (config.train.minutes, config.train.rank, config.train.alpha) == (10.0, 8, 16)
    assert config.data == PRESETS["quick"][1]
    step.presets["thorough"].setChecked(True)
    assert step.config().data == PRESETS["thorough"][1]
    assert step.config().train.learning_rate == pytest.approx(2e-4)


def test_outlier_files_are_learned_where_a_person_wants_that(step, tune, qtbot):
    assert step.config().data.drop_outliers
    tune.answered.emit("plan", training.plan_answer())
    step.advanced.outliers.setChecked(False)
    qtbot.waitUntil(lambda: len(plans(tune)) == 2)
    assert not plans(tune)[-1].data.drop_outliers


def test_a_refusal_says_why_and_nothing_can_begin(step, tune):
    tune.failed.emit("plan", "Training needs 31 GB and 12 GB are free; choose a smaller model.")
    assert step.plan.text.text().startswith("Training needs 31 GB")
    assert not step.start.isEnabled()
    step.presets["quick"].setChecked(True)
    assert step.start.isEnabled()


def test_a_plan_with_changes_says_what_was_made_smaller(step, tune):
    tune.answered.emit("plan", training.plan_answer(changes=["Rows are 512 tokens long, to fit."]))
    assert step.plan.changes.text() == "Rows are 512 tokens long, to fit."


def test_measuring_can_be_stopped(step, tune):
    step.plan.measure.click()
    assert tune.gone[-1] == "plan"
    assert not step.plan.busy.isVisible()
    assert step.start.isEnabled()


def test_a_quick_run_that_keeps_outlier_files_is_planned_and_started_as_such(step):
    step.presets["quick"].setChecked(True)
    step.advanced.outliers.setChecked(False)
    config = step.config()
    assert (config.data.library_holes, config.data.validation_holes, config.data.drop_outliers) == (40, 40, False)
    assert config.train == dataclasses.replace(PRESETS["quick"][0], minutes=config.train.minutes)


@pytest.mark.parametrize("name", ["base", "con", "none.x", "x/y", ""])
def test_a_name_that_no_adapter_can_have_starts_nothing(step, name):
    step.name.setText(name)
    assert "cannot be the name of an adapter" in step.problem.text()
    assert not step.start.isEnabled()


def test_a_bad_name_is_said_at_once(step):
    step.name.setText("no/name")
    assert "cannot be the name of an adapter" in step.problem.text()
    assert step.problem.isVisible()
    assert not step.start.isEnabled()
    step.name.setText("good-name")
    assert not step.problem.isVisible()


def test_without_a_model_the_way_to_one_is_shown(page, window):
    for model in window.services.jobs.models:
        model["installed"] = False
    page.show_step("model")
    assert page.model.empty.isVisible()
    assert not page.model.form.isVisible()
    page.models_wanted.emit()
    assert window.bench.central.current is window.features["models"].get_page()


def test_starting_makes_a_run_with_these_settings(page, step, job, tune, window, qtbot):
    page.scope.files.decide([0], False)
    step.minutes.setValue(12)
    step.start.click()
    control = window.features["train"].control
    assert page.step == "run"
    assert control.config.train.minutes == 12.0
    assert control.config.data.drop == ("src/orchard/graft.py",)
    assert job.started == [control.folder]
    qtbot.waitUntil(lambda: control.state == "running")
