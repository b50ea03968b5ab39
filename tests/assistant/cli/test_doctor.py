import json
import subprocess
from types import SimpleNamespace

import pytest

from assistant.cli import checks, doctor
from assistant.cli.checks import Check
from assistant.cli.main import main
from assistant.config import DEFAULT_MODEL, find_paths
from assistant.models.store import Store


def test_the_real_doctor_in_json(capsys):
    code = main(["doctor", "--json"])
    answer = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in answer["checks"]}
    assert code == (0 if answer["usable"] else 1)
    assert rows["Python"]["state"] == "ok"
    assert rows["Device cpu"]["state"] == "ok"
    assert "torch" in rows["Libraries"]["value"]
    assert DEFAULT_MODEL in rows["Models"]["advice"]
    assert str(find_paths().models) in rows["Models lie in"]["value"]
    assert rows["Window"]["value"].startswith("Qt 6")


def test_for_people_with_something_missing(monkeypatch, capsys):
    found = [
        Check("A", "ok", "fine [x]"),
        Check("B", "note", "so so", "advice"),
        Check("C", "missing", "gone", "get it"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda _: iter(found))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "✓ A: fine [x]" in out
    assert "✗ C: gone\n    get it" in out
    assert "Something that Grafter needs is missing" in out
    monkeypatch.setattr(doctor, "examine", lambda _: iter(found[:2]))
    assert main(["doctor"]) == 0
    assert "Grafter can be used here" in capsys.readouterr().out


def test_a_library_that_is_missing_or_too_old(monkeypatch):
    monkeypatch.setattr(checks.importlib.metadata, "requires", lambda _: ["nonsense-lib>=2", "psutil>=9999.1", "rich"])
    rows = {check.name: check for check in checks.libraries()}
    assert rows["nonsense-lib"].state == "missing"
    assert rows["nonsense-lib"].advice.endswith("-m pip install 'nonsense-lib>=2'")
    assert "needs 9999.1 or newer" in rows["psutil"].value
    assert rows["Libraries"].value.startswith("rich ")


def test_a_program_that_is_not_installed(monkeypatch):
    def missing(_):
        raise checks.importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(checks.importlib.metadata, "requires", missing)
    (check,) = checks.libraries()
    assert check.state == "missing"


def test_a_graphics_card_that_torch_overlooks(monkeypatch):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this torch sees the card")
    monkeypatch.setattr(checks, "find_machine", lambda: SimpleNamespace(gpu_memory=24 * 10**9, gpu_name="A card"))
    rows = {check.name: check for check in checks.devices()}
    assert rows["Graphics card"].state == "note"
    assert "A card (24.0 GB)" in rows["Graphics card"].value


def probe(monkeypatch, stdout, stderr="", code=0):
    done = subprocess.CompletedProcess([], code, stdout=stdout, stderr=stderr)
    monkeypatch.setattr(checks.subprocess, "run", lambda *_, **__: done)
    return {check.name: check for check in checks.window()}


def test_qt_that_lacks_a_library_gives_the_command(monkeypatch):
    problem = "Qt needs system libraries (libEGL.so.1).\nRun: sudo apt-get install -y libegl1\nOn Fedora: dnf"
    rows = probe(monkeypatch, json.dumps({"screen": None}) + "\n" + json.dumps({"problem": problem}))
    assert rows["Window"].state == "missing"
    assert rows["Window"].value == "Qt needs system libraries (libEGL.so.1)."
    assert rows["Window"].advice.startswith("Run: sudo apt-get install -y libegl1")
    assert rows["Screen"].state == "ok"


def test_qt_that_aborts_is_missing(monkeypatch):
    rows = probe(monkeypatch, "", "qt.qpa: no plugin\n", -6)
    assert rows["Window"].state == "missing"
    assert "qt.qpa: no plugin" in rows["Window"].value


def test_a_machine_without_screen_is_only_a_note(monkeypatch):
    rows = probe(monkeypatch, '{"screen": "No screen.\\nUse ssh -X."}\n{"version": "6.9"}\n')
    assert rows["Window"].state == "ok"
    assert (rows["Screen"].state, rows["Screen"].advice) == ("note", "Use ssh -X.")


def test_the_qt_probe_is_run_on_the_safe_path(tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('imported from the workspace')")
    monkeypatch.chdir(tmp_path)
    rows = {check.name: check for check in checks.window()}
    assert rows["Window"].value.startswith("Qt 6")


def test_damaged_models_and_little_room(monkeypatch):
    store = Store(find_paths())
    (store.folder / "bad").mkdir(parents=True)
    (store.folder / "bad" / "model.json").write_text("no")
    check = checks.models(store)
    assert (check.state, check.value) == ("note", "bad (damaged)")
    monkeypatch.setattr(checks, "free_bytes", lambda _: 10**9)
    assert next(checks.stores(find_paths())).state == "note"


def test_a_folder_of_models_that_cannot_be_read(monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    check = checks.models(Store(find_paths()))
    assert check.state == "missing"
    assert "Permission denied" in check.advice
