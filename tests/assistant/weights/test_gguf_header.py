import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ModelError
from assistant.weights.gguf_header import read_gguf_header


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def tensor(name: str, dimensions: tuple[int, ...], kind: int, offset: int) -> bytes:
    return (
        string(name)
        + struct.pack("<I", len(dimensions))
        + struct.pack(f"<{len(dimensions)}Q", *dimensions)
        + struct.pack("<IQ", kind, offset)
    )


ARCHITECTURE = entry("general.architecture", 8, string("qwen2"))
WORDS = entry("words", 9, struct.pack("<IQ", 8, 2) + string("a") + string("ä"))
NUMBERS = entry("numbers", 9, struct.pack("<IQ", 5, 3) + struct.pack("<3i", 1, -2, 3))
FLAG = entry("flag", 7, b"\x01")
# A float row of 4 values at 0, and 256 values in Q4_0 (18 bytes for 32) behind it: 32 + 144 bytes of data.
TENSORS = tensor("a", (4,), 0, 0) + tensor("b", (32, 8), 2, 32)


def gguf(*entries: bytes, tensors: bytes = TENSORS, count: int = 2, version: int = 3, data: int = 176) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, count, len(entries)) + b"".join(entries) + tensors
    return head + b"\0" * (-len(head) % 32) + b"\0" * data


WHOLE = gguf(ARCHITECTURE, WORDS, NUMBERS, FLAG)


@pytest.fixture
def read(tmp_path):
    def call(data: bytes):
        file = tmp_path / "model.gguf"
        file.write_bytes(data)
        return read_gguf_header(file)

    return call


def test_metadata_tensors_and_length(read):
    header = read(WHOLE)
    assert header.architecture == "qwen2"
    assert header.metadata["words"] == ["a", "ä"]
    assert header.metadata["numbers"] == [1, -2, 3]
    assert header.metadata["flag"] is True
    assert header.bits == {"a": 32.0, "b": 4.5}
    assert header.needed_bytes == len(WHOLE)


def test_one_byte_too_few(read):
    with pytest.raises(ModelError, match=r"model\.gguf is cut off: 1 of \d+ bytes are missing; fetch it again"):
        read(WHOLE[:-1])


@given(st.integers(min_value=0, max_value=len(WHOLE) - 1))
@settings(max_examples=200)
def test_a_file_cut_off_anywhere_is_one_sentence(tmp_path_factory, length):
    file = tmp_path_factory.mktemp("cut") / "model.gguf"
    file.write_bytes(WHOLE[:length])
    with pytest.raises(ModelError) as caught:
        read_gguf_header(file)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_garbage_behind_the_magic_is_one_sentence(tmp_path_factory, garbage):
    file = tmp_path_factory.mktemp("garbage") / "model.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<I", 3) + garbage)
    with pytest.raises(ModelError) as caught:
        read_gguf_header(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not a GGUF file"),
        (b"<html>Not found</html>", "is not a GGUF file"),
        (gguf(ARCHITECTURE, version=1), "version 1"),
        (gguf(FLAG), "does not name its architecture"),
        (gguf(ARCHITECTURE, tensors=b"", count=0), "holds no weights"),
        (gguf(ARCHITECTURE, tensors=tensor("a", (4,), 99, 0), count=1), "unknown format 99"),
        (gguf(ARCHITECTURE, entry("odd", 77, b"")), "unknown type 77"),
        (gguf(ARCHITECTURE, entry("general.alignment", 4, struct.pack("<I", 0))), "alignment"),
        (gguf(entry("text", 8, struct.pack("<Q", 2) + b"\xff\xff"), ARCHITECTURE), "not UTF-8"),
        (gguf(entry("text", 8, struct.pack("<Q", 2**60)), ARCHITECTURE), "ends too early"),
        (gguf(entry("list", 9, struct.pack("<IQ", 8, 2**60)), ARCHITECTURE), "ends too early"),
    ],
)
def test_damage_is_named(read, data, says):
    with pytest.raises(ModelError, match=says):
        read(data)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_gguf_header(tmp_path / "no.gguf")
