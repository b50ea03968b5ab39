import pytest

from assistant.retrieval.similar import contained, likeness, shingles

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


def test_contained_is_about_the_part():
    assert contained(shingles(CODE), shingles(CODE + "x = [1, 2, 3]\n" * 50)) == 1.0
    assert contained(shingles("x = [1, 2, 3]"), shingles(CODE)) == 0.0
    assert contained(shingles("a"), shingles(CODE)) == 0.0
