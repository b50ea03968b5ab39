"""What must never be shown, told from what may be, at small places in many languages."""

import pytest

from tests.bench.judging.faults import FAULTS, Place, Shown, find_faults, hole_parses, still_parses

LANGUAGES = {
    "sh": "bash",
    "c": "c",
    "cs": "c_sharp",
    "cpp": "cpp",
    "go": "go",
    "java": "java",
    "js": "javascript",
    "php": "php",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "ts": "typescript",
}


def make_place(path, marked):
    """Return the place in a text where «» stand around what is to be written."""
    before, rest = marked.split("«")
    truth, after = rest.split("»")
    return Place("a", path, LANGUAGES[path.split(".")[-1]], "line", before, truth, after)


def faults(path, marked, text, replaces=0, **shown):
    return find_faults(make_place(path, marked), Shown(text, replaces, **shown))


FILES = {
    "a.sh": "greet() {\n  local name=$1\n  «echo \"$name\"»\n  return 0\n}\n",
    "a.c": "int f(int a)\n{\n    int b = 1;\n    «b += g(a);»\n    return b;\n}\n",
    "a.cs": "class A\n{\n    int F(int a)\n    {\n        «Log(a);»\n        return a;\n    }\n}\n",
    "a.cpp": "int f(int a)\n{\n    std::vector<int> b{1};\n    «b.push_back(a);»\n    return b[0];\n}\n",
    "a.go": "package a\n\nfunc f(a int) int {\n\tb := 1\n\t«b += g(a)»\n\treturn b\n}\n",
    "A.java": "class A {\n    int f(int a) {\n        «log(a);»\n        return a;\n    }\n}\n",
    "a.js": "function f(a) {\n  const b = 1;\n  «log(a);»\n  return b;\n}\n",
    "a.php": "<?php\nfunction f($a) {\n    «log($a);»\n    return $a;\n}\n",
    "a.py": "def f(a):\n    b = 1\n    «b += g(a)»\n    return b\n",
    "a.rb": "def f(a)\n  b = 1\n  «b += g(a)»\n  return b\nend\n",
    "a.rs": "fn f(a: i32) -> i32 {\n    let b = 1;\n    «log(a);»\n    return b;\n}\n",
    "a.ts": "function f(a: number): number {\n  const b = 1;\n  «log(a);»\n  return b;\n}\n",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_what_stood_there_has_no_fault_and_the_file_parses_with_it(path):
    place = make_place(path, FILES[path])
    assert find_faults(place, Shown(place.truth)) == ()
    assert hole_parses(place)
    assert still_parses(place, Shown(place.truth)) is True


@pytest.mark.parametrize("path", FILES)
def test_nothing_shown_is_no_fault_and_says_nothing(path):
    place = make_place(path, FILES[path])
    for text in ("", "\n  "):
        assert find_faults(place, Shown(text)) == ()
        assert still_parses(place, Shown(text)) is None


@pytest.mark.parametrize("path", FILES)
def test_each_language_has_each_of_these_faults(path):
    place = make_place(path, FILES[path])
    below = place.after.split("\n")[1].strip()

    def found(text, **shown):
        return find_faults(place, Shown(text, **shown))

    assert "control token" in found(place.truth + "<|fim_middle|>")
    assert "half character" in found(place.truth + "\ufffd")
    assert "fence" in found("```\n" + place.truth)
    assert "prose" in found("Here is the code that you asked for:")
    assert "repeated below" in found(below)
    assert "unpaired bracket" in found(place.truth + "\n}")
    assert "unpaired bracket" in found(place.truth + "\nx(")
    assert "cut in a word" in found("lo", cut=True)
    assert "mixed indentation" in found(f"{place.truth}\n  \t{place.truth}")
    assert still_parses(place, Shown("x = = (")) is False
    others = {"commented out", "doubled right", "takes below"}  # these need a place or a reason of their own, below
    assert len(FAULTS) == 8 + len(others & FAULTS.keys())


HEADS = {
    "a.c": "if (a <= 0)",
    "a.cs": "if (a <= 0)",
    "a.cpp": "for (int x : b)",
    "A.java": "while (a <= 0)",
    "a.js": "if (a <= 0)",
    "a.php": "foreach ($a as $x)",
    "a.ts": "if (a <= 0)",
}


@pytest.mark.parametrize(("path", "head"), HEADS.items())
def test_a_head_takes_the_next_line_for_its_body(path, head):
    place = make_place(path, FILES[path])
    assert find_faults(place, Shown(head)) == ("takes below",)
    indent = " " * len(place.line)
    assert find_faults(place, Shown(f"{head} {{\n{indent}}}")) == ()


@pytest.mark.parametrize("path", FILES)
def test_the_first_statement_of_a_block_takes_nothing(path):
    """There grammars begin what holds the statements together with it."""
    place = make_place(path, FILES[path])
    first = Place(
        "a", path, place.language, "line", place.before, place.truth + "\n" + place.line, place.truth + place.after
    )
    assert find_faults(first, Shown(first.truth.rstrip())) == ()


def test_a_head_whose_body_stands_below_takes_it_rightly():
    assert faults("a.py", "def f(a):\n    «if a:»\n        return 1\n    return 2\n", "while a:") == ()
    assert faults("a.js", "«if (a) {»\n  b();\n}\n", "while (a) {") == ()
    assert faults("a.c", "int f(int a)\n{\n    «if (a)»\n        g(a);\n    return a;\n}\n", "while (a)") == ()


def test_an_attribute_takes_nothing_for_its_body():
    assert faults("A.java", "class A {\n    «@Deprecated»\n    int f() { return 1; }\n}\n", "@Test") == ()
    assert faults("A.java", "class A {\n    «int a;»\n    int f() { return 1; }\n}\n", "@Test") == ()
    assert faults("A.java", "class A {\n    «int a;»\n    static int f() { return 1; }\n}\n", "@Test") == ()
    assert faults("a.py", "class A:\n    «a = 1»\n    def f(self):\n        pass\n", "@property") == ()


@pytest.mark.parametrize(
    ("path", "marked", "text"),
    [
        ("a.js", "const «response» = await fetch(url);\n", "response = await fetch(url);"),
        ("a.py", "for «i» in range(3):\n    pass\n", "i in range(3):"),
        ("a.py", "with «open(path)» as f:\n    pass\n", "open(path) "),
        ("a.c", "int f()\n{\n    return «1»;\n}\n", "1;"),
        ("a.php", "<?php\n$a = [«1», 2];\n", "1,"),
        ("a.rs", "fn f() -> i32 «» {\n    1\n}\n", "{"),
    ],
)
def test_what_stands_right_of_the_cursor_is_doubled(path, marked, text):
    place = make_place(path, marked)
    assert "doubled right" in find_faults(place, Shown(text))
    assert find_faults(place, Shown(place.truth)) == ()


def test_what_is_replaced_is_not_doubled():
    assert faults("a.js", "foo(«a»);\n", "a).bar();", 2) == ()
    assert faults("a.js", "foo(«a»);\n", "g(a)") == ()
    assert "unpaired bracket" in faults("a.js", "foo(«a»);\n", "a)")


def test_the_rest_of_a_word_is_no_double_of_it():
    assert faults("a.py", "x = «a» + b\n", "ab + b2") == ()


BETWEEN = """class ATest {
    @Test
    void first() {
        check(1);
    }

    «@Test
    void second() {
        check(2);
    }»

    @Test
    void third() {
        check(3);
    }
}
"""


def test_a_like_thing_may_be_suggested_between_two():
    assert faults("A.java", BETWEEN, "@Test\n    void other() {\n        check(4);\n    }") == ()
    third = "@Test\n    void third() {\n        check(3);\n    }"
    assert faults("A.java", BETWEEN, third) == ("repeated below",)
    assert faults("A.java", BETWEEN, f"int a;\n\n    {third}") == ("repeated below",)


def test_an_early_return_is_no_repetition():
    assert faults("a.c", "int f(int a)\n{\n    «a++;»\n    return a;\n}\n", "if (a) {\n        return a;\n    }") == ()


def test_signs_alone_repeat_nothing():
    assert faults("a.c", "int f(int a)\n{\n    {\n        a++;\n    «}»\n}\n", "}") == ()


def test_code_in_comments_counts_where_the_model_began_otherwise():
    marked = "fn f(a: i32) -> i32 {\n    «log(a);»\n    return a + 1;\n}\n"
    for text in ("// log(a);", "// return a + 1;", "// let b = a + 2;", "/* log(a); */"):
        assert faults("a.rs", marked, text, filters=("second-choice",)) == ("commented out",)
        assert faults("a.rs", marked, text) == ()
    assert faults("a.rs", marked, "// Tell about it.", filters=("second-choice",)) == ()
    assert faults("a.rs", marked, "log(a); // or so", filters=("second-choice",)) == ()


def test_fences_and_sentences_may_stand_in_texts():
    assert faults("a.py", 'def f():\n    """Do it.\n\n    «Now.»\n    """\n', "```\n    f()\n    ```") == ()
    assert faults("a.py", 'def f():\n    """Do it.\n\n    «Now.»\n    """\n', "Here is how it is done") == ()
    assert faults("a.js", "/*\n«So.»\n*/\nf();\n", "The following code does it all") == ()
    assert faults("a.py", "«x = 1»\n", "Here = is_not + a") == ()


def test_a_file_that_has_it_already_has_no_fault_by_it():
    assert faults("a.py", 'END = "<|im_end|>"\n«x = 1»\n', 'x = "<|im_end|>"') == ()
    assert faults("a.py", 'BAD = "\ufffd"\n«x = 1»\n', 'x = "\ufffd"') == ()
    assert faults("a.py", "def f():\n \tx = 1\n \t«y = 1»\n", "y = 1\n \tz = 2") == ()


def test_a_word_is_cut_by_the_limit_or_runs_into_the_next():
    assert faults("a.py", "«value = compute(a)»\n", "value = comp", cut=True) == ("cut in a word",)
    assert faults("a.py", "«value = compute(a)»\n", "value", cut=True, filters=("unfinished-line",)) == ()
    assert faults("a.py", "«value = compute(a)»\n", "value = comp") == ()
    assert "cut in a word" in faults("a.py", "x = «-»a\n", "b")


class TestStillParses:
    def test_a_file_with_errors_says_nothing(self):
        assert still_parses(make_place("a.c", "int f( {\n    «a();»\n}\n"), Shown("a();")) is None

    def test_a_line_that_is_begun_is_to_be_finished(self):
        place = make_place("a.c", "int f(int a)\n{\n    return g(«a);»\n}\n")
        assert not hole_parses(place)
        assert still_parses(place, Shown("a, 1);")) is True
        assert still_parses(place, Shown("a, 1")) is False
        assert still_parses(place, Shown("a, 1", cut=True)) is None

    def test_a_statement_of_its_own_in_a_file_that_lacks_a_bracket_says_nothing(self):
        place = make_place("a.js", "function f() {\n  g();\n«}»\nh();\n")
        assert still_parses(place, Shown("g();")) is None

    def test_what_opens_a_block_that_nobody_closes_is_broken(self):
        place = make_place("a.js", FILES["a.js"])
        assert still_parses(place, Shown("if (a) {")) is False
        assert still_parses(place, Shown("if (a) {", cut=True)) is False

    def test_python_is_judged_by_its_own_parser_too(self):
        place = make_place("a.py", FILES["a.py"])
        assert still_parses(place, Shown("return 1\n  x = 2")) is False
