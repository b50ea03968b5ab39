"""The figures of arms and the differences between them."""

import dataclasses
import json

import pytest

from assistant.measure.evaluate.metrics import mcnemar, wilson
from assistant.measure.repository.figures import summarise, to_json
from tests.support.asked_holes import make_asked, make_many

NAMES = ("base", "retrieval")


def test_a_difference_is_counted_over_pairs():
    figures = summarise(make_many(20, 5, 25, 50), NAMES)
    (found,) = figures.differences
    assert (figures.n, found.first, found.second) == (100, "base", "retrieval")
    assert found.exact_match == pytest.approx(0.2)
    assert (found.only_first, found.only_second) == (5, 25)
    assert found.p_value == mcnemar(5, 25)
    low, high = found.exact_interval
    assert 0 < low < 0.2 < high
    assert found.verdict == 1
    base, retrieval = figures.arms
    assert (base.exact_match.value, retrieval.exact_match.value) == (0.25, 0.45)
    assert base.exact_match.interval == wilson(25, 100)


@pytest.mark.parametrize(("only_base", "only_retrieval", "verdict"), [(30, 2, -1), (6, 6, 0), (0, 0, 0), (0, 30, 1)])
def test_what_the_verdict_is(only_base, only_retrieval, verdict):
    (found,) = summarise(make_many(10, only_base, only_retrieval, 20), NAMES).differences
    assert found.verdict == verdict


def test_equal_arms_have_a_difference_of_nothing():
    (found,) = summarise(make_many(10, 0, 0, 20), NAMES).differences
    assert (found.exact_match, found.exact_interval, found.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_times_tokens_and_parsing_are_of_each_arm():
    asked = [make_asked(number, number % 2 == 0, True, ms=100.0 + number) for number in range(11)]
    base, retrieval = summarise(asked, NAMES).arms
    assert (base.p50_ms, retrieval.p50_ms) == (105.0, 210.0)
    assert (base.prompt_tokens, retrieval.prompt_tokens) == (100, 200)
    assert (base.retrieved_tokens, retrieval.retrieved_tokens) == (0, 120)
    assert base.parse_rate.value == pytest.approx(6 / 11)
    assert retrieval.parse_rate.value == 1
    assert base.prefill_tokens_per_s == pytest.approx(1250)
    assert base.decode_tokens_per_s == pytest.approx(100)
    assert base.shown == 11


def test_what_failed_counts_as_wrong_and_not_for_the_times():
    good = make_asked(1, True, True)
    bad = make_asked(2, True, True, ms=9999.0)
    failed = dataclasses.replace(bad.marks["base"].answer, error="too long", text="")
    marks = {**bad.marks, "base": dataclasses.replace(bad.marks["base"], answer=failed, exact=False, parses=None)}
    base, _ = summarise([good, dataclasses.replace(bad, marks=marks)], NAMES).arms
    assert (base.failed, base.shown, base.p95_ms, base.exact_match.value) == (1, 1, 100.0, 0.5)


def test_groups_are_by_kind_and_language():
    asked = [
        *(make_asked(number, False, True, "body") for number in range(3)),
        *(make_asked(number, True, True, "line", "go") for number in range(10, 15)),
    ]
    figures = summarise(asked, NAMES)
    assert [(group.name, group.n) for group in figures.by_kind] == [("line", 5), ("body", 3)]
    assert [(group.name, group.n) for group in figures.by_language] == [("go", 5), ("python", 3)]
    assert figures.by_kind[1].exact_match["retrieval"].value == 1
    assert figures.by_kind[1].differences[0].exact_match == 1
    assert sum(group.n for group in figures.by_kind) == figures.n


def test_one_arm_alone_and_no_holes_have_figures():
    alone = summarise(make_many(1, 1, 1, 1), ["retrieval"])
    assert alone.differences == ()
    assert [arm.name for arm in alone.arms] == ["retrieval"]
    none = summarise([], NAMES)
    assert (none.n, none.by_kind, none.arms[0].parse_rate) == (0, (), None)
    json.dumps(to_json(none))


def test_json_has_every_field():
    found = json.loads(json.dumps(to_json(summarise(make_many(4, 1, 3, 2), NAMES))))
    assert set(found) == {"n", "arms", "differences", "by_kind", "by_language"}
    assert set(found["arms"]["base"]) == {
        "exact_match", "edit_similarity", "parse_rate", "intervals", "shown", "failed", "p50_ms", "p95_ms",
        "prompt_tokens", "retrieved_tokens", "generated_tokens", "cached_tokens", "prefill_tokens_per_s",
        "decode_tokens_per_s",
    }  # fmt: skip
    assert found["arms"]["retrieval"]["exact_match"] == 0.7
    assert found["differences"][0]["exact_match"] == 0.2
    assert found["by_kind"]["line"]["exact_match"] == {"base": 0.5, "retrieval": 0.7}
