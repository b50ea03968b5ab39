"""Which names a hole's truth needs, by each language's grammar."""

import pytest

from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.needed_names import names_in, needed_names


def names(language: str, before: str, truth: str, after: str = "") -> set[str]:
    return set(needed_names(Row("a", before, after, truth), language))


@pytest.mark.parametrize(
    ("language", "before", "truth", "after", "needs"),
    [
        ("python", "def f(rows):\n    ", "total = sum(row.price for row in rows)", "\n", {"sum", "price", "rows"}),
        ("python", "total = 0\n", "total += rate  # of the tax", "\n", {"total", "rate"}),
        ("python", "", "def add(first, other=BASE): return first + other", "\n", {"BASE"}),
        ("python", "class Cart:\n    def empty(self):\n        ", "self.items = None", "\n", {"self", "items"}),
        ("python", "show(", "color='red text', width=12", ")\n", {"color", "width"}),
        ("python", "", "with open(path) as file:\n    file.read()", "\n", {"open", "path", "read"}),
        ("go", "package p\nfunc f() {\n\t", "if err := r.Close(); err != nil {\n\t\treturn err\n\t}", "\n}\n", {"Close"}),
        ("go", "package p\nfunc f() {\n\t", "sum, rest := split(all)", "\n}\n", {"split", "all"}),
        ("c", "int f(void) {\n  ", "Item *left = strlen(text);", "\n}\n", {"Item", "strlen", "text"}),
        ("cpp", "void f() {\n  ", "std::string *name = make(BASE);", "\n}\n", {"std", "string", "make", "BASE"}),
        ("java", "class A { void f() {\n  ", "List<Item> found = store.find(key);", "\n}}\n",
         {"List", "Item", "store", "find", "key"}),
        ("c_sharp", "class A { void F() {\n  ", "foreach (var item in Items) Add(item);", "\n}}\n", {"Items", "Add"}),
        ("javascript", "", "const { total, rate } = load(name, (row) => row.id + total)", "\n", {"load", "name"}),
        ("typescript", "", "let cart: Cart = open<Item>(path)", "\n", {"Cart", "open", "Item", "path"}),
        ("rust", "fn f() {\n    ", "let total: Price = rows.iter().sum();", "\n}\n", {"Price", "rows", "iter", "sum"}),
        ("php", "<?php\n", "$total = $this->cart->sum(Tax::RATE);", "\n", {"this", "cart", "sum", "Tax", "RATE"}),
        ("ruby", "def f\n  ", "total = @cart.sum(RATE) { |item| item.price }", "\nend\n", {"cart", "sum", "RATE", "price"}),
        ("bash", "f() {\n  ", 'total="$(count_of "$folder" --all)"', "\n}\n", {"count_of", "folder"}),
    ],
)  # fmt: skip
def test_what_stands_elsewhere_is_needed_and_what_is_brought_in_is_not(language, before, truth, after, needs):
    assert names(language, before, truth, after) == needs


def test_neither_keywords_nor_literals_nor_short_names_are_needed():
    assert names("python", "", "return None if not True else 'some text' + 0x3f + it", "\n") == set()
    assert names("rust", "fn f() {", "loop { break }", "}\n") == set()


def test_only_what_lies_in_the_hole_counts():
    assert names("python", "before = ", "größe.wert", " + after\nbelow()\n") == {"größe", "wert"}
    # A name of which the hole holds a piece is no name of it.
    assert names("python", "colour = wind", "ow", "\n") == set()


def test_all_words_of_a_prompt_are_read():
    assert names_in("# the Rate\nself.größe = '3 or_more'") >= {"Rate", "größe", "or_more"}
