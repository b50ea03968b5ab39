import pytest

from assistant.languages import parsed_languages
from assistant.repository.parsing import parse, parse_within

SAMPLES = {
    "python": "def f(a):\n    return a\n",
    "javascript": "const f = (a) => a;\n",
    "typescript": "const f = (a: number): number => a;\n",
    "tsx": "const f = () => <b>x</b>;\n",
    "java": "class A { int f() { return 1; } }\n",
    "go": "package a\n\nfunc f() int { return 1 }\n",
    "rust": "fn f() -> u8 { 1 }\n",
    "c": "int f(void) { return 1; }\n",
    "cpp": "class A { int f() { return 1; } };\n",
    "c_sharp": "class A { int F() => 1; }\n",
    "ruby": "def f\n  1\nend\n",
    "php": "<?php function f() { return 1; }\n",
    "bash": "f() { echo 1; }\n",
    "html": "<p>x</p>\n",
    "css": "a { color: red; }\n",
    "json": '{"a": 1}\n',
    "jsonc": '{"a": 1} // one\n',
}


@pytest.mark.parametrize("language", parsed_languages())
def test_every_language_is_parsed(language):
    assert not parse(language, SAMPLES[language].encode()).root_node.has_error
    assert parse(language, b"{ ( [ \xff\xfe def").root_node is not None


def test_a_language_without_a_grammar_is_not_parsed():
    with pytest.raises(KeyError):
        parse("toml", b"a = 1")


def test_an_edit_is_parsed_anew_from_the_old_tree():
    old = parse("python", b"a = 1\n")
    old.edit(4, 5, 6, (0, 4), (0, 5), (0, 6))
    new = parse("python", b"a = 12\n", old)
    assert str(new.root_node) == str(parse("python", b"a = 12\n").root_node)


def test_parsing_within_time_gives_the_same_tree_or_none():
    source = SAMPLES["python"].encode() * 2000
    tree = parse_within("python", source, 60)
    assert tree is not None
    assert str(tree.root_node) == str(parse("python", source).root_node)
    assert parse_within("html", b"<div>\n" * 50_000, 0.05) is None
