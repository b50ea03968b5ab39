import pytest

from app.services.run_progress import RunProgress, smoothed
from finetune.events import (
    STAGES,
    ArmScore,
    Checkpoint,
    DataReady,
    Failed,
    Finished,
    Paused,
    PlanReady,
    StageProgress,
    StageStarted,
    Stamped,
    Step,
    ValidationLoss,
    Verdict,
)


def told(*events, start=1000.0, apart=10.0):
    progress = RunProgress()
    for number, event in enumerate(events):
        progress.take(Stamped(start + number * apart, event))
    return progress


def step(number, of=100, loss=1.0):
    return Step(number, of, loss, 1e-4, number * 1000, 400.0, 3_000_000_000, (of - number) * 2.0)


def test_before_the_first_event_all_stages_wait():
    progress = RunProgress()
    assert set(progress.stages) == set(STAGES)
    assert set(progress.stages.values()) == {"waiting"}
    assert (progress.stage, progress.share, progress.seconds_left) == (None, None, None)


def test_a_stage_that_begins_ends_those_before_it():
    progress = told(StageStarted("data"), StageStarted("train"))
    assert [progress.stages[name] for name in STAGES] == ["done", "done", "working", "waiting", "waiting"]
    assert progress.stage == "train"


def test_share_and_time_left_of_training_are_the_trainers_own():
    progress = told(StageStarted("train"), step(25))
    assert progress.share == 0.25
    assert progress.seconds_left == 150.0


def test_time_left_of_other_stages_follows_from_what_was_done():
    progress = told(
        StageStarted("data"), StageProgress("data", "files", 10, 100), StageProgress("data", "files", 40, 100)
    )
    assert progress.share == 0.4
    assert progress.seconds_left == pytest.approx(10.0 * 60 / 30)
    progress.take(Stamped(1030.0, StageProgress("data", "samples", 5, 50)))
    assert progress.seconds_left is None
    progress.take(Stamped(1031.0, StageProgress("data", "samples", 10, 50)))
    assert progress.seconds_left == pytest.approx(8.0)


def test_losses_are_smoothed_and_the_base_is_the_look_before_the_first_step():
    progress = told(
        ValidationLoss(0, 1.5, True),
        step(1, loss=2.0),
        step(2, loss=1.0),
        ValidationLoss(2, 1.2, True),
        ValidationLoss(4, 1.3, False),
    )
    assert [(point.step, point.loss) for point in progress.losses] == [(1, 2.0), (2, 1.5)]
    assert progress.base_loss == 1.5
    assert progress.best == ValidationLoss(2, 1.2, True)


def test_a_reports_losses_are_smoothed_the_same_way():
    assert [point.loss for point in smoothed([(1, 2.0), (2, 1.0)])] == [2.0, 1.5]


def test_steps_after_a_kill_replace_those_that_came_to_nothing():
    events = [StageStarted("train"), *(step(number) for number in range(1, 31)), ValidationLoss(10, 1.2, True)]
    progress = told(
        *events,
        ValidationLoss(20, 1.1, True),
        StageStarted("train", resumed=True),
        step(11),
        ValidationLoss(20, 1.15, True),
    )
    assert [point.step for point in progress.losses] == list(range(1, 12))
    assert [(look.step, look.loss) for look in progress.held_out] == [(10, 1.2), (20, 1.15)]


def test_pauses_are_nobodys_work():
    progress = told(StageStarted("train"), step(1), Paused("train", 1))
    assert progress.seconds == 20.0
    assert progress.stages["train"] == "stopped"
    progress.take(Stamped(9000.0, StageStarted("train", resumed=True)))
    progress.take(Stamped(9005.0, step(2)))
    assert progress.seconds == 25.0
    assert progress.stages["train"] == "working"
    assert progress.ending is None


def test_the_end():
    data = DataReady(10, 9, 100, 5000, 10, 20, "commits")
    plan = PlanReady("cpu", "bf16", 100, 5000, 10, 400.0, 60.0, 10**9, 1000)
    verdict = Verdict(True, 0.8, "It helps.")
    progress = told(data, plan, Checkpoint(5), ArmScore("base", 0.1, 5, 10), ArmScore("base", 0.2, 10, 10), verdict)
    assert (progress.data, progress.plan, progress.checkpoint, progress.verdict) == (data, plan, 5, verdict)
    assert progress.arms["base"].exact_match == 0.2
    progress.take(Stamped(2000.0, Finished("orchard", 60.0)))
    assert set(progress.stages.values()) == {"done"}


def test_a_failure_marks_its_stage():
    progress = told(StageStarted("evaluate"), Failed("No memory.", "memory"))
    assert progress.stages["evaluate"] == "failed"
    assert progress.ending == Failed("No memory.", "memory")


def test_the_share_of_the_proof_is_that_of_the_holes_and_not_of_what_came_before():
    progress = RunProgress()
    events = [
        StageStarted("evaluate"),
        StageProgress("evaluate", "Choosing the scale", 60, 60),
        StageProgress("evaluate", "Filling in held-out holes", 0, 20),
    ]
    for number, event in enumerate(events):
        progress.take(Stamped(float(number), event))
    assert progress.share == 0.0
    for number, event in enumerate((ArmScore("base", 0.5, 3, 20), ArmScore("both", 1.0, 3, 20)), 3):
        progress.take(Stamped(float(number), event))
    assert progress.share == 3 / 20
