import math

import pytest

from assistant.completion.alternative_start import AnswerStart, alternative_start
from assistant.completion.syntax import read_syntax
from assistant.types import Choice, TokenLogprob


def written(*tokens, held=""):
    """Return a choice whose tokens are given as (text, {other: probability}); its first begins with ``held``."""
    text, logprobs = "", []
    for place, (token, others) in enumerate(tokens):
        own = token if place else token.removeprefix(held)
        top = tuple((other, math.log(chance)) for other, chance in others.items())
        logprobs.append(TokenLogprob(token, math.log(1 - sum(others.values())), top, len(text)))
        text += own
    return Choice(0, text, "stop", len(tokens), None, tuple(logprobs))


def test_the_likeliest_other_token_of_the_line_is_taken():
    first = written(("return", {"if": 0.1, "x": 0.05}), (" a", {" b": 0.3}), ("\n", {"(": 0.2}), ("y", {"z": 0.4}))
    other = alternative_start(first)
    assert other.text == "return b"
    assert [token.text for token in other.tokens] == ["return", " b"]
    assert other.tokens[1].logprob == pytest.approx(math.log(0.3))


def test_it_is_likelier_than_others_together_with_what_stands_before_it():
    first = written(("a", {"b": 0.45}), ("c", {"d": 0.49}), ("\n", {}))
    assert alternative_start(first).text == "b"


@pytest.mark.parametrize(
    "tokens",
    [
        [("ret", {"re": 0.4}), ("urn", {}), ("\n", {})],  # the same line in other tokens
        [("a", {"\n": 0.4, "  ": 0.1}), ("\n", {})],  # blanks alone
        [("a", {"<|end|>": 0.4}), ("\n", {})],  # a control token
        [("a", {"\N{REPLACEMENT CHARACTER}": 0.4}), ("\n", {})],  # part of a character
        [("a", {}), ("\n", {"\n\n": 0.4}), ("b", {"c": 0.4})],  # the same line, and what comes after it
        [("a", {}), ("\n", {})],
        [],
    ],
)
def test_what_begins_the_same_line_or_none_does_not_count(tokens):
    assert alternative_start(written(*tokens), control=("<|end|>",)) is None


def test_a_line_that_ends_earlier_is_another():
    first = written(("f", {}), ("(x)", {"\n": 0.2}), ("\n", {}))
    assert alternative_start(first).text == "f\n"


def test_empty_lines_before_the_first_do_not_count_as_it():
    first = written(("\n\n", {}), ("a", {"b": 0.1}), ("\n", {}), ("c", {"d": 0.4}))
    assert alternative_start(first).text == "\n\nb"


def test_a_token_that_begins_with_what_it_was_held_to_gives_only_the_rest():
    first = written((" return", {" if": 0.2, "if": 0.3}), ("\n", {}), held=" ")
    assert first.text == "return\n"
    assert alternative_start(first).text == "if"


def test_the_rest_goes_behind_the_beginning():
    rest = written((" b", {}), (" c", {}))
    whole = AnswerStart("a", (TokenLogprob("a", -1.0),)).continued_by(rest)
    assert whole.text == "a b c"
    assert [(token.text, token.start) for token in whole.logprobs] == [("a", 0), (" b", 1), (" c", 3)]


@pytest.mark.parametrize(
    ("path", "mark", "line"),
    [
        ("a.rs", "// ", "#[test]"),
        ("a.rs", "/*", "#[test]"),
        ("a.py", "# ", "return"),
        ("a.js", "//", "return"),
        ("a.ts", "/**", "return"),
        ("a.java", "//", "@Test"),
        ("a.c", "/* ", "return"),
        ("a.go", "// ", "return"),
        ("a.php", "#", "return"),
        ("a.sh", "# ", "return"),
        ("a.lua", "-- ", "return"),
        ("a.sql", "--", "SELECT"),
        ("a.html", "<!-- ", "<li>"),
    ],
)
def test_a_comment_is_no_other_start_where_the_file_has_none(path, mark, line):
    first = written((line, {mark: 0.4, "other": 0.1}), ("\n", {}))
    assert alternative_start(first, (), read_syntax("x\n", "\ny\n", path)).text == "other"
    commented = f"{mark.strip()} so it is"
    assert alternative_start(first, (), read_syntax(f"x\n{commented}\n", "\ny\n", path)).text == mark
    assert alternative_start(first, (), read_syntax("x\n", f"\n{commented}\n", path)).text == mark
    # Behind code it says something of the line, and after a comment it may be another one.
    assert alternative_start(first, (), read_syntax("x = 1  ", "\ny\n", path)).text == mark
    said = written((f"{mark}so", {f"{mark}other": 0.4}), ("\n", {}))
    assert alternative_start(said, (), read_syntax("x\n", "\ny\n", path)).text == f"{mark}other"


def test_in_a_language_that_nobody_knows_nothing_is_a_comment():
    first = written(("a", {"# ": 0.4}), ("\n", {}))
    assert alternative_start(first, (), read_syntax("x\n", "\n", "a.unknown")).text == "# "
