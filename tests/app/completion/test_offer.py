"""What is left of a suggestion where the cursor is, and the memory of suggestions."""

import pytest

from app.completion.offer import Offer, OfferMemory
from assistant.types import Finished, Timings


def finished(name: str) -> Finished:
    return Finished(name, "m", (), 0, 0, 0, Timings())


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
    assert Offer("ab", "z", ("cde", "cxy", "cde", "")).rests(prefix, suffix) == rests


def test_another_alternative_is_chosen_where_the_chosen_one_disagrees() -> None:
    offer = Offer("", "", ("ab", "cd"), index=0)
    chosen, rest = offer.at("c", "")
    assert (chosen.index, rest) == (1, "d")
    assert offer.at("x", "") == (offer, "")
    assert offer.at("", "") == (offer, "ab")


@pytest.mark.parametrize(
    ("prefix", "agrees"), [("p", True), ("pa", True), ("pabc", True), ("pab?", True), ("px", False), ("", False)]
)
def test_a_stream_agrees_as_far_as_both_reach(prefix: str, agrees: bool) -> None:
    assert Offer("p", "s", ("",), whole=False).extended("ab").agrees(prefix, "s") is agrees
    assert not Offer("p", "s", ("ab",)).agrees("p", "t")


def test_memory_gives_back_what_is_left_the_chosen_one_first() -> None:
    memory = OfferMemory()
    memory.put("pa", "s", Offer("p", "s", ("ab", "ac", "x"), index=1, asked_more=True))
    assert memory.get("pa", "s") == Offer("pa", "s", ("c", "b"), asked_more=True)
    assert memory.get("p", "s") is None
    assert memory.get("pa", "") is None


def test_memory_looks_only_at_the_text_near_the_cursor() -> None:
    memory = OfferMemory()
    near_before, near_after = "b" * 2000, "a" * 500
    memory.put("old" + near_before, near_after + "old", Offer("old" + near_before, near_after + "old", ("x",)))
    found = memory.get("new" + near_before, near_after + "new")
    assert found is not None
    assert found.at("new" + near_before, near_after + "new")[1] == "x"


def test_memory_drops_what_was_used_longest_ago() -> None:
    memory = OfferMemory(size=2)
    for place in ("a", "b"):
        memory.put(place, "", Offer(place, "", ("x",)))
    memory.get("a", "")
    memory.put("c", "", Offer("c", "", ("x",)))
    assert [memory.get(place, "") is not None for place in "abc"] == [True, False, True]


def test_memory_forgets_an_answer_everywhere() -> None:
    memory = OfferMemory()
    bad, good = finished("bad"), finished("good")
    memory.put("a", "", Offer("a", "", ("xy",), finished=bad))
    memory.put("ax", "", Offer("a", "", ("xy",), finished=bad))
    memory.put("b", "", Offer("b", "", ("z",), finished=good))
    memory.forget(bad)
    assert [memory.get(place, "") is not None for place in ("a", "ax", "b")] == [False, False, True]
