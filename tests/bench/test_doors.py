"""What is asked at each door, how its answer is read, and what is counted of the answers."""

import json
from pathlib import Path

import httpx
import pytest

from assistant.errors import ServiceError
from assistant.server.laid_prompts import LaidHole, read_layout
from tests.bench.doors import report, summarise
from tests.bench.judging.doors import WINDOW, count_closed, count_words, doors, has_line, has_word, what_breaks
from tests.bench.judging.faults import Place, Shown
from tests.bench.judging.places import SOURCES, closed_in, closed_places, library_places

SAMPLES = SOURCES.parents[1] / "tests" / "assistant" / "completion" / "samples"
WORD = Place("a.py:1:8", "a.py", "python", "word", "x = 1\nvalue = com", "pute(x)", "\nprint(value)\n")
EVERY = doors("qwen2.5-coder")


def closed(path, language, marked):
    before, rest = marked.split("«")
    truth, after = rest.split("»")
    return Place(path, path, language, "", before, truth, after)


@pytest.fixture
def ask():
    """Return what a door makes of an answer of the service, and what it asked."""

    def asks(door, status, text):
        asked = []

        def answer(request):
            asked.append((request.url.path, json.loads(request.content)))
            return httpx.Response(status, text=text)

        with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://grafter") as http:
            return door.ask(http, WORD), *asked

    return asks


FINISHED = {"event": "finished", "choices": [{"text": "pute(x)", "replaces": 1}], "filters": ["single-line"]}
ANSWERS = {
    WINDOW: f'data: {{"event": "started"}}\n\ndata: {json.dumps(FINISHED)}\n\ndata: [DONE]\n\n',
    "/infill": '{"content": "pute(x)"}',
    "/v1 suffix": '{"choices": [{"text": "pute(x)"}]}',
    "/v1 laid out": '{"choices": [{"text": "pute(x)"}]}',
    "/completion": '{"content": "pute(x)"}',
}


@pytest.mark.parametrize("door", EVERY, ids=lambda door: door.name)
def test_each_door_is_asked_for_the_same_hole(door, ask):
    shown, (path, body) = ask(door, 200, ANSWERS[door.name])
    assert shown.text == "pute(x)"
    assert path == door.path
    if "text" in body:
        assert (shown.replaces, shown.filters) == (1, ("single-line",))
        assert body["text"][: body["cursor"]] == WORD.before
        assert body["text"][body["cursor"] :] == WORD.after
    elif "input_prefix" in body:
        assert body["input_prefix"] + body["prompt"] == WORD.before
        assert body["prompt"] == "value = com"
        assert body["input_suffix"] == WORD.after
    elif "suffix" in body:
        assert (body["prompt"], body["suffix"]) == (WORD.before, WORD.after)
    else:
        assert read_layout("qwen2.5-coder", body["prompt"]) == LaidHole(WORD.before, WORD.after)


@pytest.mark.parametrize("door", EVERY, ids=lambda door: door.name)
def test_a_refusal_and_half_an_answer_are_one_sentence(door, ask):
    with pytest.raises(ServiceError, match="answered 400: no"):
        ask(door, 400, "no")
    for text in ("", "{}", 'data: {"event": "failed", "message": "no"}\n\n'):
        with pytest.raises(ServiceError, match="answered '"):
            ask(door, 200, text)


def test_the_word_and_the_line():
    assert (has_word(WORD, Shown("pute(x)")), has_line(WORD, Shown("pute(x)"))) == (True, True)
    assert (has_word(WORD, Shown("pute(y)")), has_line(WORD, Shown("pute(y)"))) == (True, False)
    assert (has_word(WORD, Shown("puter(x)")), has_line(WORD, Shown("puter(x)"))) == (False, False)
    assert (has_word(WORD, Shown("")), has_line(WORD, Shown(""))) == (False, False)
    assert has_line(WORD, Shown("pute(x)\nmore()"))


CALLS = [
    ("a.py", "python", "f(«a»)\n"),
    ("a.js", "javascript", "f(«a»);\n"),
    ("a.ts", "typescript", "f(«a»);\n"),
    ("a.go", "go", "package a\n\nfunc g() {\n\tf(«a»)\n}\n"),
    ("a.rs", "rust", "fn g() {\n    f(«a»);\n}\n"),
    ("a.c", "c", "int b = f(«a»);\n"),
    ("a.cpp", "cpp", "int b = f(«a»);\n"),
    ("a.cs", "c_sharp", "class A { int b = f(«a»); }\n"),
    ("A.java", "java", "class A { int b = f(«a»); }\n"),
    ("a.php", "php", "<?php\nf(«$a»);\n"),
    ("a.rb", "ruby", "f(«a»)\n"),
    ("a.sh", "bash", "b=$(«ls»)\n"),
]


@pytest.mark.parametrize(("path", "language", "marked"), CALLS)
def test_a_bracket_twice_or_missing_breaks_the_file(path, language, marked):
    place = closed(path, language, marked)
    assert what_breaks(place, Shown(place.truth)) == ""
    assert what_breaks(place, Shown("")) == ""
    assert what_breaks(place, Shown(place.truth + ")")) == "pair"
    assert what_breaks(place, Shown(place.truth, 1)) == "pair"
    assert what_breaks(place, Shown(place.truth + ")", 1)) == ""


def test_a_quote_twice_breaks_the_file():
    place = closed("a.js", "javascript", 'f("«a»");\n')
    assert what_breaks(place, Shown('a"')) == "pair"
    assert what_breaks(place, Shown('a"', 1)) == ""
    assert what_breaks(place, Shown("(a")) == ""
    assert what_breaks(closed("a.py", "python", "x = '«a»'\n"), Shown("a'")) == "parse"


def test_places_between_brackets_and_quotes():
    text = "f(a, [1], {'b': \"c\"})\ng('')\nh(\n)\nx = '''d'''\n"
    found = {(place.kind, place.truth) for place in closed_in(Place("a", "a.py", "python", "", text, "", ""))}
    assert found == {
        ("()", "a, [1], {'b': \"c\"}"),
        ("[]", "1"),
        ("{}", "'b': \"c\""),
        ("''", "b"),
        ('""', "c"),
    }
    assert list(closed_in(Place("a", "a.py", "python", "", "f(a", "", ""))) == []


def test_places_of_twelve_languages_in_turn():
    places = closed_places(SAMPLES, 24)
    assert len({place.language for place in places[:12]}) == 12
    assert len({place.id for place in places}) == 24
    assert all(place.file == (SAMPLES / place.path).read_text(encoding="utf-8") for place in places)
    assert all(place.before[-1] + place.after[0] == place.kind for place in places)
    assert len({place.kind for place in places}) >= 4


def test_without_sources_the_library_serves(tmp_path):
    assert {place.language for place in closed_places(tmp_path / "none", 10)} == {"python"}


def test_places_in_words_of_the_library():
    places = library_places(5)
    assert len(places) == 5
    assert all(place.before[-1].isalpha() and place.truth[0].isalpha() for place in places)
    assert all(Path(place.path).suffix == ".py" and place.after.startswith("\n") for place in places)


def answers(place, window, other):
    return place, {WINDOW: window, "/infill": other}


def test_counts_of_words():
    both = answers(WORD, Shown("pute(x)"), Shown("pute(x)"))
    one = answers(WORD, Shown("pute(x)"), Shown("ment"))
    none = answers(WORD, Shown(""), Shown(""))
    counts = count_words([both, one, none])
    assert counts[WINDOW] == {"answers": 2, "words": 2, "lines": 2, "as_window": 3}
    assert counts["/infill"] == {"answers": 2, "words": 1, "lines": 1, "as_window": 2}


def test_counts_of_what_was_closed():
    place = closed("a.py", "python", "f(«a»)\n")
    counts = count_closed([answers(place, Shown("a)", 1), Shown("a)")), answers(place, Shown("="), Shown("b"))])
    assert counts[WINDOW] == {"answers": 2, "broken": 1, "pair": 0, "parse": 1}
    assert counts["/infill"] == {"answers": 2, "broken": 1, "pair": 1, "parse": 0}


def test_a_door_may_be_two_places_behind_the_window_and_break_nothing():
    worse = answers(WORD, Shown("pute(x)"), Shown(""))
    assert summarise([worse] * 2, [])["passed"]
    assert not summarise([worse] * 3, [])["passed"]
    better = answers(WORD, Shown(""), Shown("pute(x)"))
    assert summarise([better] * 3, [])["passed"]
    place = closed("a.py", "python", "f(«a»)\n")
    broken = summarise([], [answers(place, Shown("a"), Shown("a)"))])
    assert not broken["passed"]
    assert [(each["door"], each["breaks"]) for each in broken["closed"]["broken"]] == [("/infill", "pair")]


def test_the_report_names_every_door_and_what_breaks():
    place = closed("a.py", "python", "f(«a»)\n")
    summary = summarise([answers(WORD, Shown("pute(x)"), Shown("ment"))], [answers(place, Shown("a"), Shown("a)"))])
    text = "\n".join(report(summary))
    assert text.count(WINDOW) == 2
    assert "/infill at a.py (pair): 'f(|a)|)'" in text
    assert text.endswith("Not all is as it has to be.")
    assert [each["place"] for each in summary["words"]["apart"]] == [WORD.id]
