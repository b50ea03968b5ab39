"""Pieces of other files that an editor sends along."""

import pytest

from assistant.prompts.fim import SourceFile
from assistant.retrieval.search.retrieve import Retrieved
from assistant.retrieval.search.window import Window
from assistant.server.sent_files import MOST_TOKENS, SentFiles, SentRetriever, SentSource
from assistant.types import CompleteRequest, ContextPiece
from tests.support.memory_index import count_words

MAIL = SourceFile("mail.py", 'def send_mail(to, text):\n    """Send a mail."""\n    server.send(to, text)\n')
FILLER = "value = other_value + further_value\n" * 200


def ask(files, text="send_mail(", last=None, index=None, room=4000):
    request = CompleteRequest("r", text, len(text), path="open.py")
    retriever = SentRetriever(last or SentFiles(), tuple(files), index)
    return retriever.retrieve(request, Window(text, "", 1, 1), room, count_words)


def test_all_that_fits_stands_as_it_was_sent():
    files = [SourceFile(f"f{number}.py", f"x = {number}\n") for number in range(3)]
    found = ask(files)
    assert found.files == tuple(files)
    assert {piece.why for piece in found.pieces} == {"sent by the editor"}


def test_of_too_much_what_helps_at_the_cursor_is_taken_though_it_is_the_oldest():
    filler = [SourceFile(f"f{number}.py", FILLER) for number in range(4)]
    found = ask([MAIL, *filler])
    assert "def send_mail" in "".join(file.text for file in found.files)
    assert sum(piece.tokens for piece in found.pieces) <= MOST_TOKENS


def test_where_nothing_helps_the_newest_are_taken():
    files = [SourceFile(f"f{number}.py", FILLER) for number in range(4)]
    found = ask(files, text="unheard_of(")
    assert found.files
    assert found.files == tuple(files[-len(found.files) :])


def test_what_was_chosen_stays_while_the_cursor_moves_on():
    filler = [SourceFile(f"f{number}.py", FILLER) for number in range(4)]
    last = SentFiles()
    first = ask([MAIL, *filler], last=last)
    assert ask([MAIL, *filler], text="send_mail(to, ", last=last).files == first.files


class Index:
    def __init__(self):
        self.rooms, self.learnt = [], []

    def retrieve(self, request, window, room, count):
        self.rooms.append(room)
        files = (SourceFile("mail.py", "old"), SourceFile("shop.py", "new"))
        return Retrieved(files, tuple(ContextPiece(file.path, (1, 1), 1, "index") for file in files))

    def learn(self, finished):
        self.learnt.append(finished)


def test_the_index_fills_what_is_left_and_says_nothing_twice():
    index = Index()
    found = ask([MAIL], index=index, room=1000)
    assert [file.path for file in found.files] == ["mail.py", "shop.py"]
    assert [piece.path for piece in found.pieces] == ["mail.py", "shop.py"]
    assert found.files[0].text == MAIL.text
    assert index.rooms == [1000 - found.pieces[0].tokens]
    retriever = SentRetriever(SentFiles(), (MAIL,), index)
    retriever.learn("finished")
    assert index.learnt == ["finished"]


@pytest.fixture
def source():
    return SentSource(
        [MAIL, SourceFile("a.py", "import os\n"), SourceFile("a.py", "def f():\n    pass\n"), SourceFile("", "x")]
    )


def test_a_source_of_pieces(source):
    assert [(hit.path, hit.first_line) for hit in source.definitions(["send_mail", "f", "none"], 3)] == [
        ("mail.py", 1),
        ("a.py", 2),
    ]
    assert [each.module for each in source.imports_of("a.py")] == ["os"]
    assert source.imports_of("none.py") == ()
    assert source.symbols_of("none.py") == []
    assert source.resolve("os", "a.py") == ()
    assert [hit.path for hit in source.search(["mail"], 5)] == ["mail.py"]
    assert source.search(["mail"], 5, "mail.py") == []
    assert source.chunk_at("mail.py", 2).path == "mail.py"
    assert source.chunk_at("mail.py", 99) is None
    assert source.text_of("a.py", 2, 3) == "def f():\n    pass"
