"""One small sample of each language, with what it defines, uses and imports."""

import importlib.resources
from typing import NamedTuple

import pytest
from tree_sitter import Query

from assistant.languages import parsed_languages
from assistant.repository.parsing import parse
from assistant.repository.symbols import MOST_SYMBOLS, Facts, load_query, read_facts


class Sample(NamedTuple):
    """A text; its symbols as "kind parent.name"; names that it uses; imports as (module, name, alias)."""

    text: str
    symbols: set[str]
    uses: set[str]
    imports: list[tuple[str, str, str]]


SAMPLES = {
    "python": Sample(
        "import os, a.b as c\nfrom ..m import x as y, z\nfrom .n import *\nLIMIT = 3\n@cached\nclass A(Base):\n"
        "    size: int = 3\n    def f(self, a: Foo) -> list[Bar]:\n        return g(a).h()\nasync def k(): pass\n",
        {"constant LIMIT", "class A", "field A.size", "method A.f", "function k"},
        {"cached", "Base", "Foo", "Bar", "g", "h"},
        [("os", "", ""), ("a.b", "", "c"), ("..m", "x", "y"), ("..m", "z", ""), (".n", "*", "")],
    ),
    "javascript": Sample(
        'import d, {a, b as c} from "./m.js";\nimport * as n from "n";\nimport "side";\nconst {r} = require("./r");\n'
        'const fs = require("fs");\nfunction add(x) { return n.foo(x) }\nclass A extends B { m(x) { return new C() } }\n'
        'const f = async (a) => { g() };\nexport {k} from "./k";\nconst e = <Foo><Bar/></Foo>;\n',
        {"variable fs", "function add", "class A", "method A.m", "function f", "variable e"},
        {"foo", "B", "C", "g", "Foo", "Bar"},
        [
            ("./m.js", "default", "d"),
            ("./m.js", "a", ""),
            ("./m.js", "b", "c"),
            ("n", "*", "n"),
            ("side", "", ""),
            ("./r", "r", ""),
            ("fs", "*", "fs"),
            ("./k", "k", ""),
        ],
    ),
    "typescript": Sample(
        'import type {A} from "./a";\nexport interface P extends Q { a: T; m(x: Foo): Bar }\nexport type U = A | B;\n'
        "enum E { X }\nexport abstract class K extends L implements P { private a: Foo = 1; get(): Map<V, W> { return f() } }\n"
        "namespace N { }\nexport const g = (a: A): B => a.b();\n",
        {
            "interface P",
            "field P.a",
            "method P.m",
            "type U",
            "enum E",
            "class K",
            "field K.a",
            "method K.get",
            "namespace N",
            "function g",
        },
        {"Q", "T", "Foo", "Bar", "L", "P", "Map", "V", "W", "f", "A", "B", "b"},
        [("./a", "A", "")],
    ),
    "tsx": Sample(
        'import {Foo} from "./foo";\nexport const App: React.FC<Props> = () => { return <Foo/> };\n',
        {"function App"},
        {"Props", "Foo"},
        [("./foo", "Foo", "")],
    ),
    "java": Sample(
        "import com.foo.Bar;\nimport com.x.*;\npublic class A extends B implements C {\n  private Foo x;\n  A(int a) { x = new Foo(); }\n"
        "  @Override public List<Bar> get() { return s.trim(); }\n  enum K { ONE }\n}\ninterface I { void m(); }\n",
        {
            "class A",
            "field A.x",
            "constructor A.A",
            "method A.get",
            "enum A.K",
            "constant K.ONE",
            "interface I",
            "method I.m",
        },
        {"B", "C", "Foo", "Override", "Bar", "trim"},
        [("com.foo.Bar", "Bar", ""), ("com.x", "*", "")],
    ),
    "go": Sample(
        'package a\nimport (\n\tf "fmt"\n\t"example.org/x/y"\n)\nconst Size = 3\ntype S struct { A int; b *T }\ntype I interface { F(x T) error }\n'
        "func (s *S) Get(k string) (T, error) { return f.Println(k), g(&S{}) }\nfunc New(x pkg.T) *S { return nil }\n",
        {
            "constant Size",
            "struct S",
            "field S.A",
            "field S.b",
            "interface I",
            "method I.F",
            "method S.Get",
            "function New",
        },
        {"T", "Println", "g", "S"},
        [("fmt", "", "f"), ("example.org/x/y", "", "")],
    ),
    "rust": Sample(
        "use a::b::{self, c as d, e::*};\nuse crate::m::N;\nmod sub;\npub struct P { x: Foo }\n"
        "impl<T> Tr for P { fn get(&self, a: &Bar) -> Baz { self.x.len(); P::new(); vec![1] } }\nenum E { A }\n"
        "trait T: U { fn m(&self); }\nconst X: u8 = 1;\nmacro_rules! mac { () => {} }\nmod inner { fn f() {} }\n",
        {
            "struct P",
            "field P.x",
            "method P.get",
            "enum E",
            "constant E.A",
            "trait T",
            "method T.m",
            "constant X",
            "macro mac",
            "module inner",
            "function inner.f",
        },
        {"Foo", "Tr", "Bar", "Baz", "len", "P", "new", "vec", "U"},
        [("a", "b", ""), ("a::b", "c", "d"), ("a::b::e", "*", ""), ("crate::m", "N", ""), ("sub", "", "")],
    ),
    "c": Sample(
        '#include <stdio.h>\n#include "a/b.h"\n#define MAX 3\nstruct list { int n; };\ntypedef struct list list_t;\nenum color { RED };\n'
        "static int table[3];\nint add(int a, list_t b);\nstruct list *make(int n) { return alloc(n)->go(1); }\n",
        {
            "macro MAX",
            "struct list",
            "field list.n",
            "type list_t",
            "enum color",
            "constant color.RED",
            "variable table",
            "function add",
            "function make",
        },
        {"list_t", "alloc", "go"},
        [("stdio.h", "", ""), ("a/b.h", "", "")],
    ),
    "cpp": Sample(
        '#include "x.hpp"\nnamespace n {\nclass V : public Base { int size() const { return k; } T& at(int i); int k; };\n'
        "template <typename T> T& W<T>::at(int i) { return get<T>(i); }\nint Foo::bar(const Baz& b) { q::run(new Q()); }\nusing S = int;\n}\n",
        {
            "namespace n",
            "class n.V",
            "method V.size",
            "method V.at",
            "field V.k",
            "method W.at",
            "method Foo.bar",
            "type n.S",
        },
        {"Base", "get", "Baz", "run", "Q"},
        [("x.hpp", "", "")],
    ),
    "c_sharp": Sample(
        "using System;\nusing X = A.C;\nnamespace Q {\n  public class C : B { int x; C(Foo y) {} public int P { get; set; }\n"
        "    public Bar F(Foo a) => G(new H()); }\n  interface J {}\n  struct S {}\n}\n",
        {
            "namespace Q",
            "class Q.C",
            "field C.x",
            "constructor C.C",
            "property C.P",
            "method C.F",
            "interface Q.J",
            "struct Q.S",
        },
        {"B", "Foo", "Bar", "G", "H"},
        [("System", "", ""), ("A.C", "", "X")],
    ),
    "ruby": Sample(
        'require "set"\nrequire_relative "../a/b"\nclass A < C\n  LIMIT = 3\n  def f(x)\n    g(x).h\n  end\n  def self.k; end\nend\nmodule M; end\n',
        {"class A", "constant A.LIMIT", "method A.f", "method A.k", "module M"},
        {"C", "g", "h"},
        [("set", "", ""), ("../a/b", "", "")],
    ),
    "php": Sample(
        '<?php\nuse A\\B;\nuse A\\C as D;\nuse F\\{G, H};\nrequire_once "y.php";\n'
        "class K extends L { const Z = 1; private Foo $p; function f(Foo $a): Bar { return $this->g(new H())->i(); } }\n"
        "interface I {}\ntrait T {}\nfunction free($x) { K::make(); return strlen($x); }\n",
        {"class K", "constant K.Z", "field K.$p", "method K.f", "interface I", "trait T", "function free"},
        {"L", "Foo", "Bar", "g", "H", "i", "K", "make", "strlen"},
        [("A\\B", "B", ""), ("A\\C", "C", "D"), ("F\\G", "G", ""), ("F\\H", "H", ""), ("y.php", "", "")],
    ),
    "bash": Sample(
        "source ./lib.sh\nNAME=3\nhello() { echo hi; }\nfunction bye { hello; }\n",
        {"constant NAME", "function hello", "function bye"},
        {"hello"},
        [("./lib.sh", "", "")],
    ),
    "html": Sample(
        '<html><head><link rel="stylesheet" href="a.css"><script src="b.js"></script></head><body><div id="main"></div></body></html>\n',
        {"element main"},
        set(),
        [("a.css", "", ""), ("b.js", "", "")],
    ),
    "css": Sample(
        '@import "a.css";\n:root { --x: 1px }\n.a { color: var(--x) }\n@keyframes spin { from {} }\n',
        {"rule :root", "variable :root.--x", "rule .a", "rule spin"},
        {"--x"},
        [("a.css", "", "")],
    ),
    "json": Sample(
        '{"name": "x", "scripts": {"test": "pytest", "deep": {"no": 1}}}\n',
        {"key name", "key scripts", "key scripts.test", "key scripts.deep"},
        set(),
        [],
    ),
}


def facts_of(language: str, text: str) -> Facts:
    source = text.encode()
    return read_facts(language, source, parse(language, source))


@pytest.mark.parametrize("language", SAMPLES)
def test_what_a_language_defines_uses_and_imports(language):
    sample = SAMPLES[language]
    facts = facts_of(language, sample.text)
    assert {f"{s.kind} {s.parent + '.' if s.parent else ''}{s.name}" for s in facts.symbols} == sample.symbols
    assert sample.uses <= {one.name for one in facts.references}
    assert [(one.module, one.name, one.alias) for one in facts.imports] == sample.imports


@pytest.mark.parametrize("language", SAMPLES)
def test_damaged_text_is_read_as_far_as_it_goes(language):
    text = SAMPLES[language].text
    for end in range(0, len(text), 7):
        facts_of(language, text[:end] + "\x00{([")


def test_each_file_of_queries_is_of_a_language_or_inherited():
    names = {file.name.removesuffix(".scm") for file in (importlib.resources.files("resources") / "queries").iterdir()}
    # JSON with comments is read by the queries of JSON.
    assert names == {*parsed_languages(), "ecma", "jsx"} - {"jsonc"}
    assert {*SAMPLES, "jsonc"} == {*parsed_languages()}
    assert all(isinstance(load_query(name), Query) for name in parsed_languages())


@pytest.mark.parametrize(
    ("language", "text", "signature", "doc", "lines"),
    [
        (
            "python",
            '@dec(\n  1)\ndef f(a,\n      b=1) -> int:\n    """Say what.\n    And on.\n\n    More."""\n    return 1\n',
            "def f(a, b=1) -> int",
            "Say what. And on.",
            (1, 9),
        ),
        ("python", "# Of a constant.\n#\n# More.\nX = [\n  1]\n", "X = [ 1]", "Of a constant.", (4, 5)),
        ("python", "def f(): pass\n", "def f()", "", (1, 1)),
        (
            "javascript",
            "/**\n * Adds.\n * @param a\n */\nexport function f(a) {\n}\n",
            "function f(a)",
            "Adds.",
            (5, 6),
        ),
        (
            "rust",
            "/// A point\n/// of two.\n#[derive(Clone)]\npub struct P {\n}\n",
            "pub struct P",
            "A point of two.",
            (4, 5),
        ),
        ("go", "package a\n\n// F does.\nfunc F() {}\n", "func F()", "F does.", (4, 4)),
        ("c", "int x; /* of x */\nint f(void) {\n}\n", "int f(void)", "", (2, 3)),
        ("cpp", "// Of it.\ntemplate <class T>\nT f(T a) { return a; }\n", "T f(T a)", "Of it.", (2, 3)),
        ("c_sharp", "/// <summary>\n/// Does.\n/// </summary>\nclass C {\n}\n", "class C", "Does.", (4, 5)),
        ("typescript", "const f = (a: A): B => {\n};\n", "f = (a: A): B", "", (1, 2)),
    ],
)
def test_signature_documentation_and_lines(language, text, signature, doc, lines):
    symbol = facts_of(language, text).symbols[-1]
    assert (symbol.signature, symbol.doc) == (signature, doc)
    assert (symbol.first_line, symbol.last_line) == lines


def test_signature_doc_and_number_of_symbols_are_bounded():
    facts = facts_of("python", f'def f({", ".join(f"argument_{i}" for i in range(99))}):\n    """{"word " * 400}"""\n')
    assert len(facts.symbols[0].signature) < 250
    assert len(facts.symbols[0].doc) < 310
    assert len(facts_of("python", "def f(): pass\n" * (MOST_SYMBOLS + 5)).symbols) == MOST_SYMBOLS


def test_lines_count_from_one_and_names_need_no_ascii():
    facts = facts_of("python", "\n\ndef größe(): return maß()\n")
    assert [(one.name, one.first_line) for one in facts.symbols] == [("größe", 3)]
    assert [(one.name, one.line) for one in facts.references] == [("maß", 3)]
