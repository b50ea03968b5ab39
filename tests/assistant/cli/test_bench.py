"""``grafter bench keystrokes``, through the command itself, over services that are scripted."""

import contextlib
import json

import pytest

from assistant.cli.main import main
from assistant.client.http import Ready
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.measure.bench import askers, service
from assistant.measure.bench.service import FirstSuggestion
from assistant.models.store import InstalledModel, Origin, Store
from assistant.types import Choice


@pytest.fixture
def services(monkeypatch):
    """Install a model; services answer at once, and their options are kept in the order in which they were started."""
    store = Store(find_paths())
    model = InstalledModel(DEFAULT_MODEL, "A model", "MIT", "none", Origin("local", "x"), {}, 1, 100)
    store.install(store.staging(DEFAULT_MODEL), model)
    started: list[list[str]] = []

    class Service:
        token = "secret"

        def __init__(self, number: int) -> None:
            self.ready = Ready(f"http://127.0.0.1:{number}", "")

        def first_suggestion(self, _request):
            return FirstSuggestion(1.0, 2.0, 3.0)

        def model(self):
            return "A model", "cpu", "float32"

        def memory(self):
            return None

    @contextlib.contextmanager
    def serving(options):
        started.append(list(options))
        yield Service(len(started))

    class Asker:
        def __init__(self, url, _token, name="ours"):
            self.name, self._url = name, url

        async def ask(self, _request, use, on_text):
            # The second service is the one that has less to read.
            use.prompt, use.read, use.written = (500, 100, 2) if self._url.endswith("1") else (300, 40, 2)
            on_text("self")
            return Choice(0, "self", "stop", 2)

        async def close(self):
            pass

    monkeypatch.setattr(service, "serving", serving)
    monkeypatch.setattr(askers, "Grafter", Asker)
    return started


FAST = ["bench", "keystrokes", "--pace", "fast", "--fixed", "1", "--segments", "1"]


def test_with_and_without_are_typed_in_turn(services, capsys):
    assert main([*FAST, "--without", "outline", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert services == [["--adapter", "base"], ["--adapter", "base", "--without", "outline"]]
    assert (list(found["sides"]), found["without"]) == (["ours", "less"], ["outline"])
    ours, less = found["sides"]["ours"], found["sides"]["less"]
    assert ours["keys"] == less["keys"] > 0
    assert (ours["read_median"], less["read_median"], ours["prompt_median"]) == (100, 40, 500)
    assert found["ratios"]["read_median"] == 2.5
    assert found["ratios"]["first_p50"] > 0
    assert main([*FAST, "--without", "outline"]) == 0
    assert "tokens read anew by a request, median" in capsys.readouterr().out


def test_alone_there_is_one_service_and_no_ratio(services, capsys):
    assert main([*FAST, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert services == [["--adapter", "base"]]
    assert (list(found["sides"]), found["ratios"], found["without"]) == (["ours"], None, [])
    assert found["trace_seconds"] < 30  # a sitting, of a trace of a hundred seconds


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--without", "outline", "--against", "http://127.0.0.1:9"], "one of them at a time"),
        (["--without", "wizard"], "There is no 'wizard' to leave out"),
        (["--kind", "openai"], "--against URL"),
    ],
)
def test_bad_input_is_one_sentence(options, says, capsys):
    assert main(["bench", "keystrokes", *options]) == 2
    assert says in capsys.readouterr().err


def test_a_service_leaves_out_what_it_is_told(capsys):
    assert main(["serve", "--without", "wizard"]) == 2
    assert "There is no 'wizard' to leave out; --without takes outline, path, " in capsys.readouterr().err
