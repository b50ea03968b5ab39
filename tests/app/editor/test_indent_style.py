"""What one level of indentation is: .editorconfig first, then the text, then the language."""

import os

import pytest

from app.editor.indent_style import IndentStyle, decide

FOUR = "def f():\n    x\n"
TWO = "def f():\n  x\n"


@pytest.mark.parametrize(
    ("text", "language", "unit", "sure"),
    [
        ("", "", "    ", False),
        ("", "Python", "    ", False),
        ("", "Makefile", "\t", False),
        ("", "Go", "\t", False),
        (TWO, "Python", "  ", True),
        ("func f() {\n  x()\n}\n", "Go", "  ", True),
        ("A = a \\\n    b\n", "Makefile", "\t", False),
        ("{\n\t1\n}", "JSON", "\t", True),
    ],
)
def test_text_and_language(text, language, unit, sure):
    assert decide(text, language) == IndentStyle(unit, 4, sure)


@pytest.mark.parametrize(
    ("config", "text", "style"),
    [
        ("[*]\nindent_style = tab\n", FOUR, IndentStyle("\t", 4, True)),
        ("[*]\nindent_style = Tab\ntab_width = 8\n", FOUR, IndentStyle("\t", 8, True)),
        ("[*]\nindent_style = tab\nindent_size = 2\n", FOUR, IndentStyle("\t", 2, True)),
        ("[*]\nindent_style = space\nindent_size = 2\n", FOUR, IndentStyle("  ", 2, True)),
        ("[*]\nindent_size = 3\n", "", IndentStyle("   ", 3, True)),
        ("[*]\nindent_size = 3\n", "{\n\t1\n}", IndentStyle("\t", 3, True)),
        ("[*]\nindent_style = space\n", TWO, IndentStyle("  ", 4, True)),
        ("[*]\nindent_style = space\n", "{\n\t1\n}", IndentStyle("    ", 4, True)),
        ("[*]\ntab_width = 8\n", "", IndentStyle("    ", 8, False)),
        ("[*.js]\nindent_size = 2\n", FOUR, IndentStyle("    ", 4, True)),
        ("[*.{js,py}]\nindent_size = 2\n", FOUR, IndentStyle("  ", 2, True)),
        ("[*]\nindent_style = unset\nindent_size = 0\ntab_width = 999\n", TWO, IndentStyle("  ", 4, True)),
        ("what is this\n", TWO, IndentStyle("  ", 4, True)),
        ("[*]\nindent_size = 8\n# \xff" + "x" * 70_000, TWO, IndentStyle("  ", 4, True)),
    ],
)
def test_editorconfig_counts_first(tmp_path, config, text, style):
    (tmp_path / ".editorconfig").write_text("root = true\n" + config, "utf-8")
    assert decide(text, "Python", tmp_path / "a.py") == style


def test_the_nearer_file_wins_and_root_ends_the_search(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".editorconfig").write_text("[*]\nindent_style = tab\n")
    (tmp_path / "a" / ".editorconfig").write_text("root = true\n[*.py]\nindent_size = 8\n")
    (inner / ".editorconfig").write_text("[x.py]\nindent_size = 2\n")
    assert decide("", "Python", inner / "x.py").unit == "  "
    assert decide("", "Python", inner / "y.py").unit == " " * 8
    assert decide("", "Python", tmp_path / "y.py").unit == "\t"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.write_bytes(b"[*]\nindent_size = 8\n\xff")])
def test_what_is_no_text_file_is_left_alone(tmp_path, make):
    make(tmp_path / ".editorconfig")
    assert decide(TWO, "Python", tmp_path / "x.py") == IndentStyle("  ", 4, True)


def test_a_new_file_has_no_folder_yet(tmp_path):
    (tmp_path / ".editorconfig").write_text("root = true\n[*]\nindent_size = 2\n")
    assert decide("", "", tmp_path / "new" / "deeper" / "x.py").unit == "  "
