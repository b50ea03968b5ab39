import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.completion.filters.stream import SuggestionStream
from assistant.types import TokenLogprob


@pytest.mark.parametrize(
    ("name", "text", "written", "want", "fired"),
    [
        ("a line in the middle of a statement ends with it", "x = |\n", "1\ny = 2\n", "1", "single-line"),
        ("a body runs until it leaves its block", "def f(a):|\n", "\n    return a\n\nprint(f(1))\n", "\n    return a", "leaves-block"),
        ("the next function is not part of this one", "def f(a):|\n", "\n    return a\ndef g():\n", "\n    return a", "leaves-block"),
        ("else belongs to the block", "if a:|\n", "\n    b()\nelse:\n    c()\n", "\n    b()\nelse:\n    c()", ""),
        ("a closing brace belongs to the block", "f() {|\n", "\n  a();\n}\n", "\n  a();\n}", ""),
        ("unless it stands below already", "f() {|\n}\n", "\n  a();\n}\n", "\n  a();", "repeats-below"),
        ("the line below is not said again", "def f(a):\n    |\n    return total\n", "total = a\n    return total\n", "total = a", "repeats-below"),
        ("not even as the first one", "def f(a):\n    |\n    return total\n", "return total\n", "", "repeats-below"),
        ("two blank lines end it", "def f():\n    |", "a = 1\n\n\n    b = 2\n", "a = 1", "blank-lines"),
        ("a line three times is enough", "\n|", "x1()\nx1()\nx1()\nx1()\n", "x1()\nx1()", "repeats-itself"),
        ("lines twice in a row are enough", "|", "first_thing(a)\nsecond_thing(b)\nfirst_thing(a)\nsecond_thing(b)\n", "first_thing(a)\nsecond_thing(b)\nfirst_thing(a)", "repeats-itself"),
        ("a line that goes round is cut", "x = |", "[" + "0.125, " * 40, "[0.125,", "repeats-itself"),
        ("a bracket that stands already is dropped", "print(|)\n", "a, b)", "a, b", "repeats-rest"),
        ("a bracket that it opened itself is kept", "print(|)\n", "f(a)", "f(a)", ""),
        ("the rest of the line is not said again", "x = add(|b)\n", "a, b)", "a, ", "repeats-rest"),
        ("indentation is not written twice", "def f():\n    |", "    a = 1\n    return a\n", "a = 1\n    return a", "indentation"),
        ("an empty line may begin with it", "def f():\n|", "    return 1\n", "    return 1", ""),
        ("an empty line belongs to the block of what is written first", "def f(a):\n|", "    return a\n\n# Test\nprint(f(1))", "    return a", "leaves-block"),
        ("a block inside of it is part of it", "def f(a):\n|", "\n    if a:\n        b()\n    c()\n", "\n    if a:\n        b()\n    c()", ""),
        ("at the margin everything belongs to it", "import a\n\n|", "def f():\n    b()\n\ndef g():\n    c()", "def f():\n    b()\n\ndef g():\n    c()", ""),
        ("a head whose body stands below gets no second one", "    |\n        total += c\n", "for c in s:\n        total += 1\n        x\n", "for c in s:", "body-stands-below"),
        ("a head above something else gets its body", "    |\n    return total\n", "for c in s:\n        total += 1\n    x = 2\n", "for c in s:\n        total += 1", "next-statement"),
        ("one statement where the block goes on", "    |\n    return a\n", "x = 1\n    y = 2\n", "x = 1", "next-statement"),
        ("a statement over several lines is whole", "    |\n    return a\n", "x = f(\n        1,\n    )\n    y = 2\n", "x = f(\n        1,\n    )", "next-statement"),
        ("a comment comes with its statement", "    |\n    return a\n", "# the sum\n    x = 1\n    y = 2\n", "# the sum\n    x = 1", "next-statement"),
        ("a bracket in the middle of a line goes on below", "x = |\n", "f(\n    1,\n)\ny = 2", "f(\n    1,\n)", "single-line"),
        ("a body that stands below does not forbid more of it", "def f(a):|\n    return a\n", "\n    a += 1\n    return a\n", "\n    a += 1", "repeats-below"),
        ("only blanks are nothing", "x = 1|\n", "   \n", "", ""),
        ("control tokens end it", "x = |\n", "1<|fim_middle|>2", "1", "control-tokens"),
        ("an empty comment ends it", "def f():\n    |", "a = 1\n    #\n    # more", "a = 1", "empty-comment"),
        ("spaces become the file's tabs", "def f():\n\ta = 1\n\tif a:|\n", "\n        b()\n", "\n\t\tb()", "tabs-and-spaces"),
        ("what closes a block that is closed is left out", "f(a, () => {\n  |\n})\n", "b()\n  c()\n})\nmore", "b()\n  c()", "repeats-below"),
    ],
)  # fmt: skip
def test_where_suggestions_end(hole, stream, name, text, written, want, fired):
    for size in (1, 2, 7, 1000):
        draft, shown, names = stream(hole(text), written, size, control=("<|fim_middle|>", "<|endoftext|>"))
        assert draft.text == want, (name, size, names)
        assert fired in names if fired else not {"leaves-block", "broken-syntax"} & set(names), (name, names)
        assert "<|" not in shown


@pytest.mark.parametrize(
    ("text", "written", "want", "replaces"),
    [
        ("foo(|)\n", "a).bar()", "a).bar()", 1),
        ("foo(|) + 1\n", "a) * 2", "a", 0),
        ("foo(bar(|))\n", "a), b).baz()", "a), b).baz()", 2),
        ('foo("|")\n', 'abc"', "abc", 0),
        ("foo(|)\n", "bar(a", "bar(a)", 0),
        ("foo(a|\n", ")", ")", 0),
        ("x = foo(a|)\n", "nd b)", "nd b", 0),
        ("lam(|b)\n", "lamb", "lamb", 0),
    ],
)
def test_the_rest_of_the_line(hole, stream, text, written, want, replaces):
    place = hole(text, trigger="manual")
    for size in (1, 3, 100):
        draft, shown, _ = stream(place, written, size)
        assert (draft.text, draft.replaces) == (want, replaces)
        assert draft.text.startswith(shown) or shown.startswith(draft.text)


def test_the_line_below_is_never_shown_even_for_a_moment(hole, stream):
    _, shown, _ = stream(hole("def f(a):\n    |\n    return total\n"), "return total\n", size=1)
    assert "return" not in shown
    _, shown, _ = stream(hole("    |\n    return total\n", trigger="manual"), "total = a\n    return total\n", size=1)
    assert "return" not in shown


def test_a_bracket_that_is_closed_already_is_never_shown_even_for_a_moment(hole, stream):
    _, shown, _ = stream(hole("print(|)\n"), "a, b).strip()", size=1)
    assert shown == "a, b"


def test_a_line_that_the_limit_cut_is_dropped_after_whole_ones(hole):
    for text, want in (("a = 1\n    b = compu", "a = 1"), ("a = b + compu", "a = b")):
        one = SuggestionStream(hole("def f():\n    |"))
        one.feed(text)
        assert one.finish(cut_short=True).text == want


def test_it_stops_as_soon_as_the_end_is_clear(hole):
    one = SuggestionStream(hole("x = |\n"))
    one.feed("1 + 2")
    assert not one.done
    one.feed("\nmore")
    assert one.done
    assert one.feed("never shown") == ""


def test_what_a_control_token_cuts_is_judged_too(hole, stream):
    place = hole("def f(a):\n    |\n    return total\n", trigger="manual")
    draft, _, fired = stream(place, "a = 1\n    return total<|x|>more", control=("<|x|>",))
    assert (draft.text, fired) == ("a = 1", ["repeats-below", "control-tokens"])
    draft, _, fired = stream(
        hole("|", trigger="manual"), "a<|x|>", 100, control=("<|x|>",), without=frozenset({"control-tokens"})
    )
    assert draft.text == "a<|x|>"


def test_brackets_are_shown_at_once_where_they_are_only_letters(hole, stream):
    place = hole('f("|")\n', "a.py")
    assert stream(place, "so)", 1)[1] == "so)"
    everything = frozenset({"surplus-bracket", "replaces-rest", "repeats-rest"})
    assert stream(hole("f(|)\n"), "so)", 1, without=everything)[1] == "so)"


def test_a_filter_that_is_left_out_does_nothing(hole, stream):
    draft, _, fired = stream(hole("x = |\n"), "1\ny = 2", without=frozenset({"single-line", "outer-blanks"}))
    assert (draft.text, fired) == ("1\ny = 2", [])


def test_what_is_unlikely_is_not_shown_unasked(hole):
    tokens = (TokenLogprob("a", -3.0), TokenLogprob("b", -2.0, start=1), TokenLogprob("\n", -9.0, start=2))
    for trigger, want in (("auto", ""), ("manual", "ab")):
        one = SuggestionStream(hole("x = |\n", trigger=trigger, least_logprob=-2.0))
        one.feed("ab\n")
        assert one.finish(tokens=tokens).text == want
    one = SuggestionStream(hole("x = |\n", least_logprob=-2.0))
    assert one.feed("a", (TokenLogprob("a", -3.0),)) == ""
    assert one.feed("b", (TokenLogprob("b", -0.5, start=1),)) == "ab"
    assert one.feed("c", (TokenLogprob("c", -9.0, start=2),)) == "c"
    free = SuggestionStream(hole("x = |\n", least_logprob=-2.0), without=frozenset({"low-confidence"}))
    assert free.feed("a", (TokenLogprob("a", -3.0),)) == "a"
    one = SuggestionStream(hole("x = |\n", least_logprob=-2.5))
    one.feed("ab\n")
    assert one.finish(tokens=tokens).text == "ab"


@given(st.text(alphabet="ab(){}[]:\n \t'\"#😀", max_size=80), st.integers(1, 9))
def test_the_pieces_do_not_matter(hole, stream, text, size):
    place = hole("def f(a):\n    x = g(|)\n    return b\n", "a.py", "manual")
    whole, _, _ = stream(place, text, size=len(text) + 1)
    pieces, _, _ = stream(place, text, size=size)
    assert pieces == whole


@given(st.text(alphabet="ab(){}[]:\n \t'\"#é", max_size=60), st.sampled_from(["a.py", "a.ts", None]))
def test_taking_a_suggestion_never_loses_or_doubles_text_of_the_person(hole, stream, text, path):
    before, after = "x = f(a, (b", "), 'c')\ny = 1\n"
    draft, _, _ = stream(hole(f"{before}|{after}", path), text)
    result = before + draft.text + after[draft.replaces :]
    assert result.startswith(before)
    assert result.endswith("\ny = 1\n")
    assert set(after[: draft.replaces]) <= set(")]}\"'`;:, \t")
    # What is taken away is in the suggestion, too.
    removed = [letter for letter in after[: draft.replaces] if letter in ")]}"]
    assert all(draft.text.count(letter) >= removed.count(letter) for letter in removed)


_PLACES = [
    ("x = f(", ")"),
    ("x = g(f(", "))"),
    ("x = a[", "];"),
    ("x = f('", "')"),
    ("x = f(", ", b)"),
    ("x = f(", ") + 1"),
    ("f({", "})"),
]


# No keyword begins with a q.
@given(st.from_regex(r"q[a-z]{1,7}", fullmatch=True), st.sampled_from(_PLACES), st.sampled_from(["a.py", "a.js", None]))
def test_what_stands_right_of_the_cursor_is_never_there_twice(hole, stream, word, place, path):
    before, rest = place
    for written in (word + rest, word + rest + "\n", word + rest + "\nmore = 1\n"):
        draft, _, _ = stream(hole(f"{before}|{rest}\ny = 1\n", path), written, 1)
        whole = before + draft.text + rest[draft.replaces :]
        assert whole.split("\n")[0] == before + word + rest
