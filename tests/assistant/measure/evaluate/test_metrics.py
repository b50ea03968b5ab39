import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.measure.evaluate import metrics

texts = st.text(alphabet="ab \n\tü😀", max_size=20)


@pytest.mark.parametrize(
    ("answer", "solution", "same"),
    [
        ("    return 1", "    return 1\n", True),
        ("    return 1  \r\n\n", "    return 1", True),
        ("a \nb", "a\nb\n", True),
        ("return 1", "    return 1", False),
        ("\nreturn 1", "return 1", False),
        ("x = 1", "x  = 1", False),
        ("x\nmore", "x", False),
        ("", "\n", True),
    ],
)
def test_exact_match_forgives_blanks_at_the_right_and_nothing_else(answer, solution, same):
    assert metrics.exact_match(answer, solution) is same


@pytest.mark.parametrize(
    ("answer", "same"), [("x = 1\nmore", True), ("x = 1", True), ("x = 2\nmore", False), ("", False)]
)
def test_the_first_line_counts_whatever_follows(answer, same):
    assert metrics.first_line_match(answer, "x = 1\n") is same


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("abc", "cba", 2), ("ab", "ba", 2)],
)
def test_levenshtein_by_hand(first, second, distance):
    assert metrics.levenshtein(first, second) == distance
    assert metrics.levenshtein(second, first) == distance


def test_edit_similarity_by_hand():
    assert metrics.edit_similarity("kitten", "sitting\n") == pytest.approx(4 / 7)
    assert metrics.edit_similarity("", "") == 1.0
    assert metrics.edit_similarity("", "abc") == 0.0


def slow_distance(first: str, second: str) -> int:
    """The definition, word for word."""
    if not first or not second:
        return len(first) + len(second)
    if first[0] == second[0]:
        return slow_distance(first[1:], second[1:])
    return 1 + min(
        slow_distance(first[1:], second), slow_distance(first, second[1:]), slow_distance(first[1:], second[1:])
    )


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_levenshtein_is_its_definition(first, second):
    assert metrics.levenshtein(first, second) == slow_distance(first, second)


@given(texts, texts, texts)
def test_levenshtein_is_a_distance(first, second, third):
    direct = metrics.levenshtein(first, second)
    assert (direct == 0) == (first == second)
    assert direct <= metrics.levenshtein(first, third) + metrics.levenshtein(third, second)
    assert abs(len(first) - len(second)) <= direct <= max(len(first), len(second))


@given(texts, texts)
def test_the_marks_agree(answer, solution):
    similarity = metrics.edit_similarity(answer, solution)
    assert 0 <= similarity <= 1
    assert (similarity == 1) == metrics.exact_match(answer, solution)
    assert metrics.first_line_match(answer, solution) or not metrics.exact_match(answer, solution)
    assert metrics.normal_form(metrics.normal_form(answer)) == metrics.normal_form(answer)


def test_percentiles_by_hand():
    assert metrics.percentile([4, 1, 3, 2], 0.5) == 2.5
    assert metrics.percentile([4, 1, 3, 2], 0.95) == pytest.approx(3.85)
    assert metrics.percentile([7], 0.95) == 7
    assert metrics.percentile([], 0.5) == 0


def test_wilson_against_published_values():
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert metrics.wilson(hits, n) == pytest.approx((low, high), abs=5e-5)
    assert metrics.wilson(0, 0) == (0, 1)
    assert metrics.wilson(5, 5)[1] == 1


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(counts):
    hits, n = counts
    low, high = metrics.wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_the_bootstrap_stays_between_the_values_and_is_the_same_twice(values):
    low, high = metrics.bootstrap(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert metrics.bootstrap(values) == (low, high)


def test_the_bootstrap_is_about_as_wide_as_the_normal_interval():
    values = [0.0, 1.0] * 50
    low, high = metrics.bootstrap(values)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.5 / math.sqrt(100), rel=0.1)
    assert metrics.bootstrap([]) == (0, 1)


def test_mcnemar_by_hand():
    assert metrics.mcnemar(0, 0) == 1
    assert metrics.mcnemar(0, 5) == pytest.approx(2 / 32)
    assert metrics.mcnemar(2, 8) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert metrics.mcnemar(5, 5) == 1
    assert metrics.mcnemar(3, 2000) < 1e-300


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_does_not_care_which_run_is_first(one, other):
    assert metrics.mcnemar(one, other) == metrics.mcnemar(other, one)
    assert 0 < metrics.mcnemar(one, other) <= 1
