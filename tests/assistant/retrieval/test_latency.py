"""Questions to an index of a million lines take few steps of SQLite. ``make bench-index`` says how long that is."""

import random
from collections.abc import Callable

import pytest

from assistant.repository.symbols import Facts, Import, Symbol
from assistant.retrieval.index.analyse import ChunkText, FileContent
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.writer import IndexWriter, Saved

pytestmark = pytest.mark.slow

FILES, CHUNKS, LINES = 2500, 10, 40
MOST_STEPS = 300_000  # SQLite does some 20 million a second


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    chance = random.Random(0)
    # Some words are everywhere, most are rare, as in code.
    vocabulary = [f"{chance.choice('abcdefghij')}word_{chr(97 + i % 26)}{i}".translate(DIGITS) for i in range(30_000)]
    weights = [1 / (rank + 10) for rank in range(len(vocabulary))]
    writer = IndexWriter(folder / "index.db", folder)
    for batch in range(0, FILES, 250):
        with writer.changing():
            for number in range(batch, batch + 250):
                words = chance.choices(vocabulary, weights, k=CHUNKS * LINES * 3)
                writer.put(f"pkg{number % 50}/sub/m{number}.py", content(number, words), Saved(b"", 1, 1))
    writer.close()
    opened = IndexReader(folder / "index.db")
    assert sum(row.lines for row in opened.files()) == FILES * CHUNKS * LINES
    yield opened
    opened.close()


DIGITS = str.maketrans("0123456789", "klmnopqrst")


def content(number: int, words: list[str]) -> FileContent:
    lines = [" ".join(words[at : at + 3]) for at in range(0, len(words), 3)]
    symbols = tuple(Symbol(f"f{number}_{i}", "function", "", f"def f{i}()", "", i, i) for i in range(1, 40))
    same = Symbol("same", "function", "", "def same()", "", 1, 1)
    chunks = tuple(
        ChunkText(at + 1, at + LINES, "\n".join(lines[at : at + LINES])) for at in range(0, CHUNKS * LINES, LINES)
    )
    imports = (Import(f"pkg{number % 50}.sub.m{number}", "", "", 1),)
    return FileContent("python", CHUNKS * LINES, Facts((same, *symbols), (), imports), chunks, {"same": [1, 2]})


QUESTIONS: dict[str, Callable[[IndexReader, int, list[str]], object]] = {
    "search": lambda reader, _, words: reader.search(words, 20),
    "search but not in a file": lambda reader, n, words: reader.search(words, 20, f"pkg{n % 50}/sub/m{n}.py"),
    "search for a word that is everywhere": lambda reader, _, words: reader.search(words[:1], 20),
    "definitions": lambda reader, n, _: reader.definitions([f"f{n}_{i}" for i in range(1, 21)], 5),
    "definitions of a name that is everywhere": lambda reader, *_: reader.definitions(["same"], 20),
    "references": lambda reader, *_: reader.references(["same"], 20),
    "symbols_of": lambda reader, n, _: reader.symbols_of(f"pkg{n % 50}/sub/m{n}.py"),
    "imports_of": lambda reader, n, _: reader.imports_of(f"pkg{n % 50}/sub/m{n}.py"),
    "resolve": lambda reader, n, _: reader.resolve(f"sub.m{n}", "pkg1/sub/m1.py"),
    "chunk_at": lambda reader, n, _: reader.chunk_at(f"pkg{n % 50}/sub/m{n}.py", 99),
    "text_of": lambda reader, n, _: reader.text_of(f"pkg{n % 50}/sub/m{n}.py", 30, 90),
    "files": lambda reader, *_: reader.files(),
    "version": lambda reader, *_: reader.version,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_takes_few_steps(reader, question):
    chance = random.Random(question)
    common = [row[0] for row in reader._ask("SELECT word FROM words ORDER BY chunks DESC LIMIT 100")]
    every = [row[0] for row in reader._ask("SELECT word FROM words LIMIT 20000")]
    steps: list[int] = []
    reader._connection.set_progress_handler(lambda: steps.append(1), 100)
    for _ in range(40):
        number = chance.randrange(FILES)
        words = [*chance.sample(common, 20), *chance.sample(every, 20)]
        assert QUESTIONS[question](reader, number, words)
    reader._connection.set_progress_handler(None, 0)
    assert 100 * len(steps) / 40 < MOST_STEPS
