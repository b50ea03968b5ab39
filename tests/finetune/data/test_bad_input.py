import subprocess

import pytest

from assistant.errors import InputError
from finetune.data.prepare import prepare

SMALL = {"holes": 30, "validation_holes": 10}


@pytest.fixture
def refused(tmp_path, encoder, make_config):
    """Return what tries to learn a repository and gives the sentence that refuses it."""

    def ask(root) -> str:
        run = tmp_path / "run"
        run.mkdir()
        with pytest.raises(InputError) as caught:
            prepare(run, make_config(root, **SMALL), encoder, lambda _: None, wanted_tokens=20_000)
        assert list(run.iterdir()) == []
        said = str(caught.value)
        assert said.endswith(".")
        assert "\n" not in said
        return said

    return ask


def test_no_folder(refused, tmp_path):
    assert "There is no folder" in refused(tmp_path / "nowhere")


def test_an_empty_folder(refused, write):
    assert "There are no files" in refused(write({}))


def test_an_empty_repository(refused, write):
    root = write({})
    subprocess.run(["git", "-C", str(root), "init", "--quiet"], check=True)
    assert "code" in refused(root)


def test_nothing_but_documents(refused, write):
    said = refused(write({"README.md": "# A\n", "NOTES.md": "# B\n"}))
    assert "is code to learn from (files: 2)" in said
    assert "--files" in said


def test_seven_small_files(refused, write):
    said = refused(write({f"{number}.py": f"value_{number} = {number}\n" for number in range(7)}))
    assert "too little code" in said
    assert "at least 20 are needed" in said


def test_seven_small_commits(refused, commit):
    said = refused(commit(*({f"{number}.py": f"value_{number} = {number}\n"} for number in range(7))))
    assert "too little code" in said


def test_one_file_of_fifty_megabytes(refused, write):
    assert "is code to learn from (files: 1)" in refused(write({"big.py": b"x = 1\n" * 8_400_000}))


def test_one_file_of_fifty_megabytes_that_a_person_wants(tmp_path, write, encoder, make_config):
    root = write({"big.py": b"x = 1\n" * 8_400_000})
    with pytest.raises(InputError, match=r"is code to learn from \(files: 1\)"):
        prepare(tmp_path, make_config(root, keep=("big.py",)), encoder, lambda _: None, wanted_tokens=1000)


def test_one_large_file_alone(refused, write, make_module):
    assert "too little code" in refused(write({"all.py": make_module(1, functions=60)}))


def test_git_is_not_installed(tmp_path, history, encoder, make_config, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    manifest = prepare(tmp_path, make_config(history, **SMALL), encoder, lambda _: None, wanted_tokens=5000)
    assert manifest.kind == "files"
    assert "git is not installed" in manifest.note


def test_files_that_cannot_be_read(tmp_path, write, encoder, make_config, make_module, monkeypatch):
    root = write({f"shop/part_{number}.py": make_module(number) for number in range(14)})
    from pathlib import Path

    plain = Path.open

    def refusing(path, *args, **kwargs):
        if path.name in ("part_3.py", "part_5.py"):
            raise PermissionError(13, "Permission denied")
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refusing)
    manifest = prepare(tmp_path, make_config(root, **SMALL), encoder, lambda _: None, wanted_tokens=5000)
    assert manifest.reasons["unreadable"] == 2
    assert not {"shop/part_3.py", "shop/part_5.py"} & {*manifest.learned, *manifest.held}
