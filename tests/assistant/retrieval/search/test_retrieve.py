from dataclasses import replace

import pytest

from assistant.errors import GrafterError
from assistant.repository.symbols import Import
from assistant.retrieval.search.candidate import ORIGINS, Sources
from assistant.retrieval.search.retrieve import Retrieved, retrieve
from assistant.retrieval.search.retriever import IndexRetriever
from assistant.retrieval.search.window import Budget, take_window
from assistant.types import Choice, CompleteRequest, Finished, Place, Timings
from tests.support import memory_index
from tests.support.memory_index import symbol

STORE = """class UserStore:
    def __init__(self, folder):
        self.folder = folder

    def find_user(self, name, strict=False):
        return self.folder / name
"""
MAIL = """def send_mail(address, subject):
    server = connect_mail_server(address)
    server.send(subject)
"""
NOISE = "def rotate_matrix(matrix):\n    return list(zip(*matrix[::-1]))\n"
OPEN = """from store import UserStore


def greet(name, folder):
    users = UserStore(folder)
    user = users.|
    return user
"""
FILLER = "".join(f"filler_{number} = {number}\n" for number in range(300))


def make_source(**more):
    return memory_index.MemorySource(
        {"store.py": STORE, "mail.py": MAIL, "noise.py": NOISE, "old/store.py": STORE.replace("/", "+"), **more},
        [
            symbol("store.py", "UserStore", 1, 6, kind="class", signature="class UserStore:"),
            symbol("store.py", "__init__", 2, 3, parent="UserStore", signature="def __init__(self, folder):"),
            symbol(
                "store.py",
                "find_user",
                5,
                6,
                parent="UserStore",
                signature="def find_user(self, name, strict=False):",
            ),
            symbol("old/store.py", "UserStore", 1, 6, kind="class", signature="class UserStore:"),
            symbol("mail.py", "send_mail", 1, 3, signature="def send_mail(address, subject):"),
        ],
        {"app.py": [Import("store", "UserStore", "", 1)]},
        {"store": ["store.py"]},
    )


def request_at(text=OPEN, **options):
    cursor = text.index("|")
    options = {"path": "app.py", "workspace": "/w/shop", **options}
    return CompleteRequest("r", text.replace("|", "", 1), cursor, **options)


def look(source, request=None, budget=400, window_budget=None, **options):
    request = request or request_at()
    window = take_window(request.text, request.cursor, window_budget or Budget(), memory_index.count_words)
    return retrieve(source, request, window, budget, memory_index.count_words, **options)


def test_an_imported_definition_stands_next_to_the_hole():
    found = look(make_source(), sources=Sources(search=False))
    assert found.files[-1].path == "store.py"
    assert "def find_user" in found.files[-1].text
    assert found.pieces[-1].why == "defines UserStore"
    assert "def find_user" in look(make_source()).files[-1].text
    assert all(piece.path != "old/store.py" for piece in found.pieces if piece.why.startswith("defines"))
    assert all("rotate_matrix" not in file.text for file in found.files)


def test_a_definition_that_is_too_long_is_a_skeleton():
    source = make_source()
    source.files["store.py"] = STORE + "    # more\n" * 200
    source.symbols[0] = replace(source.symbols[0], last_line=206)
    found = look(source, sources=Sources(search=False), budget=120)
    (piece,) = found.pieces
    assert piece.why == "defines UserStore, in short"
    assert found.files[0].text.splitlines() == [
        "class UserStore:",
        "    def __init__(self, folder):",
        "    def find_user(self, name, strict=False):",
    ]


def test_an_imported_definition_is_found_among_many_of_its_name():
    source = make_source()
    others = [symbol(f"old/{number}.py", "UserStore", 1, 6, kind="class") for number in range(40)]
    source.symbols = [*others, *source.symbols]
    (piece,) = look(source, sources=Sources(search=False, same_file=False)).pieces
    assert (piece.path, piece.why) == ("store.py", "defines UserStore")


@pytest.mark.parametrize(("path", "found"), [("noise.py", False), ("store.py", True)])
def test_a_value_counts_only_where_it_is_imported(path, found):
    source = make_source()
    source.files[path] += "\n\nfolder = 1\n"
    line = source.files[path].count("\n")
    source.symbols.append(symbol(path, "folder", line, kind="variable", signature="folder = 1"))
    why = [piece.why for piece in look(source, sources=Sources(search=False, same_file=False)).pieces]
    assert ("defines folder" in why) == found


def test_a_name_that_shares_a_part_with_an_imported_one_finds_it():
    text = "from store import UserStore\n\n\ndef greet(user_store):\n    user_store.|\n"
    found = look(make_source(), request_at(text), sources=Sources(search=False, same_file=False))
    assert found.pieces[0].why == "defines UserStore"


def test_nothing_helps():
    source = make_source()
    assert look(source, request_at("completely = unrelated + 1\n|", path="x.py")) == Retrieved()
    assert look(source, request_at("|", path="x.py")) == Retrieved()
    assert look(source, budget=0) == Retrieved()


@pytest.mark.parametrize("off", ORIGINS)
def test_each_source_can_be_switched_off(off):
    request = request_at(recent=(Place("mail.py", 2, "edited"),), tabs=("store.py",))
    source = make_source(
        **{"page.py": "\n\ndef show(name):\n    users = UserStore(name)\n    user = users.first(name)\n"}
    )
    found = look(source, request, sources=Sources(**{off: False}))
    assert found.files
    only = look(source, request, sources=Sources(**{origin: origin == off for origin in ORIGINS}))
    why = {"definitions": "defines", "search": "similar", "recent": "edited", "tabs": "open tab", "same_file": "this"}
    assert all(piece.why.startswith((why[off], "an " + why[off])) for piece in only.pieces)
    if off == "search":
        assert "search" in source.asked


def test_recent_places_and_tabs():
    request = request_at(
        "def notify(address):\n    server.send(|\n", path="new.py", recent=(Place("mail.py", 2, "edited"),)
    )
    found = look(make_source(), request, sources=Sources(search=False))
    assert [(piece.path, piece.why) for piece in found.pieces] == [("mail.py", "edited lately")]
    request = request_at("def notify(address):\n    server.send(|\n", path="new.py", tabs=("mail.py", "new.py"))
    found = look(make_source(), request, sources=Sources(search=False))
    assert [(piece.path, piece.why) for piece in found.pieces] == [("mail.py", "an open tab")]


def test_the_same_file_beyond_the_window():
    helper = "def read(line):\n    raw = line.strip()\n    header = parse_header(raw, COLON)\n"
    text = helper + FILLER + "raw = line.strip()\nheader = parse_header(|\n"
    found = look(make_source(), request_at(text), window_budget=Budget(100, 20))
    (piece,) = [piece for piece in found.pieces if piece.path == "app.py"]
    assert piece.lines[0] == 1
    assert piece.why == "this file, elsewhere"
    inside = look(make_source(), request_at(helper + "header = parse_header(|\n"))
    assert all(piece.path != "app.py" for piece in inside.pieces)


@pytest.mark.parametrize("added", ["", "new_line = 1\n" * 3])
def test_the_open_file_counts_as_it_stands_not_as_it_was_saved(added):
    helper = "def parse_header(line, separator):\n    return line.split(separator)\n"
    text = added + helper + "filler = 1\n" * 300 + "header = parse_header(|\n"
    source = make_source(**{"app.py": helper + "filler = 1\n" * 300})
    source.symbols.append(symbol("app.py", "parse_header", 1, 2, signature="def parse_header(line, separator):"))
    only = Sources(search=False, same_file=False)
    (piece,) = look(source, request_at(text), window_budget=Budget(100, 20), sources=only).pieces
    assert piece.lines == (1 + added.count("\n"), 2 + added.count("\n"))
    changed = text.replace("line.split", "str.split")
    assert look(source, request_at(changed), window_budget=Budget(100, 20), sources=only) == Retrieved()


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_end_of_the_file_below_the_window_is_found(end):
    body = "    raw = line.strip()\n    header = parse_header(raw)"
    text = "raw = line.strip()\nheader = parse_header(|\n" + FILLER + "def read(line):\n" + body + end
    found = look(make_source(), request_at(text), window_budget=Budget(100, 20))
    (piece,) = [piece for piece in found.pieces if piece.path == "app.py"]
    assert "def read(line):\n" + body + "\n" in found.files[-1].text + found.files[0].text
    assert piece.lines[1] <= text.count("\n") + 1


def test_a_copy_of_what_stands_at_the_cursor_is_dropped():
    copy = OPEN.replace("|", "find_user(name)")
    found = look(make_source(**{"copy.py": copy}), sources=Sources(definitions=False))
    assert all(piece.path != "copy.py" for piece in found.pieces)


# --- many requests -----------------------------------------------------------------------


class Typing:
    """A session that asks again and again."""

    def __init__(self, source, tokens=400):
        self.source = source
        self.retriever = IndexRetriever(lambda _workspace: self.source, tokens=tokens)

    def ask(self, text, **options):
        request = request_at(text, session="page", **options)
        window = take_window(request.text, request.cursor, Budget(), memory_index.count_words)
        return self.retriever.retrieve(request, window, 10_000, memory_index.count_words)


def test_the_files_stay_the_same_while_typing_goes_on():
    typing = Typing(make_source())
    typed = [typing.ask(OPEN.replace("|", "find_user(name)"[:length] + "|")).files for length in range(16)]
    assert typed[0]
    assert all(files == typed[0] for files in typed)


def test_the_same_question_is_not_asked_twice():
    typing = Typing(make_source())
    first = typing.ask(OPEN)
    typing.source.asked.clear()
    assert typing.ask(OPEN) is first
    assert typing.source.asked == []
    typing.source.version += 1
    typing.ask(OPEN)
    assert "search" in typing.source.asked


def test_what_changed_in_its_file_does_not_stay():
    typing = Typing(make_source())
    assert "def find_user" in typing.ask(OPEN).files[-1].text
    typing.source.files["store.py"] = STORE.replace("find_user(", "look_up(")
    typing.source.version += 1
    assert "look_up" in typing.ask(OPEN).files[-1].text
    assert "find_user" not in typing.ask(OPEN).files[-1].text


def test_what_is_new_comes_after_what_is_there():
    typing = Typing(make_source())
    typing.source.imports["app.py"].append(Import("mail", "send_mail", "", 2))
    typing.source.modules["mail"] = ["mail.py"]
    first = typing.ask(OPEN).files
    second = typing.ask(
        OPEN.replace("|", "find_user(name)") + "\n\ndef notify(address):\n    send_mail(address, |"
    ).files
    assert second[: len(first)] == first
    assert any("def send_mail" in file.text for file in second[len(first) :])


def test_a_broken_index_costs_no_suggestion(caplog):
    def broken(_workspace):
        raise GrafterError("The index cannot be read.")

    retriever = IndexRetriever(broken)
    request = request_at()
    window = take_window(request.text, request.cursor, Budget(), memory_index.count_words)
    for _key in range(3):
        assert retriever.retrieve(request, window, 1000, memory_index.count_words) == Retrieved()
    assert caplog.text.count("cannot be read") == 1


def test_no_index_no_files():
    request = request_at(workspace=None)
    window = take_window(request.text, request.cursor, Budget(), memory_index.count_words)
    asked = []
    retriever = IndexRetriever(asked.append)
    assert retriever.retrieve(request, window, 1000, memory_index.count_words) == Retrieved()
    assert asked == []


def test_a_quick_model_gets_more():
    source = make_source(**{f"more{number}.py": MAIL * 3 for number in range(3)})
    for number in range(3):
        source.files[f"more{number}.py"] = "".join(
            f"def greet_{number}_{line}(name, folder):\n    users = UserStore(folder)\n    user = users.find_{line}(name)\n"
            + "".join(f"    user.step_{number}_{line}_{step}(start={step})\n" for step in range(9))
            for line in range(12)
        )
    retriever = IndexRetriever(lambda _workspace: source)
    request = request_at()
    window = take_window(request.text, request.cursor, Budget(), memory_index.count_words)

    def spent():
        found = retriever.retrieve(request, window, 10_000, memory_index.count_words)
        return sum(piece.tokens for piece in found.pieces)

    slow = spent()
    choice = Choice(0, "", "stop", 1)
    retriever.learn(Finished("r", "m", (choice,), 4000, 0, 1, Timings(prefill_ms=1000)))
    assert slow <= 256 < spent() <= 2048
    assert sum(piece.tokens for piece in retriever.retrieve(request, window, 90, memory_index.count_words).pieces) <= 90
