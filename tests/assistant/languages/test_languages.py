"""The records of the languages: which one a file is of, and that one record is enough for a new one."""

from pathlib import Path

import pygments.lexers
import pytest

from app.editor import indent_style
from app.editor.lexing import find_lexer
from assistant.completion.brackets import brackets_of, open_brackets
from assistant.completion.syntax import read_syntax, surplus_bracket
from assistant.languages import (
    Comments,
    Language,
    find_language,
    import_paths,
    language_called,
    language_named,
    language_of,
)
from assistant.languages.registry import with_language
from assistant.languages.table import RECORDS
from assistant.repository.docs import comment_above
from assistant.repository.spans import code_language, find_spans
from assistant.repository.symbols import load_query
from assistant.retrieval.index.analyse import analyse
from assistant.retrieval.index.hits import SymbolHit
from assistant.retrieval.index.reader import guesses
from assistant.retrieval.search.skeleton import skeleton


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("src\\A.PY", "python"),
        ("b/c.tsx", "tsx"),
        ("c.h", "cpp"),
        ("Rakefile", "ruby"),
        ("x/.bashrc", "bash"),
        ("a.jsonc", "jsonc"),
        ("tsconfig.json", "jsonc"),
        ("tsconfig.base.json", "jsonc"),
        ("package.json", "json"),
        ("py", None),
        ("a.txt", None),
        ("a.toml", None),
        ("", None),
    ],
)
def test_the_language_is_told_by_the_name(path, language):
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Dockerfile.dev", "dockerfile"),
        ("deploy/Dockerfile", "dockerfile"),
        ("app.svelte", "svelte"),
        ("notes.ipynb", "notebook"),
        ("script.pl", "perl"),
        ("Makefile.am", "makefile"),
        ("BUILD", "bazel"),
        ("build", None),
        (".env.local", "dotenv"),
        ("Gemfile.lock", None),
    ],
)
def test_languages_without_a_grammar_have_records_too(path, name):
    found = find_language(path)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("first", "language"),
    [
        ("#!/usr/bin/env python3\n", "python"),
        ("#!/usr/bin/python3.11 -u\n", "python"),
        ("#! /usr/bin/env -S FOO=1 node --harmony\n", "javascript"),
        ("#!/bin/sh\n", "bash"),
        ("#!/usr/bin/env /opt/bin/ruby\n", "ruby"),
        ("#!/usr/bin/env unheard-of\n", None),
        ("# /bin/sh\n", None),
    ],
)
def test_a_file_without_an_ending_is_told_by_its_first_line(first, language):
    assert language_of("bin/tool", first) == language
    assert language_of("tool.py", first) == "python"
    assert read_syntax(first, "", "bin/tool").language == language


def test_no_two_records_want_the_same_files():
    for of in (lambda r: r.endings, lambda r: r.files, lambda r: r.programs, lambda r: (r.name,)):
        taken = [each for record in RECORDS for each in of(record)]
        assert len(taken) == len(set(taken)), sorted(each for each in taken if taken.count(each) > 1)
    assert all(ending.startswith(".") and ending == ending.lower() for record in RECORDS for ending in record.endings)


def test_every_lexer_is_one_that_pygments_has():
    for record in RECORDS:
        if record.lexer:
            assert pygments.lexers.get_lexer_by_name(record.lexer), record.name
            assert language_called(record.lexer) is not None


@pytest.mark.parametrize(
    ("path", "lexer"),
    [
        ("Dockerfile.dev", "Docker"),
        ("a.jsonc", "JSON"),
        ("a.svelte", "HTML"),
        ("a.ipynb", "JSON"),
        ("SETUP.PY", "Python"),
        ("a.pl", "Perl"),
        ("A.RS", "Rust"),
        ("a.mts", "TypeScript"),
        ("a.f90", "Fortran"),
    ],
)
def test_files_that_had_no_colours_or_wrong_ones_have_right_ones(path, lexer):
    assert find_lexer(path).name == lexer


# --- the tables that had drifted apart -------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "brackets"),
    [
        ("php", "f(1); # no (\n", "()"),
        ("php", "f(1); // no (\n", "()"),
        ("php", "#[Attribute(1)]\n", "[()]"),
        ("css", "a { b: url(//host/x) }\n", "{()}"),
        ("css", "/* ( */ a {}", "{}"),
        ("html", "<!-- ( --> a (b)", "()"),
        ("bash", 'echo "${#a[@]}" $((2#11)) # no (', "{[]}(())"),
        ("bash", "echo ${#a[@]}", "{[]}"),
        ("python", "f(1) # no (", "()"),
        ("toml", "a = [1] # no [", "[]"),
        ("sql", "f(1) -- no (", "()"),
        ("lua", "f(1) --[[ ( \n ( ]] g[1]", "()[]"),
        (None, "get(http://host/(x)", "(()"),
    ],
)
def test_brackets_in_comments_are_those_of_the_language(language, text, brackets):
    assert "".join(bracket for _, bracket in brackets_of(text, language)) == brackets


def test_a_comment_is_left_by_its_own_end_only():
    assert surplus_bracket("so -->", read_syntax("<!-- ", "\n-->\n", "a.html")) == 3
    assert surplus_bracket("so */", read_syntax("<!-- ", "\n--> */\n", "a.html")) is None
    assert surplus_bracket("so */", read_syntax("/* ", "\n*/\n", "a.css")) == 3


def test_documentation_is_a_comment_of_the_language():
    assert comment_above(["# Adds.", "f() {"], 2, "php") == "Adds."
    assert comment_above(["#[Pure]", "function f() {"], 2, "php") == ""
    assert comment_above(["// Adds.", "f() {"], 2, "bash") == ""
    assert comment_above(["<!-- The head. -->", "<div id='a'>"], 2, "html") == "The head."
    assert comment_above(["GLOB = '*/'", "def f():"], 2, "python") == ""
    assert language_named("ruby").doc_line("Adds.") == "# Adds."
    assert language_named("css").doc_line("Adds.") == "/* Adds. */"
    assert language_named("python").doc_line("Adds.") == '"""Adds."""'
    assert language_named("rust").doc_line("Adds.") == "// Adds."


def test_a_script_without_an_ending_is_analysed_as_what_it_is():
    content = analyse("bin/tool", "#!/usr/bin/env python3\nimport os\n\n\ndef main():\n    return os.name\n")
    assert content.language == "python"
    assert [symbol.name for symbol in content.facts.symbols] == ["main"]
    assert find_spans("bin/tool", "#!/usr/bin/env python3\ncounted = reckon(12, width)\n")


# --- one record is a language ----------------------------------------------------------------

PEBBLE = """package a

// Adds two numbers.
func add(a int, b int) int {
\treturn a + b
}
"""


@pytest.fixture
def pebble(tmp_path: Path):
    """A language that nobody has heard of: one record, and one file of queries. Its grammar is that of Go."""
    file = tmp_path / "pebble.scm"
    file.write_text("(function_declaration name: (identifier) @name) @definition.function\n")
    record = Language(
        name="pebble",
        endings=(".pebble",),
        files=("pebblefile",),
        programs=("pebble",),
        grammar=("tree_sitter_go", "language"),
        queries=file,
        comments=Comments(("//",), (("(*", "*)"),)),
        quotes=('"', "`"),
        doc_form="-- {} --",
        indent="   ",
        colon_blocks=True,
        import_paths=import_paths.ruby,
        lexer="go",
    )
    load_query.cache_clear()
    with with_language(record):
        yield record
    load_query.cache_clear()


def test_a_new_language_is_one_record(pebble):
    assert language_of("x/A.Pebble") == language_of("Pebblefile") == language_of("x", "#!/bin/pebble2\n") == "pebble"
    # symbols, with their documentation
    content = analyse("a.pebble", PEBBLE)
    (symbol,) = content.facts.symbols
    assert (symbol.name, symbol.kind, symbol.doc, symbol.first_line) == ("add", "function", "Adds two numbers.", 4)
    # chunks: cut where definitions begin, not after so many lines
    many = "package a\n" + "".join(f"\nfunc f{n}() {{\n" + "\tg()\n" * 30 + "}\n" for n in range(4))
    chunks = analyse("a.pebble", many).chunks
    assert [chunk.text.split("\n")[0] for chunk in chunks[1:]] == [f"func f{n}() {{" for n in (1, 2, 3)]
    # comments and strings
    assert "".join(bracket for _, bracket in brackets_of("f[1] (* ( *) `(` // (", "pebble")) == "[]"
    assert open_brackets('f(")"', "pebble") == "("
    # imports, documentation, holes, errors at the cursor
    assert guesses("tool", "lib/a.pebble", "pebble")[0].path == "lib/tool.rb"
    hit = SymbolHit("a.pebble", "add", "function", "", "func add(a int, b int) int", "Adds.", 4, 6)
    assert skeleton(hit, []).splitlines()[1].strip() == "-- Adds. --"
    assert code_language("a.pebble") == "pebble"
    assert find_spans("a.pebble", PEBBLE)
    assert read_syntax("func f() {\n", "\n}\n", "a.pebble").closable == ""
    # the editor: colours, indentation
    assert find_lexer("a.pebble").name == "Go"
    assert language_called("a.pebble").indent == "   "
    assert language_called("pebble").colon_blocks
    assert indent_style.decide("", "pebble").unit == "   "


def test_it_is_gone_when_nobody_knows_it_any_more():
    assert find_language("a.pebble") is None
    assert language_named("pebble") is None
