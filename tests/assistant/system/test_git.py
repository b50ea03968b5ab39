"""Where a repository is found, and that git reads the same in what stands in for it."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from assistant.errors import InputError
from assistant.repository.history import History
from assistant.system import git as git_module
from assistant.system.git import Git, NoGit
from assistant.system.git_folder import NotARepository, find_place


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    home = tmp_path / "person"
    home.mkdir()
    settings = home / ".gitconfig"
    settings.write_text(
        '[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n[protocol "file"]\nallow = always\n'
    )
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("HOME", str(home))


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=check, capture_output=True, text=True)
    return done.stdout.strip()


def make(root: Path, *options: str) -> Path:
    """Make a repository with two commits, a tag and a packed branch."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet", *options)
    for number in range(2):
        (root / "sub").mkdir(exist_ok=True)
        (root / "sub" / "a.py").write_text(f"a = {number}\n")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "-m", f"commit {number}")
        git(root, "tag", "-a", f"v{number}", "-m", "tag")
    git(root, "branch", "topic/one", "HEAD~1")
    return root


def test_names_lead_where_git_says(tmp_path):
    root = make(tmp_path / "shop")
    git(root, "pack-refs", "--all")
    git(root, "branch", "topic/two", "HEAD~1")
    git(root, "branch", "--force", "topic/one", "HEAD")  # newer than the packed one
    git(root, "symbolic-ref", "refs/heads/alias", "refs/heads/topic/two")
    asked = Git(root)
    for name in ("HEAD", "main", "v0", "v0^{commit}", "topic/one", "topic/two", "alias", "HEAD~1", ":/commit 0"):
        assert asked.text("rev-parse", name) == git(root, "rev-parse", name), name
    assert asked.says("rev-parse", "--verify", "--quiet", "nothing") is None
    assert asked.text("symbolic-ref", "HEAD") == "refs/heads/main"
    git(root, "checkout", "--quiet", "--detach", "v0")
    assert Git(root).text("rev-parse", "HEAD") == git(root, "rev-parse", "HEAD")


@pytest.mark.parametrize("options", [["--object-format=sha256"], ["--ref-format=reftable"]])
def test_other_formats_are_read(tmp_path, options):
    try:
        root = make(tmp_path / "shop", *options)
    except subprocess.CalledProcessError:
        pytest.skip("this git does not know the format")
    assert len(History(root).commits) == 2
    assert History(root).since("topic/one").id == git(root, "rev-parse", "HEAD~1")
    git(root, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), "v0")
    assert Git(tmp_path / "tree").text("rev-parse", "HEAD") == git(root, "rev-parse", "HEAD~1")


def test_a_worktree_has_its_own_head_and_files(tmp_path):
    root = make(tmp_path / "shop")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "tree"), "topic/one")
    (root / "sub" / "a.py").write_text("changed\n")
    assert Git(tmp_path / "tree" / "sub").top == tmp_path / "tree"
    assert Git(tmp_path / "tree").text("rev-parse", "HEAD") == git(root, "rev-parse", "HEAD~1")
    git(tmp_path / "tree", "commit", "--quiet", "--allow-empty", "-m", "more")
    assert not History(tmp_path / "tree").uncommitted
    assert History(root, uncommitted=True).uncommitted


def test_a_submodule_is_a_repository_of_its_own(tmp_path):
    inner = make(tmp_path / "inner")
    root = make(tmp_path / "shop")
    git(root, "submodule", "--quiet", "add", str(inner), "lib")
    git(root, "commit", "--quiet", "-m", "with lib")
    assert find_place(root / "lib" / "sub").git_dir == root / ".git" / "modules" / "lib"
    assert History(root / "lib").root == root / "lib"
    assert History(root / "lib").commits == git(inner, "rev-list", "HEAD").split("\n")
    (root / "lib" / "sub" / "a.py").write_text("changed\n")
    assert History(root / "lib", uncommitted=True).uncommitted
    assert not History(root).uncommitted


def test_a_git_directory_elsewhere_and_an_index_in_two_parts(tmp_path):
    root = make(tmp_path / "shop", "--separate-git-dir", str(tmp_path / "elsewhere.git"))
    git(root, "update-index", "--split-index")
    assert list((tmp_path / "elsewhere.git").glob("sharedindex.*"))
    assert not History(root).uncommitted
    (root / "sub" / "a.py").write_text("changed\n")
    assert History(root, uncommitted=True).uncommitted


def test_what_is_not_checked_out_is_not_missing(tmp_path):
    root = make(tmp_path / "shop")
    (root / "b.py").write_text("b = 1\n")
    git(root, "add", "b.py")
    git(root, "commit", "--quiet", "-m", "b")
    git(root, "sparse-checkout", "set", "--no-cone", "/b.py")
    assert not (root / "sub").exists()
    assert not History(root).uncommitted


@pytest.mark.parametrize("how", ["chmod", "line ends", "touch"])
def test_a_file_of_the_same_content_is_not_changed(tmp_path, how):
    root = make(tmp_path / "shop")
    file = root / "sub" / "a.py"
    if how == "chmod":
        file.chmod(0o755)
    if how == "line ends":  # as git writes them on Windows
        file.unlink()
        git(root, "-c", "core.autocrlf=true", "checkout", "--", ".")
        assert file.read_bytes() == b"a = 1\r\n"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert not History(root).uncommitted


@pytest.mark.parametrize("how", ["content", "staged", "gone", "new and staged"])
def test_what_differs_from_the_newest_commit_is_seen(tmp_path, how):
    root = make(tmp_path / "shop")
    file = root / "sub" / ("b.py" if how == "new and staged" else "a.py")
    if how == "gone":
        file.unlink()
    else:
        file.write_text("changed\n")
    if "staged" in how:
        git(root, "add", "--all")
    assert History(root / "sub", uncommitted=True).uncommitted


def test_a_bare_repository_is_one_by_its_name_and_only_when_it_is_named(tmp_path):
    root = make(tmp_path / "shop")
    git(tmp_path, "clone", "--quiet", "--bare", str(root), str(tmp_path / "shop.git"))
    assert Git(tmp_path / "shop.git").bare
    with pytest.raises(NotARepository, match="is not a git repository"):
        Git(tmp_path / "shop.git" / "refs")
    shutil.copytree(tmp_path / "shop.git", tmp_path / "plain")
    (tmp_path / "plain" / "code.py").write_text("x = 1\n")
    with pytest.raises(NotARepository, match=r"only in a folder whose name ends with \.git"):
        Git(tmp_path / "plain")
    for name in ("fixture.git", "fixture"):
        shutil.copytree(tmp_path / "shop.git", root / name)
        asked = Git(root / name)
        assert (asked.top, asked.bare) == (root, False)
    assert Git(root / ".git").top == root


def test_a_bare_repository_is_read_where_the_person_allows_only_those_that_are_named(tmp_path):
    root = make(tmp_path / "shop")
    git(tmp_path, "clone", "--quiet", "--bare", str(root), str(tmp_path / "shop.git"))
    git(root, "config", "--global", "safe.bareRepository", "explicit")
    assert len(History(tmp_path / "shop.git").commits) == 2


def test_a_file_that_leads_nowhere_is_said(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".git").write_text("gitdir: ../gone\n")
    with pytest.raises(NotARepository, match="leads to no git repository; run 'git worktree repair'"):
        Git(tmp_path / "tree")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_owner_is_refused_in_gits_own_words(tmp_path):
    root = make(tmp_path / "shop")
    for path in (root, root / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(InputError, match=r"(dubious ownership|unsafe repository).*--add safe.directory /") as caught:
        Git(root)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, NotARepository)
    git(root, "config", "--global", "--add", "safe.directory", str(root))
    assert Git(root).top == root


def test_settings_that_git_cannot_read_are_said(tmp_path):
    root = make(tmp_path / "shop")
    (root / ".git" / "config").write_text("[core\n")
    with pytest.raises(InputError, match=r"git cannot read .*bad config"):
        Git(root)


def test_variables_of_the_environment_lead_nowhere_else(tmp_path, monkeypatch):
    root, other = make(tmp_path / "shop"), make(tmp_path / "other")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "more")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.worktree")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(other))
    assert len(History(root).commits) == 2


def test_nothing_is_left_behind_and_nothing_is_written(tmp_path, monkeypatch):
    root = make(tmp_path / "shop")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(git_module.tempfile, "tempdir", str(tmp_path / "temporary"))
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    history = History(root)
    assert history.head
    assert list((tmp_path / "temporary").iterdir())
    history.close()
    assert list((tmp_path / "temporary").iterdir()) == []
    History(root)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_an_answer_has_its_bounds(tmp_path):
    root = make(tmp_path / "shop")
    asked = Git(root)
    with pytest.raises(InputError, match="it said more than 0 MB"):
        asked.data("rev-list", "HEAD", limit=50)
    pipe = root / ".git" / "objects" / "11" / ("1" * 38)
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    begin = time.monotonic()
    with pytest.raises(InputError, match="it took longer than 1 s"):
        asked.data("cat-file", "-p", "1" * 40, timeout=1)
    with pytest.raises(ZeroDivisionError):
        asked.data("cat-file", "-p", "1" * 40, check=lambda: print(1 // 0))
    with pytest.raises(InputError, match="git stopped while it read"):
        list(asked.blobs(["1" * 40], timeout=0.5))
    assert time.monotonic() - begin < 60


def test_a_program_of_the_current_folder_is_not_git(tmp_path, monkeypatch):
    (tmp_path / "git").write_text("#!/bin/sh\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "bin", str(tmp_path / "nothing")]))
    with pytest.raises(NoGit, match="git is not installed"):
        Git(tmp_path)


def test_git_that_cannot_be_started_is_said(tmp_path, monkeypatch):
    root = make(tmp_path / "shop")
    broken = tmp_path / "bin" / "git"
    broken.parent.mkdir()
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    with pytest.raises(NoGit, match="git could not be started: "):
        Git(root)
