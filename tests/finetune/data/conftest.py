"""A tokenizer without weights, and small repositories made by the test."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.engine.model_folder import ModelTokenizer, load_tokenizer
from assistant.weights.tiny import make_tiny_model
from finetune.config import DataConfig, RunConfig, TrainConfig


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> ModelTokenizer:
    return load_tokenizer(make_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let git see no settings but those of the test."""
    home = tmp_path_factory.mktemp("git")
    (home / "config").write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(home))


def module(number: int, functions: int = 6) -> str:
    """Return a module of Python in which every line that is no syntax alone has a name of its own."""
    parts = [f'"""Module {number}."""\n\nimport registry_{number}\n']
    for each in range(functions):
        name = f"{number}_{each}"
        parts.append(
            f"\n\ndef load_record_{name}(source_{name}, limit_{name}=10):\n"
            f"    rows_{name} = registry_{number}.fetch_all_{name}(source_{name}, limit_{name})\n"
            f"    if rows_{name} is None:\n"
            f"        raise LookupError(describe_failure_{name}(source_{name}))\n"
            f"    cleaned_{name} = [strip_margin_{name}(row) for row in rows_{name}]\n"
            f"    audit_{name}(len(cleaned_{name}), moment=clock_{name}())\n"
            f"    return combine_parts_{name}(cleaned_{name}, separator_{name})\n"
        )
    return "".join(parts)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes files into a folder without git."""

    def make(files: dict[str, str | bytes], name: str = "shop") -> Path:
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return root

    return make


@pytest.fixture
def add(write: Callable[..., Path]) -> Callable[..., None]:
    """Return what commits these files, and all other changes, on a day of January."""

    def make(files: dict[str, str | bytes], root: Path, day: int = 20) -> None:
        write(files, root.name)
        subprocess.run(["git", "-C", str(root), "add", "--all", "--force"], check=True)
        date = f"2025-01-{day:02}T12:00:00+00:00"
        environment = {**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
        subprocess.run(["git", "-C", str(root), "commit", "--quiet", "-m", "change"], check=True, env=environment)

    return make


@pytest.fixture
def commit(write: Callable[..., Path], add: Callable[..., None]) -> Callable[..., Path]:
    """Return what makes a repository with a commit, a day apart, of each of these sets of files."""

    def make(*commits: dict[str, str | bytes], name: str = "shop") -> Path:
        root = write({}, name)
        subprocess.run(["git", "-C", str(root), "init", "--quiet"], check=True)
        for day, files in enumerate(commits, 1):
            add(files, root, day)
        return root

    return make


@pytest.fixture
def history(commit: Callable[..., Path]) -> Path:
    """A repository of ten modules, to which the second commit adds three."""
    first = {f"shop/part_{number}.py": module(number) for number in range(10)}
    return commit(first, {f"shop/new_{number}.py": module(100 + number) for number in range(3)})


def config(root: Path, length: int = 512, seed: int = 0, **data) -> RunConfig:
    return RunConfig(str(root), "tiny", "x", seed=seed, data=DataConfig(**data), train=TrainConfig(length=length))


@pytest.fixture
def make_config() -> Callable[..., RunConfig]:
    return config


@pytest.fixture
def make_module() -> Callable[..., str]:
    return module
