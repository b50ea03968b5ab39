"""What Grafter keeps is its owner's alone, whatever the umask: each store is made by what makes it, and looked at."""

import contextlib
import os
import stat
import subprocess
import sys

import pytest

from assistant.cli.main import main
from assistant.client import registry
from assistant.config import Settings, find_paths, save_settings
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore
from assistant.retrieval.index import opening
from assistant.server.process import make_token
from finetune import launch, runs
from finetune.config import RunConfig
from finetune.events import EventWriter, StageStarted
from tests.support.patience import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def start_builder(monkeypatch):
    """Return what starts the process that keeps the index of a folder."""
    monkeypatch.setattr(opening, "Indexes", lambda start, _open: start)
    return opening.workspace_indexes(find_paths())


def test_settings(no_umask):
    paths = find_paths()
    save_settings(paths, Settings(theme="dark"))
    assert mode(paths.settings) == 0o600
    paths.settings.chmod(0o666)  # by an older program
    save_settings(paths, Settings(theme="light"))
    assert mode(paths.settings) == 0o600


def test_the_tokens_and_records_of_services(no_umask, open_places):
    paths = find_paths()
    token = make_token(paths)
    registry.publish(paths, registry.own_record("http://127.0.0.1:1", token.file, None))
    assert len(list(paths.runtime.iterdir())) == 2
    assert open_places(paths.runtime) == {}


def test_an_index_with_its_log_also_while_it_is_written(no_umask, start_builder, open_places, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
    paths = find_paths()
    with contextlib.closing(start_builder(tmp_path / "code")) as builder:
        wait_until(lambda: builder.state.state == "ready")
        builder.tell({"shop.py": "SECRET = 1\n"})
        wait_until(lambda: list((paths.data / "index").rglob("*-wal")))
        names = {path.name for path in (paths.data / "index").rglob("*")}
        assert {"index.db", "index.db-wal", "index.db-shm", "index.lock"} <= names
        assert open_places(paths.data / "index") == {}


def test_an_index_of_an_older_program_is_closed_when_it_is_opened(no_umask, start_builder, open_places, tmp_path):
    (tmp_path / "code").mkdir()
    paths = find_paths()
    for _ in range(2):
        with contextlib.closing(start_builder(tmp_path / "code")) as builder:
            wait_until(lambda: builder.state.state == "ready")
            assert open_places(paths.data / "index") == {}
        for place in (paths.data / "index", *(paths.data / "index").rglob("*")):
            place.chmod(0o777 if place.is_dir() else 0o666)


def test_the_record_of_suggestions(no_umask):
    paths = find_paths()
    record = Record(
        at=1, shown_ms=1, trigger="typing", fate="edited", how="all", characters=1, lines=1, taken=1, typed=0,
        presses=1, language="python", model="m", adapter="",
    )  # fmt: skip
    for _ in range(2):
        store = AcceptanceStore(paths.acceptance)
        store.add([record])
        files = [paths.acceptance.with_name(paths.acceptance.name + end) for end in ("", "-wal", "-shm")]
        assert [mode(file) for file in files] == [0o600] * 3
        store.close()
        paths.acceptance.chmod(0o644)  # as an older program left it


def test_a_run(no_umask, open_places, tmp_path):
    paths = find_paths()
    folder = runs.create(paths, RunConfig(repository=str(tmp_path), model="m", name="shop"))
    with runs.owned(folder):
        runs.ask_to_stop(folder)
        writer = EventWriter(folder)
        writer(StageStarted("data"))
        writer.close()
        with launch.open_log(folder) as log:
            subprocess.run([sys.executable, "-c", "print('said')"], stdout=log, check=True)
        names = {path.name for path in folder.iterdir()}
        assert {"config.json", "events.jsonl", "job.log", "owner", "stop"} <= names
        assert open_places(paths.runs) == {}


def test_a_run_of_an_older_program_is_closed_when_it_goes_on(no_umask, open_places, tmp_path):
    paths = find_paths()
    folder = runs.create(paths, RunConfig(repository=str(tmp_path), model="m", name="shop"))
    (folder / "data").mkdir()
    (folder / "data" / "train.safetensors").write_bytes(b"code")
    for place in (folder, *folder.iterdir()):
        place.chmod(0o777 if place.is_dir() else 0o666)
    with runs.owned(folder):
        assert open_places(folder) == {}


def test_folders_on_the_way_can_be_entered_and_written_by_nobody_else(no_umask, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTER_HOME", str(tmp_path / "deep" / "home"))
    save_settings(find_paths(), Settings())
    assert [mode(tmp_path / "deep"), mode(tmp_path / "deep" / "home")] == [0o755, 0o755]


def test_what_an_older_program_left_open_is_closed_by_any_command(no_umask, open_places, grafter_home, tmp_path):
    kept = ("index/code-1/index.db", "adapters/shop/adapter.json", "runs/shop-1/data/train.safetensors", "run/token-1",
            "settings.toml", "state.ini", "acceptance.db", "acceptance.db-wal")  # fmt: skip
    for name in (*kept, "models/toy/model.safetensors"):
        (grafter_home / name).parent.mkdir(parents=True, exist_ok=True)
        (grafter_home / name).write_text("")
    (grafter_home / "runs" / "link").symlink_to(tmp_path)
    outside = mode(tmp_path)
    assert mode(grafter_home / "runs" / "shop-1") == 0o777
    assert main(["models", "list", "--json"]) == 0
    for folder in ("index", "adapters", "run"):
        assert open_places(grafter_home / folder) == {}
    (grafter_home / "runs" / "link").unlink()
    assert open_places(grafter_home / "runs") == {}
    assert {name: mode(grafter_home / name) for name in kept} == dict.fromkeys(kept, 0o600)
    assert mode(grafter_home / "models" / "toy" / "model.safetensors") == 0o666
    assert mode(tmp_path) == outside
