import pytest

from assistant.measure.repository.figures import Difference
from finetune.judge.scale import Tried, best, try_scales
from finetune.judge.verdict import Forgetting, judge


def gain(exact, interval, similar=0.0, similar_interval=(-0.1, 0.1)):
    return Difference("retrieval", "both", exact, interval, similar, similar_interval, 1, 2, 0.5)


def forgot(difference, interval, n=100):
    return Forgetting(n, 0.5, 0.5 + difference, difference, interval)


@pytest.mark.parametrize(
    ("found", "forgetting", "active", "said"),
    [
        (gain(0.08, (0.02, 0.14)), None, True, "Switched on at scale 0.75"),
        (gain(0.08, (0.02, 0.14)), forgot(-0.01, (-0.03, 0.0)), True, "+8.0 points"),
        (gain(0.01, (-0.02, 0.04), 0.03, (0.01, 0.05)), None, True, "answers are closer (+3.0 points"),
        (gain(-0.01, (-0.04, 0.02), 0.03, (0.01, 0.05)), None, False, "not shown to help"),
        (gain(0.02, (-0.02, 0.06)), None, False, "not shown to help"),
        (gain(-0.08, (-0.14, -0.02)), None, False, "it harms"),
        (gain(0.08, (0.02, 0.14)), forgot(-0.05, (-0.08, -0.01)), False, "it forgets"),
        (gain(0.08, (0.02, 0.14)), forgot(-0.05, (-0.11, 0.01)), True, "Switched on"),
    ],
)
def test_the_verdict_follows_the_intervals(found, forgetting, active, said):
    verdict = judge(found, (0.24, 0.24 + found.exact_match), 200, 0.75, forgetting)
    assert verdict.active is active
    assert verdict.scale == (0.75 if active else 0.0)
    assert said in verdict.sentence
    assert verdict.sentence.endswith(".")
    assert verdict.sentence.count(". ") == 0, "one sentence"


def test_what_is_to_stay_off_is_not_said_to_be_on():
    verdict = judge(gain(0.08, (0.02, 0.14)), (0.24, 0.32), 200, 0.75, None, wanted=False)
    assert (verdict.active, verdict.scale) == (False, 0.0)
    assert verdict.sentence.startswith("Left off as you asked, it helps at scale 0.75: 32.0 %")
    harmful = judge(gain(-0.08, (-0.14, -0.02)), (0.24, 0.16), 200, 0.75, None, wanted=False)
    assert harmful.sentence.startswith("Left off, it harms")


class FakeMark:
    def __init__(self, similarity, exact):
        self.similarity, self.exact = similarity, exact


def test_scales_are_tried_in_order_and_the_closest_wins():
    marks = {1.0: [FakeMark(0.5, True), FakeMark(0.5, False)], 0.5: [FakeMark(0.9, False), FakeMark(0.7, False)]}
    tried = try_scales(marks.__getitem__, (1.0, 0.5))
    assert tried == [Tried(1.0, 0.5, 0.5), Tried(0.5, pytest.approx(0.8), 0.0)]
    assert best(tried) == 0.5


def test_between_equals_the_strongest_wins():
    assert best([Tried(1.0, 0.700, 0.1), Tried(0.75, 0.704, 0.3), Tried(0.5, 0.6, 0.0)]) == 1.0
