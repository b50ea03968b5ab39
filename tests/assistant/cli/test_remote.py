"""Commands that let a server run the model, against the stand-in."""

import argparse
import io
import json

import pytest

from assistant.cli.checks import server as check_server
from assistant.cli.main import main
from assistant.cli.remote import add_remote_arguments, find_config
from assistant.config import Settings, find_paths, save_settings
from assistant.errors import InputError
from tests.support.remote_server import StandIn


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("GRAFTER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def server():
    server = StandIn("vllm")
    yield server
    server.stop()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("def add(a, b):\n    \n")
    return path


def parse(*options):
    parser = argparse.ArgumentParser()
    for name in ("model", "device", "bits", "lean", "threads"):
        parser.add_argument(f"--{name}")
    add_remote_arguments(parser)
    return parser.parse_args(options)


def test_a_server_completes(server, file, capsys):
    arguments = ["complete", str(file), "--line", "2", "--column", "4", "--api-base", server.url, "--json"]
    assert main(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["model"] == "Qwen/Qwen2.5-Coder-7B"
    assert said["text"]


def test_the_settings_name_the_server_unless_a_local_model_is_named():
    paths = find_paths()
    assert find_config(paths, parse()) is None
    save_settings(paths, Settings(server="http://box:1/v1", server_model="m"))
    config = find_config(paths, parse())
    assert (config.address.root, config.model) == ("http://box:1", "m")
    assert find_config(paths, parse("--local")) is None
    assert find_config(paths, parse("--model", "x")) is None
    assert find_config(paths, parse("--device", "cpu")) is None
    assert find_config(paths, parse("--model", "x"), named_is_local=False).model == "m"
    asked = find_config(paths, parse("--api-base", "https://other/v1", "--adapter", "a=/b"))
    assert (asked.address.root, asked.model, asked.adapter.path) == ("https://other", None, "/b")
    assert find_config(paths, parse("--api-base", "https://other/v1", "--adapter", "base")).adapter is None


@pytest.mark.parametrize("option", ["--api-model", "--ca-file"])
def test_options_of_a_server_without_a_server_are_refused(option):
    with pytest.raises(InputError, match=f"{option} is for a model on a server; name that with --api-base URL"):
        find_config(find_paths(), parse(option, "x"))


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--api-base", "ftp://box"], 2, "is not the address of a server"),
        (["--api-base", "http://xn--"], 2, "is no name of a server"),
        (["--no-fallback"], 2, "--no-fallback is for a model on a server"),
        (["--api-base", "http://127.0.0.1:1", "--no-fallback"], 1, "cannot be reached"),
        (["--api-base", "http://127.0.0.1:1"], 1, "No model is installed on this computer"),
    ],
)
def test_what_goes_wrong_is_one_sentence(file, capsys, options, code, sentence):
    assert main(["complete", str(file), "--line", "2", "--column", "4", *options]) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_a_bad_address_in_the_settings_is_said_to_be_there(file, capsys):
    save_settings(find_paths(), Settings(server="nonsense"))
    assert main(["complete", str(file), "--line", "2", "--column", "4"]) == 2
    assert "The settings name a server that cannot be used. 'nonsense' is not" in capsys.readouterr().err


def test_how_to_give_a_key_is_said(server, file, capsys):
    server.key = "sk-right"
    arguments = ["complete", str(file), "--line", "2", "--column", "4", "--api-base", server.url, "--no-fallback"]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert f"keep it with 'grafter key set {server.url.removesuffix('/v1')}'" in said


def test_a_model_that_the_server_lacks(server, file, capsys):
    arguments = ["complete", str(file), "--line", "2", "--column", "4", "--api-base", server.url, "--api-model", "no"]
    assert main(arguments) == 2
    assert "has no model 'no'; it has: Qwen/Qwen2.5-Coder-7B" in capsys.readouterr().err


def test_the_doctor_asks_the_server(server):
    paths = find_paths()
    assert list(check_server(paths)) == []
    save_settings(paths, Settings(server=server.url))
    (found,) = check_server(paths)
    assert found.state == "ok"
    assert found.value.startswith("vLLM at 127.0.0.1")
    assert "fills in" in found.value
    server.stop()
    (found,) = check_server(paths)
    assert found.state == "note"
    assert "cannot be reached" in found.advice
    save_settings(paths, Settings(server="nonsense"))
    (found,) = check_server(paths)
    assert "is not the address of a server" in found.advice


class Keys:
    """A keyring in memory."""

    def __init__(self):
        self.kept = {}

    def get_password(self, service, user):
        return self.kept.get((service, user))

    def set_password(self, service, user, password):
        self.kept[service, user] = password

    def delete_password(self, service, user):
        del self.kept[service, user]


@pytest.fixture
def keys(monkeypatch):
    keys = Keys()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(f"keyring.{name}", getattr(keys, name))
    return keys


def test_a_key_is_kept_and_forgotten_and_never_shown(keys, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    assert main(["key", "set", "http://box:8000/v1"]) == 0
    assert keys.kept == {("grafter", "http://box:8000"): "sk-secret"}
    assert main(["key", "show", "http://box:8000"]) == 0
    assert main(["key", "delete", "http://box:8000", "--json"]) == 0
    assert main(["key", "delete", "http://box:8000"]) == 0
    assert main(["key", "show", "http://box:8000"]) == 0
    said = capsys.readouterr()
    assert "sk-secret" not in said.out + said.err
    lines = said.out.splitlines()
    assert lines[0] == "The key for box:8000 is kept in the system's keyring."
    assert lines[1] == "The key for box:8000 lies in the system's keyring."
    assert json.loads(lines[2])["source"] == "none"
    assert lines[3] == "The key for box:8000 is not in the keyring; nothing to forget."
    assert lines[4] == "There is no key for box:8000."
    assert keys.kept == {}


def test_the_end_of_input_at_the_prompt_is_no_key(keys, monkeypatch, capsys):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)

    def ended(_prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    assert main(["key", "set", "http://box:8000"]) == 2
    assert "The key is empty; nothing was kept." in capsys.readouterr().err


def test_a_key_in_the_environment_goes_before_the_keyring(keys, monkeypatch, capsys):
    monkeypatch.setenv("GRAFTER_API_KEY", "sk-other")
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    assert main(["key", "set", "http://box:8000", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["source"] == "environment"
    assert said["message"].endswith("The environment holds one as well, which goes before it.")
    assert main(["key", "show", "http://box:8000"]) == 0
    assert capsys.readouterr().out == "The key for box:8000 comes from the environment.\n"


@pytest.mark.parametrize(("typed", "sentence"), [("", "The key is empty"), ("x" * 20_000, "too long to be a key")])
def test_what_is_no_key_is_refused(keys, monkeypatch, capsys, typed, sentence):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["key", "set", "http://box:8000"]) == 2
    assert sentence in capsys.readouterr().err
    assert keys.kept == {}
