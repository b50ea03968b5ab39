import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.index.words import COMMON, distinct_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("readHTTPHeader", ["readhttpheader", "read", "http", "header"]),
        ("snake_case_name", ["snake_case_name", "snake", "name"]),
        ("_hidden __dunder__ _private", ["hidden", "dunder"]),
        ("IndexReader2", ["indexreader2", "index", "reader"]),
        ("x = y + 10 * 0x1F", []),
        ("for self in return", []),
        ("größe_ändern", ["größe_ändern", "größe", "ändern"]),
        ("a.b.parse(config)", ["parse", "config"]),
        ("get_value", ["get_value"]),
        ("UPPER_LIMIT", ["upper_limit", "upper", "limit"]),
        ("x" * 65, []),
        ("", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


@given(st.text(max_size=200))
def test_words_are_lower_case_and_have_nothing_that_a_search_would_read_as_its_own(text):
    for word in words_of(text):
        assert len(word) > 1
        assert word not in COMMON
        assert '"' not in word
        assert " " not in word


@given(st.text(max_size=100), st.text(max_size=100))
def test_what_is_asked_for_is_found_in_what_was_indexed(before, after):
    assert set(words_of("retry_timeout")) <= set(words_of(f"{before} retry_timeout {after}"))


def test_distinct_words_keep_the_order_of_first_use():
    assert distinct_words(["beta alpha", "alpha gamma"]) == ["beta", "alpha", "gamma"]
