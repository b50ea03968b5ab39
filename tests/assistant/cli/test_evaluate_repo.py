"""``grafter evaluate repo``, through the command itself, over a scripted engine and a repository made here."""

import contextlib
import json
import signal
import subprocess
import tempfile
from dataclasses import replace

import pytest

from assistant.cli import evaluate_repo
from assistant.cli.main import main
from assistant.engine.fake import FakeEngine, flat_prompt

ITEM = '''"""What can be bought."""


class Item:
    """A thing with a price."""

    def total_price(self, item_count):
        """Return what so many cost."""
        return self.price * item_count
'''
CART = "from item import Item\n\n\n" + "\n\n".join(
    f"def order_{number}(item: Item, wanted):\n    price_{number} = item.total_price(wanted + {number})\n"
    f"    return report_{number}(price_{number})\n"
    for number in range(12)
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository whose last commit uses what the first one defines."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "shop"
    root.mkdir()

    def git(*arguments):
        subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    for name, text in (("item.py", ITEM), ("cart.py", CART)):
        (root / name).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "-m", name)
    return root


@pytest.fixture
def engine(monkeypatch):
    """Let a scripted engine be opened, one that has nothing right."""
    scripted = FakeEngine("nothing(")

    @contextlib.contextmanager
    def opened(_paths, _args):
        yield scripted

    monkeypatch.setattr(evaluate_repo, "opened_engine", opened)
    return scripted


def right_with_help(truths):
    """Return a script that is right where the prompt holds other files."""

    def script(request):
        hole, _, arm = request.id.rpartition(" ")
        return truths[hole] if arm == "retrieval" else "nothing("

    return script


def asked(engine):
    """Return the ids of what was asked; where nothing is left of an answer the same is asked again."""
    return {request.id for request in engine.requests}


def test_json_says_what_was_measured_and_what_came_of_it(repository, engine, capsys):
    assert main(["evaluate", "repo", str(repository), "--limit", "9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        "n", "arms", "differences", "by_kind", "by_language", "repository", "base", "base_date", "head", "head_date",
        "commits", "holes", "limit", "seed", "arm_names", "context_tokens", "window", "without", "model", "adapter", "device", "dtype", "version",
        "interrupted", "load_seconds",
    }  # fmt: skip
    assert (found["n"], found["limit"], found["commits"], found["repository"]) == (9, 9, 1, "shop")
    assert (found["arm_names"], found["interrupted"]) == (["base", "retrieval"], False)
    assert found["holes"] >= 9
    assert found["by_language"]["python"]["n"] == 9
    assert found["arms"]["retrieval"]["retrieved_tokens"] > found["arms"]["base"]["retrieved_tokens"] == 0
    assert len(asked(engine)) == 18


def test_parts_can_be_left_out_to_see_what_they_add(repository, engine, tmp_path, capsys):
    engine._script, engine._info = "total(item)", replace(engine.info, token_healing=True)
    page = tmp_path / "page.html"

    def prompts(*without):
        """Return what the arm with retrieval was asked for the first hole."""
        engine.requests.clear()
        options = [each for name in without for each in ("--without", name)]
        assert main(["evaluate", "repo", str(repository), "--limit", "1", "--html", str(page), "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out)["without"] == list(without)
        assert all(f"--without {name}" in page.read_text() for name in without)
        return [flat_prompt(request.prompt) for request in engine.requests if request.id.endswith("retrieval")]

    helped, alone = prompts()
    assert ("<|file_sep|>item.py" in helped, "<|file_sep|>item.py" in alone) == (True, False)
    assert prompts("surer-alone") == [helped]
    assert prompts("definitions", "search", "same_file") == [alone]


def test_people_read_a_table_and_a_verdict_and_get_a_page(repository, engine, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    assert main(["evaluate", "repo", str(repository), "--limit", "12", "--output", str(rows), "--json"]) == 0
    answers = [json.loads(line) for line in rows.read_text().splitlines()[1:]]
    engine._script = right_with_help({row["id"]: row["truth"] for row in answers})
    page = tmp_path / "page.html"
    capsys.readouterr()
    assert main(["evaluate", "repo", str(repository), "--limit", "12", "--html", str(page)]) == 0
    out = capsys.readouterr().out
    assert "12 of" in out
    assert "holes in what the latest commit of shop added" in out
    assert "retrieval helps: +" in out
    text = page.read_text()
    assert "Retrieval helps: +" in text
    assert f"grafter evaluate repo {repository} --since" in text


def test_ctrl_c_prints_what_was_done_and_the_run_can_go_on(repository, engine, tmp_path, capsys):
    def script(_request):
        if len(asked(engine)) == 6:
            raise KeyboardInterrupt
        return "nothing("

    rows, page = tmp_path / "rows.jsonl", tmp_path / "page.html"
    command = ["evaluate", "repo", str(repository), "--limit", "8", "--output", str(rows), "--json"]
    engine._script = script
    assert main([*command, "--html", str(page)]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["interrupted"]) == (2, True)
    assert page.exists()
    assert len(rows.read_text().splitlines()) == 3
    engine._script = "nothing("
    engine.requests.clear()
    assert main([*command, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 8
    assert len(asked(engine)) == 2 * 6
    assert len(rows.read_text().splitlines()) == 9
    engine.requests.clear()
    assert main([*command, "--resume"]) == 0
    assert engine.requests == []
    assert main([*command, "--resume", "--seed", "1"]) == 2
    assert "cannot be resumed" in capsys.readouterr().err


def test_ctrl_c_before_the_first_answer_has_figures_of_nothing(repository, engine, capsys):
    engine._script = lambda _request: (_ for _ in ()).throw(KeyboardInterrupt)
    assert main(["evaluate", "repo", str(repository), "--limit", "8"]) == 130
    assert "0 of" in capsys.readouterr().out


def test_fewer_holes_than_asked_for_is_said(repository, engine, capsys):
    assert main(["evaluate", "repo", str(repository), "--arms", "retrieval", "--since", "HEAD~1"]) == 0
    out = capsys.readouterr().out
    assert "There are no more holes than these; --limit asked for 300." in out
    assert {request.id.rpartition(" ")[2] for request in engine.requests} == {"retrieval"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--limit", "0"], "--limit is 0; it has to be at least 1."),
        (["--context-tokens", "0"], "--context-tokens is 0; it has to be at least 1."),
        (["--arms", "base,adapter"], "the arm 'adapter' needs an adapter; name it with --adapter NAME."),
        (["--commits", "5"], "--commits is 5, but only 1 follow the first one."),
        (["--since", "never"], "neither a commit of"),
        (["--resume"], "--resume goes with --output FILE"),
        (["--html", "no/such/folder/page.html"], "name a file in a folder that exists"),
        (["--output", "."], "name a file in a folder that exists"),
    ],
)
def test_bad_options_are_one_sentence(repository, engine, capsys, options, says):
    assert main(["evaluate", "repo", str(repository), *options]) == 2
    error = capsys.readouterr().err.strip()
    assert says in error.splitlines()[-1]
    assert engine.requests == []


def test_bad_repositories_are_one_sentence(repository, engine, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    plain = tmp_path / "plain"
    plain.mkdir()
    (repository / "item.py").write_text("changed = 1\n")
    for folder, says in (
        (tmp_path / "none", "There is no folder"),
        (plain, "is not a git repository"),
        (repository, "changes that are not committed"),
    ):
        assert main(["evaluate", "repo", str(folder)]) == 2
        assert says in capsys.readouterr().err.strip().splitlines()[-1]


def test_sigterm_leaves_nothing_behind(repository, engine, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def script(_request):
        assert list(folder.iterdir())
        signal.raise_signal(signal.SIGTERM)
        return ""

    engine._script = script
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "repo", str(repository), "--limit", "8"])
    assert ended.value.code == 143
    assert list(folder.iterdir()) == []
