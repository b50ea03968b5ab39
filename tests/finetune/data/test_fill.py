import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.completion.complete import complete
from assistant.engine.fake import FakeEngine
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.repository.holes import hole_at
from assistant.retrieval.index.base_index import index_of
from assistant.retrieval.search.window import Budget
from assistant.types import CompleteRequest, Prompt, Text
from finetune.data.fill import HELD_OUT, Filler, Finder, Weights, budgets
from finetune.data.recipe import random_spans, syntax_spans

SOME = Weights(1.0, 4.0)


class Reads(FakeEngine):
    """The fake engine with a model's own tokenizer, which notes what it was asked."""

    def __init__(self, encoder, length):
        super().__init__("x", info=EngineInfo("fake", encoder.family, "cpu", "float32", length, token_healing=True))
        self._encoder = encoder

    def count_tokens(self, texts):
        return self._encoder.count(texts)


class NoIndex:
    """A place to find nothing in."""


def holes_of(path, text, seed=0):
    spans = [*syntax_spans(path, text), *random_spans(path, text, seed)]
    return [hole_at(path, "python", text, span) for span in spans]


def asked(encoder, hole, budget, retriever=None):
    """Return the token ids that the editor asks with at the place of a hole."""
    engine = Reads(encoder, 32768)
    request = CompleteRequest("r", hole.before + hole.after, hole.start, path=hole.path, workspace="/home/ada/shop")
    list(complete(engine, request, CancelToken(), budget, retriever=retriever))
    sent = engine.requests[0]  # where nothing is left of an answer the editor asks once more
    return encoder.encode(sent.prompt), sent.begin


def test_a_sample_has_the_very_tokens_of_the_editors_prompt(encoder, make_module):
    filler = Filler(encoder, "shop", 4096)
    holes = holes_of("shop/a.py", make_module(1))
    assert {hole.kind for hole in holes} == {"line", "expression", "statement", "argument", "body", "block", "random"}
    for hole in holes:
        made = filler.fill(hole, Budget(384, 96), SOME)
        ids, begin = asked(encoder, hole, Budget(384, 96))
        assert list(made.ids[: len(ids)]) == ids
        assert made.middle.startswith(begin)
        written = b"".join(map(encoder.tokenizer.token_bytes, made.ids[len(ids) :])).decode()
        assert written == made.middle
        assert encoder.tokenizer.spell(made.ids[-1]) == "<|endoftext|>"


def test_with_retrieval_too(encoder, make_module):
    other = make_module(1).replace("load_record", "store_record")
    files = {"shop/a.py": make_module(1), "shop/b.py": other}
    filler = Filler(encoder, "shop", 4096)
    helped = 0
    with index_of(((path, text.encode()) for path, text in files.items()), 2, lambda *_: None) as index:
        for hole in holes_of("shop/a.py", files["shop/a.py"])[::7]:
            with index.with_open(hole):
                made = filler.fill(hole, Budget(384, 96), SOME, Finder(index.reader, hole, 512))

                class Same(Finder):
                    def retrieve(self, request, window, room, count, laid=made.laid):
                        return laid.others

                    def learn(self, finished):
                        pass

                ids, _ = asked(encoder, hole, Budget(384, 96), Same(index.reader, hole, 512))
            helped += bool(made.laid.others.files)
            assert list(made.ids[: len(ids)]) == ids
            first = made.ids.index(encoder.tokenizer.find_control("<|fim_prefix|>"))
            assert set(made.weights[:first]) <= {0.0}
    assert helped


def test_what_counts_in_the_loss(encoder, make_module):
    (hole, *_) = (each for each in holes_of("shop/a.py", make_module(1)) if each.kind == "statement")
    made = Filler(encoder, "shop", 2048).fill(hole, Budget(384, 96), SOME)
    middle = encoder.count([Text(made.middle)])[0] + 1
    assert set(made.weights[-middle:]) == {4.0}
    # The name of the file and the rest of it in short are read, not learned.
    assert made.laid.outline is not None
    told = len(encoder.encode(Prompt(made.laid.fim.prompt.parts[: made.laid.fim.open_from])))
    assert set(made.weights[:told]) == {0.0}
    for token, weight in zip(made.ids[told:-middle], made.weights[told:], strict=False):
        assert weight == (0.0 if encoder.tokenizer.is_control(token) else 1.0)
    held = Filler(encoder, "shop", 2048).fill(hole, Budget(384, 96), HELD_OUT)
    assert held.ids == made.ids
    assert list(held.weights) == [0.0] * (len(held.ids) - middle) + [1.0] * middle


WORDS = st.text("abc_=(): \t'\"#é漢\n", min_size=1, max_size=200)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS, seed=st.integers(0, 9))
def test_prefix_middle_and_suffix_are_the_file(encoder, text, seed):
    filler = Filler(encoder, "shop", 4096)
    for hole in holes_of("a.py", text, seed):
        assert hole.truth.strip()
        made = filler.fill(hole, Budget(1024, 192), SOME)
        assert made.laid.prefix + made.middle + made.laid.suffix == text


@pytest.mark.parametrize("length", [128, 256, 512, 1024])
def test_no_sample_is_longer_than_a_row(encoder, make_module, length):
    filler = Filler(encoder, "shop", length)
    text = make_module(1, functions=20)
    made = [filler.fill(hole, budgets(length)[-1], SOME) for hole in holes_of("shop/a.py", text)[::5]]
    assert all(len(each.ids) <= length for each in made if each is not None)
    assert length < 512 or all(made)


def test_the_answer_is_not_found_elsewhere(encoder, make_module):
    text = make_module(1)
    files = {"shop/a.py": text, "shop/copied.py": "x = 1\n" + text}
    with index_of(((path, text.encode()) for path, text in files.items()), 2, lambda *_: None) as index:
        for hole in holes_of("shop/a.py", text):
            with index.with_open(hole):
                made = Filler(encoder, "shop", 2048).fill(hole, Budget(96, 24), SOME, Finder(index.reader, hole, 512))
            line = text.split("\n")[hole.line - 1].strip()
            assert not any(line in file.text for file in made.laid.others.files)
