"""Asking the arms through the editor's path, and the marks of what they say."""

import dataclasses
import json

import pytest

from assistant.engine.fake import Answer as Scripted
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.errors import InputError
from assistant.measure.evaluate.ask import Answer
from assistant.measure.repository.arms import Bench, make_arms, read_arms
from assistant.measure.repository.ask import ask_all, from_json, mark, to_json
from assistant.repository.history import History
from assistant.repository.holes import Chooser, Hole
from assistant.retrieval.index.base_index import base_index

TEXT = "def f(value):\n    return compute(value, factor=2)\n"


def hole(cut: str, text: str = TEXT, path: str = "a.py", language: str = "python") -> Hole:
    start = text.index(cut)
    return Hole(path, language, "line", text, start, start + len(cut), text.count("\n", 0, start) + 1, 0)


@pytest.fixture
def asked(shop):
    """Return what asks all holes of the shop with a script."""

    def ask(script, names=("base", "retrieval"), done=None):
        engine = FakeEngine(script)
        history = History(shop.root)
        held = Chooser(history, 0).held_out(history.back(1), 12)
        with base_index(history, held.base.id, lambda *_: None) as index:
            arms = make_arms(names, Bench(engine, index, shop.root, 512))
            return engine, held.holes, list(ask_all(arms, index, held.holes, done or {}))

    return ask


def test_only_the_arm_with_retrieval_reads_other_files(asked):
    engine, holes, found = asked("nothing of it")
    assert [each.hole for each in found] == list(holes)
    prompts = {request.id: flat_prompt(request.prompt) for request in engine.requests}
    for each in found:
        base, helped = prompts[f"{each.hole.id} base"], prompts[f"{each.hole.id} retrieval"]
        assert "shop/item.py" not in base
        assert {piece.path for piece in each.marks["base"].answer.context} == {"shop/cart.py"}
        # The editor names the repository, not the folder of the index.
        assert "grafter-base" not in helped
    helped = [each for each in found if any(p.path == "shop/item.py" for p in each.marks["retrieval"].answer.context)]
    assert helped
    assert "<|file_sep|>shop/item.py\n" in prompts[f"{helped[0].hole.id} retrieval"]
    assert "return self.price * count" in prompts[f"{helped[0].hole.id} retrieval"]


def test_two_arms_answer_with_the_active_adapter_and_two_without(asked):
    engine, holes, _ = asked("", ("base", "retrieval", "adapter", "both"))
    named = {request.id: request.adapter for request in engine.requests}
    prompts = {request.id: flat_prompt(request.prompt) for request in engine.requests}
    for hole in holes:
        arms = {name: named[f"{hole.id} {name}"] for name in ("base", "retrieval", "adapter", "both")}
        assert arms == {"base": "", "retrieval": "", "adapter": None, "both": None}
        assert prompts[f"{hole.id} adapter"] == prompts[f"{hole.id} base"]
        assert prompts[f"{hole.id} both"] == prompts[f"{hole.id} retrieval"]


def test_which_arms_there_are_depends_on_the_adapter():
    assert read_arms(None) == ("base", "retrieval")
    assert read_arms(None, adapter=True) == ("base", "retrieval", "adapter", "both")
    assert read_arms("adapter,base", adapter=True) == ("adapter", "base")
    with pytest.raises(InputError, match="needs an adapter"):
        read_arms("both")


def test_the_answer_is_in_no_prompt(asked):
    engine, holes, _ = asked("")
    by_id = {hole.id: hole for hole in holes}
    for request in engine.requests:
        hole = by_id[request.id.rpartition(" ")[0]]
        # A name may stand elsewhere in the file, too; a whole line or body does not.
        if hole.kind in ("line", "statement", "body") and hole.text.count(hole.truth) == 1:
            assert hole.truth not in flat_prompt(request.prompt)


def test_arms_take_turns_and_the_engine_forgets_before_each(asked):
    engine, holes, _ = asked("")
    order = [request.id.rpartition(" ")[2] for request in engine.requests]
    assert order == ["base", "retrieval", "retrieval", "base"] * (len(holes) // 2)
    assert engine.forgot == len(order)


def test_what_was_done_is_not_asked_again(asked):
    _, holes, found = asked("x")
    done = {each.hole.id: each for each in found[:5]}
    engine, _, again = asked("y", done=done)
    assert again[:5] == found[:5]
    assert len({request.id for request in engine.requests}) == 2 * (len(holes) - 5)
    assert engine.requests[0].id == f"{holes[5].id} retrieval"  # the turn that it would have had


def test_a_right_answer_is_exact_and_parses():
    found = mark(hole("compute(value, factor=2)"), Answer("compute(value, factor=2)", 1.0))
    assert (found.exact, found.similarity, found.parses) == (True, 1.0, True)


@pytest.mark.parametrize(
    ("text", "replaces", "exact", "parses"),
    [
        ("compute(value", 0, False, False),
        ("compute(other)", 0, False, True),
        ("", 0, False, None),
    ],
)
def test_wrong_answers(text, replaces, exact, parses):
    found = mark(hole("compute(value, factor=2)"), Answer(text, 1.0, replaces=replaces))
    assert (found.exact, found.parses) == (exact, parses)
    assert found.similarity < 1


def test_an_answer_that_replaces_what_follows_is_right_where_the_file_is_the_same():
    place = hole("value, factor=2")
    assert mark(place, Answer("value, factor=2)", 1.0, replaces=1)).exact
    assert not mark(place, Answer("value, factor=2)", 1.0)).exact
    assert mark(place, Answer("value, factor=2)", 1.0)).parses is False
    assert mark(place, Answer("value)", 1.0, replaces=1)).parses


def test_a_failure_is_wrong_even_where_it_says_the_right_thing(asked):
    found = mark(hole("value"), Answer("value", 1.0, error="too long"))
    assert (found.exact, found.similarity, found.parses) == (False, 0.0, None)
    _, _, results = asked(Scripted(failure="The prompt is too long.", failure_code="x"))
    assert {each.marks["base"].answer.error for each in results} == {"The prompt is too long."}


def test_other_languages_are_judged_by_their_trees():
    text = "function f(a) {\n  return g(a, 1);\n}\n"
    place = hole("g(a, 1)", text, "a.js", "javascript")
    assert mark(place, Answer("g(b)", 1.0)).parses is True
    assert mark(place, Answer("g(b", 1.0)).parses is False


def test_python_that_this_one_cannot_read_is_judged_by_its_tree():
    text = "print 'old'\nvalue = compute(1)\n"
    assert mark(hole("compute(1)", text), Answer("other(2)", 1.0)).parses is True


def test_marks_are_the_same_after_writing_and_reading(asked):
    _, _, found = asked("self.lines")
    for each in found:
        row = json.loads(json.dumps(to_json(each)))
        read = from_json(row, each.hole, ["base", "retrieval"])
        assert json.dumps(to_json(read)) == json.dumps(to_json(each))
        other = dataclasses.replace(each.hole, end=each.hole.end - 1)
        with pytest.raises(ValueError, match="another text"):
            from_json(row, other, ["base"])


def test_arms_are_named():
    assert read_arms("base,retrieval") == ("base", "retrieval")
    assert read_arms(" retrieval ") == ("retrieval",)
    for wrong in ("base,none", "", ",", "base,base"):
        with pytest.raises(InputError, match="--arms"):
            read_arms(wrong)
