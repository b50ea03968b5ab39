import json
import os
import stat

import pytest

from assistant.errors import DiskError, InputError, ModelError
from assistant.models.pull import pull
from assistant.models.store import Damage, InstalledModel, Origin, StoredFile

BAD_IDS = ["../evil", "a/b", "/etc", "", ".hidden", "Upper", "a" * 81, "a\\b", "a\0b", "-option", "c:evil", "a\n"]


@pytest.fixture
def installed(entry, store, tools, reports):
    return pull(entry, store, ["hub"], reports, tools)


@pytest.mark.parametrize("model_id", BAD_IDS)
def test_ids_that_are_no_plain_names_are_refused(store, model_id):
    for action in (store.path, store.find, store.get, store.remove, store.verify, store.staging):
        with pytest.raises(InputError):
            action(model_id)


def test_a_store_that_does_not_exist_yet_is_empty(store):
    assert store.installed() == []
    assert store.broken() == []
    assert store.find("toy") is None
    with pytest.raises(InputError, match="'toy' is not installed"):
        store.get("toy")


def test_a_folder_counts_only_with_its_manifest(installed, store):
    (store.path("toy") / "model.json").unlink()
    assert store.installed() == []
    assert store.find("toy") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', "\udcff"])
def test_a_manifest_that_cannot_be_read_is_damage_and_can_be_removed(installed, store, text):
    (store.path("toy") / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert store.installed() == []
    assert store.broken() == ["toy"]
    with pytest.raises(ModelError, match=r"'toy' is damaged.*grafter models remove toy"):
        store.get("toy")
    assert store.remove("toy") > 0
    assert not store.path("toy").exists()


def test_verify_finds_every_kind_of_damage(installed, store):
    seen = []
    assert store.verify("toy", lambda done, total: seen.append((done, total))) == []
    assert seen[-1] == (installed.disk_bytes, installed.disk_bytes)
    weights = store.path("toy") / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[1000] ^= 1
    weights.write_bytes(data)
    (store.path("toy") / "config.json").unlink()
    assert set(map(tuple, [(d.file, d.problem) for d in store.verify("toy")])) == {
        ("model.safetensors", "changed"),
        ("config.json", "missing"),
    }


def test_verify_reads_no_file_outside_the_folder(installed, store):
    manifest = store.path("toy") / "model.json"
    data = json.loads(manifest.read_text())
    data["files"]["../../secret"] = {"bytes": 1, "sha256": "0" * 64}
    manifest.write_text(json.dumps(data))
    assert store.verify("toy") == [Damage("../../secret", "missing")]


def test_remove_frees_the_model_and_its_downloads(installed, store):
    leftover = store.downloads / "toy" / "hub-x" / "f.part"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"12345")
    bytes_before = sum(p.stat().st_size for p in store.path("toy").iterdir())
    assert store.remove("toy") == bytes_before + 5
    assert not store.path("toy").exists()
    assert not leftover.exists()
    with pytest.raises(InputError, match="not installed"):
        store.remove("toy")


def test_remove_also_deletes_a_download_without_a_model(store):
    leftover = store.downloads / "toy" / "x.part"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"1")
    assert store.remove("toy") == 1


def test_remove_takes_a_link_and_not_what_it_leads_to(installed, store, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    store.path("toy").rename(elsewhere)
    store.path("toy").symlink_to(elsewhere)
    assert store.remove("toy") == 0
    assert not store.path("toy").is_symlink()
    assert (elsewhere / "model.json").exists()


def test_remove_takes_what_an_interrupted_removal_left(store):
    gone = store.folder / ".toy.gone"
    gone.mkdir(parents=True)
    (gone / "x").write_bytes(b"12")
    assert store.remove("toy") == 2
    assert not gone.exists()


def test_nothing_is_removed_while_it_is_fetched(installed, store):
    with store.lock("toy"), pytest.raises(ModelError, match="Another Grafter is fetching"):
        store.remove("toy")
    assert store.find("toy")


def test_staging_starts_empty_and_never_counts(store):
    staged = store.staging("toy")
    (staged / "model.json").write_text("{}")
    assert store.installed() == []
    assert list(store.staging("toy").iterdir()) == []


def test_a_store_that_may_not_be_written_says_so(store, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(DiskError, match="may not be written"):
        store.staging("toy")


def test_installing_replaces_what_was_there_by_one_rename(installed, store):
    staged = store.staging("toy")
    (staged / "new").write_bytes(b"n")
    model = InstalledModel("toy", "Toy 2", "MIT", "none", Origin("local", "x"), {"new": StoredFile(1, "0")}, 5, 6)
    store.install(staged, model)
    assert store.get("toy") == model
    assert sorted(p.name for p in store.folder.iterdir()) == ["toy"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(("umask", "file_mode", "folder_mode"), [(0, 0o644, 0o755), (0o027, 0o640, 0o750)])
def test_models_may_be_read_by_whom_the_umask_lets(store, entry, tools, reports, umask, file_mode, folder_mode):
    before = os.umask(umask)
    try:
        pull(entry, store, ["hub"], reports, tools)
    finally:
        os.umask(before)
    folder = store.path("toy")
    assert stat.S_IMODE(folder.stat().st_mode) == folder_mode
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == dict.fromkeys(modes, file_mode)
    assert {"model.safetensors", "model.json", "config.json"} <= modes.keys()
    assert stat.S_IMODE(store.folder.stat().st_mode) == folder_mode


@pytest.mark.skipif(os.name != "posix", reason="modes count on POSIX")
@pytest.mark.parametrize(("umask", "file_mode", "folder_mode"), [(0o022, 0o644, 0o755), (0o027, 0o640, 0o750)])
def test_verify_opens_what_an_older_version_kept_from_others(installed, store, umask, file_mode, folder_mode):
    folder = store.path("toy")
    inside = list(folder.iterdir())
    for file in inside:
        file.chmod(0o600)
    folder.chmod(0o700)
    inside[0].chmod(0o664)
    before = os.umask(umask)
    try:
        assert store.verify("toy") == []
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == folder_mode
    assert stat.S_IMODE(inside[0].stat().st_mode) == 0o664, "nothing is taken away"
    assert {stat.S_IMODE(file.stat().st_mode) for file in inside[1:]} == {file_mode}


@pytest.mark.skipif(os.name != "posix", reason="modes count on POSIX")
def test_verify_leaves_the_modes_of_what_a_link_leads_to(installed, store, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("x")
    mine.chmod(0o600)
    (store.path("toy") / "extra.json").symlink_to(mine)
    assert store.verify("toy") == []
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600
