from finetune.data.spans import random_spans, syntax_spans


def test_blocks_are_some_statements_of_a_body(make_module):
    text = make_module(1, functions=1)
    blocks = [text[span.start : span.end] for span in syntax_spans("a.py", text) if span.kind == "block"]
    assert blocks
    for block in blocks:
        assert (
            len([line for line in block.split("\n") if line.startswith(("    ", "rows", "if", "clean", "audit"))]) >= 2
        )
        assert "def " not in block


def test_random_spans_are_drawn_by_the_seed(make_module):
    text = make_module(1)
    found = random_spans("a.py", text, 0)
    assert found == random_spans("a.py", text, 0)
    assert found != random_spans("a.py", text, 1)
    assert found != random_spans("b.py", text, 0)
    assert 4 <= len(found) <= len(text.split("\n")) // 8 + 1
    for span in found:
        assert span.kind == "random"
        assert text[span.start : span.end].strip()
        assert text.count("\n", 0, span.start) + 1 == span.first
        assert text.count("\n", 0, span.end) + 1 == span.last
        line = text.split("\n")[span.first - 1]
        assert span.start - text.rfind("\n", 0, span.start) - 1 >= len(line) - len(line.lstrip())


def test_nothing_is_cut_from_nothing():
    assert random_spans("a.py", "", 0) == []
    assert random_spans("a.py", "\n\n  \n", 0) == []
    assert syntax_spans("notes.txt", "some words\n") == []
