"""``grafter complete``: the place, the file, the service or the model in this process, and what is printed."""

import json

import pytest

from assistant.cli import complete as command
from assistant.cli import local_model
from assistant.cli.main import main
from assistant.client.registry import make_private_folder, own_record, publish
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.engine.fake import Answer, FakeEngine, flat_prompt
from assistant.errors import InputError
from assistant.models.store import InstalledModel, Origin, Store
from assistant.system.files import write_file
from assistant.types import Failed

TEXT = "def gcd(a, b):\n    \n\n\nprint(gcd(48, 18))\n"
FIELDS = {
    "text",
    "alternatives",
    "model",
    "adapter",
    "prompt_tokens",
    "cached_tokens",
    "generated_tokens",
    "timings",
    "mean_logprob",
    "replaces",
    "context",
    "filters",
    "note",
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "gcd.py"
    path.write_text(TEXT)
    return path


@pytest.fixture
def engine(monkeypatch):
    """Install a model whose loading gives a scripted engine."""
    scripted = FakeEngine("return a if b == 0 else gcd(b, a % b)")
    store = Store(find_paths())
    model = InstalledModel(DEFAULT_MODEL, "A model", "MIT", "none", Origin("local", "x"), {}, 1, 100)
    store.install(store.staging(DEFAULT_MODEL), model)
    monkeypatch.setattr(local_model, "open_engine", lambda _spec, progress: progress(0.5) or scripted)
    return scripted


def test_json_has_every_agreed_field(file, engine, capsys):
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == FIELDS
    assert data["text"] == "return a if b == 0 else gcd(b, a % b)"
    assert set(data["timings"]) >= {"context_ms", "prefill_ms", "decode_ms", "total_ms"}
    assert data["context"][0]["path"] == "gcd.py"
    assert engine.closed
    assert flat_prompt(engine.requests[0].prompt).startswith(
        "<|fim_prefix|><|file_sep|>gcd.py\ndef gcd(a, b):\n    <|fim_suffix|>"
    )
    assert file.read_text() == TEXT


def test_json_explains_it_where_that_is_asked(file, engine, capsys):
    engine._script = "return a\nb = 1"
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--json", "--explain"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {*FIELDS, "explanation"}
    explanation = data["explanation"]
    assert explanation["confidence"] == pytest.approx(0.5)
    assert "".join(token["text"] for token in explanation["tokens"] if token["kept"]) == data["text"] == "return a"
    assert explanation["tokens"][0]["alternatives"][1] == {"token": " other", "probability": 0.25}
    assert [each["name"] for each in explanation["filters"]] == data["filters"]
    assert all(each["sentence"].endswith(".") for each in explanation["filters"])
    assert explanation["dtype"] == "float32"


def test_people_get_an_explanation_too(file, engine, capsys):
    engine._script = "return a\nb = 1"
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--explain"]) == 0
    out = capsys.readouterr().out
    assert "return a↵" in out
    assert "confidence 50%" in out
    assert "tokens  gcd.py:1-6  this file" in out
    assert "leaves-block: Ends where the block of the cursor ends." in out


def test_people_see_it_in_its_place(file, engine, capsys):
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--n", "2"]) == 0
    out = capsys.readouterr().out
    assert "2     return a if b == 0 else gcd(b, a % b)" in out
    assert "5 print(gcd(48, 18))" in out
    assert "fake: " in out


def test_nothing_to_add_is_said(file, engine, capsys):
    engine._script = ""
    assert main(["complete", str(file), "--line", "2", "--column", "4"]) == 0
    assert "nothing to add" in capsys.readouterr().out


def test_alternatives_and_limit_reach_the_model(file, engine, capsys):
    engine._script = Answer(("return 1", "return 2"))
    arguments = ["complete", str(file), "--line", "2", "--column", "4", "--n", "2", "--max-tokens", "7", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["alternatives"] == ["return 2"]
    assert (engine.requests[0].params.n, engine.requests[0].params.max_tokens) == (2, 7)


PLACES = [("0", "0"), ("-1", "0"), ("99", "0"), ("2", "5"), ("2", "-1"), ("1", "15"), ("6", "1")]


@pytest.mark.parametrize(("line", "column"), PLACES)
def test_a_place_outside_of_the_file_is_one_sentence(file, capsys, line, column):
    assert main(["complete", str(file), "--line", line, "--column", column]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "There is no" in err


@pytest.mark.parametrize("arguments", [["--n", "0"], ["--n", "9"], ["--max-tokens", "0"], ["--max-tokens", "5000"]])
def test_numbers_are_bounded(file, capsys, arguments):
    assert main(["complete", str(file), "--line", "1", "--column", "0", *arguments]) == 2
    assert "it can be 1 to" in capsys.readouterr().err


def bad_files(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x7fELF\0\0")
    large = tmp_path / "large.py"
    large.write_bytes(b"x" * 5_000_001)
    return {
        "There is no file": tmp_path / "none.py",
        "is a folder": tmp_path,
        "not a text": binary,
        "larger than": large,
    }


@pytest.mark.parametrize("sentence", ["There is no file", "is a folder", "not a text", "larger than"])
def test_what_is_no_text_file_is_one_sentence(tmp_path, capsys, sentence):
    path = bad_files(tmp_path)[sentence]
    assert main(["complete", str(path), "--line", "1", "--column", "0"]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_without_a_model_it_says_what_to_do(file, capsys):
    assert main(["complete", str(file), "--line", "1", "--column", "0"]) == 1
    assert f"grafter models pull {DEFAULT_MODEL}" in capsys.readouterr().err


def test_an_unknown_model_is_bad_input(file, capsys):
    assert main(["complete", str(file), "--line", "1", "--column", "0", "--model", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def test_a_failure_is_one_sentence(file, engine, capsys):
    engine._script = Answer(failure="No room on the device.", failure_code="out_of_memory")
    assert main(["complete", str(file), "--line", "1", "--column", "0", "--json"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", "grafter: No room on the device.")


def test_a_running_service_is_used(file, serve, capsys):
    running = serve(FakeEngine("return 42"))
    paths = find_paths()
    make_private_folder(paths.runtime)
    write_file(paths.runtime / "token", running.token)
    publish(paths, own_record(running.url, paths.runtime / "token", "fake"))
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "return 42"
    # Another model, or a device of its own, is not what the service runs: there is none here to load.
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--model", "other"]) == 2
    assert main(["complete", str(file), "--line", "2", "--column", "4", "--device", "cpu"]) == 1


def test_cursors_are_counted_in_characters_and_normal_line_ends(tmp_path):
    from assistant.cli.text_input import read_source

    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "😀x\r\ny\rz".encode())
    text = read_source(path)
    assert text == "😀x\ny\nz"
    assert command.find_cursor(text, 1, 1) == 1
    assert command.find_cursor(text, 3, 1) == len(text)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "cp1252",
            "# Die Fläche wird für jede Größe geprüft, bevor der Wert zurückgegeben wird.\ndef area(r):\n    return 1\n",
        ),
        (
            "shift_jis",
            "# これは日本語のコメントです。関数は二つの数の和を返します。\ndef add(a, b):\n    return a + b\n",
        ),
        ("cp1252", "# don’t\n"),
        ("koi8-r", "# -*- coding: koi8-r -*-\n# да\n"),
        ("utf-16", "x = 'ä'\n"),
    ],
)
def test_an_older_encoding_is_read(tmp_path, encoding, text):
    from assistant.cli.text_input import read_source

    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert read_source(path) == text


def test_failures_are_sorted_by_whose_fault_they_are():
    assert isinstance(command.failure(Failed("r", "x", "context_length_exceeded")), InputError)
    assert not isinstance(command.failure(Failed("r", "x", "out_of_memory")), InputError)
