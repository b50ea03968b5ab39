"""One place chooses and opens engines; one record adds a kind."""

import re
import subprocess
import sys

import pytest

from assistant.client.address import parse_address
from assistant.engine import factory, threads
from assistant.engine.factory import KINDS, EngineSpec, Kind, needed_bytes, open_engine
from assistant.engine.fake import FakeEngine
from assistant.engine.local import load
from assistant.engine.local.engine import LocalEngine
from assistant.engine.local.load import PATHS, DecodePath, load_engine
from assistant.engine.protocol import CancelToken
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.engine import RemoteEngine
from assistant.engine.remote.fallback import FallbackEngine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.errors import InputError
from assistant.types import Finished, GenerateRequest, Params, Prompt, Text

SERVER = RemoteConfig(parse_address("http://127.0.0.1:9"), connect_s=0.2)


def said(engine, **params):
    request = GenerateRequest("r", Prompt((Text("def add"),)), Params(**params))
    with engine.begin() as model:
        return list(model.generate(request, CancelToken()))[-1]


def test_a_model_folder_is_loaded_as_it_was_asked_for(tiny_folder, monkeypatch):
    computing = []
    monkeypatch.setattr(threads, "apply", computing.append)
    told = []
    engine = open_engine(EngineSpec("local", folder=tiny_folder, device="cpu", bits=16, threads=3), told.append)
    assert isinstance(engine, LocalEngine)
    assert (computing, told[-1]) == ([3], 1.0)
    assert said(engine, max_tokens=3).generated_tokens == 3
    engine.close()


def test_a_fake_says_its_script():
    assert said(open_engine(EngineSpec("fake", script="yes"))).choices[0].text == "yes"


def test_a_server_is_opened_with_or_without_a_model_for_when_it_is_away(tmp_path):
    with_nothing = open_engine(EngineSpec("remote", server=SERVER))
    assert isinstance(with_nothing, RemoteEngine)
    assert said(with_nothing).code == "remote_unreachable"
    with_nothing.close()
    instead = EngineSpec("fake", script="here")
    with_another = open_engine(EngineSpec("remote-or-local", server=SERVER, instead=instead))
    assert isinstance(with_another, FallbackEngine)
    assert said(with_another).choices[0].text == "here"
    with_another.close()


@pytest.mark.parametrize("kind", ["local", "remote", "remote-or-local"])
def test_what_a_kind_needs_is_said(kind):
    with pytest.raises(InputError, match=f"of the kind '{kind}' needs a"):
        open_engine(EngineSpec(kind))


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(InputError, match=r"no engine of the kind 'nope'; known are local, remote"):
        open_engine(EngineSpec("nope"))


def test_memory_is_told_before_a_model_is_loaded(tiny_folder):
    files = (tiny_folder / "model.safetensors").stat().st_size
    spec = EngineSpec("local", folder=tiny_folder, bits=8)
    assert needed_bytes(spec) == (256 << 20) + files + files // 2
    assert needed_bytes(EngineSpec("local", folder=tiny_folder, bits=4, lean=True)) == (256 << 20) + files // 4
    assert needed_bytes(EngineSpec("remote", server=SERVER)) == 0
    assert needed_bytes(EngineSpec("remote-or-local", instead=spec)) == needed_bytes(spec)
    assert needed_bytes(EngineSpec("remote-or-local")) == 0


def test_a_kind_is_one_record(monkeypatch):
    opened = []

    def open_dummy(spec, progress):
        opened.append(spec.name)
        progress(0.5)
        return FakeEngine("from the dummy")

    monkeypatch.setitem(KINDS, "dummy", Kind(open_dummy, lambda _spec: 7))
    spec = EngineSpec("dummy", "a name")
    assert needed_bytes(spec) == 7
    # In a service, and as what answers while a server is away: nothing else knows of it.
    worker = EngineWorker(lambda progress: open_engine(spec, progress), "dummy")
    events = []
    request = GenerateRequest("r", Prompt((Text("x"),)), Params())
    worker.submit(lambda model, cancel: model.generate(request, cancel), events.append, "r")
    worker.start()
    while not (events and isinstance(events[-1], Finished)):
        pass
    worker.close(10)
    assert events[-1].choices[0].text == "from the dummy"
    away = open_engine(EngineSpec("remote-or-local", server=SERVER, instead=spec))
    assert said(away).choices[0].text == "from the dummy"
    away.close()
    assert opened == ["a name", "a name"]


def test_a_way_to_decode_is_one_record(tiny_folder, monkeypatch):
    loaded = []

    def load_dummy(wanted):
        loaded.append(wanted.folder)
        return next(path for path in PATHS if path.name == "fast").load(wanted)

    monkeypatch.setattr(load, "PATHS", (DecodePath("dummy", lambda _wanted: True, load_dummy), *PATHS))
    load_engine(tiny_folder, "cpu", bits=16).close()
    assert loaded == [tiny_folder]


def test_choosing_imports_nothing_heavy():
    code = (
        "import sys\nimport assistant.engine.factory, assistant.engine.roles, assistant.cli.remote, assistant.cli.serve\n"
        "print({'torch', 'transformers', 'httpx', 'starlette'} & {name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_nobody_else_opens_engines():
    """Every front goes through the factory."""
    root = factory.Path(factory.__file__).parents[2]
    makers = re.compile(r"(?<![\w.])(?<!def )(load_engine|RemoteEngine|FallbackEngine|FakeEngine)\(")
    for package in ("assistant", "finetune", "app"):
        for file in sorted((root / package).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if (found := makers.search(text)) and file.name not in ("factory.py", "load.py", "checks.py"):
                pytest.fail(f"{file.relative_to(root)} opens an engine by itself: {found[0]}")
