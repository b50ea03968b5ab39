"""What .editorconfig asks of a new file, and what saving tidies."""

import codecs

import pytest

from app.editor.editor_config import WriteStyle, tidied, write_style


@pytest.mark.parametrize(
    ("config", "style"),
    [
        ("", WriteStyle()),
        ("end_of_line = CRLF\n", WriteStyle("\r\n")),
        ("end_of_line = cr\ncharset = utf-8\n", WriteStyle("\r", "utf-8")),
        ("end_of_line = lf\ncharset = utf-8-bom\n", WriteStyle("\n", "utf-8", codecs.BOM_UTF8)),
        ("charset = latin1\n", WriteStyle(encoding="latin-1")),
        ("charset = UTF-16LE\n", WriteStyle(encoding="utf-16-le", bom=codecs.BOM_UTF16_LE)),
        ("charset = utf-16be\n", WriteStyle(encoding="utf-16-be", bom=codecs.BOM_UTF16_BE)),
        ("charset = unset\nend_of_line = unset\ntrim_trailing_whitespace = unset\n", WriteStyle()),
        ("charset = koi8-r\nend_of_line = nel\ninsert_final_newline = maybe\n", WriteStyle()),
        ("trim_trailing_whitespace = True\ninsert_final_newline = true\n", WriteStyle(trim=True, final_newline=True)),
        ("trim_trailing_whitespace = false\ninsert_final_newline = false\n", WriteStyle()),
    ],
)
def test_what_is_asked_of_a_file(tmp_path, config, style):
    (tmp_path / ".editorconfig").write_text("root = true\n[*.py]\n" + config)
    assert write_style(tmp_path / "new" / "a.py") == style
    assert write_style(tmp_path / "a.txt") == WriteStyle()


BOTH = WriteStyle(trim=True, final_newline=True)


@pytest.mark.parametrize(
    ("style", "text", "wanted"),
    [
        (BOTH, "", ""),
        (BOTH, "a", "a\n"),
        (BOTH, "a\n", "a\n"),
        (BOTH, "a \t\n\t\nb  ", "a\n\nb\n"),
        (BOTH, "a\n  ", "a\n"),
        (BOTH, "  ", ""),
        (BOTH, "a\n\n\n", "a\n\n\n"),
        (BOTH, "a \x0c\nb\xa0\n\x0c\n", "a \x0c\nb\xa0\n\x0c\n"),  # pages, and what is no blank
        (WriteStyle(trim=True), "a \nb ", "a\nb"),
        (WriteStyle(final_newline=True), "a \nb ", "a \nb \n"),
        (WriteStyle(), "a \nb ", "a \nb "),
    ],
)
def test_what_saving_tidies(style, text, wanted):
    made = text
    for start, end, new in reversed(tidied(text, style)):
        made = made[:start] + new + made[end:]
    assert made == wanted
    assert tidied(wanted, style) == []


def test_a_line_of_very_many_blanks_is_read_once():
    text = "x" + " " * 1_000_000 + "y  \n"
    assert tidied(text, WriteStyle(trim=True)) == [(len(text) - 3, len(text) - 1, "")]
