"""Fences and sentences of a conversation stay out of source files."""

import pytest

from assistant.completion.filters.stream import SuggestionStream

CODE = {
    "a.py": ("def f(a):\n    |\n", "return a"),
    "a.js": ("function f(a) {\n  |\n}\n", "return a;"),
    "a.ts": ("function f(a: number) {\n  |\n}\n", "return a;"),
    "a.java": ("class A {\n    int f(int a) {\n        |\n    }\n}\n", "return a;"),
    "a.c": ("int f(int a)\n{\n    |\n}\n", "return a;"),
    "a.cpp": ("int f(int a) {\n    |\n}\n", "return a;"),
    "a.cs": ("class A {\n    int F(int a) {\n        |\n    }\n}\n", "return a;"),
    "a.go": ("package a\n\nfunc f(a int) int {\n\t|\n}\n", "return a"),
    "a.rs": ("fn f(a: u32) -> u32 {\n    |\n}\n", "return a;"),
    "a.rb": ("def f(a)\n  |\nend\n", "return a"),
    "a.php": ("<?php\nfunction f($a) {\n    |\n}\n", "return $a;"),
    "a.sh": ("f() {\n    |\n}\n", "return 1"),
    "a.lua": ("function f(a)\n    |\nend\n", "return a"),
    "a.toml": ("|\n[b]\n", "a = 1"),
    "a.unknown": ("a = 1\n|\n", "b = 2"),
    None: ("a = 1\n|\n", "b = 2"),
}


@pytest.mark.parametrize("path", CODE)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_nothing_from_a_fence_on(hole, stream, path, size):
    text, line = CODE[path]
    place = hole(text, path, trigger="manual")
    for written in (f"{line}\n```\nHere is the code", f"{line}\n\n  ```python\nx"):
        draft, shown, fired = stream(place, written, size)
        assert draft.text == line, fired
        assert "`" not in shown
    for written in ("```\nx = 1\n```", "```python", "\n```"):
        draft, shown, fired = stream(place, written, size)
        assert (draft.text, shown.strip()) == ("", ""), fired
        assert "fence" in fired


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.md", "# Title\n\n|\n", "```python\nx = 1\n```"),
        ("README.md", "Run:\n\n|\n", "```sh\nmake\n```"),
        ("notes", "Run:\n\n```sh\nmake\n```\n\nThen:\n\n|\n", "```sh\nmake test\n```"),
        ("a.py", 'def f():\n    """Do it.\n\n    |\n    """\n', "```\n    f()\n    ```"),
        ("a.py", "def f():\n    |\n", '"""Do it.\n\n    ```\n    f()\n    ```\n    """'),
        ("a.rs", "/// Does it.\n///\n|\nfn f() {}\n", "/// ```\n/// f();\n/// ```"),
        ("a.js", "/**\n * Does it.\n|\n */\nf();\n", " * ```\n * f()\n * ```"),
        ("a.c", "/*\nDoes it.\n|\n*/\nint a;\n", "```\nf();\n```"),
        ("a.ex", '@doc """\nDoes it.\n\n|\n"""\n', "```\nf()\n```"),
        ("a.jl", '"""\nDoes it.\n\n|\n"""\nf() = 1\n', "```\nf()\n```"),
        ("a.ts", "const text = `\n|\n`;\n", "\\`\\`\\`\nx"),
    ],
)  # fmt: skip
def test_fences_are_text_where_text_stands(hole, stream, path, text, written):
    draft, _, fired = stream(hole(text, path, trigger="manual"), written, 1)
    assert "fence" not in fired
    assert draft.text.split("\n")[0] == written.split("\n")[0]


BROKEN = {
    "a.py": "def g(:\n    x = = 1\n\n|\n",
    "a.js": "function g( {\n  x = = 1;\n\n|\n",
    "a.ts": "class A {\n  g( {\n\n|\n",
    "a.java": "class A {\n    int g( {\n\n|\n",
    "a.c": "int g( {\n    x = = 1;\n\n|\n",
    "a.cpp": "class A {\n    int g( {\n\n|\n",
    "a.cs": "class A {\n    int G( {\n\n|\n",
    "a.go": "package a\n\nfunc g( {\n\n|\n",
    "a.rs": "fn g( {\n    let x = = 1;\n\n|\n",
}
SENTENCES = (
    "Here is the code:",
    "Sure, here is the function you asked for:",
    "This function returns the sum of two numbers.",
    "The following code reads a file and prints its lines.",
    "You can use this method, too.",
)


@pytest.mark.parametrize("path", BROKEN)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_no_code_even_where_the_file_has_errors(hole, stream, path, sentence):
    for written in (sentence, f"{sentence}\n\nx = 1\n", f"\n{sentence}\n"):
        draft, shown, fired = stream(hole(BROKEN[path], path, trigger="manual"), written, 1)
        assert (draft.text, shown.strip()) == ("", ""), fired


@pytest.mark.parametrize("path", [path for path in CODE if path in BROKEN])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_no_code_in_a_file_without_errors(hole, stream, path, sentence):
    draft, shown, fired = stream(hole(CODE[path][0], path, trigger="manual"), f"{sentence}\n", 1)
    assert (draft.text, shown) == ("", ""), fired


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.java", "class A {\n    |\n", "String name;"),
        ("a.java", "class A {\n    int g( {\n|\n", "String name = other;"),
        ("a.c", "int g( {\n|\n", "FILE *file = open(name);"),
        ("a.c", "int g( {\n|\n", "Static inline Value"),
        ("a.cs", "class A {\n    |\n", "List<string> names;"),
        ("a.py", "def g(:\n|\n", "Point = namedtuple('Point', 'x y')"),
        ("a.py", "def g(:\n    '''\n    |\n", "Return the sum of two numbers."),
        ("a.py", "|\n", "# This function returns the sum.\nx = 1"),
        ("a.rb", "class A\n  |\n", "Point = Struct.new(:x)"),
        ("a.md", "|\n", "Here is the code:"),
        ("a.html", "<p>\n|\n</p>\n", "Here is the code:"),
        ("a.js", "const a = <p>\n|\n</p>;\n", "Here is the code:"),
        ("a.lua", "|\n", "This is no sentence of ours"),
        (None, "|\n", "Here is the code:"),
        ("a.go", "package a\n\nvar x = `\n|\n`\n", "Here is the code:"),
    ],
)
def test_what_is_code_or_text_stays(hole, stream, path, text, written):
    draft, _, fired = stream(hole(text, path, trigger="manual"), written, 1)
    assert "prose" not in fired
    assert draft.text == written


def test_only_the_beginning_of_an_answer_is_held_back(hole):
    one = SuggestionStream(hole("|\n", "a.py", trigger="manual"))
    assert one.feed("Point") == ""
    assert one.feed(" =") == "Point ="
    assert one.feed(" 1\nOther") == " 1\nOther"


@pytest.mark.parametrize("name", ["fence", "prose"])
def test_a_filter_that_is_left_out_lets_them_pass(hole, stream, name):
    written = {"fence": "```\nx", "prose": "Here is the code:"}[name]
    text = BROKEN["a.py"]
    assert stream(hole(text, "a.py", trigger="manual"), written, 1, without=frozenset({name}))[0].text == written
