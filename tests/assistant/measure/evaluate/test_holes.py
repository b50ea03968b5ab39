"""Rows from a folder of sources, and their figures."""

from collections import Counter
from pathlib import Path

import pytest

from assistant.errors import InputError
from assistant.measure.evaluate import holes_report as reporting
from assistant.measure.evaluate.ask import Answer
from assistant.measure.evaluate.holes import MOST_BYTES, hole_rows
from assistant.retrieval.search.outline import IN_SHORT
from assistant.retrieval.search.window import THIS_FILE
from assistant.types import ContextPiece

SAMPLES = Path(__file__).parents[2] / "completion" / "samples"


@pytest.fixture(scope="module")
def rows():
    return hole_rows(SAMPLES, 14)


def test_so_many_of_each_language_and_all_kinds(rows):
    assert set(Counter(row.language for row in rows).values()) == {14}
    assert len({row.language for row in rows}) == 12
    kinds = Counter(row.kind for row in rows if row.language == "java")
    assert set(kinds.values()) == {2}
    assert len(kinds) == 7


def test_a_row_is_its_file(rows):
    assert len({row.row.id for row in rows}) == len(rows)
    for each in rows:
        text = (SAMPLES / each.row.path).read_text(encoding="utf-8")
        assert each.row.prompt + each.row.solution + each.row.suffix == text


def test_a_seed_gives_the_same_holes_again_and_another_one_others(rows):
    assert hole_rows(SAMPLES, 14) == rows
    assert hole_rows(SAMPLES, 14, seed=1) != rows


def test_files_have_turns_by_package_and_odd_ones_are_left_out(tmp_path):
    text = (SAMPLES / "inventory.py").read_text(encoding="utf-8")
    for name in ("python/big/a.py", "python/big/b.py", "python/big/c.py", "python/small/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "python/small/huge.py").write_text(text * (MOST_BYTES // len(text) + 1))
    (tmp_path / "python/small/tiny.py").write_text("x = 1\n")
    (tmp_path / "python/small/crlf.py").write_bytes(text.replace("\n", "\r\n").encode())
    (tmp_path / "python/small/link.py").symlink_to(tmp_path / "python/big/a.py")
    (tmp_path / "python/small/bytes.py").write_bytes(b"\0" * 2_000)
    assert "python/small/huge.py" in {row.row.path for row in hole_rows(tmp_path, 35, most_bytes=2 * MOST_BYTES)}
    rows = hole_rows(tmp_path, 35)
    files = Counter(row.row.path for row in rows)
    assert files.keys() == {f"python/{name}.py" for name in ("big/a", "big/b", "big/c", "small/d", "small/crlf")}
    assert "\r" not in "".join(row.row.prompt for row in rows)
    # No file twice for one kind while there are others.
    assert set(Counter((row.kind, row.row.path) for row in rows).values()) == {1}


def test_what_cannot_be_done_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="make hole-sources"):
        hole_rows(tmp_path / "none", 1)
    with pytest.raises(InputError, match="'klingon' is no language with a grammar"):
        hole_rows(tmp_path, 1, languages=("klingon",))
    with pytest.raises(InputError, match="no file with holes in java"):
        hole_rows(SAMPLES.parent / "filters", 1, languages=("java",))


def test_figures_by_hand(rows):
    lines = [row for row in rows if row.kind == "line"]
    first, second, third = lines[0], lines[2], lines[4]
    assert len({first.language, second.language, third.language}) == 3
    right = {each: Answer(each.row.solution, 1.0) for each in (first, second, third)}
    wrong, failed = Answer("x", 1.0), Answer("", 1.0, error="Too long.")
    asked = [
        reporting.AskedHole(first, {"editor": right[first], "plain": wrong}),
        reporting.AskedHole(second, {"editor": right[second], "plain": right[second]}),
        reporting.AskedHole(third, {"editor": failed, "plain": wrong}),
    ]
    found = reporting.to_json(reporting.summarise(asked, ("editor", "plain")))
    assert (found["n"], found["exact_match"]) == (3, {"editor": 0.6667, "plain": 0.3333})
    assert found["intervals"]["plain"] == [0.0615, 0.7923]
    assert found["p_value"] == 1.0
    (difference,) = found["differences"]
    assert (difference["first"], difference["second"]) == ("plain", "editor")
    assert (difference["exact_match"], difference["only_first"], difference["only_second"]) == (0.3333, 0, 1)
    low, high = difference["exact_match_interval"]
    assert low == 0 <= difference["exact_match"] <= high <= 1
    assert found["by_kind"]["line"]["differences"] == [difference]
    assert found["by_language"][second.language]["differences"][0]["exact_match"] == 0
    assert found["failed"] == {"editor": 1, "plain": 0}
    assert found["by_language"][first.language]["exact_match"]["editor"] == 1.0
    assert found["by_language_and_kind"][first.language]["line"]["verdicts"]["plain"]["other"] == 1
    assert reporting.line_of(asked[2])["arms"]["editor"]["error"] == "Too long."
    assert reporting.to_json(reporting.summarise([], ("editor",)))["n"] == 0
    assert reporting.to_json(reporting.summarise([], ("editor", "plain")))["differences"][0]["exact_match"] == 0


def test_what_an_answer_takes_is_the_median_of_those_that_came(rows):
    outline = ContextPiece("a.py", (1, 9), 40, IN_SHORT)
    window = ContextPiece("a.py", (10, 90), 60, THIS_FILE)
    answers = [
        Answer("x", 30.0, prompt_tokens=100, cached_tokens=0, prefill_ms=20.0, context=(outline, window)),
        Answer("x", 10.0, prompt_tokens=60, cached_tokens=30, prefill_ms=8.0, context=(window,)),
        Answer("", 99.0, error="Too long."),
    ]
    asked = [reporting.AskedHole(row, {"editor": answer}) for row, answer in zip(rows, answers, strict=False)]
    found = reporting.to_json(reporting.summarise(asked, ("editor",)))
    cost = {"prompt_tokens": 80, "read_tokens": 65, "outline_tokens": 20, "prefill_ms": 14, "ms": 20}
    assert found["costs"] == {"editor": cost}
    line = reporting.line_of(asked[0])["arms"]["editor"]
    assert (line["outline_tokens"], line["cached_tokens"], line["prefill_ms"]) == (40, 0, 20.0)
    assert reporting.summarise([], ("editor",)).costs["editor"].ms == 0


def test_arms_take_turns_and_nothing_is_read_already(rows):
    said = []

    def arm(name):
        return lambda _row: said.append(name) or Answer(name, 1.0)

    asked = list(reporting.ask_holes(rows[:3], {"a": arm("a"), "b": arm("b")}, forget=lambda: said.append("forget")))
    assert [name for name in said if name != "forget"] == ["a", "b", "b", "a", "a", "b"]
    assert said[::2] == ["forget"] * 6
    assert all(list(each.answers) == ["a", "b"] for each in asked)
    assert asked[1].answers["a"].text == "a"
