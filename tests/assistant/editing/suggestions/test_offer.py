"""What is left of a suggestion where the cursor is."""

import pytest

from assistant.editing.suggestions.offer import Insertion, Offer


def offer(*texts: str, prefix: str = "", suffix: str = "", index: int = 0) -> Offer:
    return Offer(prefix, suffix, tuple(Insertion(text) for text in texts), index)


@pytest.mark.parametrize(
    ("prefix", "suffix", "rests"),
    [
        ("ab", "z", {0: "cde", 1: "cxy"}),
        ("abc", "z", {0: "de", 1: "xy"}),
        ("abcx", "z", {1: "y"}),
        ("abcde", "z", {}),
        ("a", "z", {}),
        ("ab", "", {}),
        ("abq", "z", {}),
    ],
)
def test_rests(prefix: str, suffix: str, rests: dict[int, str]) -> None:
    found = offer("cde", "cxy", "cde", "", prefix="ab", suffix="z").rests(prefix, suffix)
    assert found == {index: Insertion(text) for index, text in rests.items()}


@pytest.mark.parametrize(
    ("typed", "rest"),
    [("", Insertion("a, b)", 1)), ("a, ", Insertion("b)", 1)), ("a, b", None), ("a, b)", None), ("x", None)],
)
def test_what_replaces_the_closing_bracket_is_used_up_before_it(typed: str, rest: Insertion | None) -> None:
    made = Offer("f(", ")\n", (Insertion("a, b)", 1),))
    assert made.at("f(" + typed, ")\n")[1] == rest
    assert made.accepted() == ("f(a, b)", "\n")


def test_the_same_text_that_replaces_more_is_another_alternative() -> None:
    made = Offer("", "))", (Insertion("x)", 1), Insertion("x)", 2), Insertion("x)", 1)))
    assert list(made.rests("", "))")) == [0, 1]


def test_another_alternative_is_chosen_where_the_chosen_one_disagrees() -> None:
    made = offer("ab", "cd")
    chosen, rest = made.at("c", "")
    assert (chosen.index, rest) == (1, Insertion("d"))
    assert chosen.accepted() == ("cd", "")
    assert made.at("x", "") == (made, None)
    assert made.at("", "") == (made, Insertion("ab"))


@pytest.mark.parametrize(
    ("prefix", "agrees"), [("p", True), ("pa", True), ("pabc", True), ("pab?", True), ("px", False), ("", False)]
)
def test_a_stream_agrees_as_far_as_both_reach(prefix: str, agrees: bool) -> None:
    assert offer("", prefix="p", suffix="s").extended("ab").agrees(prefix, "s") is agrees
    assert not offer("ab", prefix="p", suffix="s").agrees("p", "t")
