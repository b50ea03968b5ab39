import json
import os
import signal
import subprocess
import sys

import pytest

from assistant.cli.main import main
from assistant.cli.models import list_models, recommend
from assistant.config import DEFAULT_MODEL, Paths, find_paths
from assistant.errors import DownloadError
from assistant.models.catalogue import load_catalogue
from assistant.models.machine import Machine
from assistant.models.store import InstalledModel, Origin, Store, hash_folder
from tests.support.patience import PATIENCE_S

FIELDS = {
    "id": str,
    "name": str,
    "licence": str,
    "description": str,
    "parameters": int,
    "download_bytes": int,
    "disk_bytes": int,
    "memory_bytes": int,
    "family": str,
    "fim": bool,
    "installed": bool,
    "fits": str,
    "fits_reason": str,
    "sources": list,
    "recommended": bool,
}


@pytest.fixture
def store() -> Store:
    return Store(find_paths())


def put(store: Store, model_id: str, kind="local") -> InstalledModel:
    staged = store.staging(model_id)
    (staged / "model.safetensors").write_bytes(b"weights")
    model = InstalledModel(model_id, "Mine", "unknown", "none", Origin(kind, "/x"), hash_folder(staged), 1000, 2048)
    store.install(staged, model)
    return model


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_list_json_has_the_fields_that_the_window_reads(store, capsys):
    put(store, "mine")
    assert main(["models", "list", "--json"]) == 0
    (answer,) = lines(capsys)
    assert answer["default"] == DEFAULT_MODEL
    for row in answer["models"]:
        assert {key: type(value) for key, value in row.items()} == FIELDS
        assert row["fits"] in ("yes", "slow", "no")
    rows = {row["id"]: row for row in answer["models"]}
    assert rows["mine"]["installed"]
    assert rows["mine"]["sources"] == []
    assert rows[DEFAULT_MODEL]["download_bytes"] == 491_400_064
    assert rows[DEFAULT_MODEL]["sources"] == ["hub", "index"]
    assert sum(row["recommended"] for row in answer["models"]) == 1


def test_list_for_people_has_every_model(store, capsys):
    put(store, DEFAULT_MODEL, "index")
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert all(entry.id in out for entry in load_catalogue().entries)
    (line,) = [line for line in out.splitlines() if DEFAULT_MODEL in line.split()]
    mark, model_id, size, unit, *_, licence = line.split()
    assert (mark, model_id, size, unit, licence) == ("✓", DEFAULT_MODEL, "491", "MB", "Apache-2.0")


def test_the_default_is_the_chosen_model(store, capsys):
    paths = find_paths()
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings.write_text('model = "mine"\n')
    main(["models", "list", "--json"])
    assert lines(capsys)[0]["default"] == "mine"


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(16 * 10**9, cores=8), "qwen2.5-coder-1.5b-instruct"),
        (Machine(16 * 10**9, gpu_memory=8 * 10**9, gpu_name="A card", cores=4), "qwen2.5-coder-1.5b-instruct"),
        (Machine(16 * 10**9, unified=True, cores=4), "qwen2.5-coder-1.5b-instruct"),
        (Machine(16 * 10**9, cores=4), DEFAULT_MODEL),
        (Machine(4 * 10**9, cores=8), DEFAULT_MODEL),
    ],
)
def test_the_larger_model_is_recommended_where_it_fits_and_is_quick(machine, expected):
    catalogue = load_catalogue()
    assert recommend(catalogue, machine) == expected
    rows = list_models(catalogue, [], machine, DEFAULT_MODEL)["models"]
    assert [row["id"] for row in rows if row["recommended"]] == [expected]


def test_list_loads_nothing_heavy():
    code = (
        "import sys\nfrom assistant.cli.main import main\nmain(['models', 'list', '--json'])\n"
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'httpx', 'httpx2', 'numpy', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr


# --- pull ------------------------------------------------------------------------------


@pytest.fixture
def fake_pull(monkeypatch, store):
    """Replace fetching; returns what it was called with. ``fail`` makes it fail."""
    calls = {"fail": None}

    def pull(entry, _store, sources, report, tools=None):
        calls.update(id=entry.id, sources=list(sources))
        for done in range(10_001):
            report("download", done, 10_000)
        if calls["fail"]:
            raise calls["fail"]
        report("convert", 1000, 1000)
        return put(store, entry.id, "index")

    monkeypatch.setattr("assistant.models.pull.pull", pull)
    return calls


def test_pull_json_ends_with_done(fake_pull, store, capsys):
    assert main(["models", "pull", "qwen2.5-coder-0.5b", "--json"]) == 0
    rows = lines(capsys)
    assert rows[0] == {
        "event": "progress",
        "request_id": "qwen2.5-coder-0.5b",
        "stage": "download",
        "done": 0,
        "total": 10_000,
        "message": "",
    }
    assert rows[-1] == {"event": "done", "id": "qwen2.5-coder-0.5b", "path": str(store.path("qwen2.5-coder-0.5b"))}
    assert {"stage": "download", "done": 10_000}.items() <= rows[-3].items()
    assert len(rows) < 600, "a window must not be flooded"


def test_pull_json_ends_with_failed(fake_pull, capsys):
    fake_pull["fail"] = DownloadError("It was lost.")
    assert main(["models", "pull", "qwen2.5-coder-0.5b", "--json"]) == 1
    assert lines(capsys)[-1] == {"event": "failed", "message": "It was lost.", "code": "download_error"}


def test_pull_for_people(fake_pull, capsys):
    assert main(["models", "pull"]) == 0
    assert fake_pull["id"] == DEFAULT_MODEL
    assert fake_pull["sources"] == ["hub", "index"]
    out, err = capsys.readouterr()
    assert out.startswith("Mine is installed (7 bytes in ")
    assert "Downloading" in err
    assert "Converting" in err


def test_sources_come_from_the_option_or_the_settings(fake_pull):
    main(["models", "pull", "--source", "index", "--source", "hub"])
    assert fake_pull["sources"] == ["index", "hub"]
    find_paths().settings.write_text('sources = ["index"]\n')
    main(["models", "pull", "qwen2.5-coder-0.5b"])
    assert fake_pull["sources"] == ["index"]


def test_pull_if_missing_says_nothing_where_it_is_installed(fake_pull, store, capsys):
    put(store, DEFAULT_MODEL)
    assert main(["models", "pull", "--if-missing"]) == 0
    assert capsys.readouterr() == ("", "")
    assert "id" not in fake_pull


@pytest.mark.parametrize("model_id", ["nonsense", "../../etc", "Qwen/Qwen"])
def test_pulling_what_is_not_in_the_catalogue_is_bad_input(fake_pull, capsys, model_id):
    assert main(["models", "pull", model_id, "--json"]) == 2
    (row,) = lines(capsys)
    assert (row["event"], row["code"]) == ("failed", "invalid_request")
    assert main(["models", "pull", model_id]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("grafter: ")


# --- add, remove, verify -----------------------------------------------------------------


def test_a_job_that_fails_at_once_prints_one_line(tmp_path, capsys):
    assert main(["models", "add", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"grafter: There is no file or folder {tmp_path / 'none'}.\n"


def test_adding_what_cannot_be_looked_at_is_bad_input(tmp_path, capsys):
    assert main(["models", "add", str(tmp_path / ("x" * 300)), "--json"]) == 2
    assert "too long" in lines(capsys)[-1]["message"]
    os.mkfifo(tmp_path / "pipe.gguf")
    assert main(["models", "add", str(tmp_path / "pipe.gguf"), "--json"]) == 2
    assert "neither a file nor a folder" in lines(capsys)[-1]["message"]


def test_a_file_where_the_store_should_be_is_one_sentence(store, capsys, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x")
    store.folder.parent.mkdir(parents=True, exist_ok=True)
    store.folder.write_text("")
    assert main(["models", "add", str(folder), "--json"]) == 1
    failed = lines(capsys)[-1]
    assert (failed["event"], failed["code"]) == ("failed", "disk_error")


def test_adding_a_pickle_is_bad_input(tmp_path, capsys):
    path = tmp_path / "model.bin"
    path.write_bytes(b"x")
    assert main(["models", "add", str(path), "--json"]) == 2
    assert "pickle" in lines(capsys)[-1]["message"]


def test_remove(store, capsys):
    put(store, "mine")
    assert main(["models", "remove", "mine"]) == 0
    assert "'mine' is removed" in capsys.readouterr().out
    assert store.installed() == []
    assert main(["models", "remove", "mine"]) == 2
    put(store, "mine")
    capsys.readouterr()
    main(["models", "remove", "mine", "--json"])
    (row,) = lines(capsys)
    assert row["event"] == "removed"
    assert row["freed_bytes"] > 7


def test_verify(store, capsys):
    assert main(["models", "verify"]) == 0
    assert "No models are installed" in capsys.readouterr().out
    put(store, "mine")
    put(store, "other")
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out == "mine: sound\nother: sound\n"
    (store.path("mine") / "model.safetensors").write_bytes(b"w3ights")
    (store.path("other") / "model.json").write_text("no")
    assert main(["models", "verify", "--json"]) == 1
    mine, other = lines(capsys)
    assert mine["files"] == [{"file": "model.safetensors", "problem": "changed"}]
    assert not other["ok"]
    assert main(["models", "verify", "mine"]) == 1
    assert "damaged: model.safetensors (changed). Run 'grafter models remove mine'" in capsys.readouterr().out


def test_a_paths_object_is_all_that_a_store_needs(tmp_path):
    assert Store(Paths(tmp_path, tmp_path, tmp_path, tmp_path)).installed() == []


def test_sigterm_is_as_before_after_a_job(fake_pull):
    before = signal.getsignal(signal.SIGTERM)
    main(["models", "pull"])
    assert signal.getsignal(signal.SIGTERM) is before
