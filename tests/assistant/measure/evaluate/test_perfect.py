"""A model that is always right, and the words for what became of its answer."""

import pytest

from assistant.completion.complete import Options
from assistant.completion.filters import FILTERS
from assistant.engine.protocol import CancelToken
from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.perfect import INFO, PerfectEngine, ask_perfect, judge
from assistant.types import Finished, GenerateRequest, Params, Prompt, Text

ROW = Row("a", "def f(values):\n    total = su", "\n    return total\n", "m(values)", path="a.py")


def written(row, begin="", first_words=(), max_tokens=64, cancel=None):
    request = GenerateRequest(
        "a", Prompt((Text("x"),)), Params(max_tokens=max_tokens), begin=begin, first_words=first_words
    )
    *_, last = PerfectEngine(row).begin().generate(request, cancel or CancelToken())
    assert isinstance(last, Finished)
    return last.choices[0]


def test_it_writes_what_follows_what_it_has_to_begin_with():
    assert written(ROW).text == "m(values)"
    assert written(ROW, begin="su").text == "m(values)"
    assert written(ROW, begin="sum").text == "(values)"
    assert written(ROW, begin="if").text == ""
    assert written(ROW, first_words=("m(", "n(")).text == "m(values)"
    assert written(ROW, first_words=("if",)).text == ""
    assert written(Row("b", "x:\n", "", "    y\n"), begin="    ").text == "y"


def test_it_stops_where_a_model_would():
    cut = written(ROW, max_tokens=1)
    assert (cut.text, cut.reason, cut.generated_tokens) == ("m(v", "length", 1)
    cancel = CancelToken()
    cancel.cancel()
    assert (written(ROW, cancel=cancel).reason, written(ROW, cancel=cancel).mean_logprob) == ("cancelled", None)


def test_it_may_run_on_to_the_end_of_the_line():
    row = Row("a", "", " = 1\ny = 2\n", "total")
    (*_, last) = (
        PerfectEngine(row, runs_on=True).begin().generate(GenerateRequest("a", Prompt((Text("x"),))), CancelToken())
    )
    assert last.choices[0].text == "total = 1"
    assert judge(row, Answer("total = 1", 1.0)) == "other"
    assert judge(row, Answer("total = 1", 1.0, replaces=4)) == "whole"


def test_the_truth_goes_through_the_editors_path():
    assert ask_perfect(ROW).text == "m(values)"
    two = Row("b", "def f():\n    ", "\n    return x\n", "x = 1\n    y = 2", path="b.py")
    assert ask_perfect(two).filters == ("one-statement",)
    assert judge(two, ask_perfect(two)) == "lines"
    assert judge(two, ask_perfect(two, Options(without=frozenset(FILTERS)))) == "whole"
    assert INFO.token_healing


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer("a(\n  b)", 1.0), "whole"),
        (Answer("a(\n  b)\n", 1.0), "whole"),
        (Answer("a(\n  b);", 1.0, replaces=1), "whole"),
        (Answer("a(", 1.0), "lines"),
        (Answer("", 1.0), "nothing"),
        (Answer("  \n", 1.0), "nothing"),
        (Answer("a(\n  ", 1.0), "lines"),
        (Answer("a", 1.0), "cut"),
        (Answer("b(", 1.0), "other"),
        (Answer("a(\n  b) c", 1.0), "other"),
    ],
)
def test_what_became_of_it(answer, verdict):
    assert judge(Row("a", "", ";\n", "a(\n  b)"), answer) == verdict
