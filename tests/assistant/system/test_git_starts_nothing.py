"""A repository whose every setting would start a program: nothing starts, and what is read is the same as before."""

import contextlib
import io
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant.cli import evaluate_repo
from assistant.cli.main import main
from assistant.engine.fake import FakeEngine
from assistant.engine.tiny import make_tiny_model
from assistant.errors import InputError
from assistant.repository.history import History
from assistant.repository.holes import Chooser
from assistant.retrieval.index.base_index import base_index
from finetune.config import DataConfig, RunConfig, TrainConfig, to_json
from finetune.data.prepare import files_table


def module(number: int) -> str:
    parts = [f'"""Module {number}."""\n']
    for each in range(6):
        name = f"{number}_{each}"
        parts.append(
            f"\n\ndef load_record_{name}(source_{name}, limit_{name}=10):\n"
            f"    rows_{name} = registry_{number}.fetch_all_{name}(source_{name}, limit_{name})\n"
            f"    if rows_{name} is None:\n"
            f"        raise LookupError(describe_failure_{name}(source_{name}))\n"
            f"    audit_{name}(len(rows_{name}), moment=clock_{name}())\n"
            f"    return combine_parts_{name}(rows_{name}, separator_{name})\n"
        )
    return "".join(parts)


@dataclass
class Hostile:
    """A repository, and the folder in which each program that it starts leaves a file by its name."""

    root: Path
    marks: Path
    commits: int = field(default=0)

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True, input=stdin
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | bytes]) -> None:
        for name, text in files.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "--all")
        self.commits += 1
        date = f"2025-01-{self.commits:02}T12:00:00 +0130"
        environment = {**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
        command = ["git", "-C", str(self.root), "commit", "--quiet", "-m", "change"]
        subprocess.run(command, check=True, env=environment)

    def spy(self, name: str) -> str:
        """Return the path of a program that only leaves a mark."""
        program = self.marks.parent / "spies" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\n: > "{self.marks}/{name}"\nexit 1\n')
        program.chmod(0o755)
        return str(program)

    def started(self) -> list[str]:
        return sorted(file.name for file in self.marks.iterdir())


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    home = tmp_path / "person"
    home.mkdir()
    settings = home / ".gitconfig"  # before git 2.32 it is found by its name alone
    settings.write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def repository(tmp_path):
    root, marks = tmp_path / "shop", tmp_path / "marks"
    root.mkdir()
    marks.mkdir()
    made = Hostile(root, marks)
    made.git("init", "--quiet")
    made.commit({f"shop/part_{number}.py": module(number) for number in range(6)})
    made.commit({"README.md": "# Shop\n", "old name.py": module(50), ".gitignore": "made.py\n"})
    made.git("mv", "old name.py", "neu ü.py")
    made.commit({f"shop/new_{number}.py": module(100 + number) for number in range(3)})
    return made


FORMATS = {
    "color.ui": "always", "color.diff": "always", "color.status": "always", "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true", "diff.renames": "false", "diff.context": "9", "diff.interHunkContext": "9",
    "diff.submodule": "log", "diff.relative": "true", "diff.algorithm": "patience", "diff.suppressBlankEmpty": "true",
    "core.quotePath": "true", "core.abbrev": "7", "core.fileMode": "true", "core.autocrlf": "true",
    "core.commentChar": "%", "i18n.logOutputEncoding": "UTF-16", "i18n.commitEncoding": "UTF-16",
    "log.showSignature": "true", "log.follow": "true", "log.date": "relative", "log.decorate": "full",
    "log.showRoot": "false", "log.diffMerges": "separate", "log.mailmap": "true", "format.pretty": "fuller",
    "format.notes": "refs/notes/x", "status.short": "true", "status.branch": "true", "status.renames": "copies",
    "status.showUntrackedFiles": "all", "status.submoduleSummary": "true", "column.ui": "always",
}  # fmt: skip

PROGRAMS = {
    "filter.spy.clean": "clean", "filter.spy.smudge": "smudge", "filter.long.process": "process",
    "gpg.program": "gpg", "gpg.ssh.program": "ssh-gpg", "gpg.x509.program": "x509",
    "gpg.ssh.defaultKeyCommand": "key", "core.fsmonitor": "fsmonitor", "diff.external": "external",
    "diff.spy.textconv": "textconv", "diff.spy.command": "command", "core.sshCommand": "ssh", "core.gitProxy": "proxy",
    "credential.helper": "credential", "core.pager": "pager", "core.editor": "editor", "core.askPass": "askpass",
    "sequence.editor": "sequence", "merge.spy.driver": "merge", "core.alternateRefsCommand": "alternates",
    "uploadpack.packObjectsHook": "pack", "interactive.diffFilter": "interactive", "trailer.x.command": "trailer",
    "remote.origin.uploadpack": "uploadpack", "pager.status": "pager-status", "pager.rev-list": "pager-list",
    "difftool.x.cmd": "difftool", "web.browser": "browser", "submodule.sub.update": "submodule",
    "lfs.extension.x.clean": "lfs", "maintenance.strategy": "maintenance",
}  # fmt: skip


def arm(made: Hostile) -> None:
    """Have each setting of the repository's start something, or change what git says."""
    for name, spy in PROGRAMS.items():
        made.git("config", name, made.spy(spy))
    for name, value in FORMATS.items():
        made.git("config", name, value)
    for word in ("status", "log", "show", "ls-files", "rev-list", "cat-file", "diff-tree"):
        made.git("config", f"alias.{word}", "!" + made.spy("alias"))
    for driver in ("spy", "long"):
        made.git("config", f"filter.{driver}.required", "true")
    hooks = made.root / ".git" / "hooks"
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / name).unlink(missing_ok=True)
        (hooks / name).symlink_to(made.spy(f"hook-{name}"))
    made.git("config", "core.hooksPath", str(hooks))
    made.git("config", "extensions.worktreeConfig", "true")
    included = made.root / ".git" / "included"
    included.write_text(f"[core]\n\tfsmonitor = {made.spy('included')}\n")
    made.git("config", "include.path", str(included))
    (made.root / ".git" / "config.worktree").write_text(f"[core]\n\tfsmonitor = {made.spy('worktree')}\n")
    (made.root / ".git" / "info" / "attributes").write_text(
        "new_*.py filter=spy diff=spy merge=spy\npart_*.py filter=long diff=spy ident\n"
    )
    for file in made.root.rglob("*.py"):  # git has to look into what was touched
        os.utime(file, (1_000_000_000, 1_000_000_000))


def sign_the_newest(made: Hostile) -> None:
    """Give the newest commit, and one before it, a signature that somebody would have to check."""
    for kind in ("PGP SIGNATURE", "SSH SIGNATURE", "SIGNED MESSAGE"):
        head = made.git("cat-file", "commit", "HEAD")
        about, _, message = head.partition("\n\n")
        signature = f"gpgsig -----BEGIN {kind}-----\n \n x\n -----END {kind}-----"
        text = f"{about}\n{signature}\n\n{message}\n"
        if kind != "PGP SIGNATURE":
            parent = made.git("rev-parse", "HEAD")
            lines = [line for line in about.split("\n") if not line.startswith(("parent", "gpgsig", " "))]
            text = "\n".join([lines[0], f"parent {parent}", *lines[1:], signature]) + f"\n\n{message}\n"
        made.git("update-ref", "HEAD", made.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text))


def look(root: Path) -> dict:
    """Return all that is read of a repository's history."""
    history = History(root, uncommitted=True)
    base = history.commits[-2]
    files = history.files(history.commits[0])
    chooser = Chooser(history, 0)
    with base_index(history, base, lambda *_: None) as index:
        indexed = index is not None
    return {
        "uncommitted": history.uncommitted,
        "commits": history.commits,
        "shallow": history.shallow,
        "head": history.head,
        "back": history.back(2),
        "since": [history.since("HEAD~1"), history.since("2025-01-02T20:00:00+00:00"), history.since("main~2")],
        "count": history.count_between(base),
        "files": files,
        "texts": list(history.read(files.values())),
        "touched": history.touched("HEAD", 9),
        "ignored": history.ignored(),
        "changes": history.changes(base),
        "holes": [hole.id for hole in chooser.held_out(history.commit(base), 50).holes],
        "indexed": indexed,
    }


def table(root: Path) -> dict:
    data = DataConfig(holes=30, validation_holes=10)
    return files_table(RunConfig(str(root), "tiny", "x", seed=0, data=data, train=TrainConfig(max_seq_length=512)))


def test_a_history_reads_the_same_and_starts_nothing(repository):
    sign_the_newest(repository)
    before = look(repository.root)
    assert before["commits"] == repository.git("rev-list", "--first-parent", "HEAD").split("\n")
    assert before["head"].date == "2025-01-03T12:00:00+01:30"
    assert not before["uncommitted"]
    assert len(before["holes"]) == 50
    assert "neu ü.py" in before["files"]
    arm(repository)
    repository.marks.joinpath("alias").unlink(missing_ok=True)
    assert repository.started() == []
    assert look(repository.root) == before
    assert repository.started() == []


def test_what_is_learned_is_the_same_and_starts_nothing(repository):
    sign_the_newest(repository)
    before = table(repository.root)
    assert before["split"]["kind"] == "commits"
    assert before["kept"] == 7
    arm(repository)
    assert table(repository.root) == before
    assert repository.started() == []


def test_a_changed_file_is_seen_and_its_filter_is_not_asked(repository):
    repository.commit({".gitattributes": "*.py filter=spy\n", "made of.md": "a\n"})
    arm(repository)
    (repository.root / "shop" / "part_0.py").write_text("changed = 1\n")
    assert not History(repository.root).uncommitted  # only the filter knows whether it is
    (repository.root / "made of.md").write_text("changed\n")
    assert History(repository.root, uncommitted=True).uncommitted
    with pytest.raises(InputError, match="changes that are not committed"):
        History(repository.root)
    assert repository.started() == []


@pytest.fixture
def home(tmp_path, monkeypatch):
    models = tmp_path / "home" / "models"
    models.mkdir(parents=True)
    make_tiny_model(models / "tiny")
    monkeypatch.setenv("GRAFTER_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("home")
def test_the_commands_answer_and_start_nothing(repository, monkeypatch, capsys):
    @contextlib.contextmanager
    def opened(_paths, _args):
        yield FakeEngine("nothing(")

    monkeypatch.setattr(evaluate_repo, "opened_engine", opened)
    sign_the_newest(repository)
    arm(repository)
    monkeypatch.chdir(repository.root)
    assert main(["evaluate", "repo", ".", "--limit", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 5
    assert main(["finetune", ".", "--holes", "30", "--files", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["split"]["kind"], found["kept"]) == ("commits", 6)
    monkeypatch.chdir(repository.root / "shop")
    assert main(["finetune", ".", "--holes", "30", "--files", "--json"]) == 0
    assert {row["path"] for row in json.loads(capsys.readouterr().out)["files"]} == {f"part_{n}.py" for n in range(6)}
    (repository.root / "only_here").mkdir()
    assert main(["finetune", str(repository.root / "only_here"), "--files"]) == 2
    assert "has committed nothing of it" in capsys.readouterr().err
    assert repository.started() == []


def bare_copies(made: Hostile) -> dict[str, Path]:
    """Arm copies of the git directory that stand as bare repositories where a person may open them, by what they are.

    Some say that they are not bare, and that the folder is a working tree: git would then look at its files.
    """
    sign_the_newest(made)
    arm(made)
    inside = made.root.parent / "inside"
    subprocess.run(["git", "init", "--quiet", str(inside)], check=True)
    others = Hostile(inside, made.marks)
    others.commit({f"own_{number}.py": module(number) for number in range(3)})
    others.commit({f"own_{number}.py": module(20 + number) for number in range(3, 6)})
    found: dict[str, Path] = {}
    for name, parent in {"plain": made.root.parent, "plain.git": made.root.parent, "nested": inside}.items():
        folder = parent / name
        shutil.copytree(made.root / ".git", folder, symlinks=True)
        for number in range(6):
            (folder / f"part_{number}.py").write_text(module(number))
        found[name] = folder
    for name in ("plain", "nested"):
        made.git("config", "--file", str(found[name] / "config"), "core.bare", "false")
        made.git("config", "--file", str(found[name] / "config"), "core.worktree", str(found[name]))
    found["below"] = found["plain"] / "below"
    found["below"].mkdir()
    (found["below"] / "code.py").write_text(module(7))
    for mark in made.marks.iterdir():
        mark.unlink()
    return found


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", ["plain", "plain.git", "nested", "below"])
def test_a_bare_repository_of_any_name_starts_nothing(repository, name, monkeypatch, capsys):
    monkeypatch.setattr(evaluate_repo, "opened_engine", lambda *_: contextlib.nullcontext(FakeEngine("nothing(")))
    folder = bare_copies(repository)[name]
    subprocess.run(["git", "-C", str(folder), "status"], capture_output=True, check=False)
    assert bool(repository.started()) == (name != "plain.git")  # the trap is set: git itself steps into it
    for mark in repository.marks.iterdir():
        mark.unlink()
    measured = main(["evaluate", "repo", str(folder), "--limit", "5", "--json"])
    said = capsys.readouterr()
    config = RunConfig(str(folder), "tiny", "x", data=DataConfig(holes=30, validation_holes=10))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(to_json(config).encode())))
    # What the page Train asks when it is shown, word by word.
    shown = main(["finetune", "--files", "--json", "--config=-"])
    answer = capsys.readouterr()
    main(["finetune", str(folder), "--files", "--holes", "30"])
    assert repository.started() == []
    if name == "plain.git":  # the one that counts, for its own name says what it is
        assert (measured, json.loads(said.out)["n"]) == (0, 5)
        assert (shown, json.loads(answer.out)["split"]["kind"]) == (0, "commits")
    elif name == "plain":
        assert measured == 2
        assert "counts only in a folder whose name ends with .git" in said.err
        assert (shown, json.loads(answer.out)["split"]["kind"]) == (0, "files")
    elif name == "nested":
        assert measured == 2
        assert "which has committed nothing of it" in said.err
    else:
        assert measured == 2
        assert "is not a git repository" in said.err


@pytest.mark.parametrize("how", ["uploadpack", "ext", "vcs", "ssh"])
def test_what_a_partial_clone_lacks_is_not_fetched(repository, how):
    """A missing object makes git ask the remote, with whatever the repository's settings call its program."""
    gone = repository.git("rev-parse", "HEAD~2:shop/part_0.py")
    repository.commit({"shop/part_0.py": module(0) + "x = 1\n"})
    (repository.root / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    spy = repository.spy(how)
    address = {"uploadpack": str(repository.root), "ext": f"ext::{spy}", "vcs": "x", "ssh": "ssh://nowhere/x"}[how]
    for name, value in {
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "origin", "remote.origin.promisor": "true",
        "remote.origin.url": address, "remote.origin.uploadpack": spy, "core.sshCommand": spy,
        "protocol.allow": "always", "protocol.ext.allow": "always", "protocol.file.allow": "always",
        **({"remote.origin.vcs": spy} if how == "vcs" else {}),
    }.items():  # fmt: skip
        repository.git("config", name, value)
    history = History(repository.root)
    files = history.files(history.commits[-1])
    assert "shop/part_0.py" not in files  # it is not here
    assert len(files) == 5
    assert list(history.read([history.files(history.commits[0])["README.md"]])) == [b"# Shop\n"]
    with pytest.raises(InputError, match="git cannot read"):
        history.changes(history.commits[-1])
    assert repository.started() == []


def test_files_are_where_the_repository_is_not_where_it_says(repository, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.py").write_text("secret = 1\n")
    repository.git("config", "core.worktree", str(elsewhere))
    history = History(repository.root)
    assert history.root == repository.root
    assert not history.uncommitted


@pytest.mark.parametrize("setting", ["core.excludesFile", "core.attributesFile", "diff.orderFile"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(repository, setting):
    pipe = repository.root / ".git" / "pipe"
    os.mkfifo(pipe)
    before = look(repository.root)
    repository.git("config", setting, str(pipe))
    assert look(repository.root) == before
