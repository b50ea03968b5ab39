import pytest

from assistant.retrieval.index.analyse import ChunkText, analyse


def test_code_has_facts_and_chunks_text_only_chunks():
    code = analyse("a.py", "def f():\n    g()\n    g()\n    g(); g()\n")
    assert [one.name for one in code.facts.symbols] == ["f"]
    assert code.uses == {"g": [2, 3, 4]}
    text = analyse("a.txt", "def f():\n\nmore")
    assert (text.language, text.lines, text.facts.symbols) == (None, 3, ())
    assert text.chunks == (ChunkText(1, 3, "def f():\n\nmore"),)


@pytest.mark.parametrize("text", ["", "\n", "x"])
def test_nearly_nothing(text):
    assert analyse("a.py", text).lines == (1 if text else 0)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.html", "<div>\n" * 40_000),
        ("a.py", "(((\n" * 40_000),
        ("a.cpp", "a<b<c<(\n" * 40_000),
        ("a.json", "[\n" * 60_000),
    ],
)
def test_text_that_is_no_code_takes_bounded_time(path, text):
    content = analyse(path, text)  # where its time had no bound, the test's own time would end
    assert sum(chunk.last_line - chunk.first_line + 1 for chunk in content.chunks) == content.lines
