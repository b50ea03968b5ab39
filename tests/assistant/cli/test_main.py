import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from assistant import __version__
from assistant.cli import main as cli
from assistant.errors import DiskError, InputError
from tests.support.patience import PATIENCE_S


@pytest.fixture
def command(monkeypatch):
    """A sub-command ``models`` whose ``run`` can be replaced."""
    module = types.ModuleType("fake", "Say something.\n\nMore.")
    module.add_arguments = lambda parser: parser.add_argument("--word", default="none")
    module.run = lambda args: 0
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: module)
    return module


@pytest.fixture
def opened(monkeypatch):
    calls = []
    monkeypatch.setattr(cli, "open_editor", lambda paths: calls.append(list(paths)) or 0)
    return calls


def raising(error):
    def run(_args):
        raise error

    return run


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [([], []), (["file.py"], ["file.py"]), (["./models"], ["./models"]), (["--", "models"], ["models"]), (["a", "b"], ["a", "b"])],
)  # fmt: skip
def test_anything_but_a_command_is_opened(opened, arguments, paths):
    assert cli.main(arguments) == 0
    assert opened == [paths]


def test_version_and_help(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"grafter {__version__}\n"
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in cli.COMMANDS)


def test_an_unknown_option_is_bad_input(capsys, opened):
    assert cli.main(["--nonsense"]) == 2
    assert capsys.readouterr().err == "grafter: there is no option '--nonsense'. 'grafter --help' tells more.\n"
    assert opened == []


def test_a_command_gets_its_arguments_and_gives_its_code(command):
    seen = []
    command.run = lambda args: seen.append(args.word) or 7
    assert cli.main(["models", "--word", "hello"]) == 7
    assert seen == ["hello"]


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("Bad\nplace."), 2), (DiskError("Bad\nplace."), 1), (KeyboardInterrupt(), 130)]
)
def test_errors_are_one_line_and_a_code(command, capsys, error, code):
    command.run = raising(error)
    assert cli.main(["models"]) == code
    assert capsys.readouterr().err == ("" if code == 130 else "grafter: Bad place.\n")


def test_a_wrong_option_of_a_command_is_one_line(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["models", "--nonsense"])
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("grafter: unrecognized arguments: --nonsense.")
    assert err.count("\n") == 1


def test_what_the_system_refuses_is_one_line_too(command, capsys):
    command.run = raising(OSError(36, "File name too long", "/x"))
    assert cli.main(["models"]) == 1
    assert capsys.readouterr().err == "grafter: /x: File name too long.\n"


def test_ctrl_c_while_a_command_is_imported(monkeypatch, capsys):
    monkeypatch.setattr(cli.importlib, "import_module", raising(KeyboardInterrupt()))
    assert cli.main(["models"]) == 130
    assert capsys.readouterr().err == ""


def test_bugs_are_not_hidden(command):
    command.run = raising(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main(["models"])


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_pipes_get_utf8_whatever_the_system_speaks(encoding):
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "models", "list"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, env=environment, check=True)
    assert "✓ installed" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("arguments", ["models list --json", "--help"])
def test_a_reader_that_leaves_is_no_traceback(arguments):
    """``grafter --help | head -0``, made sure by a pipe without reader."""
    command = f"(sleep 0.2; {sys.executable} -P -m assistant.cli.main {arguments}) | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


@pytest.mark.parametrize(("target", "said"), [(">&-", ""), (">/dev/full", "grafter: No space left on device.\n")])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_takes_nothing_is_no_traceback(target, said):
    command = f"{sys.executable} -P -m assistant.cli.main models list --json {target}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (int(bool(said)), said)


def test_the_editor_takes_the_place_of_the_command_with_the_safe_path(monkeypatch):
    seen = []
    monkeypatch.setattr(cli.os, "execv", lambda program, command: seen.append(command) or sys.exit(0))
    with pytest.raises(SystemExit):
        cli.open_editor(["a file.py"])
    assert seen == [[sys.executable, "-P", "-m", "app", "a file.py"]]


def test_a_workspace_with_folders_of_our_names_is_never_imported(tmp_path):
    for name in ("assistant", "resources", "app"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('imported from the workspace')")
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stdout == f"grafter {__version__}\n"
