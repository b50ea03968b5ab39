"""The answers of an index, kept for as long as it does not change: most questions come again with the next key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast

from assistant.repository.symbols import Import
from assistant.retrieval.index.hits import ChunkHit, SymbolHit
from assistant.retrieval.index.source import Source

_MOST_ANSWERS = 4096

_Answer = TypeVar("_Answer")


class CachedSource:
    """A source that asks another one only what it does not know yet. Belongs to one thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._version: object = None
        self._answers: dict[Hashable, object] = {}

    @property
    def version(self) -> object:
        """The other source's version; looking at it forgets what is out of date."""
        version = self._source.version
        if version != self._version or len(self._answers) > _MOST_ANSWERS:
            self._answers.clear()
            self._version = version
        return version

    def definitions(self, names: Sequence[str], limit: int) -> Sequence[SymbolHit]:
        """Return at most ``limit`` definitions of each of these names."""
        distinct = list(dict.fromkeys(names))
        new = [name for name in distinct if ("definitions", name, limit) not in self._answers]
        if new:
            found: dict[str, list[SymbolHit]] = {name: [] for name in new}
            for hit in self._source.definitions(new, limit):
                found[hit.name].append(hit)
            self._answers.update({("definitions", name, limit): hits for name, hits in found.items()})
        return [hit for name in distinct for hit in self._ask(("definitions", name, limit), list[SymbolHit])]

    def symbols_of(self, path: str) -> Sequence[SymbolHit]:
        """Return the definitions of one file, in its order."""
        return self._ask(("symbols", path), lambda: self._source.symbols_of(path))

    def imports_of(self, path: str) -> Sequence[Import]:
        """Return what a file imports, in its order."""
        return self._ask(("imports", path), lambda: self._source.imports_of(path))

    def resolve(self, module: str, from_path: str) -> Sequence[str]:
        """Return the files that an import's module may mean."""
        return self._ask(("resolve", module, from_path), lambda: self._source.resolve(module, from_path))

    def search(self, words: Sequence[str], limit: int, not_path: str | None = None) -> Sequence[ChunkHit]:
        """Return the chunks that say most of these words, the best first."""
        asked = ("search", tuple(words), limit, not_path)
        return self._ask(asked, lambda: self._source.search(words, limit, not_path))

    def chunk_at(self, path: str, line: int) -> ChunkHit | None:
        """Return the chunk around a line, or None."""
        return self._ask(("chunk", path, line), lambda: self._source.chunk_at(path, line))

    def text_of(self, path: str, first_line: int, last_line: int) -> str:
        """Return whole lines of a file, as far as there are any."""
        asked = ("text", path, first_line, last_line)
        return self._ask(asked, lambda: self._source.text_of(path, first_line, last_line))

    def _ask(self, asked: Hashable, ask: Callable[[], _Answer]) -> _Answer:
        if asked not in self._answers:
            self._answers[asked] = ask()
        return cast("_Answer", self._answers[asked])
