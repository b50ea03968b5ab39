import pytest

from assistant.completion.complete import Options, complete
from assistant.completion.prompt import OUTLINE, PATH, lay_prompt, told_path, without_others
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.prompts.fim import SourceFile
from assistant.retrieval.search.retrieve import Retrieved
from assistant.retrieval.search.window import Budget
from assistant.types import CompleteRequest

SMALL = Budget(60, 20)
LONG = (
    "import json\n\n\nclass Cart:\n    def __init__(self, owner):\n        self.owner = owner\n"
    + "".join(f"\n    def step_{i}(self):\n        value = {i}\n        return value\n" for i in range(40))
    + "\n    def total(self, rate):\n        return rate * |\n"
)


def words(texts):
    return [len(text.split()) + text.count("\n") for text in texts]


def ask(text=LONG, path="shop/cart.py", workspace="/home/ann/store"):
    return CompleteRequest("r", text.replace("|", ""), text.index("|"), path=path, workspace=workspace)


def lay(request, family="qwen2.5-coder", budget=SMALL, room=4000, **more):
    return lay_prompt(request, family=family, room=room, budget=budget, count=words, token_healing=True, **more)


@pytest.mark.parametrize(
    ("path", "workspace", "told"),
    [
        ("shop/cart.py", "/home/ann/store", "shop/cart.py"),
        ("/home/ann/store/shop/cart.py", "/home/ann/store", "shop/cart.py"),
        ("/home/ann/store/shop/cart.py", "/home/ann/store/", "shop/cart.py"),
        ("/home/ann/other/cart.py", "/home/ann/store", "cart.py"),
        ("../other/cart.py", "/home/ann/store", "cart.py"),
        ("shop\\cart.py", "C:\\Users\\ann\\store", "shop/cart.py"),
        ("C:\\Users\\ann\\store\\shop\\cart.py", "C:\\Users\\ann\\store", "shop/cart.py"),
        ("C:\\Users\\ann\\cart.py", "D:\\store", "cart.py"),
        ("store/cart.py", "store", "store/cart.py"),
        ("/home/ann/cart.py", None, "cart.py"),
        ("shop/cart.py", None, "cart.py"),
        ("Dockerfile", None, "Dockerfile"),
        ("", "/home/ann/store", None),
        (None, "/home/ann/store", None),
        ("shop/", "/home/ann/store", None),
    ],
)
def test_a_path_is_told_within_its_workspace_and_never_whole(path, workspace, told):
    assert told_path(ask(path=path, workspace=workspace)) == told


def test_an_empty_file_begins_as_its_name_says():
    laid = lay(ask("|"))
    assert flat_prompt(laid.fim.prompt) == "<|fim_prefix|><|file_sep|>shop/cart.py\n<|fim_suffix|><|fim_middle|>"
    assert laid.outline is None
    assert (laid.path, flat_prompt(lay(ask("|"), without=frozenset({PATH})).fim.prompt)) == (
        "shop/cart.py",
        "<|fim_prefix|><|fim_suffix|><|fim_middle|>",
    )


def test_the_file_in_short_stands_between_its_name_and_the_window():
    laid = lay(ask())
    said = flat_prompt(laid.fim.prompt)
    before = "<|fim_prefix|><|file_sep|>shop/cart.py\nimport json\nclass Cart:\n    def __init__(self, owner):\n"
    assert said.startswith(f"{before}        self.owner = owner\n")
    assert f"{laid.outline.text}{laid.prefix}<|fim_suffix|>" in said
    assert laid.window.outlined == laid.outline.tokens > 0
    alone = lay(ask(), without=frozenset({OUTLINE}))
    assert alone.outline is None
    assert alone.window.outlined == 0
    assert flat_prompt(alone.fim.prompt) == said.replace(laid.outline.text, "")


def test_without_other_files_all_of_the_open_one_stays():
    class Library:
        def retrieve(self, request, window, room, count):
            self.room, self.outlined = room, window.outlined
            return Retrieved((SourceFile("lib.py", "def add(a, b):\n"),))

    library = Library()
    laid = lay(ask(), finds=library)
    assert library.room == 4000 - 60 - 20 - laid.outline.tokens
    assert library.outlined == laid.outline.tokens
    alone = without_others(laid, ask(), "qwen2.5-coder")
    assert "lib.py" in flat_prompt(laid.fim.prompt)
    assert flat_prompt(alone.fim.prompt) == flat_prompt(lay(ask()).fim.prompt)


def test_a_small_room_has_no_outline():
    assert lay(ask(), room=80).outline is None
    assert lay(ask(), room=110).outline.tokens <= 30


def test_the_prompt_keeps_its_beginning_while_somebody_types_in_the_window():
    before, after = LONG.split("|")
    texts = ["", "s", "self.step_1()", "self.step_1() + {\n", "self.step_1() + {\n    'a"]
    prompts = [flat_prompt(lay(ask(f"{before}{typed}|{after}"), budget=Budget(200, 40)).fim.prompt) for typed in texts]
    start = prompts[0].partition("<|fim_suffix|>")[0].rstrip(" *")
    assert "def __init__" in start
    assert all(prompt.startswith(start) for prompt in prompts)


def test_what_was_read_of_the_open_file_is_told_in_order():
    engine = FakeEngine("1", EngineInfo("fake", "qwen2.5-coder", "cpu", "float32", 4096))
    finished = list(complete(engine, ask(), CancelToken(), SMALL))[-1]
    assert [(piece.path, piece.why) for piece in finished.context] == [
        ("shop/cart.py", "this file, in short"),
        ("shop/cart.py", "this file"),
    ]
    short, window = finished.context
    assert short.lines[0] == 4
    assert short.lines[1] < window.lines[0]
    assert short.tokens > 0
    left = list(complete(engine, ask(), CancelToken(), SMALL, Options(without=frozenset({OUTLINE}))))[-1]
    assert [piece.why for piece in left.context] == ["this file"]
