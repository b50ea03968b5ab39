"""``grafter serve``: which model it takes, and what it refuses. The running process is tested in tests/assistant/server."""

import argparse
import subprocess
import sys

import pytest

from assistant.cli import serve
from assistant.cli.local_model import Running, add_model_arguments, choose_model, choose_running, local_spec
from assistant.cli.main import main
from assistant.cli.serve import _idle_seconds, _options
from assistant.config import DEFAULT_MODEL, Settings, find_paths, save_settings
from assistant.engine.factory import open_engine
from assistant.errors import InputError, ModelError
from assistant.models.store import InstalledModel, Origin, Store
from assistant.server.settings import LiveSettings
from tests.support.patience import PATIENCE_S


@pytest.fixture
def install():
    store = Store(find_paths())

    def make(model_id):
        model = InstalledModel(model_id, model_id, "MIT", "none", Origin("local", "x"), {}, 1, 100)
        return store.install(store.staging(model_id), model)

    return make


def chosen(wanted=None):
    model = choose_model(find_paths(), wanted)
    return model and model.id


def test_the_model_is_the_wanted_else_the_chosen_else_the_default_else_any(install):
    assert chosen() is None
    install("zebra")
    assert chosen() == "zebra"
    install("ant")
    assert chosen() == "ant"
    install(DEFAULT_MODEL)
    assert chosen() == DEFAULT_MODEL
    save_settings(find_paths(), Settings(model="zebra"))
    assert chosen() == "zebra"
    assert chosen("ant") == "ant"


def test_a_choice_that_is_gone_or_damaged_gives_way(install):
    folder = install("zebra")
    install("ant")
    save_settings(find_paths(), Settings(model="gone"))
    assert chosen() == "ant"
    save_settings(find_paths(), Settings(model="zebra"))
    (folder / "model.json").write_text("{")
    assert chosen() == "ant"
    save_settings(find_paths(), Settings(model="../not an id"))
    assert chosen() == "ant"
    with pytest.raises(ModelError, match="damaged"):
        chosen("zebra")
    with pytest.raises(InputError, match="not installed"):
        chosen("gone")


def test_how_it_runs_is_as_wanted_else_as_chosen():
    parser = argparse.ArgumentParser()
    add_model_arguments(parser, device_help="")

    def running(*arguments):
        return choose_running(find_paths(), parser.parse_args(arguments))

    assert running() == Running("auto", "auto", 0)
    save_settings(find_paths(), Settings(device="cpu", bits=16, threads=3))
    assert running() == Running("cpu", 16, 3)
    assert running("--device", "cuda", "--bits", "4", "--threads", "2") == Running("cuda", 4, 2)
    assert running("--bits", "auto") == Running("cpu", "auto", 3)
    assert running("--threads", "0") == Running("cpu", 16, 0)


def test_the_model_is_loaded_with_the_threads_that_were_asked_for(install, monkeypatch):
    from assistant.engine import threads
    from assistant.engine.local import load

    install("ant")
    said = []
    monkeypatch.setattr(threads, "apply", lambda count: said.append(("threads", count)))
    monkeypatch.setattr(load, "load_engine", lambda *given, lean, find_adapter: said.append(("load", *given[1:], lean)))
    running = Running("cpu", 8, 3, lean=True)
    open_engine(local_spec(find_paths(), choose_model(find_paths(), "ant"), running), print)
    assert said == [("threads", 3), ("load", "cpu", print, 8, True)]


def test_how_long_the_model_stays_is_as_asked_else_as_the_settings_say_now():
    paths = find_paths()
    settings = LiveSettings(paths)
    seconds = _idle_seconds(settings, None)
    assert seconds() == 20 * 60
    save_settings(paths, Settings(idle_minutes=5))
    settings.look()
    assert seconds() == 5 * 60
    assert _idle_seconds(settings, 0.5)() == 30
    assert _idle_seconds(settings, 0.0)() == 0


def test_how_sure_the_model_has_to_be_is_asked_each_time():
    paths = find_paths()
    settings = LiveSettings(paths)
    assert _options(settings, frozenset({"outline"}))().without == {"outline"}
    options = _options(settings)
    assert options().confidence == Settings().confidence
    save_settings(paths, Settings(confidence=0.7))
    settings.look()
    assert options().confidence == 0.7


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "http"],
        ["--model", "nothing"],
        ["--model", "../up"],
        ["--device", "toaster"],
        ["--bits", "3"],
        ["--threads", "-1"],
        ["--threads", "1.5"],
        ["--threads", "513"],
        ["--idle-minutes", "-1"],
        ["--idle-minutes", "soon"],
        ["--idle-minutes", "nan"],
        ["--parent-pid", "1073741824"],
        ["--stay", "--parent-pid", "1"],
    ],
)
def test_bad_options_are_one_sentence_and_exit_2(arguments, capsys):
    try:
        code = main(["serve", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_the_help_tells_how_other_editors_connect(capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    out = capsys.readouterr().out
    for word in ("--token-file", "Authorization: Bearer", "llama.vim", "/v1"):
        assert word in out


def test_the_service_imports_no_torch_before_it_is_ready():
    code = (
        "import sys\n"
        "import assistant.cli.serve, assistant.server.process, assistant.engine.scheduler.worker, assistant.server.app\n"
        "heavy = {'torch', 'transformers', 'numpy', 'PySide6', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_role_has_a_model_of_its_own(install):
    for name in ("ant", "bee"):
        install(name)
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    args = parser.parse_args(["--model", "ant", "--role", "chat=bee", "--role", "edit=bee", "--role", "embed=ant"])
    specs, adapters = serve._find_specs(find_paths(), args)
    assert {role: spec.folder.name for role, spec in specs.items()} == {
        "complete": "ant",
        "chat": "bee",
        "edit": "bee",
        "embed": "ant",
    }
    assert specs["chat"] is specs["edit"]
    assert specs["embed"] is specs["complete"]
    assert adapters.model.id == "ant"
    with pytest.raises(InputError, match="not installed"):
        serve._find_specs(find_paths(), parser.parse_args(["--model", "ant", "--role", "chat=wasp"]))


@pytest.mark.parametrize("role", ["chat", "chat=", "complete=ant", "talk=ant", "=ant"])
def test_what_is_no_role_is_said(role, capsys):
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--role", role])
    assert "is not ROLE=ID with a role of chat, edit, embed" in capsys.readouterr().err
