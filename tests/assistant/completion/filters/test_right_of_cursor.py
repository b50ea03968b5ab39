"""What stands right of the cursor is never there twice, and never one bracket too many or too few, in any language."""

import pytest

from assistant.completion.filters import FINAL
from assistant.completion.filters.draft import Draft

# Each is a file's name, lines above, and a line whose «right answer» is missing at the cursor.
PLACES = [
    ("a.js", "async function f() {\n", "  const «response» = await fetch(url);", "\n}\n"),
    ("a.js", "", "for (const «item» of list(items)) {", "\n}\n"),
    ("a.js", "", "const «{ a, b }» = require('x');", "\n"),
    ("a.js", "", "foo(«a, b»)", "\n"),
    ("a.js", "", "foo(«g(a)»);", "\n"),
    ("a.js", "", 'console.log("«hello»");', "\n"),
    ("a.js", "", "console.log('«hello»')", "\n"),
    ("a.js", "", "console.log(`«hello ${name}»`);", "\n"),
    ("a.js", "", "console.log(`a ${«name»} b`);", "\n"),
    ("a.js", "", "const a = [«1, 2»];", "\n"),
    ("a.js", "", "const a = {«b: 1»};", "\n"),
    ("a.js", "", "const re = x.replace(/«[(]»/g, '');", "\n"),
    ("a.js", "", "items.map(«x => x.id»).filter(Boolean);", "\n"),
    ("a.js", "", "if («a && (b || c)») {", "\n}\n"),
    ("a.js", "", "x = a[«i»] + b[j];", "\n"),
    ("a.ts", "", "const «total»: number = sum(xs);", "\n"),
    ("a.ts", "", "function f(«a: string[]»): void {", "\n}\n"),
    ("a.ts", "", "const m = new Map<string, «number»>();", "\n"),
    ("a.ts", "", 'import { «readFile» } from "fs";', "\n"),
    ("a.ts", "", "foo(«x as Bar»)", "\n"),
    ("a.ts", "", "const s = `${«a.b(c)»}`;", "\n"),
    ("a.ts", "", 'type A = "«b»";', "\n"),
    ("a.ts", "", "let «y» = x ?? f(1);", "\n"),
    ("a.py", "", "for «i» in range(3):", "\n    pass\n"),
    ("a.py", "", "with «open(path)» as f:", "\n    pass\n"),
    ("a.py", "", "requests.get(«url»)", "\n"),
    ("a.py", "", "requests.get(«url, timeout=f(3)»)", "\n"),
    ("a.py", "", 'print("«hello»")', "\n"),
    ("a.py", "", "print('«hello»')", "\n"),
    ("a.py", "", 'x = f"{«name»}"', "\n"),
    ("a.py", "", 'x = f"a {«b[0]»} c"', "\n"),
    ("a.py", "", "x = [«1, 2»]", "\n"),
    ("a.py", "", "x = {«1: 2»}", "\n"),
    ("a.py", "", "x = '«a»'", "\n"),
    ("a.py", "", "def f(«self, a=(1, 2)») -> int:", "\n    pass\n"),
    ("a.py", "", "«value» = compute(a, b)", "\n"),
    ("a.py", "", "x = foo(«a») + 1", "\n"),
    ("a.py", "", "assert f(«a») == (1, 2)", "\n"),
    ("a.py", "", "lambda «x»: (x, 1)", "\n"),
    ("a.py", "", "except «(KeyError, ValueError)» as error:", "\n"),
    ("a.py", "", 'x = """«a»"""', "\n"),
    ("a.java", "", 'String «name» = get("a");', "\n"),
    ("a.java", "", "foo(«a, b»);", "\n"),
    ("a.java", "", "foo(«bar(a)»)", "\n"),
    ("a.java", "", 'log.info("«done»");', "\n"),
    ("a.java", "", "char c = '«a»';", "\n"),
    ("a.java", "", "for (int «i» = 0; i < f(n); i++) {", "\n}\n"),
    ("a.java", "", "for (String «s» : list(a)) {", "\n}\n"),
    ("a.java", "", "int[] a = {«1, 2»};", "\n"),
    ("a.java", "", "x = a[«i»];", "\n"),
    ("a.java", "", "try (var «in» = open(path)) {", "\n}\n"),
    ("a.c", "", "int «n» = strlen(s);", "\n"),
    ("a.c", "", 'printf("«%d»", x);', "\n"),
    ("a.c", "", 'printf("«hi»");', "\n"),
    ("a.c", "", "foo(«a»)", "\n"),
    ("a.c", "", "if («p != NULL») {", "\n}\n"),
    ("a.c", "", "for («i = 0»; i < n; i++)", "\n"),
    ("a.c", "", "if (c == '«x»') {", "\n}\n"),
    ("a.c", "", "x = a[«i + 1»];", "\n"),
    ("a.c", "", "#define MAX(a, b) («(a) > (b)» ? (a) : (b))", "\n"),
    ("a.c", "", "char s[] = {«1, 2»};", "\n"),
    ("a.cpp", "", "auto «it» = map.find(key);", "\n"),
    ("a.cpp", "", "for (const auto& «x» : items()) {", "\n}\n"),
    ("a.cpp", "", "std::vector<int> v{«1, 2»};", "\n"),
    ("a.cpp", "", 'std::cout << "«hi»" << std::endl;', "\n"),
    ("a.cpp", "", "foo(«std::move(a)»);", "\n"),
    ("a.cpp", "", "static_cast<«int»>(x);", "\n"),
    ("a.cpp", "", "v.push_back(«f(x)»)", "\n"),
    ("a.cpp", "", "auto f = [«this»](int a) { return a; };", "\n"),
    ("a.cs", "", 'var «name» = Get("a");', "\n"),
    ("a.cs", "", "foreach (var «x» in List(a))", "\n"),
    ("a.cs", "", 'Console.WriteLine("«hi»");', "\n"),
    ("a.cs", "", 'var s = $"a {«x.Name»} b";', "\n"),
    ("a.cs", "", 'var s = @"«C:\\dir»";', "\n"),
    ("a.cs", "", "Foo(«a, B(c)»);", "\n"),
    ("a.cs", "", "using (var «s» = Open(path))", "\n"),
    ("a.cs", "", "var a = new[] {«1, 2»};", "\n"),
    ("a.cs", "", "x[«0»] = 'c';", "\n"),
    ("a.go", "", "«x, err» := foo(a)", "\n"),
    ("a.go", "", "if «err» := run(ctx); err != nil {", "\n}\n"),
    ("a.go", "", "for «_, x» := range items(a) {", "\n}\n"),
    ("a.go", "", 'fmt.Println("«hi»")', "\n"),
    ("a.go", "", "s := `«raw»`", "\n"),
    ("a.go", "", "foo(«bar(a)»)", "\n"),
    ("a.go", "", "a := []int{«1, 2»}", "\n"),
    ("a.go", "", "func (s *S) «Name»(a int) (int, error) {", "\n}\n"),
    ("a.go", "", "r := '«x»'", "\n"),
    ("a.rs", "", "let «x» = foo(a);", "\n"),
    ("a.rs", "", "for «x» in items.iter() {", "\n}\n"),
    ("a.rs", "", "if let «Some(x)» = get(a) {", "\n}\n"),
    ("a.rs", "", 'println!("«hi {}»", x);', "\n"),
    ("a.rs", "", "let v = vec![«1, 2»];", "\n"),
    ("a.rs", "", "let c = '«x»';", "\n"),
    ("a.rs", "", "fn f<'a>(«s: &'a str») -> &'a str {", "\n}\n"),
    ("a.rs", "", 'let s = r#"«a"b»"#;', "\n"),
    ("a.rs", "", "foo(«&bar(a)?»)", "\n"),
    ("a.rb", "", "«user» = User.find(id)", "\n"),
    ("a.rb", "", 'puts "«hi»"', "\n"),
    ("a.rb", "", 'puts "a #{«name»} b"', "\n"),
    ("a.rb", "", "items.each do |«item, (a, b)»|", "\nend\n"),
    ("a.rb", "", "foo(«bar(a)»)", "\n"),
    ("a.rb", "", "a = [«1, 2»]", "\n"),
    ("a.rb", "", "h = {«a: 1»}", "\n"),
    ("a.rb", "", "x = '«a»'", "\n"),
    ("a.rb", "", "for «x» in list(a)", "\nend\n"),
    ("a.php", "<?php\n", "$«user» = find($id);", "\n"),
    ("a.php", "<?php\n", "foreach (items($a) as «$key => $x») {", "\n}\n"),
    ("a.php", "<?php\n", 'echo "«hi»";', "\n"),
    ("a.php", "<?php\n", 'echo "a {$«name»} b";', "\n"),
    ("a.php", "<?php\n", "foo(«bar($a)»);", "\n"),
    ("a.php", "<?php\n", "$a = [«1, 2»];", "\n"),
    ("a.php", "<?php\n", "$a['«key»'] = f(1);", "\n"),
    ("a.php", "<?php\n", "if («isset($a['b'])») {", "\n}\n"),
    ("a.sh", "", "for «f» in $(ls); do", "\ndone\n"),
    ("a.sh", "", "today=$(«date +%Y-%m-%d»)", "\n"),
    ("a.sh", "", 'echo "«hi»"', "\n"),
    ("a.sh", "", "echo '«hi (»'", "\n"),
    ("a.sh", "", 'echo "${«name»}"', "\n"),
    ("a.sh", "", 'echo "a $(«date») b"', "\n"),
    ("a.sh", "", "x=${«a[0]»}", "\n"),
    ("a.sh", "", "if [[ «-n $x» ]]; then", "\nfi\n"),
    ("a.sh", "case $1 in\n", "  «stop»)", "\n    ;;\nesac\n"),
    ("a.sh", "case $1 in\n  start)\n    run\n    ;;\n", "  «stop|halt»)", "\n    ;;\nesac\n"),
    ("a.lua", "", "local «x» = foo(a)", "\n"),
    ("a.lua", "", "for «_, x» in ipairs(items) do", "\nend\n"),
    ("a.lua", "", 'print("«hi»")', "\n"),
    ("a.lua", "", "foo(«bar(a)»)", "\n"),
    ("a.lua", "", "t = {«1, 2»}", "\n"),
    ("a.lua", "", "s = [[«a (»]]", "\n"),
]  # fmt: skip
_LANGUAGES = {path for path, *_ in PLACES} - {"a.lua"}


def _ways(truth: str, rest: str, below: str) -> dict[str, str]:
    """Return the ways in which a model writes a right answer: to the hole's end, or on, or with what closes it."""
    closing = rest[: len(rest) - len(rest.lstrip(")]}\"'`"))]
    ways = {"ends": truth, "goes on": truth + rest, "goes on below": truth + rest + below + "more();\n"}
    ways |= {f"closes with {closing[:size]}": truth + closing[:size] for size in range(1, len(closing) + 1)}
    if rest.startswith(" "):
        ways["a blank"] = truth + " "
    return ways


@pytest.mark.parametrize(("path", "above", "line", "below"), PLACES)
def test_a_right_answer_leaves_the_right_line(hole, stream, path, above, line, below):
    left, _, right = line.partition("«")
    truth, _, rest = right.partition("»")
    place = hole(f"{above}{left}«{rest}{below}", path, trigger="manual", cursor="«")
    for way, written in _ways(truth, rest, below).items():
        draft, _, fired = stream(place, written)
        result = left + draft.text.split("\n")[0] + rest[draft.replaces :]
        assert result == left + truth + rest, (way, fired)


_CALLS = {
    "a.py": ("", "x = foo({})"),
    "a.js": ("", "x = foo({});"),
    "a.ts": ("", "const x = foo({});"),
    "a.java": ("", "x = foo({});"),
    "a.c": ("", "x = foo({});"),
    "a.cpp": ("", "auto x = foo({});"),
    "a.cs": ("", "var x = Foo({});"),
    "a.go": ("", "x := foo({})"),
    "a.rs": ("", "let x = foo({});"),
    "a.rb": ("", "x = foo({})"),
    "a.php": ("<?php\n", "$x = foo({});"),
    "a.lua": ("", "local x = foo({})"),
    "a.kt": ("", "val x = foo({})"),
    "a.swift": ("", "let x = foo({})"),
    "a.unknown": ("", "x = foo({})"),
    None: ("", "x = foo({})"),
}
# What stands in the brackets, with the place of the cursor; what is written there, and what it should have left.
_CLOSED = [
    ("¦", "a", "a"),
    ("¦", "a)", "a"),
    ("¦", "g(a)", "g(a)"),
    ("¦", "g(a))", "g(a)"),
    ("¦", "g(a", "g(a)"),
    ("¦", "g(a, h(b", "g(a, h(b))"),
    ("[¦]", "1, 2", "[1, 2]"),
    ("[¦]", "1, 2]", "[1, 2]"),
    ("[¦]", "1, 2])", "[1, 2]"),
    ("[¦]", "f(1)[2]", "[f(1)[2]]"),
    ('"¦"', "a", '"a"'),
    ('"¦"', 'a"', '"a"'),
    ('"¦"', 'a")', '"a"'),
    ('"¦"', 'a", b', '"a", b'),
    ('"¦"', 'a", "b', '"a", "b"'),
    ('"¦"', 'a", b)', '"a", b'),
    ('"¦"', "so (", '"so ("'),
    ('"¦"', ")", '")"'),
    ('"¦"', ':) [', '":) ["'),
    ('"¦", b', 'a"', '"a", b'),
    ('"¦", b', 'a", b)', '"a", b'),
    ('"¦", b', 'a", c', '"a", b'),
    ("a, ¦", "b)", "a, b"),
    ("a[¦]", "0]", "a[0]"),
    ("a[¦], g(b)", "0], g(b)", "a[0], g(b)"),
    ("¦, g(b)", "a, g(b)", "a, g(b)"),
    ("g(¦), b", "a), b", "g(a), b"),
]  # fmt: skip


@pytest.mark.parametrize("path", _CALLS)
@pytest.mark.parametrize(("inner", "written", "want"), _CLOSED)
def test_never_a_bracket_or_quote_too_many_or_too_few(hole, stream, path, inner, written, want):
    above, line = _CALLS[path]
    left, rest = line.replace("{}", inner).split("¦")
    draft, _, fired = stream(hole(f"{above}{left}¦{rest}\n", path, trigger="manual", cursor="¦"), written)
    assert left + draft.text + rest[draft.replaces :] == line.replace("{}", want), fired


@pytest.mark.parametrize("path", _CALLS)
@pytest.mark.parametrize(
    ("inner", "written", "want"),
    [
        ("¦", "a).bar(b)", "a).bar(b)"),
        ("g(¦)", "a)).bar(b", "g(a)).bar(b)"),
        ("[¦]", "1]).bar(b", "[1]).bar(b)"),
        ('"¦"', 'a").bar(b', '"a").bar(b)'),
        ('"¦"', 'a").bar("b', '"a").bar("b")'),
    ],
)
def test_what_an_editor_closed_is_replaced_where_the_answer_goes_on_behind_it(hole, stream, path, inner, written, want):
    above, line = _CALLS[path]
    left, rest = line.replace("{}", inner).split("¦")
    draft, _, fired = stream(hole(f"{above}{left}¦{rest}\n", path, trigger="manual", cursor="¦"), written)
    whole = line.split("{}")[0] + want
    assert (left + draft.text + rest[draft.replaces :]).rstrip(";") == whole, fired


@pytest.mark.parametrize(
    "written", ["item", "item ", "item in range(3):", "item in range(3): print(item)", "item  in range(3) :"]
)
def test_no_blank_and_no_rest_is_there_twice(hole, stream, written):
    draft, _, _ = stream(hole("for | in range(3):\n    pass\n", "a.py"), written)
    assert draft.text == "item"


def test_a_quote_that_begins_what_is_ended_right_of_the_cursor_stays(hole, stream):
    for path in ("a.py", "a.js"):
        draft, _, _ = stream(hole('x = |"\n', path, trigger="manual"), 'a + "')
        assert draft.text == 'a + "'


def test_a_string_that_is_open_again_in_the_end_stays(hole, stream):
    draft, _, _ = stream(hole('x = "a|b"\n', "a.py", trigger="manual"), '" + y + "')
    assert (draft.text, draft.replaces) == ('" + y + "', 0)


def test_an_operator_is_one_token(hole):
    place = hole("f(a|=1)\n", "a.py")
    assert FINAL["repeats-rest"](place, Draft("[0] ==")) == Draft("[0] ==")
    assert FINAL["repeats-rest"](place, Draft("b =")) == Draft("b ")


def test_the_preprocessor_opens_and_closes_nothing(hole):
    written = Draft("a\n#if B\n+ b\n#endif\n;")
    assert FINAL["repeats-rest"](hole("x = |;\n", "a.c"), written) == Draft("a\n#if B\n+ b\n#endif\n")


@pytest.mark.parametrize(
    ("text", "written", "want"),
    [
        ("if (|!row.begin) {\n}\n", "!row.id || ", "!row.id || "),
        ("if (|!row.begin) {\n}\n", "!row.id || !row.begin) {", "!row.id || "),
        ("f(|user.name)\n", "user.name.first, ", "user.name.first, "),
        ("if (a| || !row.until) {\n}\n", " || !row.begin", " || !row.begin"),
        ("if (a| || !row.until) {\n}\n", " || !row.begin || !row.until) {", " || !row.begin "),
        # The same name again is the same part, whatever comes after it.
        ("if (a| || !row.until) {\n}\n", " || !row.until && b", " "),
        ("if (a| || !row.until) {\n}\n", " || !row.until", " "),
        # Without a sign that joins them it would be said twice, in other words.
        ("if (|!row.begin) {\n}\n", "!row.id", ""),
        ("f(|user.name)\n", "user.name.first", ""),
        ("const | = await fetch(url);\n", "a = await fetch(b, ", "a "),
        ("x | = self.a\n", "y = self.b,", "y "),
    ],
)
def test_what_leads_up_to_the_right_may_begin_as_that_does(hole, text, written, want):
    assert FINAL["repeats-rest"](hole(text, "a.ts", trigger="manual"), Draft(written)).text == want


def test_the_places_are_enough():
    assert len(PLACES) >= 100
    assert len(_LANGUAGES) >= 12
