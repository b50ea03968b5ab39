"""Any bytes, in any encoding, come back from their text."""

import random

import pytest

from app.editor.encodings import CHOICES
from app.editor.escapes import count_escapes, to_bytes, to_text

_PIECES = [
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b" ",
    b"\0",
    b"\x1b$B",
    "é€".encode(),
    "你好".encode("gb18030"),
    "日本ソ".encode("cp932"),
    "日本".encode("euc_jp"),
    "\u2029\ufdd0\ufeff\ufffe\ufffd\u2028".encode(),
    "\ud800".encode("utf-8", "surrogatepass"),
    "\U0010fe80".encode(),
    b"\xff",
    b"\x81",
    b"\xc3",
]


@pytest.mark.parametrize("encoding", [*CHOICES, "utf-32-le", "utf-32-be", "shift_jisx0213", "cp950", "gbk"])
def test_bytes_come_back(encoding):
    dice = random.Random(encoding)
    for turn in range(800):
        length = dice.randrange(30)
        pieces = [dice.choice(_PIECES) if turn % 2 else dice.randbytes(1) for _ in range(length)]
        data = b"".join(pieces)
        text = to_text(data, encoding)
        assert to_bytes(text, encoding) == data
        assert not any(character in text for character in "\u2029\ufdd0\ufdd1\ufeff\ufffe")


def test_only_what_cannot_be_decoded_is_an_escape():
    text = to_text(b"caf\xe9 = '\xe2\x82\xac'\nx\n", "utf-8")
    assert text == "caf\U0010fee9 = '€'\nx\n"
    assert count_escapes(text) == 1
    assert count_escapes("café") == 0
    assert to_text("a\ud800b".encode("utf-16-le", "surrogatepass"), "utf-16-le") == "a\U0010fe00\U0010fed8b"


def test_a_character_of_the_escapes_own_is_kept_as_bytes():
    data = "\U0010fe80".encode()
    assert count_escapes(to_text(data, "utf-8")) == 4
    assert to_bytes(to_text(data, "utf-8"), "utf-8") == data


def test_characters_that_the_encoding_lacks_are_an_error():
    with pytest.raises(UnicodeEncodeError):
        to_bytes("a\U0010fe80€", "latin-1")
