"""A statement of which a part stands below already: it goes on while it may, and takes nothing else for its part."""

import pytest

_JS = "function f() {\n  const a = b()\n  |\n    .action(c)\n  return a\n}\n"
_PHP = "<?php\nfunction f() {\n    |\n        ->raw(1)\n    ;\n}\n"
_RUST = "fn f() {\n    |\n        .finish();\n}\n"
_CPP = "void f() {\n  |\n    << c;\n}\n"
_IF = "#if A\nint a;\n|\n#endif\nint e;\n"


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        # The first of a chain of calls, or of what operators join.
        ("a.js", _JS, "program"),
        ("a.js", _JS, "program\n    .name('d')\n    .option(e)"),
        ("a.js", _JS.replace("\n  const a = b()", ""), "program\n    .name('d')"),
        ("a.php", _PHP, "$compiler\n        ->write(2)\n        ->indent()"),
        ("a.rs", _RUST, 'f.debug_struct("E")\n        .field("a", &self.a)'),
        ("a.rs", "fn f() -> bool {\n    |\n        && !a.is_empty()\n}\n", "a.x == b.x\n        && a.y == b.y"),
        ("a.cpp", _CPP, "std::cout\n    << a\n    << b"),
        ("a.rs", "fn f() {\n    match a {\n        |\n            | C => 1,\n    }\n}\n", "A\n            | B"),
        ("a.ts", "interface A {\n  (b: B):\n    |\n    | D;\n}\n", "| C"),
        # Arguments and parameters.
        ("a.cpp", "struct A {\n    |\n        int c)\n        : d(c)\n    {\n    }\n};\n", "A(int a,\n      int b,"),
        ("a.py", "def f():\n    |\n        c,\n    )\n", "g(\n        a,\n        b,"),
        # A part of an #if up to its end.
        ("a.cpp", _IF, "#else\nint b;\nint c;"),
        ("a.c", _IF.replace("#endif", "#  endif"), "#  else\nint b;"),
        ("a.cs", "#if A\nusing A;\n|\n#endif\n", "#elif B\nusing B;\nusing C;\n#else\nusing D;"),
        # The bounds of types, above the body in braces.
        ("a.rs", "fn f<A>(a: A)\n|\n{\n    g(a)\n}\n", "where\n    A: B,\n    A: C,"),
        # A case with a block in it.
        ("a.java", "class A {\n  void f() {\n    switch (a) {\n    |\n    case 2:\n      b();\n    }\n  }\n}\n",
         "case 1:\n      if (a) {\n        c();\n      }\n      d();\n      break;"),
    ],
)  # fmt: skip
def test_a_statement_goes_on_up_to_its_part_below(hole, stream, path, text, written):
    for size in (1, 1000):
        draft, _, fired = stream(hole(text, path), written, size)
        assert draft.text == written, fired


@pytest.mark.parametrize(
    ("path", "text", "written", "want"),
    [
        # What stands below is not said again, and ends it.
        ("a.js", _JS, "program\n    .action(c)\n  return a\n", "program"),
        ("a.php", _PHP, "$compiler\n        ->write(2)\n        ->raw(1)\n    ;\n", "$compiler\n        ->write(2)"),
        # Another statement would take it.
        ("a.js", _JS, "program\n  const d = 1\n  e()\n", "program"),
        ("a.js", _JS, "program\n    .name('d')\n  const e = 1\n  g()\n", "program\n    .name('d')"),
        ("a.rs", _RUST, "f.a()\n    let x = 1\n", "f.a()"),
        # With an end of its own the part below would hang in the air.
        ("a.php", _PHP, "$compiler\n        ->write(2);\n    $a = 1;\n", "$compiler"),
        ("a.rs", _RUST, "f.a()\n        .b();\n    g();\n    h();\n", "f.a()"),
        # A head takes its body as it did.
        ("a.js", "function f(a) {\n  |\n    b(a)\n  }\n}\n", "if (a) {\n    c()\n", "if (a) {"),
        ("a.c", "void f(int a)\n{\n  |\n    b(a);\n}\n", "if (a)\n    c();\n", "if (a)"),
        ("a.cpp", "A::A(int b)\n|\n    : c(b)\n{\n}\n", "", ""),
        # Without an end below nothing tells how much belongs to it.
        ("a.c", "#if A\nint a;\n|\nint b;\n#endif\n", "#else\nint c;\nint d;\n", ""),
        ("a.rs", "fn f<A>(a: A)\n|\n{\n    g(a)\n}\n", "where\n    A: B,\n{\n    g(a)\n}\nfn h() {}\n", "where\n    A: B,"),
        # A case ends where the next begins.
        ("a.java", "class A {\n  void f() {\n    switch (a) {\n    |\n    case 2:\n      b();\n    }\n  }\n}\n",
         "case 1:\n      if (a) {\n        c();\n      }\n      break;\n    case 3:\n      d();\n",
         "case 1:\n      if (a) {\n        c();\n      }\n      break;"),
    ],
)  # fmt: skip
def test_it_takes_nothing_else_for_its_part(hole, stream, path, text, written, want):
    for size in (1, 1000):
        draft, _, fired = stream(hole(text, path), written, size)
        assert draft.text == want, fired
