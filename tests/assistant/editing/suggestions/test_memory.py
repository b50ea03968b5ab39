"""The memory of suggestions: what finds one again, and what must not."""

from assistant.editing.suggestions.memory import OfferMemory
from assistant.editing.suggestions.offer import Insertion, Offer
from assistant.types import Finished, Timings

LINES = "".join(f"line {number}\n" for number in range(12))


def finished(name: str) -> Finished:
    return Finished(name, "m", (), 0, 0, 0, Timings())


def offer(prefix: str, suffix: str, *texts: str, answer: Finished | None = None) -> Offer:
    return Offer(prefix, suffix, tuple(Insertion(text) for text in texts), finished=answer)


def rest(memory: OfferMemory, prefix: str, suffix: str = "") -> str | None:
    found = memory.get(prefix, suffix)
    insertion = found.at(prefix, suffix)[1] if found else None
    return insertion.text if insertion else None


def test_it_is_found_where_it_was_made_and_with_all_its_alternatives() -> None:
    memory = OfferMemory()
    made = Offer("p", "s", (Insertion("ab"), Insertion("ac", 1)), index=1, asked_more=True)
    memory.put(made)
    assert memory.get("p", "s") == made


def test_it_is_found_from_where_typing_led() -> None:
    memory = OfferMemory()
    memory.put(offer("x = ", "\n", "foobar"))
    assert rest(memory, "x = foo", "\n") == "bar"
    assert rest(memory, "x = fox", "\n") is None
    assert rest(memory, "x = foobar", "\n") is None
    assert rest(memory, "x =", "\n") is None


def test_the_nearest_place_comes_first() -> None:
    memory = OfferMemory()
    memory.put(offer("a", "", "bcd"))
    memory.put(offer("ab", "", "xyz"))
    assert rest(memory, "ab") == "xyz"
    memory.put(offer("abc", "", "stale"))
    assert rest(memory, "abc") == "stale"


def test_it_looks_back_no_further_than_a_line_or_two() -> None:
    memory = OfferMemory()
    memory.put(offer("", "", "x" * 500))
    assert rest(memory, "x" * 200) == "x" * 300
    assert rest(memory, "x" * 201) is None


def test_what_follows_belongs_to_the_place() -> None:
    memory = OfferMemory()
    memory.put(offer("p", "s", "ab"))
    assert rest(memory, "p", "t") is None
    near = "n" * 500
    memory.put(offer("p", near + "old", "cd"))
    assert rest(memory, "p", near + "new") == "cd"


def test_lines_far_above_may_change_and_scroll_away() -> None:
    memory = OfferMemory()
    memory.put(offer("import a\n" + LINES + "x = ", "", "1"))
    assert rest(memory, "import b\n" + LINES + "x = ") == "1"
    assert rest(memory, LINES + "x = ") == "1"
    assert rest(memory, LINES.replace("line 3", "line three") + "x = ") is None


def test_of_long_lines_only_the_end_counts() -> None:
    memory = OfferMemory()
    memory.put(offer("old" + "b" * 2000, "", "x"))
    assert rest(memory, "new" + "b" * 2000) == "x"
    assert rest(memory, "new" + "b" * 1999) is None


def test_what_was_used_longest_ago_makes_room() -> None:
    memory = OfferMemory(size=2)
    for place in ("(", "["):
        memory.put(offer(place, "", "x"))
    assert rest(memory, "(") == "x"
    memory.put(offer("{", "", "x"))
    assert [rest(memory, place) is not None for place in "([{"] == [True, False, True]


def test_an_answer_is_forgotten_everywhere() -> None:
    memory = OfferMemory()
    bad, good = finished("bad"), finished("good")
    memory.put(offer("a", "", "xy", answer=bad))
    memory.put(offer("[", "", "xy", answer=bad))
    memory.put(offer("b", "", "z", answer=good))
    memory.forget(bad)
    assert [rest(memory, place) is not None for place in ("a", "[", "b")] == [False, False, True]
