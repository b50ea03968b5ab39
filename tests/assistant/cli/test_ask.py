"""``grafter ask``: the question with its files, the answer for people and for programs."""

import json

import pytest

from assistant.cli import ask, local_model
from assistant.cli.main import main
from assistant.client.registry import make_private_folder, own_record, publish
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.engine.fake import Answer, FakeEngine
from assistant.errors import InputError
from assistant.models.store import InstalledModel, Origin, Store
from assistant.system.files import write_file

ANSWER = "Use `math.gcd`:\n\n```python\nimport math\n```\n"


@pytest.fixture
def engine(monkeypatch):
    """Install a model whose loading gives a scripted engine."""
    scripted = FakeEngine(ANSWER)
    store = Store(find_paths())
    model = InstalledModel(DEFAULT_MODEL, "A model", "MIT", "none", Origin("local", "x"), {}, 1, 100)
    store.install(store.staging(DEFAULT_MODEL), model)
    monkeypatch.setattr(local_model, "open_engine", lambda _spec, _progress: scripted)
    return scripted


def test_the_answer_is_printed_as_it_is(engine, capsys):
    assert main(["ask", "How?"]) == 0
    assert capsys.readouterr().out == ANSWER + "\n"
    system, user = engine.requests[0].prompt.messages
    assert (system.role, user.role, user.content) == ("system", "user", "How?")
    assert engine.closed


def test_json_has_the_text_the_model_and_the_times(engine, capsys):
    assert main(["ask", "How?", "--json", "--max-tokens", "3"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["text"] == "Use `"
    assert (data["model"], data["finish_reason"], data["generated_tokens"]) == ("fake", "length", 3)
    assert data["timings"]["total_ms"] > 0


def test_a_cut_answer_is_said(engine, capsys):
    assert main(["ask", "How?", "--max-tokens", "3"]) == 0
    assert "cut at --max-tokens" in capsys.readouterr().err


def test_a_terminal_gets_markdown(engine, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["ask", "How?"]) == 0
    out = capsys.readouterr().out
    assert "import math" in out
    assert "```" not in out.rpartition("Use")[2]
    assert "tokens in" in out


def test_a_running_service_is_used(serve, capsys):
    running = serve(FakeEngine("From the service."))
    paths = find_paths()
    make_private_folder(paths.runtime)
    write_file(paths.runtime / "token", running.token)
    publish(paths, own_record(running.url, paths.runtime / "token", "fake"))
    assert main(["ask", "How?"]) == 0
    assert capsys.readouterr().out == "From the service.\n"
    assert main(["ask", "How?", "--json", "--model", "fake"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["text"], data["finish_reason"]) == ("From the service.", "stop")
    assert data["timings"]["total_ms"] > 0


def test_files_are_quoted_under_their_names(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x = 1\n")
    (tmp_path / "b.md").write_text("```\ncode\n```\n")
    _, user = ask.make_messages("Why?", [tmp_path / "src" / "a.py", tmp_path / "b.md"], tmp_path)
    assert user.content == "src/a.py:\n```\nx = 1\n```\n\nb.md:\n````\n```\ncode\n```\n````\n\nWhy?"
    _, relative = ask.make_messages("Why?", [(tmp_path / "src" / "a.py").relative_to(tmp_path)], tmp_path)
    assert relative.content.startswith("src/a.py:")


def test_files_outside_of_the_workspace_are_not_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.py").write_text("secret")
    (tmp_path / "in" / "link.py").symlink_to(tmp_path / "out.py")
    for name in ("../out.py", str(tmp_path / "out.py"), "link.py"):
        with pytest.raises(InputError, match="outside of the workspace"):
            ask.make_messages("Why?", [type(tmp_path)(name)], tmp_path / "in")
    with pytest.raises(InputError, match="There is no folder"):
        ask.make_messages("Why?", [], tmp_path / "none")


@pytest.mark.parametrize("arguments", [["  "], ["x", "--max-tokens", "0"], ["x", "--file", "none.py"], []])
def test_bad_input_is_one_sentence_and_exit_2(arguments, capsys):
    try:
        code = main(["ask", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_without_a_model_it_says_what_to_do(capsys):
    assert main(["ask", "How?"]) == 1
    assert "grafter models pull" in capsys.readouterr().err


def test_a_failure_is_one_sentence(engine, capsys):
    engine._script = Answer(failure="Too long.", failure_code="context_length_exceeded")
    assert main(["ask", "How?"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "grafter: Too long."


def test_paths_that_cannot_be_followed_are_bad_input(tmp_path, capsys):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for workspace in (loop, tmp_path / ("x" * 300)):
        assert main(["ask", "How?", "--workspace", str(workspace)]) == 2
    assert main(["ask", "How?", "--workspace", str(tmp_path), "--file", "loop"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_bytes_that_are_not_utf8(tmp_path, capsys):
    assert main(["ask", "Why \udcff?"]) == 2
    assert capsys.readouterr().err == "grafter: The question is not valid UTF-8.\n"
    try:
        (tmp_path / "caf\udce9.py").write_text("x = 1\n")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    content = ask.make_messages("Why?", [tmp_path / "caf\udce9.py"], tmp_path)[1].content
    assert content.startswith("caf?.py:\n")
