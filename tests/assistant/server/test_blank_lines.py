"""The blanks of an empty line that an editor left out."""

import pytest

from assistant.server.blank_lines import blank_line_indentation

CASES = {
    "after a head of Python": ("def f():\n", "\n", "a.py", 0, "    "),
    "after a head over two lines": ("def f(\n    a,\n):\n", "\n", "a.py", 0, "    "),
    "a head whose beginning is not on the line": ("def f(a,\n      b):\n", "\n", "a.py", 0, ""),
    "the step of the file": ("class A:\n  def f(self):\n", "\n", "a.py", 0, "    "),
    "a colon where none begins a block": ("case 1:\n", "\n", "a.c", 0, ""),
    "after a brace": ("int f() {\n", "\n}\n", "a.c", 0, "    "),
    "after a brace with a body": ("int f() {\n", "\n  return 1;\n}\n", "a.c", 0, "  "),
    "after a brace in Go": ("func f() {\n", "\n}\n", "a.go", 0, "\t"),
    "between two statements": ("    a = 1\n", "\n    b = 2\n", "a.py", 0, "    "),
    "between statements below an empty line": ("\ta()\n\n", "\n\n\tb()\n", "a.go", 0, "\t"),
    "before what closes the block": ("  a();\n", "\n}\n", "a.js", 0, "  "),
    "at the end of a block of Python": ("    a = 1\n", "\nb = 2\n", "a.py", 0, ""),
    "at the margin": ("a = 1\n", "\nb = 2\n", "a.py", 0, ""),
    "an empty file": ("", "", None, 0, ""),
    "what the editor says": ("    a = 1\n", "\nb = 2\n", "a.py", 4, "    "),
    "what the editor says, in tabs": ("\ta()\n", "\n}\n", "a.go", 1, "\t"),
    "blanks that are there": ("int f() {\n  ", "\n}\n", "a.c", 2, ""),
    "code left of the cursor": ("int f() {\nx", "\n}\n", "a.c", 4, ""),
    "code right of the cursor": ("int f() {\n", "x;\n}\n", "a.c", 4, ""),
    "after a head that a word begins": ("class A\n  def f\n", "\n  end\nend\n", "a.rb", 0, "    "),
    "after a head that a word ends": ("if true; then\n", "\nfi\n", "a.sh", 0, "    "),
    "after a head with its end": ("  def f() 1 end\n", "\n  def g\n", "a.rb", 0, "  "),
    "before a word that closes the block": ("  a = 1\n", "\nend\n", "a.rb", 0, "  "),
    "a colon in a language that is not known": ("  def f(self):\n", "\n\n  def g(self):\n", None, 0, ""),
    "no language": ("f {\n", "\n}\n", None, 0, "    "),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_blanks(case):
    *asked, blanks = case
    assert blank_line_indentation(*asked) == blanks
