"""The page: all that it has to say, nothing from elsewhere, and no text of a file that could act in it."""

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from assistant.measure.evaluate.ask import Answer
from assistant.measure.repository.ask import Asked, mark
from assistant.measure.repository.examples import choose_examples, without_indent
from assistant.measure.repository.figures import summarise
from assistant.measure.repository.page import About, make_page, points, verdict
from assistant.measure.repository.plots import Point, Row, intervals
from tests.support.asked_holes import make_asked, make_hole, make_many

NAMES = ("base", "retrieval")
ABOUT = About("shop", ("A model on cpu: 100 holes.", "Base: abc."), "grafter evaluate repo shop --since abc")
EVIL = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;"


def page_of(asked, about=ABOUT, names=NAMES):
    return make_page(about, summarise(asked, names), asked, names)


def many():
    return [*make_many(10, 5, 25, 20), *make_many(3, 1, 5, 6, kind="body"), make_asked(77, True, True, "line", "go")]


def test_it_has_what_it_must():
    page = page_of(many())
    for heading in ("What helps on shop", "Exact match", "Difference to base", "By kind of hole", "By language",
                    "Time for an answer", "All figures", "Examples", "How this was measured"):  # fmt: skip
        assert f">{heading}<" in page
    assert page.count("<svg") == 5
    assert "Retrieval helps: +31.6 points of exact match" in page
    assert "Only retrieval has 30 right, only base 6" in page
    assert "grafter evaluate repo shop --since abc" in page
    assert "A model on cpu: 100 holes." in page
    assert "src/other.py:3-9 (defines compute)" in page
    assert "prefers-color-scheme: dark" in page


def test_it_fetches_and_runs_nothing():
    page = page_of(many())
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=|url\(|@import|https?://", page)
    assert "default-src 'none'" in page


def test_no_text_of_a_file_can_act():
    hole = dataclasses.replace(make_hole(1, truth=EVIL), path=f"{EVIL}.py", language=EVIL)
    marks = {name: mark(make_hole(1), Answer(EVIL, 1.0, error=EVIL if name == "base" else "")) for name in NAMES}
    about = About(EVIL, (EVIL,), EVIL)
    page = page_of([Asked(hole, marks)] * 6 + [make_asked(number, True, True) for number in range(6)], about)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_each_plot_is_well_formed():
    for svg in re.findall(r"<svg.*?</svg>", page_of(many()), re.DOTALL):
        root = ET.fromstring(svg)
        width = float(root.attrib["viewBox"].split()[2])
        for node in root:
            numbers = [float(node.attrib[name]) for name in ("x", "x1", "x2", "cx") if name in node.attrib]
            assert all(0 <= number <= width for number in numbers)


def test_a_part_with_few_holes_is_not_plotted():
    page = page_of([*make_many(5, 1, 2, 3), make_asked(9, True, True, "body")])
    assert "Too few to plot: body (1)." in page


@pytest.mark.parametrize("asked", [[], [make_asked(1, True, False)]])
def test_a_run_that_was_stopped_early_has_a_page(asked):
    assert "How this was measured" in page_of(asked)
    assert "How this was measured" in page_of(asked, names=("base",))


def test_examples_are_good_and_bad_ones():
    asked = many()
    found = choose_examples(asked, NAMES)
    why = [reason for reason, _ in found]
    assert len(found) == 20
    assert set(why) == {
        "only retrieval is right", "only base is right", "all are right", "none is right, but near",
    }  # fmt: skip
    assert len({id(each) for _, each in found}) == 20
    assert choose_examples(asked, NAMES) == found
    assert len(choose_examples(asked[:3], NAMES)) == 3
    assert {reason for reason, _ in choose_examples(asked, ("base",))} >= {"all are right"}


def test_the_blanks_that_all_lines_begin_with_are_left_out():
    assert without_indent("    a\n        b\n\n  c", 4, whole=True) == "a\n    b\n\nc"
    assert without_indent("a\n        b", 4, whole=False) == "a\n    b"


def test_points_have_a_sign():
    assert [points(0.081), points(-0.081), points(0.0), points(-0.0001)] == ["+8.1", "−8.1", "0.0", "0.0"]


def test_the_verdict_says_what_is_known():
    (helps,) = summarise(make_many(10, 2, 30, 10), NAMES).differences
    (harms,) = summarise(make_many(10, 30, 2, 10), NAMES).differences
    (unclear,) = summarise(make_many(10, 5, 5, 10), NAMES).differences
    assert verdict(helps).startswith("retrieval helps: +53.8 points of exact match (95 % interval +")
    assert verdict(harms).startswith("retrieval harms: −53.8 points")
    assert verdict(unclear).startswith("retrieval is not shown to differ from base: 0.0 points")


def test_an_axis_has_round_numbers_and_all_points_on_it():
    svg = intervals("t", "axis", [Row("a", "", (Point(0, 3.0, -7.3, 12.9, "said"),))], zero=True)
    assert re.findall(r'class="tick"[^>]*>([^<]+)<', svg) == ["−10", "−5", "0", "5", "10", "15"]
    assert svg.count('class="zero"') == 1
