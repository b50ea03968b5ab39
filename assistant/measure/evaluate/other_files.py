"""The other files that a row brings, indexed for that row alone, so that help is found in them as in a workspace."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.measure.evaluate.data import Row
from assistant.retrieval.index.analyse import analyse
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.source import Source
from assistant.retrieval.index.writer import UNSAVED, IndexWriter
from assistant.retrieval.search.candidate import Sources
from assistant.retrieval.search.retrieve import Retrieved, retrieve
from assistant.retrieval.search.window import CountTokens, Window
from assistant.types import CompleteRequest, Finished


@dataclass(frozen=True, slots=True)
class OtherFiles:
    """Finds help in the files of rows: by which sources, in at most how many tokens."""

    sources: Sources = field(default_factory=Sources)
    tokens: int = 1024

    @contextmanager
    def of(self, row: Row) -> Generator[RowRetriever]:
        """Yield what finds help in the row's files, with the row's own file, hole and all, among them."""
        texts: dict[str, str] = {}
        for file in row.files:
            # Pieces of one file stand apart, as in a file with something between them.
            texts[file.path] = f"{texts[file.path]}\n{file.text}" if file.path in texts else file.text
        if row.path:
            texts[row.path] = row.program("")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "index.db")
            with contextlib.closing(IndexWriter(place, Path(folder))) as writer, writer.changing():
                for path, text in texts.items():
                    writer.put(path, analyse(path, text), UNSAVED)
            with contextlib.closing(IndexReader(place)) as reader:
                yield RowRetriever(reader, self.sources, self.tokens)


@dataclass(frozen=True, slots=True)
class RowRetriever:
    """A retriever over one index that remembers nothing, so that rows do not depend on each other."""

    source: Source
    sources: Sources
    tokens: int

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return what helps, in at most ``room`` tokens and the budget."""
        return retrieve(self.source, request, window, min(self.tokens, room), count, sources=self.sources)

    def learn(self, finished: Finished) -> None:
        """Take no note: the budget is fixed."""
