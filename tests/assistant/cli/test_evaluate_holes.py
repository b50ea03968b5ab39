"""``grafter evaluate holes``, through the command itself, over a scripted engine and over none."""

import json
from pathlib import Path

import pytest

from assistant.cli import evaluate_holes, local_model
from assistant.cli.main import main
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.engine.fake import FakeEngine
from assistant.measure.evaluate.ask import Answer
from assistant.models.store import InstalledModel, Origin, Store
from assistant.types import Text

SAMPLES = Path(__file__).parents[1] / "completion" / "samples"


@pytest.fixture
def engine(monkeypatch):
    """Install a model whose loading gives a scripted engine."""
    scripted = FakeEngine("x")
    store = Store(find_paths())
    model = InstalledModel(DEFAULT_MODEL, "A model", "MIT", "none", Origin("local", "x"), {}, 1, 100)
    store.install(store.staging(DEFAULT_MODEL), model)
    monkeypatch.setattr(local_model, "open_engine", lambda _spec, progress: progress(0.5) or scripted)
    return scripted


def test_the_truth_needs_no_model(capsys, tmp_path):
    written = tmp_path / "out.jsonl"
    ask = ["evaluate", "holes", str(SAMPLES), "--perfect", "--count", "7", "--languages", "python,go"]
    assert main([*ask, "--json", "--output", str(written)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["arms"], found["interrupted"]) == (14, ["perfect"], False)
    assert found["by_kind"]["line"]["exact_match"] == {"perfect": 1.0}
    assert sum(found["verdicts"]["perfect"].values()) == 14
    assert found["by_language"].keys() == {"python", "go"}
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 14
    whole = [line["arms"]["perfect"]["verdict"] == "whole" for line in lines]
    assert sum(whole) == round(14 * found["exact_match"]["perfect"])
    assert main(ask) == 0
    out = capsys.readouterr().out
    assert "The truth itself: 14 holes of samples, seed 0." in out
    assert "whole (95 % interval)" in out
    assert "· between" in out


def test_both_ways_are_asked_of_each_hole(engine, capsys):
    ask = ["evaluate", "holes", str(SAMPLES), "--count", "3", "--languages", "rust"]
    assert main([*ask, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["arms"], found["count"], found["holes"]) == (3, ["editor", "plain"], 3, 3)
    assert found["exact_match"] == {"editor": 0.0, "plain": 0.0}
    assert engine.closed
    assert main([*ask, "--arms", "plain"]) == 0
    out = capsys.readouterr().out
    assert "fake on cpu in float32: 3 holes of samples, seed 0." in out
    assert "−" not in out
    assert main(ask) == 0
    assert "editor − plain" in capsys.readouterr().out


def _long_file(folder):
    """Write a file of which the window leaves something out, so that there is an outline of it."""
    functions = [f"def helper_{n}(first, second):\n    return first * {n} + second\n\n\n" for n in range(80)]
    (folder / "tools.py").write_text("".join(functions), encoding="utf-8")
    return str(folder)


def _has_outline(request):
    text = "".join(part.text for part in request.prompt.parts if isinstance(part, Text))
    return "# ..." in text


def test_with_and_without_are_asked_of_each_hole_in_turn(engine, capsys, tmp_path):
    ask = ["evaluate", "holes", _long_file(tmp_path), "--count", "4", "--window", "64,32", "--without", "outline"]
    engine._script = lambda request: "with" if _has_outline(request) else "less"
    assert main([*ask, "--arms", "editor,less,plain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["arms"], found["window"], found["alone"]) == (["editor", "less", "plain"], [64, 32], True)
    assert [(each["first"], each["second"]) for each in found["differences"]] == [
        ("less", "editor"),
        ("plain", "editor"),
    ]
    costs = found["costs"]
    assert costs["editor"]["outline_tokens"] > 0 == costs["less"]["outline_tokens"] == costs["plain"]["outline_tokens"]
    assert engine.forgot == 12
    # Without that arm it is the editor that is asked without.
    engine.requests.clear()
    assert main([*ask, "--arms", "editor"]) == 0
    assert not any(map(_has_outline, engine.requests))
    assert main([*ask, "--arms", "editor,less"]) == 0
    out = capsys.readouterr().out
    assert "editor − less" in out
    assert "What an answer takes, medians:" in out


def test_two_runs_are_compared(engine, capsys, tmp_path):
    files = [str(tmp_path / name) for name in ("before.jsonl", "after.jsonl")]
    for file, says in zip(files, ("x", "y"), strict=True):
        engine._script = says
        assert main(["evaluate", "holes", str(SAMPLES), "--count", "2", "--languages", "go", "--output", file]) == 0
    capsys.readouterr()
    assert main(["evaluate", "compare", *files, "--json"]) == 0
    arms = json.loads(capsys.readouterr().out)["arms"]
    assert {arm: (each["exact_match"]["n"], each["exact_match"]["difference"]) for arm, each in arms.items()} == {
        "editor": (2, 0),
        "plain": (2, 0),
    }
    assert main(["evaluate", "compare", *files, "--arm", "plain"]) == 0
    out = capsys.readouterr().out
    assert "plain:" in out
    assert "editor:" not in out
    assert "B − A (95 %)" in out
    assert main(["evaluate", "compare", *files, "--arm", "less"]) == 2
    assert "has no arm 'less'" in capsys.readouterr().err


def test_the_names_in_the_prompt_need_no_model(capsys, tmp_path):
    written = tmp_path / "names.jsonl"
    folder = tmp_path / "code"
    folder.mkdir()
    ask = ["evaluate", "holes", _long_file(folder), "--names", "--count", "8", "--window", "64,32"]
    assert main([*ask, "--without", "outline", "--json", "--output", str(written)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["arms"], found["holes"], found["window"]) == (["editor", "less"], 8, [64, 32])
    assert found["counted_by"] == "an estimate (no model is installed)"
    assert 0 < found["n"] <= 8
    assert found["outline_tokens"]["editor"] > 0 == found["outline_tokens"]["less"]
    assert found["in_prompt"]["less"] <= found["in_prompt"]["editor"] <= 1
    assert len(written.read_text(encoding="utf-8").splitlines()) == found["n"]
    assert main([*ask, "--without", "outline"]) == 0
    assert "editor − less (95 %)" in capsys.readouterr().out
    assert main(ask) == 0
    out = capsys.readouterr().out
    assert "names of" in out
    assert "less" not in out


def test_names_are_counted_by_the_models_own_tokenizer(engine, capsys, tmp_path, monkeypatch):
    asked = []

    class Tokenizer:
        family, context_length = "starcoder2", 4096

        def count(self, texts):
            asked.extend(texts)
            return [len(text.text.split()) for text in texts]

    monkeypatch.setattr("assistant.engine.model_folder.load_tokenizer", lambda _folder: Tokenizer())
    ask = ["evaluate", "holes", _long_file(tmp_path), "--names", "--count", "2", "--json"]
    assert main(ask) == 0
    assert json.loads(capsys.readouterr().out)["counted_by"] == "the tokenizer of A model"
    assert asked


def test_a_llama_cpp_server_is_asked_besides(engine, capsys, monkeypatch):
    class Server:
        def __init__(self, address):
            self.root = address.root

        def close(self):
            pass

    monkeypatch.setattr(evaluate_holes, "InfillServer", Server)
    monkeypatch.setattr(evaluate_holes, "ask_infill", lambda _server, row: Answer(row.solution, 1.0))
    ask = ["evaluate", "holes", str(SAMPLES), "--count", "2", "--languages", "ruby", "--json"]
    assert main([*ask, "--infill", "http://127.0.0.1:9"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["arms"] == ["editor", "plain", "infill"]
    assert found["exact_match"]["infill"] == 1.0


def test_ctrl_c_prints_what_was_done(engine, capsys):
    def script(_request):
        if len(engine.requests) == 5:
            raise KeyboardInterrupt
        return "x"

    engine._script = script
    assert main(["evaluate", "holes", str(SAMPLES), "--count", "9", "--arms", "plain", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["interrupted"]) == (4, True)


def test_an_answer_that_did_not_come_is_said(engine, capsys):
    from assistant.engine.fake import Answer as Script

    engine._script = Script(("x",), failure="Too long.")
    assert main(["evaluate", "holes", str(SAMPLES), "--count", "1", "--languages", "c", "--arms", "plain"]) == 0
    assert "plain: 1 holes got no answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--count", "0"], "--count is 0"),
        (["--largest", "0"], "--largest is 0"),
        (["--arms", "editor,wizard"], "'wizard' is no way of asking"),
        (["--arms", ","], "--arms names nothing"),
        (["--names", "--perfect"], "does not go with --perfect"),
        (["--names", "--infill", "http://127.0.0.1:9"], "does not go with --infill"),
        (["--names", "--without", "search"], "--without search changes no prompt"),
        (["--arms", "editor,less"], "The arm less needs --without NAME"),
        (["--arms", "less", "--perfect", "--without", "outline"], "no arm less"),
        (["--perfect", "--infill", "http://127.0.0.1:9"], "does not go with --infill"),
        (["--perfect", "--languages", "klingon"], "'klingon' is no language"),
    ],
)
def test_bad_input_is_one_sentence(options, says, capsys):
    assert main(["evaluate", "holes", str(SAMPLES), *options]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_a_window_is_two_numbers(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "holes", str(SAMPLES), "--window", "12"])
    assert "'12' is no window" in capsys.readouterr().err
