import pytest

from app.services.run_progress import Story, smoothed
from finetune.events import (
    STAGES,
    ArmScore,
    Checkpoint,
    DataReady,
    Failed,
    Finished,
    HeldOut,
    Paused,
    PlanReady,
    StageProgress,
    StageStarted,
    Stamped,
    Step,
    Verdict,
)


def told(*events, start=1000.0, apart=10.0):
    story = Story()
    for number, event in enumerate(events):
        story.take(Stamped(start + number * apart, event))
    return story


def step(number, of=100, loss=1.0):
    return Step(number, of, loss, 1e-4, number * 1000, 400.0, 3_000_000_000, (of - number) * 2.0)


def test_before_the_first_event_all_stages_wait():
    story = Story()
    assert set(story.stages) == set(STAGES)
    assert set(story.stages.values()) == {"waiting"}
    assert (story.stage, story.share, story.seconds_left) == (None, None, None)


def test_a_stage_that_begins_ends_those_before_it():
    story = told(StageStarted("data"), StageStarted("train"))
    assert [story.stages[name] for name in STAGES] == ["done", "done", "working", "waiting", "waiting"]
    assert story.stage == "train"


def test_share_and_time_left_of_training_are_the_trainers_own():
    story = told(StageStarted("train"), step(25))
    assert story.share == 0.25
    assert story.seconds_left == 150.0


def test_time_left_of_other_stages_follows_from_what_was_done():
    story = told(StageStarted("data"), StageProgress("data", "files", 10, 100), StageProgress("data", "files", 40, 100))
    assert story.share == 0.4
    assert story.seconds_left == pytest.approx(10.0 * 60 / 30)
    story.take(Stamped(1030.0, StageProgress("data", "samples", 5, 50)))
    assert story.seconds_left is None
    story.take(Stamped(1031.0, StageProgress("data", "samples", 10, 50)))
    assert story.seconds_left == pytest.approx(8.0)


def test_losses_are_smoothed_and_the_base_is_the_look_before_the_first_step():
    story = told(
        HeldOut(0, 1.5, True), step(1, loss=2.0), step(2, loss=1.0), HeldOut(2, 1.2, True), HeldOut(4, 1.3, False)
    )
    assert [(point.step, point.loss) for point in story.losses] == [(1, 2.0), (2, 1.5)]
    assert story.base_loss == 1.5
    assert story.best == HeldOut(2, 1.2, True)


def test_a_reports_losses_are_smoothed_the_same_way():
    assert [point.loss for point in smoothed([(1, 2.0), (2, 1.0)])] == [2.0, 1.5]


def test_steps_after_a_kill_replace_those_that_came_to_nothing():
    events = [StageStarted("train"), *(step(number) for number in range(1, 31)), HeldOut(10, 1.2, True)]
    story = told(
        *events, HeldOut(20, 1.1, True), StageStarted("train", resumed=True), step(11), HeldOut(20, 1.15, True)
    )
    assert [point.step for point in story.losses] == list(range(1, 12))
    assert [(look.step, look.loss) for look in story.held_out] == [(10, 1.2), (20, 1.15)]


def test_pauses_are_nobodys_work():
    story = told(StageStarted("train"), step(1), Paused("train", 1))
    assert story.seconds == 20.0
    assert story.stages["train"] == "stopped"
    story.take(Stamped(9000.0, StageStarted("train", resumed=True)))
    story.take(Stamped(9005.0, step(2)))
    assert story.seconds == 25.0
    assert story.stages["train"] == "working"
    assert story.ending is None


def test_the_end():
    data = DataReady(10, 9, 100, 5000, 10, 20, "commits")
    plan = PlanReady("cpu", "bf16", 100, 5000, 10, 400.0, 60.0, 10**9, 1000)
    verdict = Verdict(True, 0.8, "It helps.")
    story = told(data, plan, Checkpoint(5), ArmScore("base", 0.1, 5, 10), ArmScore("base", 0.2, 10, 10), verdict)
    assert (story.data, story.plan, story.checkpoint, story.verdict) == (data, plan, 5, verdict)
    assert story.arms["base"].exact_match == 0.2
    story.take(Stamped(2000.0, Finished("orchard", 60.0)))
    assert set(story.stages.values()) == {"done"}


def test_a_failure_marks_its_stage():
    story = told(StageStarted("evaluate"), Failed("No memory.", "memory"))
    assert story.stages["evaluate"] == "failed"
    assert story.ending == Failed("No memory.", "memory")
