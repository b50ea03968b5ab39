"""Each character of a suggestion knows its token, whatever the filters did."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.completion.filters.draft import Hole
from assistant.completion.filters.stream import SuggestionStream
from assistant.completion.shape import decide_shape
from assistant.completion.spans import cut_spans, mean_logprob
from assistant.completion.syntax import read_syntax
from assistant.types import Span, TokenLogprob


def tokens_of(*texts: str) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(text, -float(number), start=len("".join(texts[:number]))) for number, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("written", "text", "want"),
    [
        (["re", "turn"], "return", [("re", 0, True), ("turn", 1, True)]),
        (["a", " + b", "\nc"], "a + b", [("a", 0, True), (" + b", 1, True), ("\nc", 2, False)]),
        (["f(x", "))"], "f(x)", [("f(x", 0, True), (")", 1, True), (")", 1, False)]),
        (["    ", "x"], "x", [("    ", 0, False), ("x", 1, True)]),
        (["  x"], "x", [("  ", 0, False), ("x", 0, True)]),
        (["a:\n", "    ", "b"], "a:\n\tb", [("a:\n", 0, True), ("\t", 1, True), ("b", 2, True)]),
        (["a:\n", "\t", "b"], "a:\n    b", [("a:\n", 0, True), ("    ", 1, True), ("b", 2, True)]),
        (["f(a", "  "], "f(a)", [("f(a", 0, True), (")", None, True), ("  ", 1, False)]),
        (["a", "b"], "", [("a", 0, False), ("b", 1, False)]),
        ([], "a", [("a", None, True)]),
        (["b"], "a", [("a", None, True), ("b", 0, False)]),
        (["b"], "\ta", [("\ta", None, True), ("b", 0, False)]),
        ([], "", []),
    ],
)
def test_what_was_kept_cut_and_added(written, text, want):
    spans = cut_spans("".join(written), text, tokens_of(*written))
    assert spans == tuple(Span(*each) for each in want)


def test_a_token_that_also_spells_what_was_there_counts_from_its_rest():
    tokens = (TokenLogprob(" compute", -0.5), TokenLogprob("_all", -1.0, start=3))
    assert cut_spans("ute_all", "ute", tokens) == (Span("ute", 0), Span("_all", 1, kept=False))
    assert mean_logprob("ute_all", "ute", tokens) == -0.5


def test_half_a_character_has_no_characters_of_its_own():
    tokens = (TokenLogprob("\ufffd", -0.5), TokenLogprob("\ufffd", -1.0), TokenLogprob("!", -2.0, start=1))
    assert cut_spans("é!", "é!", tokens) == (Span("é", 1), Span("!", 2))


def test_without_probabilities_nothing_is_known():
    assert mean_logprob("abc", "abc", ()) is None
    assert mean_logprob("abc", "", tokens_of("abc")) is None
    assert math.isclose(mean_logprob("abc", "ab", tokens_of("a", "b", "c")) or 0, -0.5)


PLACES = [
    ("def f(a):\n    x = g(", ")\n    return b\n"),
    ("def f(a):\n    ", "\n    return b\n"),
    ("def f(a):\n\tif a:", ""),
]


@given(
    st.lists(st.text(alphabet="ab(){}[]:\n \t'\"#é", min_size=1, max_size=6), max_size=12),
    st.sampled_from(PLACES),
    st.sampled_from(["auto", "manual"]),
)
def test_what_is_kept_is_the_suggestion_and_every_token_is_there_in_order(texts, place, trigger):
    syntax = read_syntax(*place, "a.py")
    stream = SuggestionStream(Hole(syntax, decide_shape(syntax, trigger), trigger == "auto"))
    stream.feed("".join(texts))
    draft = stream.finish()
    spans = cut_spans("".join(texts), draft.text, tokens_of(*texts))
    assert "".join(span.text for span in spans if span.kept) == draft.text
    kept = [span.token for span in spans if span.kept and span.token is not None]
    assert kept == sorted(kept)
    # A filter adds no more than closing brackets and indentation.
    assert set("".join(span.text for span in spans if span.token is None)) <= set(")]} \t")
    traced = {span.token for span in spans if span.kept and span.token is not None}
    mean = -sum(traced) / len(traced) if traced else None  # the logarithms are the numbers of the tokens
    assert mean_logprob("".join(texts), draft.text, tokens_of(*texts)) == mean
