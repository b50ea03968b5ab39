import os
import subprocess
from pathlib import Path

import pytest

from assistant.repository.exclusions import reason_of_content, reason_of_folder, reason_of_name
from assistant.repository.walk import FoundFile, LeftOut, SourceText, Walk, decode


def make(root: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        write(root, name, content)


def write(root: Path, path: str, content: str | bytes = "x = 1\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def counted(walk: Walk) -> list[str]:
    return [found.path for found in walk.files() if isinstance(found, FoundFile)]


def left(walk: Walk) -> dict[str, str]:
    return {found.path: found.reason for found in walk.files() if isinstance(found, LeftOut)}


def test_files_come_with_their_size_and_time_and_the_others_with_a_reason(tmp_path):
    for path in ["a.py", "b/c.js", "b/d/e.md", ".env", ".git/config", "node_modules/x/y.js", "yarn.lock", "app.min.js"]:
        write(tmp_path, path)
    for path in ["pic.png", "data.csv", "x_pb2.py", "venv/pyvenv.cfg", "venv/lib/a.py"]:
        write(tmp_path, path)
    walk = Walk(tmp_path)
    assert counted(walk) == ["a.py", "b/c.js", "b/d/e.md"]
    assert left(walk) == {
        ".env": "hidden",
        ".git": "hidden",
        "node_modules": "dependencies",
        "yarn.lock": "lock file",
        "app.min.js": "minified",
        "pic.png": "binary",
        "data.csv": "data",
        "x_pb2.py": "generated",
        "venv": "dependencies",
    }
    status = (tmp_path / "a.py").stat()
    assert next(iter(walk.files())) == LeftOut(".env", "hidden")
    assert walk.find("a.py") == FoundFile("a.py", status.st_size, status.st_mtime_ns)


def test_too_large_by_size_or_by_growing_meanwhile(tmp_path):
    make(tmp_path, big="x\n" * 60, small="x\n")
    walk = Walk(tmp_path, most_bytes=100)
    assert left(walk) == {"big": "too large"}
    assert walk.read(FoundFile("big", 2, 0)) == LeftOut("big", "too large")


RULES = {
    ".gitignore": "*.log\n/build/\n!keep.log\n# a comment\n\nfoo/**/bar\n",
    "sub/.gitignore": "!a.log\nlocal.py\n/deep/\n",
    "sub/deep/.gitignore": "!*\n",
}
PATHS = ["a.log", "keep.log", "build/x.py", "sub/build/x.py", "sub/a.log", "sub/b.log", "sub/local.py", "local.py"]
PATHS += ["sub/deep/x.py", "foo/bar/x.py", "foo/1/2/bar/y.py", "foo/y.py", "sub/x/local.py", "ünï/ö.py"]


def test_gitignore_files_count_as_git_says(tmp_path):
    for path in PATHS:
        write(tmp_path, path)
    for path, rules in RULES.items():
        write(tmp_path, path, rules)
    write(tmp_path, ".git/info/exclude", "y.py\n")
    git = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        subprocess.run(["git", "init", "-q", str(tmp_path)], env=git, check=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    write(tmp_path, ".git/info/exclude", "y.py\n")
    done = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard", "-z"],
        env=git,
        capture_output=True,
        check=True,
    )
    expected = {path for path in done.stdout.decode().split("\0") if path and not path.endswith(".gitignore")}
    walk = Walk(tmp_path)
    # Logs are data to us, also those that git would keep.
    assert set(counted(walk)) == {path for path in expected if not path.endswith(".log")}
    for path in PATHS:
        assert isinstance(walk.find(path), FoundFile) == (path in counted(walk)), path


@pytest.mark.parametrize("name", [".gitignore", "sub/.gitignore", ".git/info/exclude"])
def test_a_byte_order_mark_is_no_part_of_the_first_rule(tmp_path, name):
    for path in ["sub/made.py", "sub/mine.py", ".git/HEAD"]:
        write(tmp_path, path)
    write(tmp_path, name, "\ufeffmade.py\n")
    assert counted(Walk(tmp_path)) == ["sub/mine.py"]


def test_what_a_clone_alone_ignores_counts_in_its_worktrees(tmp_path):
    def git(*words):
        who = {
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@b.c",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a",
        }
        plain = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", **who}
        subprocess.run(["git", "-C", str(tmp_path / "main"), *words], env=plain, check=True, capture_output=True)

    write(tmp_path, "main/a.py")
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", str(tmp_path / "other"))
    write(tmp_path, "main/.git/info/exclude", "made.py\n")
    for path in ["other/made.py", "other/mine.py", "other/sub/made.py"]:
        write(tmp_path, path)
    assert counted(Walk(tmp_path / "other")) == ["mine.py"]
    assert counted(Walk(tmp_path / "other" / "sub")) == []


def test_the_rules_of_the_repository_above_count_unless_they_ignore_the_folder_itself(tmp_path):
    write(tmp_path, ".git/HEAD")
    write(tmp_path, ".gitignore", "/part/out.py\n/lib/\n")
    for path in ["part/out.py", "part/in.py", "lib/pkg/a.py"]:
        write(tmp_path, path)
    assert counted(Walk(tmp_path / "part")) == ["in.py"]
    assert counted(Walk(tmp_path / "lib" / "pkg")) == ["a.py"]
    assert counted(Walk(tmp_path / "lib")) == ["pkg/a.py"]


def test_rules_that_cannot_be_read_ignore_nothing(tmp_path):
    make(tmp_path, **{"a.py": "x\n", ".gitignore": b"!\n\xff\xfe\n/\n[\nb.py\n", "b.py": "x\n"})
    assert counted(Walk(tmp_path)) == ["a.py"]
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").mkdir()
    assert counted(Walk(tmp_path)) == ["a.py", "b.py"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_links_are_not_followed(tmp_path):
    root = tmp_path / "root"
    write(tmp_path, "outside/secret.py")
    write(root, "in/a.py")
    (root / "in" / "loop").symlink_to(root, target_is_directory=True)
    (root / "out").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "file.py").symlink_to(tmp_path / "outside" / "secret.py")
    (root / "nowhere").symlink_to(tmp_path / "gone")
    walk = Walk(root)
    assert counted(walk) == ["in/a.py"]
    assert set(left(walk).values()) == {"link"}
    for path in ["out/secret.py", "file.py", "in/loop/in/a.py"]:
        assert walk.find(path) == LeftOut(path, "link")
    assert not walk.counts_folder("out")
    assert walk.counts_folder("in")


@pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd", "a/../../x.py", ""])
def test_a_path_that_leads_out_is_refused(tmp_path, path):
    write(tmp_path, "outside.py")
    (tmp_path / "w").mkdir()
    walk = Walk(tmp_path / "w")
    assert not isinstance(walk.find(path), FoundFile)
    assert walk.reason_of(path, "x = 1\n") is not None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser reads everything")
def test_what_may_not_be_read_is_said_not_raised(tmp_path):
    write(tmp_path, "closed/a.py")
    write(tmp_path, "b.py")
    (tmp_path / "closed").chmod(0)
    (tmp_path / "b.py").chmod(0)
    try:
        walk = Walk(tmp_path)
        assert left(walk) == {"closed": "unreadable"}
        assert walk.read(FoundFile("b.py", 1, 0)) == LeftOut("b.py", "unreadable")
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_vanishes_and_a_file_that_is_gone(tmp_path):
    assert left(Walk(tmp_path / "gone")) == {"": "unreadable"}
    walk = Walk(tmp_path)
    assert walk.find("gone.py") is None
    assert walk.find("gone/deeper.py") is None
    assert walk.read(FoundFile("gone.py", 1, 0)) == LeftOut("gone.py", "unreadable")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    assert left(Walk(tmp_path)) == {"pipe.py": "special"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = 1\n", None),
        (b"", None),
        (b"a\0b", "binary"),
        (b"x" * 500, None),
        (b"x" * 5000, "minified"),
        (b"x" * 80 + b"\n", None),
        (b"// Code generated by protoc. DO NOT EDIT.\n", "generated"),
        (b"/* @generated */\n", "generated"),
        (b"x = 1\n" * 300 + b"# do not edit\n", None),
        (b"# Edit this file freely\n", None),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n", "pointer"),
        (b"version https://hawser.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n", "pointer"),
        (b"/annex/objects/SHA256E-s5--" + b"a" * 64 + b".py\n", "pointer"),
        (b"version https://git-lfs.github.com/spec/v1\n" + b"# tells of pointers\n" * 99, None),
    ],
)
def test_what_content_counts(data, reason):
    assert reason_of_content(data) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.py", None),
        ("Makefile", None),
        ("db", None),
        ("a.PNG", "binary"),
        ("Cargo.lock", "lock file"),
        ("x.js.map", "generated"),
    ],
)
def test_what_names_count(name, reason):
    assert reason_of_name(name) == reason


def test_what_folders_count():
    assert [reason_of_folder(name) for name in ("src", "node_modules", ".venv")] == [None, "dependencies", "hidden"]


def test_unsaved_text_counts_by_place_name_and_content(tmp_path):
    write(tmp_path, ".gitignore", "secret.py\n")
    walk = Walk(tmp_path, most_bytes=100)
    assert walk.reason_of("new/file.py", "x = 1\n") is None
    reasons = {"secret.py": "ignored", ".env": "hidden", "node_modules/a.js": "dependencies", "a.png": "binary"}
    assert {path: walk.reason_of(path, "x\n") for path in reasons} == reasons
    assert walk.reason_of("a.py", "x\n" * 60) == "too large"
    assert walk.reason_of("a.py", "\0") == "binary"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfx", "x"),
        ("größe".encode(), "größe"),
        ("größe".encode("latin-1"), "größe"),
    ],
)
def test_text_is_decoded_and_has_line_feeds(tmp_path, data, text):
    assert decode(data) == text
    write(tmp_path, "a.txt", data)
    assert Walk(tmp_path).read(FoundFile("a.txt", len(data), 0)) == SourceText(text, data)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_what_became_a_link_or_a_pipe_is_neither_followed_nor_waited_for(tmp_path):
    make(tmp_path, **{"a.py": "x = 1\n", "secret": "s"})
    walk = Walk(tmp_path)
    found = walk.find("a.py")
    assert isinstance(found, FoundFile)
    (tmp_path / "a.py").unlink()
    (tmp_path / "a.py").symlink_to(tmp_path / "secret")
    assert walk.read(found) == LeftOut("a.py", "unreadable")
    (tmp_path / "a.py").unlink()
    os.mkfifo(tmp_path / "a.py")
    assert walk.read(found) == SourceText("", b"")
    os.mkfifo(tmp_path / ".gitignore")
    assert counted(Walk(tmp_path)) == ["secret"]


def test_rules_that_would_take_for_ever_are_left_out(tmp_path):
    make(tmp_path, **{".gitignore": "a*" * 40 + "b\n" + "x" * 5000 + "\nout.py\n", "a" * 120: "x\n", "out.py": "x\n"})
    assert counted(Walk(tmp_path)) == ["a" * 120]
