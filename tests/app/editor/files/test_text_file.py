"""Reading files of every encoding, and giving the same bytes back."""

import codecs
import itertools
import os
import random

import pytest

from app.editor.files.text_file import CannotEncode, TextFile, decode, encode_text, read_text_file, stamp_of
from assistant.editing.encodings.find import find_mark
from assistant.errors import InputError

ENCODINGS = {
    "utf-8": b"",
    "utf-8 mark": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "latin-1": b"",
    "cp1251": b"",
    "shift_jis": b"",
}
WORDS = {
    "latin-1": "# Größe für Übung, déjà vu, señor: naïve façade à côté",
    "cp1251": "# Проверка русского текста в старой кодировке, ещё одна строка",
    "shift_jis": "# 日本語のテキストです。これは古い文字コードのテストです",
}
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r", "mixed": None}


def make(encoding: str, end: str, final: bool) -> bytes:
    lines = [
        "def gcd(a, b):",
        "\treturn a  ",
        "",
        WORDS.get(encoding, "# é 写 \U0001f600 \xa0 \u2028 x"),
        "print(gcd(4, 6))",
    ]
    ends = itertools.cycle(["\n", "\r\n", "\r"]) if ENDS[end] is None else itertools.repeat(ENDS[end])
    pieces = [line + next(ends) for line in lines]
    text = "".join(pieces) if final else "".join(pieces)[: -len(ENDS[end] or "\r\n")]
    return ENCODINGS[encoding] + text.encode(encoding.split(maxsplit=1)[0])


@pytest.mark.parametrize("final", [True, False], ids=["final", "nofinal"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_unedited_bytes_come_back(tmp_path, encoding, end, final):
    path = tmp_path / "file.py"
    path.write_bytes(make(encoding, end, final))
    file = read_text_file(path)
    assert "\r" not in file.text
    assert encode_text(file, file.text) == path.read_bytes()
    if encoding not in {"latin-1", "cp1251", "shift_jis"}:
        assert file.encoding == encoding.split()[0]
        assert "\U0001f600" in file.text


@pytest.mark.parametrize(
    "data", [b"", *(mark for mark in ENCODINGS.values() if mark), b"\n", b"\r\n\r\n", b"x", b"\xff\xfe\x00"]
)
def test_small_files_come_back(tmp_path, data):
    if data == b"\xff\xfe\x00":
        with pytest.raises(InputError, match="not a text file"):
            decode(tmp_path / "x", data)
        return
    file = decode(tmp_path / "x", data)
    assert encode_text(file, file.text) == data


def test_edited_text_takes_the_files_ways(tmp_path):
    file = decode(tmp_path / "x", codecs.BOM_UTF16_LE + "a\r\nb".encode("utf-16-le"))
    assert (file.newline_name, file.encoding_name) == ("CRLF", "UTF-16 LE BOM")
    assert encode_text(file, "a\nb\nc\n") == codecs.BOM_UTF16_LE + "a\r\nb\r\nc\r\n".encode("utf-16-le")


def test_names_for_people(tmp_path):
    assert TextFile(tmp_path / "new").encoding_name == "UTF-8"
    assert TextFile(tmp_path / "new").newline_name == "LF"
    assert decode(tmp_path / "x", b"a\r\nb\n").newline_name == "Mixed"
    assert decode(tmp_path / "x", b"a\rb").newline_name == "CR"


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\1", b"PK\3\4\1\2\5\6\7\x0e\x0f", bytes(range(1, 32)) * 10])
def test_binary_is_refused(tmp_path, data):
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.bin is not a text file"):
        read_text_file(path)


def test_too_large_missing_and_folders_are_refused(tmp_path):
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(20 * 1024 * 1024 + 1)
    with pytest.raises(InputError, match="20 MiB can be opened"):
        read_text_file(big)
    with pytest.raises(InputError, match="does not exist"):
        read_text_file(tmp_path / "none.txt")
    with pytest.raises(InputError, match="is a folder"):
        read_text_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        read_text_file(tmp_path / "pipe")


@pytest.mark.parametrize("character", ["\u2029", "\ufdd0", "\ufeff", "\ufffd", "\u2028", "\f", "\xa0", "\x85"])
def test_odd_characters_come_back(tmp_path, character):
    data = f"{character}a{character}b\n{character}\n".encode()
    file = decode(tmp_path / "x.js", data)
    assert encode_text(file, file.text) == data
    edited = encode_text(file, file.text + "c\n")
    assert edited == data + b"c\n"


def test_a_guess_is_known_as_one(tmp_path):
    file = decode(tmp_path / "x.py", "# don’t\n".encode("cp1252"))
    assert (file.text, file.encoding_name, file.is_guess) == ("# don’t\n", "Windows-1252", True)
    assert not decode(tmp_path / "x.py", "# don’t\n".encode()).is_guess
    chosen = decode(tmp_path / "x.py", "# 返回\n".encode("gb18030"), "gb18030")
    assert (chosen.text, chosen.is_guess, chosen.evidence) == ("# 返回\n", False, "chosen")


def test_bytes_without_a_character_are_counted_and_kept(tmp_path):
    data = b"caf\xe9\n" + "größer schöner Übung öä\n".encode()
    file = decode(tmp_path / "x.py", data)
    assert (file.encoding, file.kept_bytes) == ("utf-8", 1)
    assert encode_text(file, file.text.replace("größer", "größte")) == data.replace(
        "größer".encode(), "größte".encode()
    )
    first = file.text.split("\n")[0]
    assert encode_text(file, file.text.replace(first, "un " + first + "!")) == b"un caf\xe9!\n" + data[5:]


def test_several_marks_stay(tmp_path):
    data = codecs.BOM_UTF8 * 2 + b"x\n"
    file = decode(tmp_path / "x", data)
    assert file.text == "x\n"
    assert encode_text(file, "y\n") == codecs.BOM_UTF8 * 2 + b"y\n"


_PIECES = [b"a", b"b = 1", b" ", b"\t", "é".encode(), "é".encode("cp1252"), "返回".encode("gb18030"), b"\xff", b"\x81"]


@pytest.mark.parametrize("encoding", ["", "utf-8", "cp1252", "gb18030", "cp932", "koi8-r"])
def test_a_line_that_is_edited_leaves_all_others_as_they_were(tmp_path, encoding):
    dice = random.Random(f"lines {encoding}")
    for _ in range(300):
        lines = [
            b"".join(dice.choices(_PIECES, k=dice.randrange(6))) + dice.choice([b"\n", b"\r\n"])
            for _ in range(dice.randrange(1, 20))
        ]
        if not encoding and find_mark(b"".join(lines)):
            continue
        file = decode(tmp_path / "x", b"".join(lines), encoding)
        assert encode_text(file, file.text) == b"".join(lines)
        texts = file.text.split("\n")
        place = dice.randrange(len(lines))
        texts[place] += "edited"
        expected = list(lines)
        ending = b"\r\n" if expected[place].endswith(b"\r\n") else b"\n"
        expected[place] = expected[place].removesuffix(ending) + b"edited" + ending
        assert encode_text(file, "\n".join(texts)) == b"".join(expected)


def test_a_character_that_the_encoding_lacks_is_named(tmp_path):
    file = decode(tmp_path / "x.py", "# Größe für Übung, déjà vu".encode("latin-1"))
    with pytest.raises(CannotEncode, match=r"U\+1F600.*UTF-8"):
        encode_text(file, "\U0001f600")
    assert encode_text(file.converted("utf-8"), "\U0001f600") == "\U0001f600".encode()


def test_stamp_follows_the_file(tmp_path):
    path = tmp_path / "x"
    assert stamp_of(path) is None
    path.write_text("a")
    first = read_text_file(path).stamp
    assert stamp_of(path) == first
    path.write_text("ab")
    assert stamp_of(path) != first


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no time of change")
def test_the_stamp_sees_a_rewrite_of_the_same_size_whose_time_was_set_back(tmp_path):
    path = tmp_path / "x"
    path.write_text("a")
    os.utime(path, ns=(1, 1))
    first = stamp_of(path)
    while stamp_of(path) == first:  # until the clock of the file system has moved on
        path.write_text("b")
        os.utime(path, ns=(1, 1))
    assert path.stat().st_mtime_ns == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ENDS)
def test_utf16_without_a_mark_is_read_and_stays_without_one(tmp_path, encoding, end):
    ends = itertools.cycle(["\n", "\r\n", "\r"]) if ENDS[end] is None else itertools.repeat(ENDS[end])
    data = "".join(line + next(ends) for line in ("Windows Registry", "# é 写 \U0001f600 x", "a=1")).encode(encoding)
    path = tmp_path / "file.reg"
    path.write_bytes(data)
    file = read_text_file(path)
    assert (file.encoding, file.bom, file.is_guess, file.kept_bytes) == (encoding, b"", True, 0)
    assert file.text == "Windows Registry\n# é 写 \U0001f600 x\na=1\n"
    assert encode_text(file, file.text) == data
    assert encode_text(file, "x\n" + file.text).endswith(data)
    assert encode_text(file, "x\n" + file.text)[: -len(data)] == f"x{file.newline}".encode(encoding)
