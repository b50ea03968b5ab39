"""How an encoding is known: by a mark, by valid UTF-8, by what the file says of itself."""

import array
import codecs
import random
import struct

import pytest

from assistant.editing.encodings.find import (
    CHOICES,
    codec_of,
    declared_encoding,
    find_encoding,
    find_mark,
    find_utf16,
    mark_of,
    name_for_people,
)

RUSSIAN = "# проверка строки\n".encode("koi8-r")


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        (b"# -*- coding: koi8-r -*-\n", "koi8-r"),
        (b"#!/usr/bin/python\n# coding=koi8-r\n", "koi8-r"),
        (b"# vim: set fileencoding=koi8-r :\n", "koi8-r"),
        (b"// -*- mode: c++; coding: koi8-r -*-\n", "koi8-r"),
        (b"/* -*- coding: koi8-r; -*- */\n", "koi8-r"),
        (b'<?xml version="1.0" encoding="KOI8-R"?>\n', "koi8-r"),
        (b'<html><head><meta charset="koi8-r">\n', "koi8-r"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">\n', "koi8-r"),
        (b'@charset "koi8-r";\n', "koi8-r"),
        (b"\\documentclass{article}\n\\usepackage[koi8-r]{inputenc}\n", "koi8-r"),
        (b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=KOI8-R\\n"\n', "koi8-r"),
        (b"x = 1\nprint('coding: koi8-r')\n", ""),
        (b"x = 1\ny = 2\n# coding: koi8-r\n", ""),
        (b"# coding: no-such-thing\n", ""),
        (b"# coding: rot13\n", ""),
        (b"# coding: unicode_escape\n", ""),
    ],
)
def test_what_a_file_says_of_itself_counts(head, codec):
    assert declared_encoding(head + RUSSIAN) == codec
    if codec:
        found = find_encoding(head + RUSSIAN)
        assert (found.encoding, found.evidence) == (codec, "declared")


def test_vims_modeline_may_stand_at_the_end():
    data = RUSSIAN + b"int x;\n" * 5000 + b"/* vim: set ts=4 fileencoding=koi8-r : */\n"
    assert declared_encoding(data) == "koi8-r"


def test_a_declaration_that_the_bytes_belie_does_not_count():
    data = b"# -*- coding: euc-jp -*-\n" + "# Größe für Übung\n".encode("cp1252")
    assert find_encoding(data).encoding == "cp1252"
    assert find_encoding(data).evidence == "guess"


def test_valid_utf8_counts_before_any_declaration():
    assert find_encoding("# coding: latin-1\n# Größe\n".encode()).encoding == "utf-8"


def test_utf8_with_a_bad_byte_is_utf8():
    found = find_encoding("# Größe für Übung, déjà vu – ça va\n".encode() + b"# \xff\n")
    assert (found.encoding, found.evidence) == ("utf-8", "guess")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("GB2312", "gb18030"),
        ("gbk", "gb18030"),
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("EUC-KR", "cp949"),
        ("Big5", "big5hkscs"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf8", "utf-8"),
        ("hex", ""),
        ("a\0b", ""),
    ],
)
def test_names_in_files_mean_codecs(name, codec):
    assert codec_of(name) == codec


def test_every_choice_is_a_codec_with_a_name():
    for codec, (name, use) in CHOICES.items():
        assert codecs.lookup(codec)
        assert name_for_people(codec) == name
        assert use


def test_marks_are_found_also_several_and_before_bad_bytes():
    mark = codecs.BOM_UTF8
    assert find_mark(mark + mark + b"x").bom == mark + mark
    assert find_mark(mark + b"\xff" * 20).encoding == "utf-8"
    assert find_mark(codecs.BOM_UTF16_LE + "abc".encode("utf-16-le") * 50 + b"\0").encoding == "utf-16-le"
    assert find_mark(b"\xff\xfe\x00") is None
    assert find_mark(b"x" + mark) is None
    assert mark_of("utf-16-le") == codecs.BOM_UTF16_LE
    assert mark_of("utf-8") == b""


CODE = "// Größe 写 \U0001f600\r\n#include <windows.h>\r\nint main(void)\r\n{\r\n\treturn 0;\r\n}\r\n"


@pytest.mark.parametrize("text", [CODE, "x = 1234\n", "a, b, c\n" * 900 + "一" * 900, "[a]\nb=ü\n\x0c\n"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_a_guess_that_is_certain(encoding, text):
    found = find_utf16(text.encode(encoding))
    assert (found.encoding, found.bom, found.evidence) == (encoding, b"", "guess")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a\0",
        b"a\0b\0c\0",  # names with a zero behind each
        CODE.encode("utf-16-le")[:-1],
        CODE.encode("utf-16-le")[1:],
        CODE.encode("utf-32-le"),
        CODE.encode(),
        CODE.encode("utf-16-le") + b"\0\0",
        CODE.encode("utf-16-le") + b"\0\xd8",  # half of a pair
        CODE.encode("utf-16-le") + b"\xff\xff",
        "проверкарусскоготекста\n".encode("utf-16-le"),  # nothing says that it is none of a hundred other things
        b"\0" * 4096,
        array.array("H", range(2000)).tobytes(),
        array.array("h", [0, 3, -2, 5] * 500).tobytes(),
        struct.pack("<200I", *range(200)),
        struct.pack("<200d", *range(200)),
        b"name\0\0\0\0other\0\0\0third\0\0\0" * 20,
        random.Random(5).randbytes(4096),
    ],
)
def test_what_may_be_something_else_is_not_utf16(data):
    assert find_utf16(data) is None
