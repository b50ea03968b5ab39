import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.repository.chunks import GOOD_LINES, MOST_LINES, Chunk, split_lines, split_syntax
from assistant.repository.parsing import parse


def count_lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")


def chunks_of(text: str, language: str = "python") -> list[Chunk]:
    return split_syntax(parse(language, text.encode()), count_lines(text))


def covers(chunks: list[Chunk], lines: int) -> bool:
    inside = [line for chunk in chunks for line in range(chunk.first_line, chunk.last_line + 1)]
    return inside == list(range(1, lines + 1))


def function(name: str, lines: int, indent: str = "") -> str:
    return f"{indent}def {name}():\n" + f"{indent}    work()\n" * (lines - 1)


BLOCK = st.sampled_from(
    [
        "def f():\n    pass\n",
        "class A:\n" + function("m", 30, "    ") + function("n", 45, "    "),
        function("g", 70),
        "# a comment\n",
        "\n",
        "x = [\n" + "    1,\n" * 80 + "]\n",
        '"""' + "text\n" * 65 + '"""\n',
        "if x:\n    if y:\n" + "        z()\n" * 90,
        ")\n",
        "def broken(:\n",
    ]
)


@given(st.lists(BLOCK, max_size=12), st.sampled_from(["python", "javascript", "c", "html", "json"]))
@settings(max_examples=150)
def test_every_line_is_in_exactly_one_chunk_in_order(blocks, language):
    text = "".join(blocks)
    chunks = chunks_of(text, language)
    assert covers(chunks, text.count("\n"))
    assert all(chunk.last_line - chunk.first_line < MOST_LINES for chunk in chunks)


@given(st.integers(0, 500), st.integers(1, 99))
def test_lines_are_split_evenly(lines, first):
    chunks = split_lines(lines, first)
    assert [c.first_line for c in chunks] == list(range(first, first + lines, GOOD_LINES))
    assert sum(c.last_line - c.first_line + 1 for c in chunks) == lines


def test_small_neighbours_are_joined_and_a_definition_that_fits_stays_whole():
    assert chunks_of(function("a", 10) + function("b", 10)) == [Chunk(1, 20)]
    assert chunks_of(function("a", 30) + function("b", 30)) == [Chunk(1, 60)]
    assert chunks_of(function("a", 35) + function("b", 35)) == [Chunk(1, 35), Chunk(36, 70)]
    assert chunks_of(function("a", 20) + function("b", 55)) == [Chunk(1, 20), Chunk(21, 75)]


def test_a_long_class_is_cut_between_its_methods_and_a_long_function_between_its_statements():
    text = "class A:\n" + function("m", 34, "    ") + function("n", 34, "    ")
    assert chunks_of(text) == [Chunk(1, 35), Chunk(36, 69)]
    body = "".join(f"    for a{i} in b:\n" + "        work()\n" * 24 for i in range(4))
    assert chunks_of("def f():\n" + body) == [Chunk(1, 26), Chunk(27, 51), Chunk(52, 76), Chunk(77, 101)]


def test_a_comment_stays_with_what_it_is_about():
    text = function("a", 35) + "# About b\n# and more.\n" + function("b", 36)
    assert chunks_of(text) == [Chunk(1, 35), Chunk(36, 73)]


@pytest.mark.parametrize("text", ["", "x = 1", "x = 1\n", "\n", "\n\n\n"])
def test_short_texts(text):
    assert covers(chunks_of(text), count_lines(text))


def test_deep_nesting_needs_no_recursion():
    text = "[\n" * 3000 + "]\n" * 3000
    assert covers(chunks_of(text, "json"), 6000)
