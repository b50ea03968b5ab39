"""An index in memory: files as texts, symbols and imports as they are given, search by counting shared words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.repository.symbols import Import
from assistant.retrieval.index.hits import ChunkHit, SymbolHit
from assistant.retrieval.index.words import words_of


@dataclass
class MemorySource:
    files: dict[str, str]
    symbols: list[SymbolHit] = field(default_factory=list)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    modules: dict[str, list[str]] = field(default_factory=dict)
    version: int = 0
    chunk_lines: int = 8
    asked: list[str] = field(default_factory=list)

    def definitions(self, names: Sequence[str], limit: int) -> list[SymbolHit]:
        self.asked.append("definitions")
        return [hit for name in names for hit in [hit for hit in self.symbols if hit.name == name][:limit]]

    def symbols_of(self, path: str) -> list[SymbolHit]:
        return [hit for hit in self.symbols if hit.path == path]

    def imports_of(self, path: str) -> list[Import]:
        return self.imports.get(path, [])

    def resolve(self, module: str, from_path: str) -> list[str]:
        return self.modules.get(module, [])

    def search(self, asked: Sequence[str], limit: int, not_path: str | None = None) -> list[ChunkHit]:
        self.asked.append("search")
        hits = [
            ChunkHit(path, start + 1, start + len(lines), "".join(lines).removesuffix("\n"), float(len(shared)))
            for path, start, lines in self._chunks()
            if path != not_path and (shared := set(asked) & set(words_of("".join(lines))))
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def chunk_at(self, path: str, line: int) -> ChunkHit | None:
        for each, start, lines in self._chunks():
            if each == path and start < line <= start + len(lines):
                return ChunkHit(path, start + 1, start + len(lines), "".join(lines).removesuffix("\n"), 1.0)
        return None

    def text_of(self, path: str, first_line: int, last_line: int) -> str:
        return "".join(self.files.get(path, "").splitlines(keepends=True)[first_line - 1 : last_line]).removesuffix(
            "\n"
        )

    def _chunks(self):
        for path, text in self.files.items():
            lines = text.splitlines(keepends=True)
            for start in range(0, len(lines), self.chunk_lines):
                yield path, start, lines[start : start + self.chunk_lines]


def symbol(path, name, first, last=None, *, kind="function", parent="", signature="", doc=""):
    return SymbolHit(path, name, kind, parent, signature or f"def {name}():", doc, first, last or first)


def count_words(texts):
    """Count a token for each word and each line end: enough like a tokenizer."""
    return [len(text.split()) + text.count("\n") for text in texts]
