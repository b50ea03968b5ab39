"""Pieces of other files that an editor sends along: all of them where they fit, else those that help at the cursor."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from assistant.completion.complete import Retriever
from assistant.prompts.fim import SourceFile
from assistant.repository.symbols import Import
from assistant.retrieval.index.analyse import analyse
from assistant.retrieval.index.hits import ChunkHit, SymbolHit
from assistant.retrieval.index.words import words_of
from assistant.retrieval.search.pack import Piece
from assistant.retrieval.search.retrieve import Retrieved, retrieve
from assistant.retrieval.search.window import CountTokens, Window
from assistant.types import CompleteRequest, ContextPiece, Finished

MOST_TOKENS = 2048
"""Of all pieces together: what a processor reads in the background while nobody asks."""
_MAX_CHARS_PER_TOKEN = 16
_UNNAMED = "untitled"


class SentFiles:
    """What was chosen for the last request: it stays in its place while it is good enough, for the cache's sake."""

    def __init__(self) -> None:
        self.packed: tuple[Piece, ...] = ()


class SentRetriever:
    """Other files for one request: what the editor sent, then what the workspace's index finds, where one is named."""

    def __init__(self, last: SentFiles, files: tuple[SourceFile, ...], index: Retriever | None) -> None:
        self._last = last
        self._files = files
        self._index = index

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return the pieces that were sent in at most MOST_TOKENS, and those of the index in what is left."""
        sent = self._choose(request, window, min(room, MOST_TOKENS), count)
        if self._index is None:
            return sent
        left = max(room - sum(piece.tokens for piece in sent.pieces), 0)
        found = self._index.retrieve(request, window, left, count)
        there = {file.path for file in sent.files}
        new = [number for number, file in enumerate(found.files) if file.path not in there]
        pieces = [piece for piece in found.pieces if piece.path not in there]
        return replace(
            sent, files=(*sent.files, *(found.files[number] for number in new)), pieces=(*sent.pieces, *pieces)
        )

    def learn(self, finished: Finished) -> None:
        """Take note of how long a request took."""
        if self._index is not None:
            self._index.learn(finished)

    def _choose(self, request: CompleteRequest, window: Window, budget: int, count: CountTokens) -> Retrieved:
        fitting = latest(self._files, budget, count)
        if len(fitting.files) == len(self._files):
            return fitting
        found = retrieve(_source_of(self._files), request, window, budget, count, previous=self._last.packed)
        self._last.packed = found.packed
        return found if found.files else fitting


def latest(files: Sequence[SourceFile], room: int, count: CountTokens) -> Retrieved:
    """Return the last pieces, which editors send last because they are the newest, that fit ``room`` tokens."""
    kept: list[tuple[SourceFile, ContextPiece]] = []
    for file in reversed(files):
        # What cannot fit, whatever the tokenizer, is not worth counting.
        if len(file.text) > room * _MAX_CHARS_PER_TOKEN:
            break
        tokens = count([f"{file.path}\n{file.text}"])[0]
        room -= tokens
        if room < 0:
            break
        lines = (1, max(file.text.count("\n"), 1))
        kept.append((file, ContextPiece(file.path, lines, tokens, "sent by the editor")))
    kept.reverse()
    return Retrieved(tuple(file for file, _ in kept), tuple(piece for _, piece in kept))


@functools.lru_cache(maxsize=2)
def _source_of(files: tuple[SourceFile, ...]) -> SentSource:
    return SentSource(files)


class SentSource:
    """An index of pieces in memory. Several pieces of one file are one text, in the order in which they were sent."""

    version = 0

    def __init__(self, files: Sequence[SourceFile]) -> None:
        texts: dict[str, str] = {}
        for file in files:
            path = file.path or _UNNAMED
            before = texts.get(path, "")
            texts[path] = before + ("\n" if before and not before.endswith("\n") else "") + file.text
        self._lines = {path: text.split("\n") for path, text in texts.items()}
        self._contents = {path: analyse(path, text) for path, text in texts.items()}
        self._chunks = [
            (ChunkHit(path, chunk.first_line, chunk.last_line, chunk.text), frozenset(words_of(chunk.text)))
            for path, content in self._contents.items()
            for chunk in content.chunks
        ]
        self._spread = Counter(word for _, words in self._chunks for word in words)

    def definitions(self, names: Sequence[str], limit: int) -> list[SymbolHit]:
        """Return at most ``limit`` definitions of each of these names."""
        hits = [hit for path in self._contents for hit in self.symbols_of(path)]
        return [hit for name in names for hit in [hit for hit in hits if hit.name == name][:limit]]

    def symbols_of(self, path: str) -> list[SymbolHit]:
        """Return the definitions of one file, in its order."""
        content = self._contents.get(path)
        return [
            SymbolHit(
                path, each.name, each.kind, each.parent, each.signature, each.doc, each.first_line, each.last_line
            )
            for each in (content.facts.symbols if content else ())
        ]

    def imports_of(self, path: str) -> Sequence[Import]:
        """Return what a file imports, in its order."""
        content = self._contents.get(path)
        return content.facts.imports if content else ()

    def resolve(self, module: str, from_path: str) -> Sequence[str]:  # noqa: ARG002
        """Return the files that an import's module may mean: of pieces that is not known."""
        return ()

    def search(self, words: Sequence[str], limit: int, not_path: str | None = None) -> list[ChunkHit]:
        """Return the chunks that say most of these words, the rarer the weightier, the best first."""
        asked = set(words)
        hits = [
            replace(chunk, score=score)
            for chunk, said in self._chunks
            if chunk.path != not_path
            and (score := sum(math.log1p(len(self._chunks) / self._spread[word]) for word in asked & said)) > 0
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def chunk_at(self, path: str, line: int) -> ChunkHit | None:
        """Return the chunk around a line, or None."""
        here = (chunk for chunk, _ in self._chunks if chunk.path == path)
        return next((chunk for chunk in here if chunk.first_line <= line <= chunk.last_line), None)

    def text_of(self, path: str, first_line: int, last_line: int) -> str:
        """Return whole lines of a file, as far as there are any, line feeds between them."""
        return "\n".join(self._lines.get(path, [])[first_line - 1 : last_line])
