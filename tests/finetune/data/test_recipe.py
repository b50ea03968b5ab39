import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.retrieval.index.base_index import index_of
from finetune.config import DataConfig
from finetune.data.fill import Filler
from finetune.data.pack import pack
from finetune.data.recipe import COVERED, Source, make_samples, random_spans, recency_weight, syntax_spans
from finetune.data.split import split


def quiet(_what, _done, _total):
    pass


def made_of(encoder, texts, config=None, length=512, seed=0, wanted=30_000, recency=None):
    source = Source(texts, recency or {}, None)
    return list(
        make_samples(
            Filler(encoder, "shop", length), encoder.family, source, config or DataConfig(),
            length=length, seed=seed, wanted_tokens=wanted,
        )
    )  # fmt: skip


@pytest.fixture
def texts(make_module):
    return {f"shop/part_{number}.py": make_module(number) for number in range(20)}


def test_the_mix_is_as_asked(encoder, texts):
    made = made_of(encoder, texts, wanted=200_000, length=1024)
    holes = [one.made.hole.kind for one in made if one.made]
    assert 1 - len(holes) / len(made) == pytest.approx(0.2, abs=0.06)
    assert holes.count("random") / len(holes) == pytest.approx(0.1, abs=0.06)
    assert holes.count("line") > holes.count("body") > 0
    assert {"block", "statement", "expression", "argument"} <= set(holes)


def test_as_many_tokens_as_wanted_or_the_repository_some_times(encoder, texts):
    made = made_of(encoder, texts, wanted=30_000)
    spent = sum(len(one.sample.ids) for one in made)
    assert 30_000 <= spent < 30_512
    few = dict(list(texts.items())[:2])
    all_of_it = made_of(encoder, few, wanted=0)
    chars = sum(map(len, few.values()))
    assert COVERED * chars <= sum(one.chars for one in all_of_it) < COVERED * chars + 8000


def test_the_order_is_the_seeds(encoder, texts):
    one, other = (made_of(encoder, texts, wanted=5000, seed=seed) for seed in (1, 2))
    assert [each.sample for each in one] == [each.sample for each in made_of(encoder, texts, wanted=5000, seed=1)]
    assert [each.sample for each in one] != [each.sample for each in other]


def test_files_that_were_changed_lately_come_first_and_more_often(encoder, texts):
    lately = dict.fromkeys(list(texts)[:5], 0)
    made = made_of(encoder, texts, wanted=60_000, recency=lately)
    early = [list(texts)[one.sample.file] in lately for one in made[: len(made) // 3]]
    assert sum(early) / len(early) > 0.38  # a quarter of the files
    assert recency_weight(0) == 3
    assert recency_weight(25) == 2
    assert recency_weight(None) == 1
    assert recency_weight(10_000) == pytest.approx(1)


def test_little_of_the_rows_is_empty(encoder, texts):
    made = made_of(encoder, texts, wanted=200_000, length=1024)
    lengths = [len(one.sample.ids) for one in made]
    rows = pack(lengths, 1024, 0)
    assert sum(lengths) / (1024 * len(rows)) >= 0.95


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1000), with_git=st.booleans())
def test_no_held_out_line_and_no_answer_is_in_any_sample(encoder, commit, write, make_module, seed, with_git):
    draw = random.Random(seed)
    numbers = draw.sample(range(1000), 11)
    first = {f"shop/part_{number}.py": make_module(number) for number in numbers[:8]}
    later = {f"shop/new_{number}.py": make_module(number) for number in numbers[8:]}
    grown = numbers[0]
    later[f"shop/part_{grown}.py"] = make_module(grown, functions=8)
    if with_git:
        root = commit(first, later, name=f"repository-{seed}")
    else:
        root = write({**first, **later}, name=f"folder-{seed}")
    config = DataConfig(holes=30, validation_holes=10, retrieval_share=0.9)
    found = split(root, config, seed, quiet)
    assert found.kind == ("commits" if with_git else "files")
    held = {line.strip() for hole in (*found.validation, *found.test) for line in lines_of(hole)}
    learned = {**found.judged.texts, **found.judged.others}
    with index_of(((path, text.encode()) for path, text in learned.items()), len(learned), lambda *_: None) as index:
        made = list(
            make_samples(
                Filler(encoder, root.name, 1024), encoder.family, Source(found.judged.texts, found.tree.recency(), index),
                config, length=1024, seed=seed, wanted_tokens=15_000,
            )
        )  # fmt: skip
    helped = 0
    for one in made:
        words = b"".join(map(encoder.tokenizer.token_bytes, one.sample.ids)).decode()
        assert held.isdisjoint(line.strip() for line in words.split("\n"))
        if one.made:
            others = "\n".join(file.text for file in one.made.laid.others.files)
            helped += bool(others)
            answer = "\n".join(line.strip() for line in lines_of(one.made.hole))
            assert answer not in "\n".join(line.strip() for line in others.split("\n"))
    assert helped


def lines_of(hole):
    return hole.text.split("\n")[hole.line - 1 : hole.line + hole.truth.count("\n")]


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
