"""How many names a prompt holds, on a file whose window leaves something out."""

import pytest

from assistant.completion.complete import Options
from assistant.measure.evaluate import names as naming
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.holes import HoleRow
from assistant.measure.evaluate.perfect import estimate_tokens
from assistant.retrieval.search.window import Budget
from assistant.types import Text

FAR = "".join(f"def helper_{n}(first):\n    return first * {n}\n\n\n" for n in range(60))
READER = naming.Reader(
    "qwen2.5-coder", 8192, lambda lines: estimate_tokens([Text(line) for line in lines]), Budget(64, 32)
)
ARMS = {"editor": Options(), "less": Options(without=frozenset({"outline"}))}


def hole(truth: str, after: str = "\n", kind="line", language="python") -> HoleRow:
    return HoleRow(Row(f"{truth}:{kind}", f"{FAR}value = ", after, truth, path="tools.py"), language, kind)


@pytest.fixture(scope="module")
def found():
    holes = [
        hole("helper_59(amount)", "\n\namount = 1\n"),  # both near
        hole("helper_40(missing)"),  # far above, and nowhere
        hole("12"),  # needs no name
    ]
    return list(naming.read_names(holes, ARMS, READER))


def test_what_each_prompt_holds(found):
    near, far = found
    assert near.prompts["less"].names == near.needs == near.in_file == {"helper_59", "amount"}
    assert (far.needs, far.in_file) == ({"helper_40", "missing"}, {"helper_40"})
    assert far.prompts["editor"].names == {"helper_40"}
    assert far.prompts["less"].names == set()
    assert far.prompts["editor"].outline > 0 == far.prompts["less"].outline
    assert far.prompts["editor"].window == far.prompts["less"].window > 0


def test_shares_are_of_all_names(found):
    report = naming.to_json(naming.summarise(found, ("editor", "less")))
    assert (report["n"], report["names"], report["in_file"]) == (2, 4, 0.75)
    assert report["in_prompt"] == {"editor": 0.75, "less": 0.5}
    assert report["difference"] == 0.25
    low, high = report["difference_interval"]
    assert low == 0 < high == 0.5
    assert report["by_language"].keys() == {"python"}
    assert report["by_kind"]["line"]["names"] == 4
    assert report["outline_tokens"]["less"] == 0


def test_one_arm_has_no_difference_and_nothing_no_share(found):
    report = naming.to_json(naming.summarise(found, ("editor",)))
    assert (report["difference"], report["difference_interval"]) == (None, None)
    empty = naming.to_json(naming.summarise([], ("editor", "less")))
    assert (empty["n"], empty["names"], empty["in_prompt"], empty["difference"]) == (
        0,
        0,
        {"editor": 0, "less": 0},
        None,
    )


def test_a_line_says_what_is_missing(found):
    line = naming.line_of(found[1])
    assert line["missing"] == {"editor": ["missing"], "less": ["helper_40", "missing"]}
    assert (line["needs"], line["in_file"], line["kind"]) == (["helper_40", "missing"], ["helper_40"], "line")
    assert line["tokens"]["editor"]["outline"] == found[1].prompts["editor"].outline
