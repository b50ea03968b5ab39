"""A folder of a repository is learned alone: its files, its commits, what stands in front of samples, its index."""

import json
import re
import subprocess

import pytest

from assistant.errors import InputError
from finetune.config import DataConfig
from finetune.data.manifest import read_holes
from finetune.data.prepare import evaluation_index, files_table, prepare, preview
from finetune.data.split import split

SMALL = {"holes": 30, "validation_holes": 10}


def quiet(_what, _done, _total):
    pass


@pytest.fixture
def monorepo(commit, add, make_module):
    """Two projects that call the same names; each gets new code in commits of its own, the other one last."""
    root = commit(
        {f"{part}/src/part_{n}.py": make_module(n + base) for part, base in (("api", 0), ("web", 20)) for n in range(8)}
        | {"LICENSE": "MIT License\n", "tool.py": make_module(90)},
        {f"api/src/new_{n}.py": make_module(40 + n) for n in range(3)},
        {f"web/src/new_{n}.py": make_module(60 + n) for n in range(3)},
    )
    add({"web/src/late.py": make_module(70)}, root, 9)
    return root


def test_the_files_of_the_folder_alone_are_judged(monorepo, make_config):
    table = files_table(make_config(monorepo / "api", **SMALL))
    assert {row["path"] for row in table["files"]} == {f"src/part_{n}.py" for n in range(8)}
    assert (table["split"]["kind"], table["split"]["commits"], table["kept"]) == ("commits", 1, 8)
    assert table["split"]["head_date"][:10] == "2025-01-02"


def test_holes_samples_and_indexes_lie_in_the_folder(monorepo, tmp_path, encoder, make_config):
    (tmp_path / "run").mkdir()
    config = make_config(monorepo / "api", length=1024, **SMALL)
    manifest = prepare(tmp_path / "run", config, encoder, lambda _event: None, wanted_tokens=20_000)
    assert manifest.name == "api"
    assert set(manifest.learned) == {f"src/part_{n}.py" for n in range(8)}
    held = [hole for name in ("validation", "test") for hole in read_holes(tmp_path / "run" / "data" / f"{name}.jsonl")]
    assert len(held) == 40
    assert {hole.path for hole in held} <= {f"src/new_{n}.py" for n in range(3)}
    with evaluation_index(config, manifest) as index:
        assert sum(row.files for row in index.reader.files()) == 8
        assert index.reader.definitions(["load_record_0_0"], 5)
        assert not index.reader.definitions(["load_record_20_0"], 5)  # of web/
    samples = preview(config, encoder, 40)
    assert {sample["path"].split("/")[0] for sample in samples} == {"src"}
    assert not re.findall(r"registry_(?:2\d|6\d|90)", json.dumps(samples))  # of web/ and of the root


def test_a_folder_without_commits_of_its_own_holds_files_of_its_own_out(monorepo, add, make_module, make_config):
    add({f"docs/tool_{n}.py": make_module(200 + n) for n in range(12)}, monorepo, 12)
    found = split(monorepo / "docs", DataConfig(**SMALL), 0, quiet)
    assert found.kind == "files"
    assert "fewer than two commits" in found.note
    assert {path.split("_")[0] for path in found.judged.texts} == {"tool"}


@pytest.mark.parametrize("since", [None, "HEAD~1"])
def test_a_folder_that_the_repository_ignores_is_refused_until_it_is_one(commit, write, make_module, since):
    root = commit({"a.py": make_module(1), ".gitignore": "store/\n"}, {"b.py": make_module(2)})
    write({f"store/s{n}.py": make_module(10 + n) for n in range(12)}, root.name)
    with pytest.raises(InputError) as caught:
        split(root / "store", DataConfig(since=since, **SMALL), 0, quiet)
    said = str(caught.value)
    assert f"{root / 'store'} lies in the git repository {root}, which ignores it" in said
    assert "git init" in said
    subprocess.run(["git", "-C", str(root / "store"), "init", "--quiet"], check=True)  # as the sentence says
    found = split(root / "store", DataConfig(**SMALL), 0, quiet)
    assert {row.path for row in found.judged.rows} == {".git", *(f"s{n}.py" for n in range(12))}
    assert found.judged.texts


def test_a_shallow_clone_says_that_it_is_one(monorepo, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{monorepo}", str(clone)], check=True)
    assert "git fetch --unshallow" in split(clone, DataConfig(**SMALL), 0, quiet).note
