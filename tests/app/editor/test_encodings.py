"""How an encoding is known: by a mark, by valid UTF-8, by what the file says of itself."""

import codecs

import pytest

from app.editor.encodings import (
    CHOICES,
    codec_of,
    declared_encoding,
    find_encoding,
    find_mark,
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
