"""A new unit between two like ones is shown whole; the unit that stands below is not said again."""

from textwrap import dedent

import pytest

from assistant.completion.filters import FINAL
from assistant.completion.filters.draft import Draft
from assistant.completion.filters.repeats import unit_below
from assistant.completion.filters.stream import SuggestionStream

# A file with a unit between two that begin alike: before ``<<`` and after ``>>``.
BETWEEN = {
    "Test.java": """
        class CartTest {
            @Test
            void addsOne() {
                assertEquals(1, cart.add(1));
            }

        <<    @Test
            void addsTwo() {
                assertEquals(2, cart.add(2));
            }>>

            @Test
            void addsThree() {
                assertEquals(3, cart.add(3));
            }
        }
        """,
    "cart.rs": """
        #[test]
        fn adds_one() {
            assert_eq!(add(1), 1);
        }

        <<#[test]
        fn adds_two() {
            assert_eq!(add(2), 2);
        }>>

        #[test]
        fn adds_three() {
            assert_eq!(add(3), 3);
        }
        """,
    "shape.py": """
        class Shape:
            @property
            def width(self):
                return self._width

        <<    @property
            def height(self):
                return self._height>>

            @property
            def depth(self):
                return self._depth
        """,
    "people.json": """
        [
          {
            "kind": "person",
            "name": "Ann"
          },
        <<  {
            "kind": "person",
            "name": "Bob"
          },>>
          {
            "kind": "person",
            "name": "Cid"
          }
        ]
        """,
    "read.go": """
        func read() error {
          a, err := open("a")
        <<  if err != nil {
            return fmt.Errorf("a: %w", err)
          }>>
          if err != nil {
            return fmt.Errorf("b: %w", err)
          }
          return nil
        }
        """,
    "guard.go": """
        func read(n int) error {
        <<  if n < 0 {
            return nil
          }>>
          return nil
        }
        """,
    "cart.test.js": """
        describe("cart", () => {
        <<  beforeEach(() => {
            cart = new Cart();
          });>>
          beforeEach(() => {
            shop = new Shop();
          });
        });
        """,
    "cart.ts": """
        class Cart {
        <<  @Input()
          total = {
            sum: 1,
          };>>
          @Input()
          count = {
            sum: 2,
          };
        }
        """,
    "list.css": """
        <<@media print {
          a {
            color: black;
          }
        }>>
        @media print {
          b {
            color: black;
          }
        }
        """,
    "loop.c": """
        int main(void)
        {
        <<    for (i = 0; i < n; i++) {
                a[i] = 0;
            }>>
            for (i = 0; i < n; i++) {
                b[i] = 1;
            }
            return 0;
        }
        """,
    "jobs.yaml": """
        jobs:
        <<  - name: lint
            run: make lint>>
          - name: test
            run: make test
        """,
    "Cart.php": """
        <?php
        class CartTest {
        <<    #[Test]
            public function addsOne() {
                return 1;
            }>>
            #[Test]
            public function addsTwo() {
                return 2;
            }
        }
        """,
    "spec.rb": """
        describe Cart do
        <<  before do
            @cart = Cart.new
          end>>
          before do
            @shop = Shop.new
          end
        end
        """,
    "doc.rs": """
        <</// One more of the same.
        pub fn one() -> u32 {
            1
        }>>
        /// One more of the same.
        pub fn two() -> u32 {
            2
        }
        """,
}  # fmt: skip


def parted(path):
    """Return the text before the unit, the unit, and what stands after it."""
    text = dedent(BETWEEN[path]).lstrip("\n")
    before, _, rest = text.partition("<<")
    unit, _, after = rest.partition(">>")
    indent = unit[: len(unit) - len(unit.lstrip())]
    return before + indent, unit[len(indent) :], after


@pytest.mark.parametrize("path", BETWEEN)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_new_unit_between_like_ones_is_not_taken_for_the_one_below(hole, stream, path, size):
    before, unit, after = parted(path)
    # By hand: how far a statement goes unasked is for other filters.
    draft, shown, fired = stream(
        hole(f"{before}|{after}", path, trigger="manual"), f"{unit}<end>", size, control=("<end>",)
    )
    assert (draft.text, draft.replaces) == (unit, 0), fired
    assert draft.text.startswith(shown.rstrip())
    assert "repeats-below" not in fired


@pytest.mark.parametrize("path", BETWEEN)
def test_a_model_that_runs_on_into_the_code_below_is_cut_there(hole, stream, path):
    before, unit, after = parted(path)
    text = f"{before}|{after}"
    draft, shown, _ = stream(hole(text, path, trigger="manual"), unit + after, 1)
    assert draft.text == unit.rstrip()
    assert shown.rstrip() == unit.rstrip()
    # Where nothing is missing all that it writes stands there already.
    draft, shown, fired = stream(hole(text, path, trigger="manual"), after.lstrip(), 1)
    assert (draft.text, shown.strip()) == ("", ""), fired
    assert "repeats-below" in fired


@pytest.mark.parametrize(
    ("path", "text", "written", "enough"),
    [
        ("a.java", "class A {\n    |\n    @Test\n    void one() {\n        a();\n        b();\n    }\n}\n", "@Test\n    void one() {\n", 2),
        ("a.py", "|\ndef one(a):\n    b(a)\n    return a\n", "def one(a):\n", 1),
        ("a.py", "class A:\n    |\n\n    @once\n    def one(a):\n        b(a)\n        return a\n", "@once\n    def one(a):\n", 2),
        ("a.c", "|\nstatic int *one(int a)\n{\n    return a;\n}\n", "static int *one(int a)\n", 1),
        ("a.c", "|\nstatic int ***one(int a)\n{\n    return a;\n}\n", "static int ***one(int a)\n", 1),
        ("a.py", 'x = """\n|\none two\n  three\n"""\n', "one two\n  three\n", 2),
        ("a.json", '{\n  |\n  "one": {\n    "a": 1\n  }\n}\n', '"one": {\n', 1),
        ("a.py", "if a:\n    b()\n|\nelse:\n    c()\n", "else:\n", 1),
        ("a.rs", "|\n#[test]\nfn one() {\n    a();\n}\n", "#[test]\nfn one() {\n", 2),
        ("a.py", "|\nx = 1\n", "x = 1\n", 1),
        ("a.go", "func f() {\n\t|\n\tif a {\n\t\tb()\n\t}\n}\n", "if a {\n\t\tb()\n\t}\n", 3),
        ("a.txt", "|\n- one\n  more\n- two\n", "- one\n  more\n", 2),
        ("a.py", "|\nvalues = [\n" + "".join(f"    {n},\n" for n in range(9)) + "]\n", "values = [\n" + "".join(f"    {n},\n" for n in range(5)), 6),
    ],
)  # fmt: skip
def test_it_stops_once_it_is_clear_what_it_repeats(hole, path, text, written, enough):
    place = hole(text, path, trigger="manual")
    assert unit_below(place.syntax).enough == enough
    one = SuggestionStream(place)
    one.feed(written)
    assert one.done
    assert one.finish().text == ""


@pytest.mark.parametrize("cut_short", [False, True])
@pytest.mark.parametrize("written", ["if a {", "if a {\n", "if a {\n\t\tb()", "if a {\n\t\tb()\n", "if a {\n\t\tb"])
def test_the_beginning_of_what_stands_below_is_nothing_by_itself(hole, written, cut_short):
    one = SuggestionStream(hole("func f() {\n\t|\n\tif a {\n\t\tb()\n\t}\n}\n", "a.go", trigger="manual"))
    assert one.feed(written) == ""
    if written.endswith("b") and not cut_short:
        return  # a call of another function, as far as anybody can tell
    assert one.finish(cut_short=cut_short).text == ""


def test_what_the_person_began_is_no_repetition_of_what_stands_below(hole, stream):
    text = "func f() {\n\tif err != nil {|\n\tif err != nil {\n\t\treturn err\n\t}\n}\n"
    assert stream(hole(text, "a.go"), "\n\t\treturn err\n\t}", 1)[0].text == "\n\t\treturn err\n\t}"


def test_a_filter_that_is_left_out_lets_the_unit_below_be_said_again(hole, stream):
    without = frozenset({"repeats-below"})
    place = hole("|\nif a {\n\tb()\n}\n", "a.go", trigger="manual")
    assert stream(place, "if a {\n\tb()\n}", 1, without=without)[0].text == "if a {\n\tb()\n}"


def test_two_like_lines_that_differ_in_a_name_are_no_repetition(hole, stream):
    text = "class A {\n    |\n    int getFirst() { return first; }\n    int getLast() { return last; }\n}\n"
    written = "int getFirsts() { return firsts; }\n    int getLasts() { return lasts; }"
    assert stream(hole(text, "A.java", trigger="manual"), written)[0].text == written


def test_a_block_may_end_as_one_below_does(hole, stream):
    text = "function f(a) {\n  |\n  if (c) {\n    return dispatcher\n  }\n}\n"
    written = "if (b) {\n    return dispatcher\n  }"
    assert stream(hole(text, "a.js"), written)[0].text == written
    # But what only goes on like two lines below says them again.
    text = "function f(a) {\n  |\n  one(a)\n  return dispatcher\n  two(a)\n}\n"
    written = "three(a)\n  return dispatcher\n  two(a)\n"
    assert stream(hole(text, "a.js", "manual"), written)[0].text == "three(a)\n  return dispatcher"


def test_lines_of_the_next_block_may_be_said_in_this_one(hole, stream):
    text = "class A:\n    def f(self, key):\n        |\n        self.b(key)\n\n    def g(self, key):\n        if key in self.has_been_read:\n            pass\n"
    written = "if key in self.has_been_read:\n            raise E"
    assert stream(hole(text, "a.py"), written)[0].text == written
    # Where they are of this one they are what comes next.
    text = "def f(self, key):\n    |\n    self.b(key)\n    if key in self.has_been_read:\n        pass\n"
    assert stream(hole(text, "a.py"), "if key in self.has_been_read:\n        raise E")[0].text == ""


def test_what_other_filters_leave_of_the_unit_below_is_not_shown(hole, stream):
    go = "import (\n\t\"a\"\n|\n\nfunc f(b B) {\n\tr := new(R)\n\tr.g(b)\n}\n"  # fmt: skip
    written = "func f(b B) {\n\tr := new(R)\n\trequest, _ := h("
    draft, _, fired = stream(hole(go, "a.go"), written, 1)
    assert (draft.text, fired[-1]) == ("", "repeats-below")
    rust = "fn a() {}\n\n|\n\n/// Does b.\n/// Or c.\nfn b() {}\n"
    draft, _, fired = stream(hole(rust, "a.rs"), "/// Does b.\n/// Or c.\nfn b2(", 1)
    assert (draft.text, fired[-1]) == ("", "repeats-below")


def test_what_stands_before_the_unit_below_stays(hole):
    place = hole("import (\n\t\"a\"\n|\n\nfunc f(b B) {\n\tr := new(R)\n}\n", "a.go")  # fmt: skip
    assert FINAL["repeats-below"](place, Draft(")\n\nfunc f(b B) {")).text == ")"
    assert FINAL["repeats-below"](place, Draft(")")).text == ")"
    assert FINAL["repeats-below"](place, Draft("")).text == ""
    assert FINAL["repeats-below"](place, Draft("func f(b B) {")) is None
