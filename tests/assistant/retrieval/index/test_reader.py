import threading

import pytest

from assistant.repository.symbols import Import
from assistant.retrieval.index.hits import ReferenceHit
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.schema import IndexUnavailable

BANK = (
    "from money import Amount as Sum\nimport os\n\n\nclass Account:\n"
    '    """Holds money."""\n\n    def deposit(self, amount: Sum):\n        self.check(amount)\n        audit(amount)\n'
    "\n\ndef filler():\n" + "    work()\n" * 45 + "\n\ndef close_account(account: Account):\n    audit(account)\n"
)
MONEY = "class Amount:\n    pass\n\n\ndef audit(x):\n    return Amount()\n"


@pytest.fixture
def reader(desk) -> IndexReader:
    return desk(
        {"bank.py": BANK, "lib/money.py": MONEY, "notes.md": "# Retry with backoff\n\nexponential_backoff\n"}
    ).reader


def test_definitions_by_exact_name_in_the_order_asked(reader):
    hits = reader.definitions(["audit", "Account", "missing", "audit"], 5)
    assert [(hit.path, hit.name, hit.kind, hit.parent) for hit in hits] == [
        ("lib/money.py", "audit", "function", ""),
        ("bank.py", "Account", "class", ""),
    ]
    assert (hits[1].signature, hits[1].doc, hits[1].first_line, hits[1].last_line) == (
        "class Account",
        "Holds money.",
        5,
        10,
    )
    assert reader.definitions([], 5) == []


def test_at_most_so_many_definitions_of_a_name(desk):
    made = desk({f"{i}.py": "def same(): pass\n" for i in range(9)})
    assert len(made.reader.definitions(["same"], 4)) == 4


def test_symbols_imports_and_references_of_files(reader):
    assert [hit.name for hit in reader.symbols_of("bank.py")] == ["Account", "deposit", "filler", "close_account"]
    assert reader.symbols_of("bank.py")[1].parent == "Account"
    assert reader.imports_of("bank.py") == [Import("money", "Amount", "Sum", 1), Import("os", "", "", 2)]
    assert reader.symbols_of("missing.py") == reader.imports_of("missing.py") == []
    lines = BANK.split("\n")
    used = [number for number, line in enumerate(lines, 1) if "audit(" in line]
    assert reader.references(["audit"], 5) == [ReferenceHit("bank.py", "audit", tuple(used))]


def test_search_finds_by_parts_of_names_and_leaves_a_file_out(reader):
    assert [hit.path for hit in reader.search(["backoff"], 5)] == ["notes.md"]
    hits = reader.search(["audit", "amount"], 5)
    assert {hit.path for hit in hits} == {"bank.py", "lib/money.py"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].score > 0
    assert {hit.path for hit in reader.search(["audit", "amount"], 5, not_path="bank.py")} == {"lib/money.py"}
    assert len(reader.search(["audit", "amount"], 1)) == 1


@pytest.mark.parametrize("words", [[], ["nowhere"], ['"'], ["*"], ["a OR b"], ["NEAR("], ["x" * 500], ["\0"]])
def test_words_that_match_nothing_or_are_none(reader, words):
    assert reader.search(words, 5) == []


def test_many_words_are_cut_to_the_rarest(desk):
    text = "".join(f"word{chr(97 + i)}{chr(97 + j)} " for i in range(26) for j in range(26))
    made = desk({"all.txt": text[:4000].replace(" ", "\n"), "one.txt": "selective_thing\n"})
    words = [*text.split(), "selective"]
    assert "one.txt" in {hit.path for hit in made.reader.search(words, 3)} or made.reader.search(["selective"], 1)
    assert made.reader.search(["selective", *text.split()[:3]], 5)


def test_chunks_and_text_by_line(reader):
    lines = BANK.rstrip("\n").split("\n")
    for line in (1, 30, len(lines)):
        chunk = reader.chunk_at("bank.py", line)
        assert chunk.first_line <= line <= chunk.last_line
        assert chunk.text == "\n".join(lines[chunk.first_line - 1 : chunk.last_line])
    assert reader.chunk_at("bank.py", 0) is reader.chunk_at("bank.py", 999) is reader.chunk_at("gone.py", 1) is None
    for first, last in ((1, 1), (5, 10), (40, 59), (1, 999), (len(lines), len(lines))):
        assert reader.text_of("bank.py", first, last) == "\n".join(lines[first - 1 : last])
    assert reader.text_of("bank.py", 999, 1000) == reader.text_of("gone.py", 1, 2) == ""


def test_a_reader_sees_what_is_written_while_it_is_open(desk):
    made = desk({"a.py": "def a(): pass\n"})
    with_new = made.reader.version
    made.write("b.py", "def b(): pass\n")
    made.scan()
    assert made.reader.version != with_new
    assert made.reader.definitions(["b"], 1)


def test_a_reader_opens_a_file_that_was_rebuilt(desk):
    made = desk({"a.py": "def a(): pass\n"})
    before = made.reader.version
    made.writer.start_anew()
    assert made.reader.version != before
    assert made.reader.files() == []
    assert not made.reader.complete
    made.scan()
    assert made.reader.definitions(["a"], 1)


def test_there_is_no_index_before_one_is_built(tmp_path):
    with pytest.raises(IndexUnavailable, match="grafter index"):
        IndexReader(tmp_path / "index.db")
    assert list(tmp_path.iterdir()) == []


def test_many_threads_share_one_reader(reader):
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(30):
                assert reader.definitions(["Account"], 1)
                assert reader.search(["audit"], 1)
                assert reader.version
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
