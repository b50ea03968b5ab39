import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.decoding.token_healing import ByteVocabulary, PrefixConstraint, after

WORDS = [b" ", b"c", b"co", b" co", b" com", b" comp", b" compute", b"compute", b"mp", b"p", b"x", b"", b"\xff", b"c"]
VOCABULARY = ByteVocabulary((word, token) for token, word in enumerate(WORDS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b" com", {b" ", b" co", b" com", b" comp", b" compute"}),
        (b"co", {b"c", b"co", b"compute"}),
        (b"x", {b"x"}),
        (b"y", set()),
        (b"", set()),
        (b"\xff", {b"\xff"}),
    ],
)
def test_the_tokens_that_can_spell_a_text(text, words):
    assert {WORDS[token] for token in VOCABULARY.spelling(text)} == words


def test_tokens_of_the_same_bytes_are_all_there():
    assert {1, 13} <= set(VOCABULARY.spelling(b"co"))


@pytest.mark.parametrize(
    ("constraint", "spelling", "want"),
    [
        (b"comp", b"co", (b"mp", b"")),
        (b"comp", b"comp", (b"", b"")),
        (b"comp", b"compute", (b"", b"ute")),
        (b"comp", b"con", None),
        (b"comp", b"", None),
    ],
)
def test_what_is_left_and_what_goes_beyond(constraint, spelling, want):
    assert after(constraint, spelling) == want


def test_a_sequence_is_held_until_the_beginning_is_spelled():
    constraint = PrefixConstraint(VOCABULARY, b" comp", WORDS.__getitem__)
    assert set(constraint.allowed()) == {0, 3, 4, 5, 6}
    assert constraint.leaves(3)
    assert not constraint.leaves(6)
    assert not constraint.leaves(10)
    constraint.take(3)
    assert {WORDS[token] for token in constraint.allowed()} == {b"mp"}
    constraint.take(8)
    assert constraint.allowed() is None
    constraint.take(10)
    assert constraint.allowed() is None


def test_what_nothing_spells_holds_nobody():
    constraint = PrefixConstraint(VOCABULARY, b"yes", WORDS.__getitem__)
    assert constraint.allowed() is None
    constraint.take(10)
    assert constraint.allowed() is None


INDENTS = [b" " * size for size in (1, 2, 3, 4, 7, 8)] + [b" x", b"    x", b"    \n", b"\t", b"\tx", b" 1", b"     x"]
INDENTING = ByteVocabulary((word, token) for token, word in enumerate(INDENTS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b" " * 4, {b"   ", b"    x"}),  # not four: the last one belongs to the word
        (b" " * 5, {b"    ", b"     x"}),
        (b" " * 8, {b" " * 7}),
        (b" " * 7, {b" " * 4}),  # as many as there is a token for
        (b" " * 20, {b" " * 8}),
        (b" ", {b" ", b" x", b" 1"}),  # no deeper
        (b"\t", {b"\t", b"\tx"}),
        (b"\t\t", {b"\t"}),
    ],
)
def test_blanks_are_spelled_as_an_indentation_and_no_deeper(text, words):
    assert {INDENTS[token] for token in INDENTING.spelling(text)} == words
    assert {INDENTS[token] for token in INDENTING.spelling(text)} == words  # as it was kept in mind


def test_blanks_that_only_one_token_spells_are_that():
    vocabulary = ByteVocabulary([(b"    ", 3), (b"x", 4)])
    assert vocabulary.spelling(b"    ") == [3]
    assert vocabulary.spelling(b"  ") == []


@given(
    st.binary(min_size=1, max_size=6).filter(lambda text: text.strip(b" \t")),
    st.lists(st.binary(max_size=4), max_size=30),
)
def test_spelling_is_what_its_words_say(text, words):
    vocabulary = ByteVocabulary((word, token) for token, word in enumerate(words))
    want = [token for token, word in enumerate(words) if word and (word.startswith(text) or text.startswith(word))]
    assert sorted(vocabulary.spelling(text)) == want


HEADS = [
    b" ",
    b"   ",
    b"       ",
    b"i",
    b"if",
    b" if",
    b" i",
    b"f",
    b"f ",
    b" for",
    b" else",
    b":",
    b" elsewhere",
    b" x",
    b" ",
]


def held(text, *words):
    return PrefixConstraint(ByteVocabulary((word, at) for at, word in enumerate(HEADS)), text, HEADS.__getitem__, words)


def names(constraint):
    allowed = constraint.allowed()
    return None if allowed is None else {HEADS[token] for token in allowed}


def test_one_of_some_words_has_to_follow():
    constraint = held(b"    ", b"if ", b"else:")
    assert names(constraint) == {b"   "}
    constraint.take(1)
    assert names(constraint) == {b" ", b" if", b" i", b" else"}
    constraint.take(10)
    assert names(constraint) == {b":"}
    constraint.take(11)
    assert constraint.allowed() is None


def test_a_word_may_be_spelled_in_pieces_and_gone_beyond():
    constraint = held(b"", b"if ")
    assert names(constraint) == {b"i", b"if"}
    constraint.take(3)
    assert names(constraint) == {b"f", b"f "}
    constraint.take(8)
    assert constraint.allowed() is None


def test_a_token_over_both_has_to_lead_to_a_word():
    constraint = held(b" if", b" x")
    assert names(constraint) == {b" ", b" i", b" if"}
    constraint.take(5)
    assert names(constraint) == {b" ", b" x"}


def test_a_token_of_no_word_ends_the_constraint():
    constraint = held(b" ", b"if ")
    constraint.take(13)
    assert constraint.allowed() is None
    constraint = held(b"    ", b"if ")
    constraint.take(3)
    assert constraint.allowed() is None
