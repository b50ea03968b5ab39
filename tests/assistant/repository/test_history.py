"""Commits, what they added, and what is said where there is nothing to measure."""

import subprocess

import pytest

from assistant.errors import InputError
from assistant.repository.history import Change, History

LINES = "".join(f"value_{number} = {number}\n" for number in range(20))


def test_added_lines_are_those_of_new_changed_and_renamed_files(repository):
    made = repository(
        {"changed.py": LINES, "old.py": LINES.replace("value", "other"), "gone.py": "x = 1\n"},
        {
            "changed.py": LINES.replace("value_3 = 3\n", "value_3 = 3\nnew_line = 1\nnewer_line = 2\n"),
            "old.py": None,
            "new/name.py": LINES.replace("value", "other") + "last = 1\n",
            "gone.py": None,
            "added ü.py": "a = 1\nb = 2\n",
        },
    )
    history = History(made.root)
    found = {change.path: (change.old, change.added) for change in history.changes(history.commits[1])}
    assert found == {
        "changed.py": ("changed.py", frozenset({5, 6})),
        "new/name.py": ("old.py", frozenset({21})),
        "added ü.py": (None, frozenset({1, 2})),
    }


def test_lines_that_look_like_a_patch_are_only_lines(repository):
    text = "-- a/x\n++ b/y\ndiff --git a/z b/z\n@@ -1,5 +100,7 @@\n"
    made = repository({"a.sql": "-- a/x\n", "b.py": "x = 1\n"}, {"a.sql": text, "b.py": "x = 2\n"})
    history = History(made.root)
    found = {change.path: change.added for change in history.changes(history.commits[1])}
    assert found == {"a.sql": frozenset({2, 3, 4}), "b.py": frozenset({1})}


def test_files_and_contents_of_a_commit(repository):
    made = repository({"a.py": "a = 1\n", "b/c.bin": b"\0\1"}, {"a.py": "a = 2\n"})
    (made.root / "link.py").symlink_to("a.py")
    made.commit({})
    history = History(made.root)
    files = history.files(history.commits[-1])
    assert {path: blob.size for path, blob in files.items()} == {"a.py": 6, "b/c.bin": 2}
    assert list(history.read(files.values())) == [b"a = 1\n", b"\0\1"]
    assert "link.py" not in history.files(history.commits[0])


def test_a_base_is_counted_named_or_dated(repository):
    made = repository(*({"a.py": f"a = {number}\n"} for number in range(4)))
    history = History(made.root)
    newest, third, second, first = history.commits
    assert history.head.id == newest
    assert history.back(2).id == second
    assert history.since(second[:10]).id == second
    assert history.since("HEAD~1").id == third
    assert history.since("2025-01-03").id == second
    assert history.since("2025-01-01T13:00:00+00:00").id == first
    assert history.count_between(first) == 3


def test_a_base_is_what_a_branch_follows_or_where_it_stood(repository):
    made = repository(*({"a.py": f"a = {number}\n"} for number in range(4)))
    history = History(made.root)
    made.git("update-ref", "refs/remotes/origin/main", history.commits[2])
    made.git("config", "remote.origin.url", "https://example.org/shop")
    made.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    made.git("config", "branch.main.remote", "origin")
    made.git("config", "branch.main.merge", "refs/heads/main")
    for place in ("@{upstream}", "@{u}", "main@{upstream}", "HEAD@{u}", "@{upstream}^{commit}"):
        assert history.since(place).id == history.commits[2]
    assert history.since("@{u}~1").id == history.since("@{u}^").id == history.commits[3]
    assert history.since("HEAD@{2}").id == history.since("main@{2}").id == history.commits[2]
    assert history.since("@{1}~2").id == history.commits[3]
    made.git("checkout", "--quiet", "-b", "other", history.commits[1])
    made.git("checkout", "--quiet", "main")
    assert history.since("@{-1}").id == history.commits[1]
    made.git("update-ref", "-m", "back", "refs/heads/main", history.commits[3])
    made.git("update-ref", "-m", "on", "refs/heads/main", history.commits[0])
    log = made.root / ".git" / "logs" / "refs" / "heads" / "main"
    lines = log.read_text().splitlines()
    moment = 1_700_000_000  # long ago, and an hour between each
    for number, line in enumerate(lines):
        before, _, after = line.partition("> ")
        lines[number] = f"{before}> {moment + 3600 * number} +0000\t{after.partition(chr(9))[2]}"
    log.write_text("\n".join(lines) + "\n")
    assert history.since("main@{2023-11-14T23:30:00+00:00}").id == history.commits[2]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda history: history.since("@{upstream}"), "--since @{upstream}: git knows no such commit of .*; name a"),
        (lambda history: history.since("main@{9}~2"), "git knows no such commit"),
        (lambda history: history.since("main@{yesterday}~9"), "git knows no such commit"),
        (lambda history: history.since("nobody@{yesterday}"), "git knows no such commit"),
        (lambda history: history.since("--output=x@{1}"), "git knows no such commit"),
        (lambda history: history.since("HEAD@{0}"), "does not lie before the newest one"),
        (lambda history: history.since("HEAD~1\0"), "neither a commit of"),
        (lambda history: history.back(4), "only 3 follow the first one"),
        (lambda history: history.back(0), "has to be at least 1"),
        (lambda history: history.since("yesterday-ish"), "neither a commit of"),
        (lambda history: history.since("--output=x"), "neither a commit of"),
        (lambda history: history.since("2024-01-01"), "no commit before that; the first is of 2025-01-01"),
        (lambda history: history.since("2026-01-01"), "no commit after that; the newest is of 2025-01-04"),
        (lambda history: history.since("HEAD"), "does not lie before the newest one"),
    ],
)
def test_a_base_that_cannot_be_is_refused(repository, ask, says):
    history = History(repository(*({"a.py": f"a = {number}\n"} for number in range(4))).root)
    with pytest.raises(InputError, match=says):
        ask(history)


def test_what_is_no_repository_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="There is no folder"):
        History(tmp_path / "none")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    with pytest.raises(InputError, match="is not a git repository; name one with at least two commits"):
        History(tmp_path / "plain")


def test_without_git_that_is_said(shop, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git is not installed; install it"):
        History(shop.root)


def test_too_few_commits_are_refused(repository):
    made = repository()
    with pytest.raises(InputError, match="has no commit yet"):
        History(made.root)
    made.commit({"a.py": "a = 1\n"})
    with pytest.raises(InputError, match="has only one commit, and nothing was added after it; commit what comes next"):
        History(made.root)


def test_a_shallow_clone_of_one_commit_is_told_to_fetch_more(shop, tmp_path):
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{shop.root}", str(tmp_path / "clone")], check=True)
    with pytest.raises(InputError, match=r"shallow clone with only one commit.*git fetch --unshallow"):
        History(tmp_path / "clone")


def test_changes_that_are_not_committed_are_refused(shop):
    shop.write({"untracked.py": "a = 1\n"})
    History(shop.root)
    shop.write({"shop/item.py": "a = 1\n"})
    with pytest.raises(InputError, match="changes that are not committed"):
        History(shop.root)


def test_a_bare_repository_can_be_measured(shop, tmp_path):
    subprocess.run(["git", "clone", "-q", "--bare", str(shop.root), str(tmp_path / "bare.git")], check=True)
    assert len(History(tmp_path / "bare.git").commits) == 2


def test_an_environment_of_another_repository_is_not_followed(shop, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert History(shop.root).root == shop.root


def test_nothing_of_the_repository_is_run(shop, tmp_path):
    ran = tmp_path / "ran"
    program = shop.root / ".git" / "spy"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    shop.git("config", "core.fsmonitor", str(program))
    shop.git("config", "diff.external", str(program))
    shop.git("config", "diff.spy.textconv", str(program))
    (shop.root / ".git" / "info" / "attributes").write_text("*.py diff=spy\n")
    history = History(shop.root)
    assert history.changes(history.commits[1])
    assert not ran.exists()


def test_a_file_that_was_only_renamed_is_a_change_without_lines(repository):
    made = repository({"old.py": LINES})
    (made.root / "old.py").rename(made.root / "new.py")
    made.commit({})
    history = History(made.root)
    assert history.changes(history.commits[1]) == [Change("new.py", "old.py", frozenset())]


def test_which_files_the_latest_commits_touched(repository):
    made = repository({"a.py": "1\n", "b b.py": "1\n"}, {"b b.py": "2\n"}, {"c.py": "1\n"})
    history = History(made.root)
    assert history.touched("HEAD", 2) == [("c.py",), ("b b.py",)]
    assert history.touched(history.commits[1], 9) == [("b b.py",), ("a.py", "b b.py")]


def test_uncommitted_changes_can_be_passed_over(shop):
    shop.write({"README.md": "changed\n"})
    assert History(shop.root, uncommitted=True).uncommitted
    with pytest.raises(InputError, match="not committed"):
        History(shop.root)


def test_a_folder_of_a_repository_is_all_that_counts(repository):
    made = repository(
        {"api/app.py": LINES, "web/page.py": LINES, "old.py": LINES.replace("value", "moved")},
        {"web/page.py": LINES + "web_line = 1\n"},
        {"api/app.py": LINES + "api_line = 1\n", "old.py": None, "api/new.py": LINES.replace("value", "moved")},
        {"web/page.py": LINES + "web_line = 2\n"},
    )
    (made.root / "web" / "page.py").write_text("changed = 1\n")  # not committed, and none of the folder's business
    newest, both, _, first = History(made.root, uncommitted=True).commits
    history = History(made.root / "api")
    assert (history.root, history.top) == (made.root / "api", made.root)
    assert history.commits == [both, first]
    assert not history.uncommitted
    assert history.count_between(first) == 1
    assert set(history.files(newest)) == {"app.py", "new.py"}
    found = {change.path: (change.old, change.added) for change in history.changes(first)}
    assert found == {"app.py": ("app.py", frozenset({21})), "new.py": (None, frozenset(range(1, 21)))}
    assert history.touched(newest, 10) == [("app.py", "new.py"), ("app.py",)]
    assert next(history.read(history.files(newest).values())).endswith(b"api_line = 1\n")
    assert history.since("HEAD~2").id == made.git("rev-parse", "HEAD~2")
    with pytest.raises(InputError, match="does not lie before the newest one that changed"):
        history.since("HEAD~1")


def test_a_folder_whose_name_looks_like_a_pattern_is_that_folder(repository):
    made = repository({"a[b]/x.py": LINES, "ab/y.py": LINES}, {"a[b]/x.py": LINES + "z = 1\n"}, {"ab/y.py": "y = 1\n"})
    history = History(made.root / "a[b]")
    assert len(history.commits) == 2
    assert set(history.files("HEAD")) == {"x.py"}
    assert [change.path for change in history.changes(history.commits[1])] == ["x.py"]


@pytest.mark.parametrize(("ignore", "said"), [("store/\n", "which ignores it"), ("", "has committed nothing of it")])
def test_a_folder_that_is_not_committed_is_refused_with_the_repository_named(repository, ignore, said):
    made = repository({"a.py": LINES, ".gitignore": ignore}, {"a.py": "x = 1\n"})
    (made.root / "store" / "deep").mkdir(parents=True)
    (made.root / "store" / "deep" / "mine.py").write_text(LINES)
    for folder in (made.root / "store", made.root / "store" / "deep"):
        with pytest.raises(InputError, match=said) as caught:
            History(folder)
        assert str(caught.value).startswith(f"{folder} lies in the git repository {made.root}, ")
        assert f"run 'git init' in {folder}" in str(caught.value)


def test_what_is_ignored_counts_as_not_committed_though_it_was_added_by_force(repository):
    made = repository({"a.py": LINES, ".gitignore": "store/\n", "store/b.py": LINES}, {"a.py": "x = 1\n"})
    with pytest.raises(InputError, match="which ignores it"):
        History(made.root / "store")
