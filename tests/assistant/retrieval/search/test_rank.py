import pytest

from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.rank import LEAST_STRENGTH, WEIGHTS, alike, fuse, likeness, shingles, without_copies


def candidate(path, origin="search", strength=0.5, text=None, first=1):
    text = text or f"def of_{path}(argument):\n    return argument.{path} + 1\n"
    return Candidate(path, first, first + text.count("\n") - 1, text, origin, f"by {origin}", strength)


def test_the_order_of_one_source_stays():
    ranked = fuse({"search": [candidate("a"), candidate("b"), candidate("c")]})
    assert [each.candidate.path for each in ranked] == ["a", "b", "c"]


def test_what_two_sources_found_goes_first_and_keeps_the_first_ones_words():
    ranked = fuse({"search": [candidate("a"), candidate("b")], "recent": [candidate("b", "recent")]})
    assert [each.candidate.path for each in ranked] == ["b", "a"]
    assert ranked[0].candidate.why == "by search"


def test_sources_weigh_differently():
    ranked = fuse({"tabs": [candidate("a", "tabs")], "definitions": [candidate("b", "definitions")]})
    assert WEIGHTS["definitions"] > WEIGHTS["tabs"]
    assert [each.candidate.path for each in ranked] == ["b", "a"]


@pytest.mark.parametrize("bad", [candidate("a", strength=LEAST_STRENGTH / 2), candidate("a", text="\n \n")])
def test_what_tells_nothing_is_left_out(bad):
    assert fuse({"search": [bad]}) == []


def test_near_copies_of_the_cursor_and_of_each_other_go():
    block = "def total(items):\n    return sum(item.price * item.count for item in items)\n"
    copy = candidate("copy", text=block.replace("total", "whole"))
    twin = candidate("twin", text=candidate("a").text)
    ranked = fuse({"search": [copy, candidate("a"), twin, candidate("b")]})
    assert [each.candidate.path for each in without_copies(ranked, block, 9)] == ["a", "b"]
    assert [each.candidate.path for each in without_copies(ranked, "", 2)] == ["copy", "a"]


CODE = "def area(width, height):\n    return width * height\n"


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (CODE, CODE, 1.0, 1.0),
        (CODE, CODE.replace("    ", "\t").replace("\n", "\n\n"), 1.0, 1.0),
        (CODE, CODE.replace("area", "surface"), 0.7, 0.95),
        (CODE, "class Shop:\n    name = 'x'\n", 0.0, 0.05),
        ("", "", 0.0, 0.0),
        ("a b", "a b", 0.0, 0.0),
    ],
)
def test_likeness(first, second, low, high):
    assert low <= likeness(shingles(first), shingles(second)) <= high


@pytest.mark.parametrize("least", [0.0, 0.5, 0.8, 0.9, 1.0])
@pytest.mark.parametrize("other", [CODE, CODE.replace("area", "surface"), CODE * 3 + "x = [1, 2, 3]\n", "", "a"])
def test_alike_is_likeness_over_a_threshold(other, least):
    first, second = shingles(CODE), shingles(other)
    assert alike(first, second, least) == (likeness(first, second) > least)
