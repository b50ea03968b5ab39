import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.decoding.stream import TextStream


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def run(pieces: list[bytes], stop=(), **options) -> tuple[list[str], TextStream]:
    stream = TextStream(stop, **options)
    texts = [stream.feed(piece) for piece in pieces]
    return [*texts, stream.finish()], stream


@given(st.text(), st.lists(st.integers(min_value=0)))
def test_any_split_gives_the_same_text_and_no_half_character(text, cuts):
    texts, _ = run(pieces_of(text.encode("utf-8", "replace"), cuts))
    assert "".join(texts) == text.encode("utf-8", "replace").decode()
    if "�" not in text:
        assert all("�" not in piece for piece in texts)


@given(st.binary(), st.lists(st.integers(min_value=0)))
def test_any_split_of_broken_bytes_gives_the_same_text(data, cuts):
    texts, _ = run(pieces_of(data, cuts))
    assert "".join(texts) == data.decode("utf-8", "ignore")


@given(
    st.text(alphabet="abc"),
    st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(min_value=0)),
)
def test_any_split_stops_at_the_same_place(text, stop, cuts):
    whole = "".join(run([text[i : i + 1].encode() for i in range(len(text))], stop)[0])
    texts, stream = run(pieces_of(text.encode(), cuts), stop)
    assert "".join(texts) == whole
    assert text.startswith(whole)
    assert stream.stopped == any(each in text for each in stop)
    assert not any(each in whole for each in stop)


def test_a_stop_string_over_three_tokens_holds_back_only_what_may_begin_it():
    stream = TextStream(["\n\ndef"])
    assert stream.feed(b"return a\n") == "return a"
    assert stream.feed(b"\nd") == ""
    assert stream.feed(b"one") == "\n\ndone"
    assert stream.feed(b"\n\nde") == ""
    assert stream.feed(b"f f():") == ""
    assert stream.stopped
    assert stream.feed(b"more") == ""
    assert stream.finish() == ""


def test_what_is_held_back_comes_at_the_end():
    stream = TextStream(["END"])
    assert stream.feed(b"xEN") == "x"
    assert stream.finish() == "EN"
    assert not stream.stopped


def test_the_stop_string_that_is_complete_first_wins():
    assert "".join(run([b"abcd"], ["abcd", "bc"])[0]) == "a"


def test_an_empty_stop_string_stops_nothing():
    texts, stream = run([b"abc"], [""])
    assert texts == ["abc", ""]
    assert not stream.stopped


@pytest.mark.parametrize("character", ["ä", "€", "日", "👍", "é́", "\u2028", "\ufffd"])
def test_half_a_character_at_the_end_is_left_out(character):
    data = character.encode()
    for size in range(1, len(data)):
        texts, _ = run([b"x = '", data[:size]])
        assert "".join(texts) == "x = '" + data[:size].decode("utf-8", "ignore")
        assert "".join(run([data[:size], b"<end>"], ["<end>"])[0]) == data[:size].decode("utf-8", "ignore")
    assert "".join(run([data])[0]) == character  # U+FFFD too, where it is meant


def test_half_a_character_that_a_server_replaced_is_left_out():
    texts, _ = run(["naïve ".encode(), "\ufffd".encode(), "\ufffd".encode()], decoded_elsewhere=True)
    assert texts == ["naïve ", "", "", ""]
    texts, _ = run(["a\ufffd".encode(), b"<e", b"nd>"], ["<end>"], decoded_elsewhere=True)
    assert "".join(texts) == "a"
    texts, _ = run(["'\ufffd".encode(), b"'"], decoded_elsewhere=True)
    assert texts == ["'", "\ufffd'", ""]


def test_one_leading_space_is_dropped_where_asked():
    assert "".join(run([b"", b"  a", b" b"], drop_leading_space=True)[0]) == " a b"
    assert "".join(run([b" a"])[0]) == " a"


def test_length_counts_what_is_held_back():
    stream = TextStream(["ab"])
    stream.feed("öa".encode())
    assert stream.length == 2
