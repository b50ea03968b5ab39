"""Where one statement ends, in each language by its own grammar or record: with its body, or not at all."""

import pytest

_CS = "class A\n{\n    void F(int amount)\n    {\n        |\n        balance_ -= amount;\n    }\n}\n"
_C = "void f(int a)\n{\n  |\n  b(a);\n}\n"
_GO = "package a\n\nfunc f(xs []int) {\n\t|\n\tprint(xs)\n}\n"
_JS = "function f(xs) {\n  |\n  return xs\n}\n"
_RUBY = "def f(x)\n  |\n  x\nend\n"
_SHELL = "f() {\n  |\n  echo b\n}\n"
_LUA = "function f(x)\n  |\n  print(x)\nend\n"
_JAVA = "class A {\n    |\n    void g() {\n    }\n}\n"
_RUST = "mod a {\n    |\n    fn g() {}\n}\n"


@pytest.mark.parametrize(
    ("path", "text", "statement", "more"),
    [
        # Braces on lines of their own.
        ("a.cs", _CS, "if (amount <= 0)\n        {\n            throw E();\n        }", "F(1);"),
        ("a.cpp", _C, "if (a <= 0)\n  {\n    g();\n  }", "g(1);"),
        ("a.c", _C, "if (a)\n    {\n      g ();\n    }", "g(1);"),
        ("a.c", "int a;\n|\nint b;\n", "int\nf (int x)\n{\n  return x;\n}", "int c;"),
        ("a.cs", "class A\n{\n    |\n    int b;\n}\n", "void F()\n    {\n        G();\n    }", "int c;"),
        ("a.php", "<?php\nclass A\n{\n    |\n    public $b;\n}\n", "function f()\n    {\n        g();\n    }", "public $c;"),
        ("a.java", "class A {\n    void f() {\n        |\n        b();\n    }\n}\n", "for (;;)\n            g();", "h();"),
        # Statements over several lines.
        ("a.js", _JS, "const y = a +\n    b", "g()"),
        ("a.js", _JS, "const y = xs\n    .filter(a)\n    .map(b)", "g()"),
        ("a.ts", _JS, "const y = xs\n    .filter(a);", "g();"),
        ("a.py", "def f(a):\n    |\n    return a\n", "x = a + \\\n        b", "y = 1"),
        ("a.go", _GO, "x := a +\n\t\tb", "y := 1"),
        ("a.java", "class A {\n    void f() {\n        |\n        b();\n    }\n}\n", "var x = xs.stream()\n            .toList();", "c();"),
        ("a.rb", _RUBY, "y = x\n    .map(&:a)\n    .first", "z = 1"),
        ("a.sh", _SHELL, "cat a |\n    sort", "echo c"),
        ("a.sh", _SHELL, "cp a \\\n    b", "echo c"),
        # Blocks that a word ends.
        ("a.rb", _RUBY, "if x\n    y\n  end", "z"),
        ("a.rb", _RUBY, "xs.each do |y|\n    y\n  end", "z"),
        ("a.sh", _SHELL, 'if [ "$1" ]; then\n    echo a\n  fi', "echo c"),
        ("a.sh", _SHELL, 'for a in "$@"; do\n    echo a\n  done', "echo c"),
        ("a.lua", _LUA, "if x then\n    y()\n  end", "z()"),
        ("a.lua", _LUA, "local y = x\n    :next()", "z()"),
        # A further part belongs to it.
        ("a.py", "def f(a):\n    |\n    return a\n", "if a:\n        b()\n    else:\n        c()", "d()"),
        ("a.cs", _CS, "if (amount <= 0)\n        {\n            G();\n        }\n        else\n        {\n            H();\n        }", "F(1);"),
        ("a.js", _JS, "try {\n    a()\n  } catch (e) {\n    b()\n  }", "g()"),
        ("a.c", "int a;\n|\nint b;\n", "#ifdef A\nint c;\n#else\nint d;\n#endif", "int e;"),
        # What says something of the statement below it comes with that.
        ("a.java", _JAVA, "/**\n     * Says it.\n     */\n    void f() {\n        b();\n    }", "int c;"),
        ("a.java", _JAVA, "@Test\n    void f() {\n        b();\n    }", "int c;"),
        ("a.cs", "class A\n{\n    |\n    int b;\n}\n", "[Fact]\n    void F()\n    {\n        G();\n    }", "int c;"),
        ("a.rs", _RUST, "#[test]\n    fn f() {\n        b();\n    }", "fn h() {}"),
        ("a.cpp", "|\n\ntemplate <typename T>\nusing B = decltype(b<T>());\n", "using A =\n    decltype(a());", "int c;"),
        ("a.cpp", "|\nint b;\n", "template <typename T>\nclass A {\n  T a;\n};", "int c;"),
        ("a.rs", _RUST, "/// Says it.\n    fn f() {}", "fn h() {}"),
        ("a.py", "class A:\n    |\n    b = 1\n", "@once\n    def f(self):\n        return 1", "c = 1"),
        ("a.php", "<?php\nclass A\n{\n    |\n    public $b;\n}\n", "#[Test]\n    function f()\n    {\n    }", "public $c;"),
        # One branch of several.
        ("a.go", "package a\n\nfunc f(x int) {\n\tswitch x {\n\t|\n\tcase 2:\n\t\tb()\n\t}\n}\n", "case 1:\n\t\ta()\n\t\tc()", "case 3:"),
        # Markup.
        ("a.jsx", "const a = (\n  <ul>\n    |\n    <li>b</li>\n  </ul>\n)\n", "<li>\n      a\n    </li>", "<b>c</b>"),
        ("a.vue", "<ul>\n  |\n  <li>b</li>\n</ul>\n", "<li>\n    a\n  </li>", "<b>c</b>"),
        ("a.html", "<ul>\n  |\n  <li>b</li>\n</ul>\n", "<li>\n    a\n  </li>", "<b>c</b>"),
        ("a.css", "a {\n  b: c;\n}\n|\nd {\n  e: f;\n}\n", "g {\n  h: i;\n}", "j {"),
        # Without a grammar.
        ("a.yml", "steps:\n  |\n  - name: b\n", "- name: a\n    run: c", "- uses: d"),
        ("a.sql", "|\nSELECT b FROM c;\n", "SELECT a\nFROM d\nWHERE e = 1;", "DROP TABLE f;"),
        ("Dockerfile", "FROM a\n|\n\nCMD b\n", "COPY a .\nRUN c \\\n    d", ""),
        ("a.kt", "fun f() {\n    |\n    b()\n}\n", "val x = xs\n        .filter { it }", "c()"),
    ],
)  # fmt: skip
def test_a_statement_comes_whole(hole, stream, path, text, statement, more):
    place = hole(text, path)
    indent = place.syntax.line
    for size in (1, 1000):
        draft, _, fired = stream(place, f"{statement}\n{indent}{more}\n{indent}{more}\n\n", size)
        assert draft.text == statement, fired


@pytest.mark.parametrize(
    ("text", "statement", "more"),
    [
        (_SHELL, 'case "$1" in\n    a) echo a ;;\n  esac', "echo c"),
        ("case $1 in\n  |\n  b) echo b ;;\nesac\n", "a)\n    echo a\n    ;;", "c) echo c ;;"),
    ],
)
def test_the_branches_of_a_case_end_by_themselves(hole, stream, text, statement, more):
    place = hole(text, "a.sh")
    written = f"{statement}\n{place.syntax.line}{more}\n\n"
    draft, _, fired = stream(place, written, without=frozenset({"surplus-bracket"}))
    assert draft.text == statement, fired


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.cs", _CS, "if (amount <= 0)"),
        ("a.cpp", _C, "if (a <= 0)"),
        ("a.c", _C, "while (a)"),
        ("a.java", "class A {\n    void f() {\n        |\n        b();\n    }\n}\n", "for (;;)"),
        ("a.js", _JS, "const y = a +"),
        ("a.js", "function f(xs) {\n  |\n  g(xs)\n}\n", "if (xs)"),
        ("a.js", "|\n// so\n", "if (a)"),
        ("a.java", "class A {\n    |\n    // so\n}\n", "@Test"),
        ("a.cs", "class A\n{\n    |\n    int b;\n}\n", "void F()"),
        ("a.rb", _RUBY, "if x"),
        ("a.sh", _SHELL, "if true; then"),
        ("a.cpp", "void f(int a)\n{\n  |\n  return;\n}\n", "template <typename T>"),
        ("a.cpp", "|\n// so\nclass A {\n};\n", "template <typename T>"),
    ],
)
def test_a_head_that_the_model_leaves_alone_is_not_shown(hole, stream, path, text, written):
    assert stream(hole(text, path), written)[0].text == ""
    assert stream(hole(text, path, "manual"), written)[0].text == ""


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.py", "def f(a):\n    |\n        return a\n", "if a:\n"),
        ("a.c", "void f(int a)\n{\n  |\n  {\n    b(a);\n  }\n}\n", "if (a)\n"),
        ("a.c", "void f(int a)\n{\n  |\n    b(a);\n}\n", "if (a)\n"),
        ("a.js", "function f(a) {\n  |\n    b(a)\n  }\n}\n", "if (a) {\n"),
        ("a.rb", "def f(a)\n  |\n    b(a)\n  end\nend\n", "if a\n"),
        ("a.py", "class A:\n    |\n    def f(self): ...\n", "@once"),
        ("a.cpp", "|\nclass A {\n};\n", "template <typename T>"),
        ("a.hpp", "class A {\n  |\n  void f(T a);\n};\n", "template <typename T,\n            typename U>"),
    ],
)
def test_a_head_is_enough_where_its_body_stands_below(hole, stream, path, text, written):
    assert stream(hole(text, path), written)[0].text == written.rstrip()


@pytest.mark.parametrize(
    ("path", "text", "closer"),
    [
        ("a.go", "package a\n\nfunc f(xs []int) {\n\tfor _, x := range xs {\n\t|", "}"),
        ("a.go", "package a\n\nfunc f(xs []int) {\n\tfor _, x := range xs {\n\t\tg(x)\n\t|\n\tprint(xs)\n}\n", "}"),
        ("a.js", "it('a', () => {\n  b()\n|\n\nit('c', () => {\n  d()\n})\n", "});"),
        ("a.js", "f(() => {\n  b()\n|", "});"),
        ("a.py", "x = f(\n    a,\n|\ny = 1\n", ")"),
        ("a.java", "class A {\n    void f() {\n        b();\n    |\n\n    void g() {\n    }\n}\n", "}"),
        ("a.rb", "def f\n  if x\n    y\n  |\n  z\nend\n", "end"),
        ("a.sh", "f() {\n  if a; then\n    b\n  |\n  c\n}\n", "fi"),
        ("a.sh", "for a in b; do\n  c\n|\nd\n", "done"),
        ("a.lua", "function f()\n  if x then\n    y()\n  |\n  z()\nend\n", "end"),
        ("a.json", '{\n  "a": [\n    1\n  |\n}\n', "]"),
        ("a.css", "a {\n  b: c;\n|\nd {\n  e: f;\n}\n", "}"),
        ("a.vue", "<ul>\n  <li>\n    a\n  |\n  <li>b</li>\n</ul>\n", "</li>"),
    ],
)
def test_what_ends_a_block_is_suggested_alone(hole, stream, path, text, closer):
    for size in (1, 1000):
        draft, _, fired = stream(hole(text, path), f"{closer}\nmore(1)\nmore(2)\n", size)
        assert draft.text == closer, fired


@pytest.mark.parametrize(
    ("path", "text", "written", "want"),
    [
        ("a.go", "package a\n\nfunc f(xs []int) {\n\tfor _, x := range xs {\n\t\t|", "g(x)\n\t}\n}\n\nfunc h() {\n", "g(x)\n\t}\n}"),
        # Less deep than the cursor's line, too, as the file's lines are.
        ("a.go", "package a\n\nfunc f(xs []int) {\n\tfor _, x := range xs {\n\t\t|", "\n\t}\n}\n\nfunc h() {\n", "\n\t}\n}"),
        ("a.js", "it('a', () => {\n  |", "b()\n})\n\nit('c', () => {\n", "b()\n})"),
        ("a.rb", "def f\n  |", "y\nend\n\ndef g\n", "y\nend"),
        ("a.sh", "for a in b; do\n  |", "echo a\ndone\necho c\n", "echo a\ndone"),
        ("a.lua", "function f()\n  |", "y()\nend\nz()\n", "y()\nend"),
        # Not where something below ends it.
        ("a.js", "it('a', () => {\n  |\n})\n", "b()\n})\n", "b()"),
        ("a.rb", "def f\n  |\nend\n", "y\nend\n\ndef g\n", "y"),
        ("a.sh", "if a; then\n  |\nfi\necho d\n", "echo c\nfi\necho d\n", "echo c"),
        ("a.rb", "class A\n  def f\n    |\n  end\n\n  def g\n  end\nend\n", "y\n  end\n\n  def h\n", "y"),
    ],
)  # fmt: skip
def test_a_block_runs_to_what_ends_it(hole, stream, path, text, written, want):
    for size in (1, 1000):
        draft, _, fired = stream(hole(text, path), written, size)
        assert draft.text == want, fired


@pytest.mark.parametrize(
    ("path", "text", "written", "want"),
    [
        ("a.rb", "def f(x)|\n", "\n  y = x\n  y\nend\nz\n", "\n  y = x\n  y\nend"),
        ("a.lua", "local function f(x)|\n", "\n  y = x\n  return y\nend\nz()\n", "\n  y = x\n  return y\nend"),
        ("a.js", "const y = |\nf()\n", "a +\n  b\ng()\n", "a +\n  b"),
        ("a.sh", "cp |\necho c\n", "a \\\n  b\necho d\n", "a \\\n  b"),
        ("a.py", "x = |\ny = 1\n", "a\nb\n", "a"),
        ("a.js", "const y = |\nb\n", "a +", "a +"),
        ("a.rb", "if x|\n", " == 1\n  y\nend\n", " == 1"),
    ],
)
def test_a_line_goes_on_while_it_is_not_whole(hole, stream, path, text, written, want):
    for size in (1, 1000):
        draft, _, fired = stream(hole(text, path), written, size)
        assert draft.text == want, fired


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("a.bats", '@test "one" {\n  run it\n|', '}\n\n@test "two" {\n  run more\n}\n'),
        ("a.cpp", "int f() {\n    return 1;\n|", "}\n\nint g() {\n    return 2;\n}\n"),
        ("a.rb", "def f\n  1\n|", "end\n\ndef g\n  2\nend\n"),
        ("a.js", "it('is', () => {\n  f();\n|", "});\n\nit('is not', () => {\n  g();\n});\n"),
    ],
)
def test_what_ends_the_last_block_of_a_file_is_all_that_is_said_unasked(hole, stream, path, text, written):
    end = written.partition("\n")[0]
    assert stream(hole(text, path), written)[0].text.rstrip("\n") == end
    asked = stream(hole(text, path, "manual"), written)[0].text
    assert asked.startswith(end + "\n\n")
