import os
import shutil
import subprocess
from collections import Counter

import pytest

from assistant.errors import InputError
from assistant.repository.holes import Hole
from finetune.config import DataConfig
from finetune.data.split import divide, split

SMALL = DataConfig(holes=30, validation_holes=10)


def quiet(_what, _done, _total):
    pass


def hole(path, number):
    return Hole(path, "python", "line", "text", 0, 1, number, 0)


def test_what_the_latest_commits_added_is_held_out(history):
    found = split(history, SMALL, 0, quiet)
    assert found.kind == "commits"
    assert (found.commits, found.base.date[:10], found.head.date[:10]) == (1, "2025-01-01", "2025-01-02")
    assert all(each.path.startswith("shop/new_") for each in (*found.validation, *found.test))
    assert all(path.startswith("shop/part_") for path in found.judged.texts)
    assert (len(found.validation), len(found.test)) == (10, 30)
    assert {each.path for each in found.validation}.isdisjoint(each.path for each in found.test)
    assert split(history, SMALL, 0, quiet) == found or found.test == split(history, SMALL, 0, quiet).test


def test_a_date_or_a_commit_says_where_to_begin(commit, make_module):
    sets = [{f"p{day}_{n}.py": make_module(day * 10 + n) for n in range(4)} for day in range(4)]
    root = commit(*sets)
    found = split(root, DataConfig(since="2025-01-03", holes=30, validation_holes=10), 0, quiet)
    assert (found.commits, found.base.date[:10]) == (2, "2025-01-02")
    with pytest.raises(InputError, match="neither a commit"):
        split(root, DataConfig(since="nonsense"), 0, quiet)


def test_files_are_held_out_where_nearly_all_came_at_once(commit, make_module):
    root = commit({"a.py": make_module(1)}, {f"b{n}.py": make_module(2 + n) for n in range(20)})
    found = split(root, SMALL, 0, quiet)
    assert found.kind == "files"
    assert "its commits" in found.note


def test_a_large_addition_is_held_out_as_a_whole_and_the_least_of_it_counts(commit, make_module):
    root = commit(
        {f"a{n}.py": make_module(n) for n in range(6)},
        {f"b{n}.py": make_module(50 + n) for n in range(20)},
        {f"c{n}.py": make_module(90 + n) for n in range(2)},
    )
    found = split(root, DataConfig(holes=400, validation_holes=100), 0, quiet)
    assert (found.kind, found.commits) == ("commits", 1)


@pytest.mark.parametrize(("remove", "why"), [(True, "no git repository"), (False, "fewer than two commits")])
def test_without_commits_about_a_tenth_of_the_files_is_held_out(commit, make_module, remove, why):
    root = commit({f"shop/part_{n}.py": make_module(n) for n in range(30)})
    if remove:
        shutil.rmtree(root / ".git")
    found = split(root, SMALL, 0, quiet)
    held = {row.path for row in found.judged.rows if row.reason == "held out"}
    assert found.kind == "files"
    assert why in found.note
    assert 2 <= len(held) <= 5
    assert held.isdisjoint(found.judged.texts)
    assert {each.path for each in (*found.validation, *found.test)} == held
    assert found.test == split(root, SMALL, 0, quiet).test
    assert found.test != split(root, SMALL, 1, quiet).test


def test_a_date_needs_commits(write, make_module):
    root = write({f"{n}.py": make_module(n) for n in range(5)})
    with pytest.raises(InputError, match="not a git repository"):
        split(root, DataConfig(since="2025-01-01"), 0, quiet)


def test_files_that_a_person_left_out_are_not_asked_either(history):
    found = split(history, DataConfig(holes=30, validation_holes=10, drop=("shop/new_0.py",)), 0, quiet)
    assert "shop/new_0.py" not in {each.path for each in (*found.validation, *found.test)}


def test_a_file_that_was_renamed_is_learned_by_its_new_name(commit, add, make_module):
    first = {f"shop/part_{n}.py": make_module(n) for n in range(8)}
    root = commit(first)
    (root / "shop/part_3.py").rename(root / "shop/renamed.py")
    add({"shop/new.py": make_module(100), "shop/new_2.py": make_module(101)}, root)
    found = split(root, SMALL, 0, quiet)
    assert "shop/renamed.py" in found.judged.texts
    assert "shop/part_3.py" not in found.judged.texts
    assert found.tree.recency()["shop/renamed.py"] == 0


def test_no_file_is_on_both_sides_where_there_are_enough():
    holes = [hole(f"{number % 12}.py", number) for number in range(240)]
    first, second = divide(holes, 60, 200, 0)
    assert {each.path for each in first}.isdisjoint(each.path for each in second)
    assert 44 <= len(first) <= 60
    assert 148 <= len(second) <= 200


def test_of_one_file_no_hole_is_on_both_sides():
    holes = [hole("a.py", number) for number in range(26)]
    first, second = divide(holes, 60, 200, 0)
    assert (len(first), len(second)) == (6, 20)
    assert not Counter(first) & Counter(second)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            ["--depth=1"],
            "shallow clone with only one commit, and nothing was added after it; run 'git fetch --unshallow'",
        ),
        (["--depth=2"], "too few to tell what the latest added (run 'git fetch --unshallow')"),
        (["--filter=blob:none"], "lacks the files of older commits (clone it without --filter)"),
    ],
)
def test_a_clone_that_is_not_whole_says_what_would_make_it_so(commit, add, make_module, tmp_path, options, why):
    root = commit({f"a{n}.py": make_module(n) for n in range(20)}, {"b.py": make_module(50)})
    add({"README.md": "# Shop\n", "a1.py": "changed = 1\n"}, root)
    subprocess.run(["git", "-C", str(root), "config", "uploadpack.allowFilter", "true"], check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", *options, f"file://{root}", str(clone)], check=True)
    found = split(clone, SMALL, 0, quiet)
    assert found.kind == "files"
    assert why in found.note


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_owner_is_said_to_be_one(history):
    for path in (history, history / ".git"):
        os.chown(path, 12345, 12345)
    found = split(history, SMALL, 0, quiet)
    assert found.kind == "files"
    assert "git does not read" in found.note
    assert f"git config --global --add safe.directory {history}" in found.note
