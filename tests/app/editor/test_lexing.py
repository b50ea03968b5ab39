"""Colours line by line: the same as lexing everything, at the cost of the lines touched."""

import random

import pytest
from pygments.lexer import RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Text

from app.editor.lexing import LineTokens, find_lexer, keeps_state, lex_lines, style_of

PYTHON = '''import os

class A:
    """Doc
    string."""
    def f(self, x):
        s = f"{x:>3} é \U0001f600"
        return s + 'a' * 3  # comment
'''
C = "int main(void) {\n  /* two\n     lines */\n  return 0; // end\n}\n"
NEVER = lambda: 0.0  # noqa: E731 - a clock that stands still: no slice ends


class Nested(RegexLexer):
    """Braces push a state; every rule stays on its line, so states tell everything."""

    name, aliases = "Nested", ("nested",)
    tokens = {  # noqa: RUF012 - as Pygments wants it
        "root": [(r"\{", Keyword, "in"), (r"\n", Text), (r"[^{\n]+", Name.Class)],
        "in": [(r"\{", Keyword, "#push"), (r"\}", Keyword, "#pop"), (r"\n", Text), (r"[^{}\n]+", Comment)],
    }


def from_line(text):
    return lambda line: "\n".join(text.split("\n")[line:])


def whole(lexer, text):
    tokens = LineTokens(lexer, text.count("\n") + 1)
    tokens.advance(from_line(text), 1, NEVER)
    assert tokens.done
    return [tokens.runs(i) for i in range(tokens.line_count)]


def test_runs_are_cut_at_lines_and_count_characters():
    runs = whole(get_lexer_by_name("python"), PYTHON)
    lines = PYTHON.split("\n")
    named = [
        [(lines[i][start : start + length], style) for start, length, style in line] for i, line in enumerate(runs)
    ]
    assert ("import", "keyword") in named[0]
    assert ("A", "type") in named[2]
    assert named[3][0] == ('"""Doc', "string")
    assert named[4][0][1] == "string"
    assert ("f", "function") in named[5]
    assert ("# comment", "comment") in named[7]


@pytest.mark.parametrize(
    "language", ["python", "c", "html", "yaml", "markdown", "bash", "toml", "rust", "json", "ruby"]
)
def test_every_line_is_given_whatever_the_lexer(language):
    for text in (PYTHON, C, "", "\n", "x", "\n\n#"):
        lexer = get_lexer_by_name(language)
        assert len(list(lex_lines(lexer, text))) == text.count("\n") + 1
        for line, runs in zip(text.split("\n"), whole(lexer, text), strict=True):
            for start, length, _ in runs:
                assert 0 <= start < start + length <= len(line)


def test_lexers_by_name_and_file_name():
    assert find_lexer("python").name == "Python"
    assert find_lexer("dir/x.rs").name == "Rust"
    assert find_lexer("Makefile").name == "Makefile"
    assert find_lexer("notes.txt") is None
    assert find_lexer("no such language") is None
    assert keeps_state(find_lexer("python"))
    assert not keeps_state(find_lexer("c"))


def test_styles_come_from_the_nearest_ancestor():
    assert style_of(Comment.Single) == "comment"
    assert style_of(Keyword.Type) == "type"
    assert style_of(Name) == ""


@pytest.mark.parametrize("seed", range(8))
def test_edits_end_with_the_same_runs_as_lexing_everything(seed):
    random.seed(seed)
    lines = [random.choice(["a {", "}", "b", "", "{ c }", "} {"]) for _ in range(60)]
    lexer = Nested()
    tokens = LineTokens(lexer, len(lines))
    for _ in range(60):
        first = random.randrange(len(lines))
        removed = min(random.choice([1, 1, 2, 4]), len(lines) - first)
        new = random.choices(["a {", "}", "b", "", "{ c }"], k=random.choice([1, 1, 2, 3]))
        lines[first : first + removed] = new
        tokens.replace(first, removed, len(new))
        text = "\n".join(lines)
        # A few lines at most: most passes are cut off by the next edit.
        ticks = iter(range(10**6))
        tokens.advance(from_line(text), random.choice([2, 5, 10**6]), lambda ticks=ticks: float(next(ticks)))
        assert tokens.line_count == len(lines)
    tokens.advance(from_line(text), 1, NEVER)
    assert [tokens.runs(i) for i in range(len(lines))] == whole(lexer, text)


def test_an_edit_lexes_few_lines():
    lines = ["x = 'a'"] * 5000
    lexer = get_lexer_by_name("python")
    tokens = LineTokens(lexer, len(lines))
    text = "\n".join(lines)
    tokens.advance(from_line(text), 1, NEVER)
    lines[2500] = "x = 1"
    tokens.replace(2500, 1, 1)
    asked = []
    ticks = iter(range(10**6))
    tokens.advance(lambda line: asked.append(line) or "\n".join(lines[line:]), 10**6, lambda: float(next(ticks)))
    assert tokens.done
    assert asked == [2500]
    assert next(ticks) < 5


def test_a_line_alone_keeps_the_comment_it_is_in():
    lexer = get_lexer_by_name("c")
    tokens = LineTokens(lexer, C.count("\n") + 1)
    tokens.advance(from_line(C), 1, NEVER)
    assert tokens.runs(2)[0][2] == "comment"
    tokens.relex_alone(1, "  return 1;")
    assert tokens.runs(1)[0][2] == "keyword"
    tokens.restart()
    assert not tokens.done
    tokens.advance(from_line(C), 1, NEVER)
    assert [tokens.runs(i) for i in range(tokens.line_count)] == whole(lexer, C)


def test_plain_text_has_no_runs():
    tokens = LineTokens(None, 3)
    assert tokens.advance(from_line(""), 1) == (0, 0, True)
    tokens.replace(0, 1, 5)
    assert tokens.line_count == 7
    assert tokens.runs(99) == ()


def test_very_long_lines_are_coloured_only_at_their_start():
    text = "x = '" + "a" * 20_000 + "' + 1"
    assert all(start + length <= 10_000 for start, length, _ in whole(get_lexer_by_name("python"), text)[0])
