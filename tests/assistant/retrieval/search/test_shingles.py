import pytest

from assistant.retrieval.search.shingles import alike, likeness, shingles

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
