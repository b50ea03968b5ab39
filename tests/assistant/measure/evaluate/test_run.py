"""Asking, marking and summing up, over a scripted engine."""

import math
from pathlib import Path

import pytest

from assistant.engine.fake import Answer as Script
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.measure.evaluate import report, run
from assistant.measure.evaluate.ask import Answer, ask_editor, ask_plain, asker, leave_out
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.other_files import OtherFiles
from assistant.measure.evaluate.sandbox import Limits, Outcome, Sandbox
from assistant.prompts.fim import SourceFile
from assistant.retrieval.search.candidate import Sources
from tests.support.patience import PATIENCE_S

ROW = Row("a", "def f():\n    x = 1\n", "    return x\n", "    x += 1\n", "assert f() == 2")


def test_the_plain_way_sends_the_row_as_it_stands_and_ends_with_the_line():
    engine = FakeEngine("    x += 1\n    return x\n")
    answer = ask_plain(engine, ROW)
    (request,) = engine.requests
    assert answer.text == "    x += 1"
    assert flat_prompt(request.prompt) == f"<|fim_prefix|>{ROW.prompt}<|fim_suffix|>{ROW.suffix}<|fim_middle|>"
    assert (request.params.stop, request.params.temperature) == (("\n",), 0.0)
    assert "<|endoftext|>" in request.stop_tokens


def test_a_plain_hole_of_several_lines_may_have_several():
    engine = FakeEngine("a\nb\n")
    assert ask_plain(engine, Row("a", "", "", "a\nb\n")).text == "a\nb\n"
    assert engine.requests[0].params.stop == ()


def test_a_plain_answer_ends_where_it_can_no_longer_be_right():
    row = Row("a", "", "", "one = 1\ntwo = 2\n")
    wrong = ask_plain(FakeEngine("one = 1  \ntwo = 3\nthree = 3\nfour = 4\n"), row, while_right=True)
    assert wrong.text.startswith("one = 1  \ntwo = 3")
    assert "four" not in wrong.text
    right = ask_plain(FakeEngine("one = 1  \ntwo = 2\n"), row, while_right=True)
    assert right.text == "one = 1  \ntwo = 2\n"
    longer = ask_plain(FakeEngine("one = 1\ntwo = 2\n\nthree = 3\nfour = 4\n"), row, while_right=True)
    assert longer.text.startswith("one = 1\ntwo = 2\n\nt")
    assert "four" not in longer.text


def test_the_editors_way_cuts_what_comes():
    engine = FakeEngine("    x += 1\n    return x\n")
    answer = ask_editor(engine, ROW)
    assert answer.text == "    x += 1"
    assert answer.filters == ("one-statement",)
    # What the model sees is the same: the end of an empty line is left to it.
    prompt = flat_prompt(engine.requests[0].prompt)
    assert prompt == f"<|fim_prefix|>{ROW.prompt}<|fim_suffix|>{ROW.suffix}<|fim_middle|>"


def test_a_hole_without_line_end_gets_none():
    engine = FakeEngine("1")
    assert ask_editor(engine, Row("a", "x = ", "\n", "1")).text == "1"
    assert flat_prompt(engine.requests[0].prompt) == "<|fim_prefix|>x = <|fim_suffix|>\n<|fim_middle|>"


MAIL = SourceFile("mail.py", "def send_mail(address, subject):\n    server = connect_mail_server(address)\n")
WITH_FILES = Row(
    "a",
    "from mail import send_mail\n\n\nasync def notify(user):\n    await send_mail(",
    "\n    user.done()\n",
    "user.address, 'x')",
    path="app.py",
    repository="shop",
    files=(MAIL, SourceFile("mail.py", "def unrelated():\n    pass\n")),
)


def test_the_editors_way_finds_help_in_the_files_that_a_row_brings():
    engine = FakeEngine("user.address, 'x')")
    answer = asker("editor", others=OtherFiles())(engine, WITH_FILES)
    prompt = flat_prompt(engine.requests[0].prompt)
    assert prompt.startswith(f"<|fim_prefix|><|file_sep|>mail.py\n{MAIL.text}")
    assert [(piece.path, piece.why) for piece in answer.context] == [
        ("mail.py", "defines send_mail"),
        ("app.py", "this file"),
    ]
    (scored,) = run.evaluate(engine, [WITH_FILES], asker("editor", others=OtherFiles()), None)
    assert run.to_json(scored)["context"][0]["path"] == "mail.py"


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (asker("editor"), "<|file_sep|>app.py\n"),
        (asker("editor", others=OtherFiles(tokens=5)), "<|file_sep|>app.py\n"),
        (asker("editor", leave_out(["path"])[0]), ""),
        (asker("plain", others=OtherFiles()), ""),
    ],
)
def test_the_files_of_a_row_can_be_left_out(ask, name):
    engine = FakeEngine("1")
    ask(engine, WITH_FILES)
    assert flat_prompt(engine.requests[0].prompt).startswith(f"<|fim_prefix|>{name}from mail")


def test_each_source_of_help_can_be_left_out():
    engine = FakeEngine("1")
    sources = Sources(definitions=False, search=False, same_file=False)
    assert len(asker("editor", others=OtherFiles(sources))(engine, WITH_FILES).context) == 1


@pytest.mark.parametrize("way", ["editor", "plain"])
def test_a_request_that_fails_is_an_empty_answer_with_its_reason(way):
    answer = asker(way)(FakeEngine(Script(("x",), failure="Too long.")), ROW)
    assert (answer.text, answer.error) == ("", "Too long.")


def test_rows_come_in_order_with_their_marks_and_tests():
    rows = [
        ROW,
        Row("b", ROW.prompt, ROW.suffix, ROW.solution),
        Row("c", ROW.prompt, ROW.suffix, ROW.solution, "assert f() == 3"),
    ]
    scored = list(run.evaluate(FakeEngine("    x += 1\n"), rows, ask_plain, Sandbox()))
    assert [each.row.id for each in scored] == ["a", "b", "c"]
    assert [each.test and each.test.verdict for each in scored] == ["passed", None, "failed"]
    assert all(each.exact and each.first_line and each.similarity == 1 for each in scored)


def test_an_answer_that_replaces_a_bracket_counts_as_the_text_that_it_makes():
    row = Row("a", "def f(x):\n    return len(", ")\n", "x", "assert f([3]) == 1")

    def ask(_engine, _row):
        return Answer("x)", 1.0, replaces=1)

    (scored,) = run.evaluate(FakeEngine(), [row], ask, Sandbox())
    assert (scored.exact, scored.first_line, scored.similarity) == (True, True, 1.0)
    assert scored.test.verdict == "passed"
    assert run.to_json(scored)["replaces"] == 1
    ended = Row("b", "x = (", "y = 2\n", "1)\n")
    assert ended.program("1)\n", 1) == "x = (1)\ny = 2\n"
    assert ended.right(1) == "1)\n"


def test_without_a_sandbox_no_code_is_run():
    (scored,) = run.evaluate(FakeEngine("    x += 1\n"), [ROW], ask_plain, None)
    assert scored.test is None


def test_tests_run_while_the_model_writes(tmp_path):
    """Each test waits until the answer after its own is written: one after the other they would wait for ever."""
    waits = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.01)"
    asked = [str(tmp_path / str(number)) for number in range(5)]
    rows = [Row(str(n), "", "", "x", waits.format(after)) for n, after in enumerate(asked[1:])]
    rows.append(Row("last", "", "", "x", "pass"))

    def ask(engine, row):
        Path(asked[rows.index(row)]).touch()
        return ask_plain(engine, row)

    scored = list(run.evaluate(FakeEngine("x = 1"), rows, ask, Sandbox(Limits(seconds=int(PATIENCE_S)))))
    assert [each.test.verdict for each in scored] == ["passed"] * 5


def test_closing_early_kills_the_test_that_runs():
    rows = [Row("a", "", "", "x"), Row("b", "", "", "x", "import time; time.sleep(10_000)"), Row("c", "", "", "x")]
    results = run.evaluate(FakeEngine("x"), rows, ask_plain, Sandbox(Limits(seconds=10_000)))
    next(results)
    results.close()


def scored(*, exact=False, test=None, ms=10.0, error="", filters=(), similarity=0.5, sure=None):
    mean = None if sure is None else math.log(sure)
    answer = Answer("x", ms, 100, 40, 6, 30.0, 300.0, filters, error, mean_logprob=mean)
    return run.Scored(ROW, answer, exact, exact, similarity, test)


def test_the_figures_by_hand():
    rows = [
        scored(exact=True, similarity=1.0, test=Outcome("passed"), ms=10, filters=("single-line",)),
        scored(test=Outcome("timeout"), ms=20, filters=("single-line", "blank-lines")),
        scored(ms=30),
        scored(similarity=0.0, ms=9999, error="Too long."),
    ]
    found = report.summarise(rows)
    assert (found.n, found.exact_match.value, found.edit_similarity.value) == (4, 0.25, 0.5)
    assert (found.pass_at_1.value, found.pass_at_1.n, found.test_timeouts) == (0.5, 2, 1)
    assert (found.failed, found.p50_ms, found.p95_ms) == (1, 20, 29)
    assert (found.decode_tokens_per_s, found.prefill_tokens_per_s) == (20, 2000)
    assert found.filters == {"single-line": 2, "blank-lines": 1}
    data = report.to_json(found, FakeEngine().info, {"path": "plain"})
    assert set(data) >= {"n", "exact_match", "edit_similarity", "pass_at_1", "p50_ms", "p95_ms", "model", "adapter"}
    assert (data["exact_match"], data["pass_at_1"], data["path"]) == (0.25, 0.5, "plain")
    assert data["intervals"]["exact_match"] == [0.0456, 0.6994]


def test_what_a_least_confidence_would_hide_by_hand():
    rows = [scored(sure=0.3), scored(sure=0.45, exact=True), scored(sure=0.85), scored(sure=0.95, exact=True), scored()]
    found = report.summarise(rows)
    assert [(each.below, each.hidden, each.right) for each in found.hidden] == [
        (0.4, 1, 0),
        (0.5, 2, 1),
        (0.6, 2, 1),
        (0.7, 2, 1),
        (0.8, 2, 1),
        (0.9, 3, 1),
    ]
    data = report.to_json(found, FakeEngine().info, {})
    assert data["confidence"][-1] == {"below": 0.9, "hidden": 3, "right": 1}
    assert report.summarise([scored()]).hidden == ()


def test_without_tests_and_without_rows_there_is_no_figure_for_them():
    assert report.to_json(report.summarise([scored()]), FakeEngine().info, {})["pass_at_1"] is None
    nothing = report.to_json(report.summarise([]), FakeEngine().info, {})
    assert (nothing["n"], nothing["exact_match"], nothing["p95_ms"]) == (0, 0, 0)
