"""``grafter evaluate``, through the command itself, over a scripted engine."""

import contextlib
import gzip
import json

import pytest

from assistant.cli import local_model
from assistant.cli.main import main
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.models.store import InstalledModel, Origin, Store

FIELDS = {"n", "exact_match", "edit_similarity", "pass_at_1", "p50_ms", "p95_ms", "model", "adapter"}
ROWS = [
    {
        "task_id": f"add-{number}",
        "prompt": f"def add{number}(a, b):\n",
        "suffix": "",
        "canonical_solution": "    return a + b\n",
        "test": "def check(candidate):\n    assert candidate(2, 2) == 4\n",
        "entry_point": f"add{number}",
    }
    for number in range(6)
]
# Right; passes its tests but is another text; wrong.
SCRIPT = {"add0(": "    return a + b", "add1(": "    return b + a", "": "    return a - b"}


@pytest.fixture
def engine(monkeypatch):
    """Install a model whose loading gives a scripted engine."""
    scripted = FakeEngine(SCRIPT)
    store = Store(find_paths())
    model = InstalledModel(DEFAULT_MODEL, "A model", "MIT", "none", Origin("local", "x"), {}, 1, 100)
    store.install(store.staging(DEFAULT_MODEL), model)
    monkeypatch.setattr(local_model, "open_engine", lambda _spec, progress: progress(0.5) or scripted)
    return scripted


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture(params=["plain", "gzip"])
def either_data(request, data):
    if request.param == "plain":
        return data
    packed = data.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(data.read_bytes()))
    return packed


@pytest.mark.parametrize("way", ["editor", "plain"])
def test_json_has_every_agreed_field(either_data, engine, capsys, way):
    assert main(["evaluate", "infilling", str(either_data), "--path", way, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= FIELDS
    assert (found["n"], found["tested"], found["path"], found["rows"]) == (6, 6, way, 6)
    assert (found["exact_match"], found["pass_at_1"]) == (0.1667, 0.3333)
    assert found["p95_ms"] >= found["p50_ms"] >= 0
    assert (found["model"], found["adapter"], found["interrupted"]) == ("fake", None, False)
    assert engine.closed


def test_the_editors_way_is_the_default(data, engine, capsys):
    assert main(["evaluate", "infilling", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "editor"
    assert engine.requests[0].params.stop == ()  # the plain way ends at the first line end


def test_people_read_shares_with_intervals_and_what_was_asked(data, engine, capsys):
    assert main(["evaluate", "infilling", str(data), "--limit", "4", "--seed", "3", "--path", "plain"]) == 0
    out = capsys.readouterr().out
    assert "with the plain prompt: 4 rows of data.jsonl (4 of 6, the sample of seed 3)." in out
    assert "exact match" in out
    assert "95 % interval" in out
    assert len(engine.requests) == 4


def test_a_sample_is_the_same_twice(data, engine, capsys):
    for _ in range(2):
        assert main(["evaluate", "infilling", str(data), "--limit", "2", "--json", "--no-tests"]) == 0
    asked = [flat_prompt(request.prompt) for request in engine.requests]
    assert asked[:2] == asked[2:]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["pass_at_1"] is None


def test_two_runs_are_compared(data, engine, tmp_path, capsys):
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    assert main(["evaluate", "infilling", str(data), "--output", str(first)]) == 0
    engine._script = "    return a + b"
    assert main(["evaluate", "infilling", str(data), "--output", str(second)]) == 0
    assert [json.loads(line)["id"] for line in first.read_text().splitlines()] == [row["task_id"] for row in ROWS]
    capsys.readouterr()
    assert main(["evaluate", "compare", str(first), str(second), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["exact_match"]["only_first"], len(found["exact_match"]["only_second"])) == ([], 5)
    assert found["exact_match"]["p_value"] == 2 / 32
    assert found["pass_at_1"]["second"] == 1
    assert main(["evaluate", "compare", str(first), str(second)]) == 0
    out = capsys.readouterr().out
    assert "0.0625" in out
    assert "Only B is exact: add-1, add-2, add-3, add-4, add-5" in out
    assert "1 of 6 answers are the same" in out


def test_ctrl_c_prints_what_was_done(data, engine, tmp_path, capsys):
    def script(request):
        if len(engine.requests) == 3:
            raise KeyboardInterrupt
        return "    return a + b"

    engine._script = script
    written = tmp_path / "out.jsonl"
    assert main(["evaluate", "infilling", str(data), "--no-tests", "--json", "--output", str(written)]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["exact_match"], found["interrupted"]) == (2, 1, True)
    assert len(written.read_text().splitlines()) == 2
    assert engine.closed


def test_ctrl_c_is_said_to_people_too(data, engine, capsys):
    def script(_request):
        raise KeyboardInterrupt

    engine._script = script
    assert main(["evaluate", "infilling", str(data)]) == 130
    assert "0 rows of data.jsonl, stopped before its end." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        ("", "has no rows"),
        ("no json\n", "line 1: this is not JSON"),
        ('{"prompt": "a"}\n', "line 1: the text 'suffix' is missing"),
    ],
)
def test_bad_data_is_one_sentence(tmp_path, capsys, content, said):
    path = tmp_path / "bad.jsonl"
    if content is not None:
        path.write_text(content)
    assert main(["evaluate", "infilling", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert said in err


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--limit", "0"], "it has to be at least 1"), (["--output", "/nowhere/at/all.jsonl"], "cannot be written")],
)
def test_bad_options_are_one_sentence_before_anything_is_loaded(data, capsys, options, said):
    assert main(["evaluate", "infilling", str(data), *options]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_without_a_model_it_says_what_to_do(data, capsys):
    assert main(["evaluate", "infilling", str(data)]) == 1
    assert f"grafter models pull {DEFAULT_MODEL}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["compare", "one"]])
def test_a_wrong_command_line_is_one_line(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *arguments])
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["--library", "3", "DATA"], ["--library", "0"]])
def test_holes_come_from_one_place(data, capsys, options):
    options = [str(data) if option == "DATA" else option for option in options]
    assert main(["evaluate", "infilling", *options]) == 2
    assert "--library" in capsys.readouterr().err


def test_the_standard_library_needs_no_file(engine, capsys):
    assert main(["evaluate", "infilling", "--library", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["data"]) == (3, "Python's standard library")
    assert found["memory_bytes"] > 1_000_000
    assert found["load_seconds"] >= 0


@pytest.mark.parametrize(
    ("options", "context", "first"),
    [
        ((), "files", "<|fim_prefix|><|file_sep|>mail.py\n"),
        (("--context", "none"), "none", "<|fim_prefix|><|file_sep|>app.py\nfrom"),
    ],
)
def test_other_files_of_a_row_are_read_or_left_out(engine, tmp_path, capsys, options, context, first):
    row = {
        "prompt": "from mail import send_mail\nsend_mail(",
        "suffix": "\n",
        "canonical_solution": "1)",
        "path": "app.py",
        "repository": "shop",
        "files": [{"path": "mail.py", "text": "def send_mail(address):\n    return address\n"}],
    }
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    assert main(["evaluate", "infilling", str(path), "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["context"] == context
    assert flat_prompt(engine.requests[0].prompt).startswith(first)


@pytest.mark.parametrize("options", [("--context-tokens", "0"), ("--context", "all"), ("--without", "nothing")])
def test_options_of_context_that_make_no_sense(engine, data, capsys, options):
    with contextlib.suppress(SystemExit):
        assert main(["evaluate", "infilling", str(data), *options]) == 2
    assert "--context" in (said := capsys.readouterr().err) or "--without" in said


def test_the_table_says_what_a_least_confidence_would_hide(data, engine, capsys):
    assert main(["evaluate", "infilling", str(data), "--no-tests"]) == 0
    out = capsys.readouterr().out
    assert "would hide" in out
    assert [line.split() for line in out.splitlines() if line.strip().startswith("0.6 ")] == [["0.6", "6", "1"]]
    assert main(["evaluate", "infilling", str(data), "--no-tests", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confidence"][2] == {"below": 0.6, "hidden": 6, "right": 1}


def test_filters_and_healing_can_be_left_out(data, engine, capsys):
    arguments = ["evaluate", "infilling", str(data), "--no-tests", "--json"]
    assert main([*arguments, "--without", "single-line", "--without", "blank-lines", "--no-heal"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["without"], found["heal"]) == (["single-line", "blank-lines"], False)
    with pytest.raises(SystemExit):
        main([*arguments, "--without", "no-such-filter"])
    assert "no-such-filter" in capsys.readouterr().err


def test_holes_in_words_are_of_the_library(data, engine, capsys):
    assert main(["evaluate", "infilling", str(data), "--in-words"]) == 2
    assert "--library" in capsys.readouterr().err
    assert main(["evaluate", "infilling", "--library", "3", "--in-words", "--no-tests", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
