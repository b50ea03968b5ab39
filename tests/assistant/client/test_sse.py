"""Server-sent events, cut anywhere."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.client.sse import SseParser

STREAM = ': hello\n\ndata: {"a":"grün 漢字 😀"}\n\nevent: x\ndata:one\ndata: two\nid: 7\n\n: keep-alive\n\ndata: last\n\n'.encode()
PAYLOADS = ['{"a":"grün 漢字 😀"}', "one\ntwo", "last"]


def parse(pieces):
    parser = SseParser()
    return [data for piece in pieces for data in parser.feed(piece)]


def test_whole_stream_at_once():
    assert parse([STREAM]) == PAYLOADS


def test_byte_by_byte():
    assert parse([bytes([byte]) for byte in STREAM]) == PAYLOADS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cuts_give_the_same_events(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    assert parse([STREAM[a:b] for a, b in itertools.pairwise(edges)]) == PAYLOADS


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard(end):
    stream = b"data: 1" + end + b"data: 2" + end + end + b"data: 3" + end + end + b": x"
    for size in (1, 2, 3, len(stream)):
        assert parse([stream[i : i + size] for i in range(0, len(stream), size)]) == ["1\n2", "3"]


def test_only_one_blank_is_dropped_after_the_colon():
    assert parse([b"data:  two\n\ndata:none\n\n"]) == [" two", "none"]


def test_an_unfinished_event_is_not_given_out():
    assert parse([b"data: half"]) == []
    assert parse([b"data: half\n"]) == []


def test_bytes_that_are_not_utf8_become_replacement_characters():
    assert parse([b"data: a\xffb\n\n"]) == ["a\ufffdb"]


def test_keep_alives_alone_give_nothing():
    assert parse([b": keep-alive\n\n"] * 20) == []
