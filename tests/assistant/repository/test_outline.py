import pytest

from assistant.repository.outline import MOST_ENTRIES, read_outline
from assistant.repository.parsing import parse


def outline(language, text):
    source = text.encode()
    return read_outline(language, source, parse(language, source))


def said(language, text):
    """Return header and closer of each entry, and the header of the one around it."""
    entries = outline(language, text)
    return [
        (entry.header, entry.closer, None if entry.inside is None else entries[entry.inside].header)
        for entry in entries
    ]


PYTHON = '''"""A shop."""
import json
from shop.prices import (
    Price,
    rounded,
)

RATES = {
    "de": 19,
}


@dataclass(frozen=True)
class Cart:
    size: int = 0

    def __init__(
        self,
        owner: str,
        items=(),
    ):
        """Begin."""
        self.owner = owner
        if items:
            self.items = list(items)

    @property
    def total(self):
        self.items = [self.owner]
        return sum(self.items)


def short(): return 1
'''


def test_python():
    new = "    def __init__(self, owner: str, items=()):"
    assert said("python", PYTHON) == [
        ("import json", "", None),
        ("from shop.prices import (Price, rounded)", "", None),
        ("RATES = {", "}", None),
        ("class Cart:", "", None),
        ("    size: int = 0", "", "class Cart:"),
        (new, "", "class Cart:"),
        ("        self.owner = owner", "", new),
        ("            self.items = list(items)", "", new),
        ("    @property\n    def total(self):", "", "class Cart:"),
        ("def short(): return 1", "", None),
    ]


def test_places_and_names():
    entries = outline("python", PYTHON)
    assert [entry.names for entry in entries[:4]] == [("json",), ("Price", "rounded"), ("RATES",), ("Cart",)]
    rates, cart = entries[2], entries[3]
    assert (rates.first_line, rates.last_line, rates.end_line, rates.elides) == (8, 8, 10, True)
    assert (cart.kind, cart.first_line, cart.last_line, cart.end_line) == ("class", 14, 14, 30)
    assert not entries[0].elides
    assert entries[7].kind == "attribute"
    assert entries[7].names == ("items",)


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        (
            "javascript",
            (
                "import { a, b } from './ab.js';\nexport class Cart extends Base {\n  #size = 0;\n  constructor(owner) {\n"
                "    super();\n    this.owner = owner;\n  }\n  total() {\n    this.owner = 1;\n    return 1;\n  }\n}\n"
                "export const add = (x, y) => {\n  return x + y;\n};\nconst names = [\n  'a',\n];\n"
            ),
            [
                ("import { a, b } from './ab.js';", "", None),
                ("export class Cart extends Base {", "}", None),
                ("  constructor(owner) {", "  }", "export class Cart extends Base {"),
                ("    this.owner = owner;", "", "  constructor(owner) {"),
                ("  total() {", "  }", "export class Cart extends Base {"),
                ("export const add = (x, y) => {", "};", None),
                ("const names = [", "];", None),
            ],
        ),
        (
            "typescript",
            "interface Item {\n  name: string;\n}\nexport function add<T>(\n  a: T,\n  b: T,\n): T[] {\n  return [a, b];\n}\n",
            [
                ("interface Item {", "}", None),
                ("  name: string;", "", "interface Item {"),
                ("export function add<T>(a: T, b: T): T[] {", "}", None),
            ],
        ),
        (
            "java",
            (
                "package shop;\nimport java.util.List;\npublic class Cart\n{\n    private List<Item> items; // all\n\n"
                '    @Override\n    public String toString() {\n        return "";\n    }\n\n    abstract int size();\n}\n'
            ),
            [
                ("import java.util.List;", "", None),
                ("public class Cart {", "}", None),
                ("    private List<Item> items;", "", "public class Cart {"),
                ("    public String toString() {", "    }", "public class Cart {"),
                ("    abstract int size();", "", "public class Cart {"),
            ],
        ),
        (
            "c",
            (
                '#include "cart.h"\n#define SIZE 3\ntypedef struct {\n  int size;\n} cart_t;\nint total(cart_t *cart,\n'
                "          int rate);\nstatic int\nadd(int a)\n{\n  return a;\n}\n"
            ),
            [
                ('#include "cart.h"', "", None),
                ("#define SIZE 3", "", None),
                ("typedef struct {", "} cart_t;", None),
                ("  int size;", "", "typedef struct {"),
                ("int total(cart_t *cart, int rate);", "", None),
                ("static int add(int a) {", "}", None),
            ],
        ),
        (
            "go",
            (
                'import (\n\t"fmt"\n\tname "shop/cart"\n)\nconst (\n\tA = iota\n\tB\n)\ntype Cart struct {\n\tsize int\n}\n'
                "func (c *Cart) Total() int {\n\treturn 1\n}\n"
            ),
            [
                ("import (", ")", None),
                ('\t"fmt"', "", "import ("),
                ('\tname "shop/cart"', "", "import ("),
                ("const (", ")", None),
                ("\tA = iota", "", "const ("),
                ("\tB", "", "const ("),
                ("type Cart struct {", "}", None),
                ("\tsize int", "", "type Cart struct {"),
                ("func (c *Cart) Total() int {", "}", None),
            ],
        ),
        (
            "rust",
            (
                "use std::fmt;\npub struct Cart {\n    size: u32,\n}\nimpl Cart {\n    #[must_use]\n    pub fn total(&self) -> u32 {\n"
                "        self.size\n    }\n}\n"
            ),
            [
                ("use std::fmt;", "", None),
                ("pub struct Cart {", "}", None),
                ("    size: u32,", "", "pub struct Cart {"),
                ("impl Cart {", "}", None),
                ("    pub fn total(&self) -> u32 {", "    }", "impl Cart {"),
            ],
        ),
        (
            "c_sharp",
            (
                "using System;\nnamespace Shop\n{\n    class Cart\n    {\n        public int Size { get; set; }\n"
                "        public int Total\n        {\n            get { return 1; }\n        }\n    }\n}\n"
            ),
            [
                ("using System;", "", None),
                ("namespace Shop {", "}", None),
                ("    class Cart {", "    }", "namespace Shop {"),
                ("        public int Size { get; set; }", "", "    class Cart {"),
                ("        public int Total {", "        }", "    class Cart {"),
            ],
        ),
        (
            "ruby",
            (
                "require 'json'\nmodule Shop\n  class Cart\n    attr_reader :size\n    def initialize(size)\n      @size = size\n"
                "    end\n  end\nend\n"
            ),
            [
                ("require 'json'", "", None),
                ("module Shop", "end", None),
                ("  class Cart", "  end", "module Shop"),
                ("    attr_reader :size", "", "  class Cart"),
                ("    def initialize(size)", "    end", "  class Cart"),
                ("      @size = size", "", "    def initialize(size)"),
            ],
        ),
        (
            "php",
            (
                "<?php\nuse Shop\\Price;\nclass Cart\n{\n    private $items = [\n        1,\n    ];\n\n"
                "    public function total(): int\n    {\n        return 1;\n    }\n}\n"
            ),
            [
                ("use Shop\\Price;", "", None),
                ("class Cart {", "}", None),
                ("    private $items = [", "    ];", "class Cart {"),
                ("    public function total(): int {", "    }", "class Cart {"),
            ],
        ),
        (
            "bash",
            "source lib.sh\nNAME=cart\nadd() {\n  echo 1\n}\n",
            [("source lib.sh", "", None), ("NAME=cart", "", None), ("add() {", "}", None)],
        ),
        (
            "css",
            '@import "base.css";\n.cart,\n.shop {\n  color: red;\n}\n',
            [('@import "base.css";', "", None), (".cart, .shop {", "}", None)],
        ),
        (
            "json",
            '{\n  "name": "cart",\n  "scripts": {\n    "test": "x"\n  },\n  "files": [\n    "a"\n  ]\n}\n',
            [
                ('  "name": "cart",', "", None),
                ('  "scripts": {', "  },", None),
                ('    "test": "x"', "", '  "scripts": {'),
                ('  "files": [', "  ]", None),
            ],
        ),
    ],
)
def test_each_language_in_its_own_form(language, text, wanted):
    assert said(language, text) == wanted


def test_the_class_that_is_written_beside_a_method_is_told():
    go = outline("go", "package a\nfunc (c *Cart[T]) Total() int {\n\treturn 1\n}\n")
    cpp = outline("cpp", "int Cart::total() const {\n  return 1;\n}\n")
    assert [entry.owner for entry in (*go, *cpp)] == ["Cart", "Cart"]


def test_one_row_is_one_entry_with_all_its_names():
    (entry,) = outline("c", "int width, height;\n")
    assert entry.names == ("width", "height")


def test_a_long_signature_is_cut_and_stays_one():
    names = "".join(f"    parameter_number_{i},\n" for i in range(30))
    (entry,) = outline("python", f"def f(\n{names}) -> int:\n    return 1\n")
    assert entry.header.startswith("def f(parameter_number_0, parameter_number_1,")
    assert entry.header.endswith(", ...) -> int:")
    assert len(entry.header) < 270


def test_a_comment_between_parameters_keeps_the_rows():
    text = "def f(\n    a,  # the first\n    b,\n):\n    return a\n"
    assert outline("python", text)[0].header == "def f(\n    a,  # the first\n    b,\n):"
    many = "def f(\n" + "".join(f"    a{i},  # one\n" for i in range(20)) + "):\n    return 1\n"
    assert outline("python", many)[0].header == "def f("


def test_many_imported_names_are_left_out():
    text = "from a import (\n" + "".join(f"    name_{i},\n" for i in range(20)) + ")\n"
    (entry,) = outline("python", text)
    assert (entry.header, entry.closer, entry.elides) == ("from a import (", ")", True)


def test_what_nobody_wrote_is_left_out_and_a_file_has_an_end():
    assert outline("javascript", f"const table = [{'1,' * 200}1];\n") == ()
    assert len(outline("python", "x = 1\n" * (MOST_ENTRIES + 5))) == MOST_ENTRIES
    assert outline("python", "") == ()


def test_broken_code_has_what_can_be_read():
    headers = [
        entry.header for entry in outline("java", "class A {\n  int size() {\n    return 1;\n  }\n  void b( {\n")
    ]
    assert "  int size() {" in headers


def test_letters_of_many_bytes_move_nothing():
    assert said("javascript", "const größe = 1; // ä\nfunction ö() {\n  return 'ü';\n}\n") == [
        ("const größe = 1;", "", None),
        ("function ö() {", "}", None),
    ]
