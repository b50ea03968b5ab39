"""Code in comments is no second choice."""

import pytest

from assistant.completion.filters import FINAL
from assistant.completion.filters.draft import Draft

OUT = {
    "a.rs": "// #[test]\n// fn adds() {\n//     assert_eq!(add(1), 1);\n// }",
    "b.rs": "// let total = items.iter().sum();",
    "a.py": "# total = sum(items)\n# return total",
    "b.py": "# if total:\n#     return total",
    "a.js": "// const total = sum(items);",
    "b.js": "/* total = sum(items); */",
    "a.ts": "// let total: number = sum(items);\n\n// return total;",
    "a.java": "// int total = sum(items);",
    "a.c": "/*\n * total = sum(items);\n */",
    "a.cpp": "// std::cout << total;",
    "a.cs": "// var total = Sum(items);",
    "a.go": "// if total > 0 {\n// \treturn total\n// }",
    "a.rb": "# total = items.sum",
    "a.php": "// $total = sum($items);\n// return $total;",
    "a.sh": "# if test -n x; then echo x; fi",
}
SAID = {
    "a.rs": "/// Adds two numbers and returns the sum.",
    "b.rs": "// TODO the sum of both",
    "a.py": "# The sum of both numbers, as a new one.",
    "b.py": "# total",
    "a.js": "/** The sum of both numbers. */",
    "a.ts": "// Nothing to add here.",
    "a.java": "/**\n * Returns the sum of both.\n */",
    "a.c": "/* the sum of both */",
    "a.cpp": "// the sum of both",
    "a.cs": "/// The sum of both.",
    "a.go": "// Sum returns the sum of both.",
    "a.lua": "-- the sum of both",
    "a.unknown": "# total = 1",
}


def judged(place, text):
    return FINAL["commented-out"](place, Draft(text))


AROUND = {
    ".c": "int f(void)\n{\n|\n}\n",
    ".cpp": "int f() {\n|\n}\n",
    ".cs": "class A {\n    void F() {\n|\n    }\n}\n",
    ".java": "class A {\n    void f() {\n|\n    }\n}\n",
    ".go": "package a\n\nfunc f() {\n|\n}\n",
    ".php": "<?php\nfunction f() {\n|\n}\n",
}
_BELOW = "a = 1\n"


@pytest.mark.parametrize("path", OUT)
def test_code_in_comments_is_no_second_choice(hole, path):
    text = AROUND.get(path[1:], f"|\n{_BELOW}")
    assert judged(hole(text, path, begun_otherwise=True), f"{OUT[path]}\n") is None
    assert judged(hole(text, path), OUT[path]) == Draft(OUT[path])  # the model's own wish


@pytest.mark.parametrize("path", SAID)
def test_what_a_comment_says_is_one(hole, path):
    place = hole(AROUND.get(path[1:], f"|\n{_BELOW}"), path, begun_otherwise=True)
    assert judged(place, SAID[path]) == Draft(SAID[path])


def test_what_stands_below_is_no_second_choice_in_a_comment_either(hole):
    place = hole("|\nlocal total = sum(items)\n", "a.lua", begun_otherwise=True)
    assert judged(place, "-- local total = sum(items)") is None


def test_in_a_comment_and_behind_code_anything_may_stand(hole):
    assert judged(hole("x = 1 |\n", "a.py", begun_otherwise=True), "# x = 2") == Draft("# x = 2")
    place = hole("/*\n|\n*/\nint a;\n", "a.c", begun_otherwise=True)
    assert judged(place, "// a = 1;") == Draft("// a = 1;")


def test_what_is_no_comment_stays(hole):
    assert judged(hole("|\n", "a.py", begun_otherwise=True), "x = 2\n# y = 1") == Draft("x = 2\n# y = 1")
