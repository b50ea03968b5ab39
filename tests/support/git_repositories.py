"""Small git repositories, made by the test and free of the person's own settings."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ITEM = '''"""What can be bought."""


class Item:
    """A thing with a price."""

    def __init__(self, name, price):
        self.name = name
        self.price = price

    def total(self, count):
        """Return what so many cost."""
        return self.price * count
'''

CART = '''"""What somebody wants to buy."""

from shop.item import Item


class Cart:
    """Items with their counts."""

    def __init__(self):
        self.lines = []

    def put(self, item, count):
        """Add so many of an item."""
        self.lines.append((item, count))

    def weighed_total(self, discount_table):
        """Return what all of it costs."""
        amount = sum(item.total(count) for item, count in self.lines)
        for threshold, percentage in discount_table:
            if amount >= threshold:
                amount -= amount * percentage / 100
                self.remember_discount(threshold, percentage)
        return round(amount, 2)

    def remember_discount(self, threshold, percentage):
        """Note which discount was given."""
        self.discounts = [*self.discounts, (threshold, percentage)]
        notify_accounting(threshold, percentage=percentage)
'''


@dataclass
class Repository:
    """A repository whose commits lie a day apart."""

    root: Path
    days: int = field(default=0)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, files: dict[str, str | bytes | None]) -> None:
        for name, text in files.items():
            path = self.root / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: dict[str, str | bytes | None]) -> str:
        self.write(files)
        self.days += 1
        self.git("add", "--all")
        day = f"2025-01-{self.days:02}T12:00:00+00:00"
        environment = {**os.environ, "GIT_COMMITTER_DATE": day, "GIT_AUTHOR_DATE": day}
        command = ["git", "-C", str(self.root), "commit", "--quiet", "--allow-empty", "-m", "change"]
        subprocess.run(command, check=True, env=environment)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let git see no settings but those of the test."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("git")
    settings = home / "config"
    settings.write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Repository]:
    """Return what makes a repository with a commit of each of these sets of files."""

    def make(*commits: dict, name: str = "shop-repo") -> Repository:
        root = tmp_path / name
        root.mkdir()
        made = Repository(root)
        made.git("init", "--quiet")
        for files in commits:
            made.commit(files)
        return made

    return make


@pytest.fixture
def shop(repository: Callable[..., Repository]) -> Repository:
    """A repository whose second commit adds a class that uses the first one's."""
    return repository({"shop/item.py": ITEM, "README.md": "# Shop\n"}, {"shop/cart.py": CART})
