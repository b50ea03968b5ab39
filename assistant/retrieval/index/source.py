"""What retrieval asks of an index, as a protocol: the real one is ``IndexReader``, tests bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assistant.repository.symbols import Import
from assistant.retrieval.index.hits import ChunkHit, SymbolHit


class Source(Protocol):
    """The repository as retrieval sees it. Paths are relative to its root, with forward slashes."""

    @property
    def version(self) -> object:
        """A value that changes whenever the content has."""
        ...

    def definitions(self, names: Sequence[str], limit: int) -> Sequence[SymbolHit]:
        """Return at most ``limit`` definitions of each of these names."""
        ...

    def symbols_of(self, path: str) -> Sequence[SymbolHit]:
        """Return the definitions of one file, in its order."""
        ...

    def imports_of(self, path: str) -> Sequence[Import]:
        """Return what a file imports, in its order."""
        ...

    def resolve(self, module: str, from_path: str) -> Sequence[str]:
        """Return the files that an import's module may mean."""
        ...

    def search(self, words: Sequence[str], limit: int, not_path: str | None = None) -> Sequence[ChunkHit]:
        """Return the chunks that say most of these words, the best first."""
        ...

    def chunk_at(self, path: str, line: int) -> ChunkHit | None:
        """Return the chunk around a line, or None."""
        ...

    def text_of(self, path: str, first_line: int, last_line: int) -> str:
        """Return whole lines of a file, as far as there are any, line feeds between them."""
        ...
