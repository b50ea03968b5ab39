from assistant.repository.symbols import Import
from assistant.retrieval.index.cached_source import CachedSource
from tests.support import memory_index


def questions(source):
    return (
        source.definitions(["send", "stop", "send"], 5),
        source.symbols_of("a.py"),
        source.imports_of("a.py"),
        source.resolve("b", "a.py"),
        source.search(["send"], 3, "b.py"),
        source.chunk_at("a.py", 1),
        source.chunk_at("a.py", 99),
        source.text_of("a.py", 1, 1),
    )


def test_what_is_known_is_not_asked_again_until_the_index_changes():
    symbols = [memory_index.symbol("a.py", "send", 1), memory_index.symbol("b.py", "send", 1)]
    imports = {"a.py": [Import("b", "stop", "", 1)]}
    inner = memory_index.MemorySource(
        {"a.py": "def send():\n", "b.py": "def send():\n"}, symbols, imports, {"b": ["b.py"]}
    )
    source = CachedSource(inner)
    first = source.version, questions(source)
    assert first[1][0] == symbols
    assert questions(inner)[1:] == first[1][1:]
    inner.asked.clear()
    inner.files["a.py"] = "x = 1\n"
    assert (source.version, questions(source)) == first
    assert source.definitions(["stop"], 5) == []
    assert inner.asked == []
    inner.version += 1
    assert source.version == inner.version
    assert source.text_of("a.py", 1, 1) == "x = 1"
    assert source.definitions(["send"], 5) == symbols
    assert inner.asked == ["definitions"]
