"""The counts of what was shown, from a few suggestions that are made up."""

import pytest

from assistant.errors import InputError
from tests.bench.judging.faults import Place, Shown
from tests.bench.judging.places import SOURCES, begun_in_word, hole_places
from tests.bench.suggestions import faulty, judged, summarise, table

SAMPLES = SOURCES.parents[1] / "tests" / "assistant" / "completion" / "samples"
PLACE = Place("a.js:1", "a.js", "javascript", "line", "f();\n", "g();", "\nh();\n")
BEGUN = Place("b.py:1", "b.py", "python", "expression", "x = f(", "1)", "\n")


@pytest.fixture(scope="module")
def places():
    return hole_places(SAMPLES, 14)


def test_the_places_are_of_every_language_in_turn(places):
    assert len({place.language for place in places[:12]}) == 12
    assert len(places) == len({place.id for place in places}) == 12 * 14
    assert all(place.file == (SAMPLES / place.path).read_text(encoding="utf-8") for place in places)
    assert {"line", "word", "closer", "right"} <= {place.kind for place in places}
    assert all(place.before[-1:].isalpha() and place.truth[0].isalpha() for place in places if place.kind == "word")
    assert {place.language for place in hole_places(SAMPLES, 2, ["go"])} == {"go"}


def test_what_stood_there_has_no_fault_in_any_language(places):
    rows = [judged(place, Shown(place.truth)) for place in places]
    assert faulty(rows) == []
    assert summarise(rows)["all"]["parse_share"] == 1


def test_a_folder_that_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(InputError, match="make hole-sources"):
        hole_places(tmp_path / "sources", 1)


def test_a_line_without_a_long_word_is_not_begun():
    assert begun_in_word(PLACE) == PLACE
    word = begun_in_word(Place("a", "a.py", "python", "line", "", "x = compute(1)", "\n"))
    assert (word.kind, word.before + word.truth) == ("word", "x = compute(1)")


def test_counts_by_language():
    rows = [
        judged(PLACE, Shown("g();")),
        judged(PLACE, Shown("if (a) {", filters=("next-statement",))),
        judged(PLACE, Shown("")),
        judged(BEGUN, Shown("2)")),
        judged(BEGUN, Shown("2")),
    ]
    summary = summarise(rows)
    js, python = summary["by_language"]["javascript"], summary["by_language"]["python"]
    assert (js["suggestions"], js["shown"], js["parsed"], js["still_parse"]) == (3, 2, 2, 1)
    assert (python["unfinished"], python["finished"], python["parse_share"]) == (2, 1, 0.5)
    assert js["never_shown"]["unpaired bracket"] == 1
    assert sum(summary["all"]["never_shown"].values()) == 1
    assert summary["filters"] == {"next-statement": 1}
    lines = table(summary)
    assert [line.split()[0] for line in lines[1:]] == ["javascript", "python", "all"]
    assert "unpaired bracket: 1" in lines[1]
    assert lines[2].endswith("none")
    assert len(faulty(rows)) == 2
    assert "does not parse" in faulty(rows)[1]


def test_nothing_judged_is_no_share():
    summary = summarise([judged(PLACE, Shown(""))])
    assert summary["all"]["parse_share"] is None
    assert table(summary)[1].split()[-2:] == ["-", "none"]
