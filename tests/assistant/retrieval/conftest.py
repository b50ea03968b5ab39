"""Workspaces of a few files with their indexes."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.retrieval.index.indexer import Indexer, Scan
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.writer import IndexWriter


class Desk:
    """A workspace with an open index of it."""

    def __init__(self, root: Path, file: Path) -> None:
        self.root, self.file = root, file
        self.writer = IndexWriter(file, root)
        self.indexer = Indexer(root, self.writer)
        self.scan()
        self.reader = IndexReader(file)

    def write(self, path: str, text: str = "x = 1\n") -> None:
        write(self.root, path, text)

    def scan(self) -> Scan:
        return list(self.indexer.scan())[-1]

    def paths(self) -> set[str]:
        return set(self.writer.known())

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


def write(root: Path, path: str, text: str = "x = 1\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Desk]]:
    """Return what makes a workspace with these files, indexed; its index lies beside it."""
    made: list[Desk] = []

    def make(files: dict[str, str]) -> Desk:
        root = tmp_path / f"work{len(made)}"
        root.mkdir()
        for path, text in files.items():
            write(root, path, text)
        made.append(Desk(root, tmp_path / f"index{len(made)}" / "index.db"))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def everything() -> Callable[[Path], str]:
    """Return what tells all that an index holds but for its ids, as text to compare."""
    return _everything


def _everything(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        ask = connection.execute
        rows = {
            "files": ask("SELECT path, language, hash, size, lines, overlay FROM files ORDER BY 1").fetchall(),
            "symbols": ask(
                "SELECT path, s.name, kind, parent, first_line FROM symbols s JOIN files f ON f.id = file_id ORDER BY 1, 5, 2"
            ).fetchall(),
            "refs": ask(
                "SELECT path, r.name, r.lines FROM refs r JOIN files f ON f.id = file_id ORDER BY 1, 2"
            ).fetchall(),
            "imports": ask(
                "SELECT path, module, i.name, line FROM imports i JOIN files f ON f.id = file_id ORDER BY 1, 4, 2, 3"
            ).fetchall(),
            "chunks": ask(
                "SELECT path, first_line, last_line, text FROM chunks JOIN files f ON f.id = file_id ORDER BY 1, 2"
            ).fetchall(),
            "words": ask("SELECT word, chunks FROM words WHERE chunks != 0 ORDER BY 1").fetchall(),
        }
        connection.execute("INSERT INTO chunk_words (chunk_words) VALUES ('integrity-check')")
        connection.execute("CREATE VIRTUAL TABLE temp.counted USING fts5vocab (main, chunk_words, row)")
        rows["searched"] = ask("SELECT term, doc FROM temp.counted ORDER BY 1").fetchall()
        connection.rollback()
    return json.dumps(rows, default=bytes.hex)
