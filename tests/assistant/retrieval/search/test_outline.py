import pytest

from assistant.retrieval.search import outline as module
from assistant.retrieval.search.outline import Outlines
from assistant.retrieval.search.window import STEP_LINES, Budget, take_window


def words(texts):
    return [len(text.split()) + text.count("\n") for text in texts]


SMALL = Budget(40, 10)


def take(text, path="m.py", budget=500, around=SMALL, outlines=None, count=words):
    """Return the outline of ``text`` at its bar."""
    cursor = text.index("|")
    text = text.replace("|", "", 1)
    window = take_window(text, cursor, around, words)
    return (outlines or Outlines()).take(text, cursor, path, window, budget, count)


def methods(first, last, form):
    return "".join(form.format(i) for i in range(first, last))


PYTHON_METHOD = "\n    def step_{0}(self, x{0}):\n        y = {0}\n        return y\n"
PYTHON = (
    "import json\nfrom shop import Price\n\nRATES = {\n    'de': 19,\n}\n\n\nclass Other:\n    def far(self):\n"
    "        return 1\n\n\nclass Cart:\n    size: int = 0\n\n    def __init__(self, owner):\n        self.owner = owner\n"
    + methods(0, 8, PYTHON_METHOD)
    + "\n    def total(self):\n        a = 1\n        return Price(|)\n"
    + methods(8, 30, PYTHON_METHOD)
    + "\n\ndef main():\n    return 1\n"
)


def test_python_in_short():
    said = take(PYTHON)
    lines = said.text.splitlines()
    assert lines[:7] == [
        "import json",
        "from shop import Price",
        "RATES = {...}",
        "class Other:",
        "    def far(self):  # ...",
        "class Cart:",
        "    size: int = 0",
    ]
    assert lines[7:11] == [
        "    def __init__(self, owner):",
        "        self.owner = owner",
        "        # ...",
        "    def step_0(self, x0):  # ...",
    ]
    assert lines[-4:] == ["    def step_29(self, x29):  # ...", "    # ...", "def main():  # ...", "# ..."]
    assert "total" not in said.text
    assert said.tokens == words([said.text])[0] <= 500
    assert (said.first_line, said.last_line) == (1, PYTHON[: PYTHON.index("def main")].count("\n") + 1)


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        (
            "cart.js",
            "import { a } from './a.js';\nconst names = [\n  'a',\n];\nexport class Cart {\n  constructor(owner) {\n"
            "    this.owner = owner;\n  }\n"
            + methods(0, 30, "  step{0}() {{\n    return {0};\n  }}\n")
            + "  total() {\n"
            "    return |\n  }\n}\n",
            (
                "import { a } from './a.js';\nconst names = [ /* ... */ ];\nexport class Cart {\n  constructor(owner) {\n"
                "    this.owner = owner;\n    // ...\n  }\n  step0() { /* ... */ }\n"
            ),
        ),
        (
            "Cart.java",
            "import java.util.List;\npublic class Cart\n{\n    private int size;\n"
            + methods(0, 30, "    int step{0}()\n    {{\n        return {0};\n    }}\n")
            + "    int total() {\n        return |\n    }\n}\n",
            "import java.util.List;\npublic class Cart {\n    private int size;\n    int step0() { /* ... */ }\n",
        ),
        (
            "cart.go",
            'package shop\nimport (\n\t"fmt"\n)\ntype Cart struct {\n\tsize int\n}\n'
            + methods(0, 30, "func (c *Cart) Step{0}() int {{\n\treturn {0}\n}}\n")
            + "func (c *Cart) Total() int {\n\treturn |\n}\n",
            'import (\n\t"fmt"\n)\ntype Cart struct {\n\tsize int\n}\nfunc (c *Cart) Step0() int { /* ... */ }\n',
        ),
        (
            "cart.rb",
            "require 'json'\nclass Cart\n  def initialize(owner)\n    @owner = owner\n  end\n"
            + methods(0, 30, "  def step{0}\n    {0}\n  end\n")
            + "  def total\n    |\n  end\nend\n",
            (
                "require 'json'\nclass Cart\n  def initialize(owner)\n    @owner = owner\n    # ...\n  end\n"
                "  def step0  # ...\n  end\n"
            ),
        ),
        (
            "cart.sh",
            "NAME=cart\n" + methods(0, 30, "step{0}() {{\n  echo {0}\n}}\n") + "total() {\n  |\n}\n",
            "NAME=cart\nstep0() {...}\n",
        ),
        (
            "cart.c",
            "#include <stdio.h>\n"
            + methods(0, 30, "int step{0}(int a)\n{{\n  return a;\n}}\n")
            + "int f(void)\n{\n  |\n}\n",
            "#include <stdio.h>\nint step0(int a) { /* ... */ }\n",
        ),
        (
            "cart.css",
            "a {\n  color: red;\n}\n" * 30 + "p {\n  |\n}\n",
            "a { /* ... */ }\n",
        ),
        (
            "package.json",
            '{\n  "scripts": {\n    "test": "x"\n  },\n' + methods(0, 60, '  "k{0}": {0},\n') + '  "name": "|"\n}\n',
            '  "scripts": {\n    "test": "x"\n  },\n  "k0": 0,\n',
        ),
    ],
)
def test_each_language_marks_what_is_left_out_in_its_own_way(path, text, wanted):
    said = take(text, path)
    assert said.text.startswith(wanted)
    assert said.text.endswith("...\n") or said.text.endswith("... */\n")


def test_the_likeliest_lines_go_first():
    def taken(budget):
        said = take(PYTHON, budget=budget)
        assert said.tokens <= budget
        return said.text

    assert taken(14) == "class Cart:\n    size: int = 0\n    # ...\n# ...\n"
    assert "self.owner = owner" in taken(27)
    assert "from shop import Price" not in taken(27)
    assert "from shop import Price" in taken(40)
    assert "def step_14" in taken(100)
    assert "def step_29" not in taken(100)
    assert "class Other" not in taken(100)
    assert take(PYTHON, budget=3) is None


def test_an_imported_name_of_the_window_goes_before_one_that_is_not_there():
    text = "import json\nimport zlib\n" + "x = 1\n" * 60 + "a = zlib.crc32(|)\n"
    assert take(text, budget=6).text == "import zlib\n# ...\n"


def test_an_attribute_under_a_condition_stands_as_the_others():
    text = PYTHON.replace(
        "        self.owner = owner\n", "        self.owner = owner\n        if owner:\n            self.a = 1\n"
    )
    assert "        self.owner = owner\n        self.a = 1\n        # ...\n" in take(text).text


def test_what_is_local_to_another_function_is_left_out_and_to_the_cursors_is_not():
    text = "def a():\n    def inner():\n        return 1\n    return inner\n\n\ndef b():\n    def near():\n        return 1\n"
    said = take(text + "    x = 1\n" * 60 + "    y = |\n").text
    assert "inner" not in said
    assert "def b():\n    def near():  # ...\n    # ...\n" in said


def test_a_member_of_a_class_that_begins_in_the_window_brings_its_head():
    text = "class Cart:\n    def total(self):\n        return |\n" + methods(0, 30, PYTHON_METHOD)
    assert take(text).text.startswith("class Cart:\n    def step_")


def test_what_fits_the_window_or_cannot_be_parsed_has_none():
    assert take("import json\nx = |\n") is None
    assert take(PYTHON, path="notes.txt") is None
    assert take(PYTHON, path=None) is None
    assert take(PYTHON, budget=0) is None
    assert take("x\n" * 80 + "|") is None


def test_too_much_text_or_time_has_none(monkeypatch):
    monkeypatch.setattr(module, "_MOST_CHARACTERS", 100)
    assert take(PYTHON) is None
    monkeypatch.undo()
    monkeypatch.setattr(module, "_SECONDS", -1.0)
    assert take(PYTHON) is None


def test_it_stays_while_somebody_types_in_the_window():
    outlines = Outlines()
    first = take(PYTHON, outlines=outlines)
    for typed in ("j", "json", "json, {", "json, {\n        'a", "x)\n        def (", "\n\n"):
        assert take(PYTHON.replace("|", f"{typed}|"), outlines=outlines) is first
    assert take(PYTHON.replace("import json", "import zlib"), outlines=outlines) != first


def test_it_stays_when_the_cursor_moves_by_a_line():
    lines = (PYTHON.replace("|", "") + methods(30, 90, PYTHON_METHOD)).split("\n")
    outlines = Outlines()
    made = []
    for line in range(150, 150 + STEP_LINES):
        text = "\n".join([*lines[:line], "|" + lines[line], *lines[line + 1 :]])
        made.append(take(text, outlines=outlines, around=Budget(200, 60)))
    assert len({id(each) for each in made}) <= 3


def test_only_the_last_ones_are_remembered(monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEPT", 2)
    outlines = Outlines()
    first = take(PYTHON, outlines=outlines)
    take(PYTHON, budget=100, outlines=outlines)
    assert take(PYTHON, outlines=outlines) is first
    take(PYTHON, budget=101, outlines=outlines)
    assert take(PYTHON, outlines=outlines) is first
    take(PYTHON, budget=100, outlines=outlines)
    take(PYTHON, budget=102, outlines=outlines)
    again = take(PYTHON, outlines=outlines)
    assert again == first
    assert again is not first


def test_what_marks_and_brackets_come_to_is_kept_within_the_budget():
    def count(texts):
        return [each + 5 * ("\n" in text[:-1]) for each, text in zip(words(texts), texts, strict=True)]

    said = take(PYTHON, budget=60, count=count)
    assert count([said.text])[0] == said.tokens <= 60
