"""Brackets of code in every language: none of those in comments, strings, patterns and texts on lines of their own."""

from pathlib import Path

import pytest

from assistant.completion.brackets import brackets_of, closable_brackets, open_brackets, read_around
from assistant.completion.scanner import GrowingScan, scan, start_state
from assistant.completion.scanner_rules import PAIRS
from assistant.completion.syntax import read_syntax, surplus_bracket
from assistant.languages import find_language
from assistant.languages.table import RECORDS


def at(text, path):
    before, _, after = text.partition("¦")
    return read_syntax(before, after, path)


@pytest.mark.parametrize(
    ("language", "text", "brackets"),
    [
        # a # that begins no comment
        ("bash", "f $# (a)", "()"),
        ("bash", "echo ${x#y} (", "{}("),
        ("bash", "echo ${x##*(} ${y%%)*}", "{}{}"),
        ("bash", 'echo "${x:-$(date)}" (', "{()}("),
        ("bash", "echo a#b) # c)", ")"),
        ("bash", "find . \\( -name a \\) (", "("),
        ("bash", "x=$((1 << 2)) (", "(())("),
        ("bash", "cat <<EOF\n)\nEOF\n(", "("),
        ("bash", "cat <<-'EOF' | sort (\n  it's )\n\tEOF\n[", "(["),
        ("bash", "cat <<EOF\n)\n", ")"),
        ("bash", "cat <<A <<B\n)\nA\n)\nB\n(", ")("),
        ("bash", "awk '\n{ print (1 }\n' (", "("),
        ("bash", "echo $'it\\'s (' )", ")"),
        ("zsh", "echo ${x#(} # )", "{}"),
        ("perl", "print $#a; f(q{(}, qw(a b)) # )", "()"),
        ("perl", "if ($x =~ /[(]/) { }\n\n=pod\n\n(((\n\n=cut\n\n[1]", "(){}[]"),
        # addresses, and dashes
        ("css", "a { background: url(http://b/c(d) }", "{()}"),
        ("scss", "a { background: url(http://b/c) } // (", "{()}"),
        ("less", "@import url(//b/c); .d() // (", "()()"),
        ("javascript", 'f("http://a/(b)") // (', "()"),
        ("sql", "f(1 - -2) -- (", "()"),
        ("sql", "f('it''s (', 'a\\') -- (", "()"),
        ("lua", "f(a--b\n) --[==[ ( ]] ( ]==] [1]", "()[]"),
        ("lua", "f([[ ( ]], [=[ ]] ( ]=], '(')", "()"),
        # what begins with a quote and is no string
        ("rust", "fn f<'a>(x: &'a str, c: char) { c == '(' || c == '\\'' }", "(){}"),
        ("rust", 'f(b\'(\', r#"a"("#, br"(\\", r"[")', "()"),
        ("rust", '/* ( /* ( */ ( */ f("a\n(")', "()"),
        ("c", "f(u8'(', L'(', '\\'', \"(\") // (", "()"),
        ("c", "int x = 1'000'000; f('(')", "()"),
        ("cpp", 'f(R"(a " ( )", R"x( )" ( )x")', "()"),
        ("c_sharp", 'f(@"C:\\", @"a""(", $"{a[0]} {{(", """ " ( """)', "({[]})"),
        ("c_sharp", 'f($@"C:\\{a}(", $"""{b}""")', "({}{})"),
        ("java", 'f("""\n " ( \n""", \'(\')', "()"),
        ("kotlin", 'f("${a(1)} (", """ " ( """)', "({()})"),
        ("swift", 'f("\\(a[0]) [", #"("#)', "(([]))"),
        ("scala", 's"${a(1)} ("', "{()}"),
        ("dart", "f('${a[0]} (')", "({[]})"),
        ("haskell", "f' (x) {- ( {- -} ( -} -- (", "()"),
        ("nix", "{ a = ''( ''' ( ${b} ''; }", "{{}}"),
        ("julia", 'f("$(a[1]) [") #= ( =#', "(([]))"),
        ("elixir", 'f("#{a[0]} (")', "({[]})"),
        ("yaml", "a: it's (b)\nc: 'd ('", "()"),
        ("toml", "a = '\\' # (\nb = [1]", "[]"),
        ("powershell", 'f("`"(") @\'\n(\n\'@ <# ( #>', "()"),
        ("cmake", 'set(a "b\\"(" [=[ ( ]] ]=])', "()"),
        ("terraform", 'a = "${b[0]}" [<<-E\n(\nE\n]', "{[]}[]"),
        ("zig", "f(\n\\\\ (\n)", "()"),
        # patterns and templates
        ("javascript", "a.replace(/[/(]/g, b) / (c)", "()()"),
        ("javascript", "return /(/.test(a)", "()"),
        ("javascript", "x = a / (b) / c", "()"),
        ("javascript", "`a ( ${b[`c ( ${d}`]} (`", "{[{}]}"),
        ("typescript", "f(`\\${(`)", "()"),
        ("javascript", "`${f({a: [1]})} (` (", "{({[]})}("),
        ("python", 'f(f"{a["b"]} (", {1: f"{ {2}}("})', "({[]}{{{}}})"),
        ("go", "f(`\\`, \"(\", '(')", "()"),
        # generics never count
        ("java", "Map<String, List<Integer>> a = f();", "()"),
        # Ruby's own
        ("ruby", 'f(%w(a (b) c), %q[(], %{\n(}, %w|(|, /[(]/, "#{a[0]} (") # (', "(()[]{}{[]})"),
        ("ruby", "f(%q<a (b>.c, [%w<( <d> [>, 1])", "([])"),
        ("ruby", "x = <<~EOS\n  ( it's\nEOS\n[1]", "[]"),
        ("ruby", "a << b\nf(?(, $')", "()"),
        ("ruby", "\n=begin\n(\n=end\nf(1)\n__END__\n(", "()"),
        # a page around code
        ("php", "f('(', \"{$a[0]} (\"); /* ( */ ?> ( <?php [1]", "({[]})[]"),
        ("php", "$a = <<<EOT\n( it's\nEOT;\nf(1)", "()"),
        ("python", "f(f\"{a[0]} {{ (\", rf'{b}(', '''\n(''', f'''{c}''')", "({[]}{}{})"),
        ("python", 'f(f"{a[0", 1)', "({[)"),
        ("python", 'f(f"{a\n)', "({)"),
        ("css", "a { /* (", "{"),
        (None, 'a "(" (b)', "()"),
        (None, "f('(') it's (a) dogs' [bone]", "()()[]"),
    ],
)
def test_brackets_of_code(language, text, brackets):
    assert "".join(bracket for _, bracket in brackets_of(text, language)) == brackets


@pytest.mark.parametrize(
    "text",
    [
        "case $1 in\n  start) a ;;\n  stop | halt) b ;;\n  *) c ;;\nesac",
        "case $1 in # )\n  # one )\n  (a) b ;;\nesac",
        "case x in a) b;; 'c d') e;& [fg]*) h;;& \"$i\"|${j}) k;; esac",
        "case $1 in\n--help) f ;;\n-\\)) g ;;\nesac",
    ],
)
def test_the_end_of_a_pattern_of_a_case_is_no_bracket(text):
    assert open_brackets(text, "bash") == ""
    assert [bracket for _, bracket in brackets_of(text, "bash") if bracket in PAIRS] == []


@pytest.mark.parametrize(
    ("text", "path", "written", "place"),
    [
        ("today=$(date ¦\ncase $1 in\n  a) b ;;\n  c) d ;;\nesac\n", "a.sh", "+%Y-%m-%d)", None),
        ("today=$(date ¦\ncase $1 in\n  a) b ;;\n  c) d ;;\nesac\n", "a.sh", "+%Y-%m-%d))", 10),
        ("case $1 in\n  ¦\nesac\n", "a.sh", "start)\n    run\n    ;;", None),
        ("case $1 in\n  a)\n    b\n    ;;\n  ¦\n  c) d ;;\nesac\n", "a.sh", "stop)\n    halt\n    ;;", None),
        ("case $1 in\n  a) b ;;\n  -v|¦\nesac\n", "a.sh", "--version) c ;;", None),
        ("case $1 in\n  a) b ;;\n  ¦\nesac\n", "a.zsh", "(stop) c ;;\n  d) e) ;;", 18),
        ("x = f(¦\n# 1) one\n# 2) two\n", "a.py", "a)", None),
        ("x = f(¦  // 1) one\ng(1); // 2) two\n", "a.js", "a)", None),
        ("a = f(¦\n-- 1) one\n", "a.lua", "a)", None),
        ("select f(¦\n-- 1) one\n", "a.sql", "a)", None),
        ("x = f(¦ /* 1) */\n", "a.c", "a)", None),
        ("n=$(( $# - ¦\n# a)\n", "a.sh", "1 ))", None),
        ("a { background: url(¦\n", "a.css", "http://b/c)", None),
        ("let x = f(¦\n// it's )\nfn g<'a>() {}\n", "a.rs", "a)", None),
        ("x = f(¦\ny = /[)]/\n", "a.js", "a)", None),
        ("x = f(¦\ny = `)`\n", "a.ts", "a)", None),
        ('x = f(¦\ny = R"(a " )";\n', "a.cpp", "a)", None),
        ("x=$(cat ¦\ncat <<EOF\n1) one\nEOF\n", "a.sh", "a)", None),
        ("x = f(¦\ny = <<~A\n  1) one\nA\n", "a.rb", "a)", None),
        ("<?php\n$x = f(¦\n?>\n<p>1) one</p>\n", "a.php", "$a)", None),
        ("<p>¦</p>\n<?php f(1);\n", "a.php", "a) b", None),
    ],
)
def test_what_nothing_opens_takes_no_bracket_away(text, path, written, place):
    assert surplus_bracket(written, at(text, path)) == place


@pytest.mark.parametrize(
    ("text", "path", "written"),
    [
        ("Which city?\n\na) Rome\n¦\n", "a.md", "b) Paris\nc) Berlin"),
        ("Which city?\n\na) Rome\n¦", "a.md", "b) Paris"),
        ("Which city?\n\na) Rome\nb¦\n", "a.md", ") Paris"),
        ("Steps:\n\n1) Stop\n¦\n", "README", "2) Wait\n10) Go"),
        ("1) Stop\n   ¦\n", "notes.txt", "i) at once\n   ii) for good"),
        ("- [x] done (so\n¦", "a.md", "  it is)"),
    ],
)
def test_the_numbers_of_a_list_close_nothing(text, path, written):
    assert surplus_bracket(written, at(text, path)) is None


def test_a_list_right_of_the_cursor_takes_no_bracket_away():
    assert surplus_bracket("b)", at("See (¦\n\n1) one\n2) two\n", "a.md")) is None


def test_of_the_parts_of_an_if_of_the_preprocessor_one_counts():
    both = "#ifdef A\nif (a) {\n#elif B\nif (b) {\n#else\nif (c) {\n#endif\n"
    assert open_brackets(both + "f(", "c") == "{("
    assert open_brackets("#endif\n#else\nf(", "c") == "("
    assert closable_brackets("if (a) {\nf(", "\n#if A\n}\n#else\n}\n#endif\n", "c") == "("
    assert closable_brackets("#if A\nif (a) {\nf(", "\n#else\n#if B\n}\n#endif\n}\n#endif\n}\n", "cpp") == "("
    assert surplus_bracket("a)\n#if B\n", at("f(¦\n", "a.c")) is None


@pytest.mark.parametrize(
    ("text", "path", "quote", "inside"),
    [
        ('x = "a¦', "a.py", '"', True),
        ('x = "a" + ¦', "a.py", "", False),
        ('x = f"{¦}"', "a.py", "", False),
        ('x = f"{a} ¦"', "a.py", '"', True),
        ("x = `a ${¦}`", "a.js", "", False),
        ("x = `a\n¦`", "a.js", "", True),
        ("x = `a ¦`", "a.js", "`", True),
        ("x = '''¦'''", "a.py", "'''", True),
        ('x = r#"¦"#;', "a.rs", '"#', True),
        ("char c = '¦';", "a.c", "'", True),
        ("fn f<'a>(x: &'¦", "a.rs", "", False),
        ('echo "${¦}"', "a.sh", "", False),
        ('echo "$(¦)"', "a.sh", "", False),
        ("echo '¦'", "a.sh", "'", True),
        ("cat <<EOF\n¦\nEOF\n", "a.sh", "", True),
        ("# it's ¦", "a.toml", "", True),
        ("/* so ¦ */", "a.js", "", True),
        ("<p>¦</p>\n<?php f(1);\n", "a.php", "", False),
        ("<?php\n$a = '¦';\n", "a.php", "'", True),
        ("-- so ¦", "a.lua", "", True),
        ("x = it's ¦", None, "", False),
        ("x = '¦'", None, "'", True),
    ],
)
def test_what_a_cursor_is_inside_of(text, path, quote, inside):
    place = at(text, path)
    assert (place.quote, place.in_text) == (quote, inside)


def test_what_is_open_and_what_closes_right_of_the_cursor():
    for text, opened, closing in (("f([¦)", "([", "("), ("¦) g(]", "", "("), ("{ x = ¦)\n}", "{", "({")):
        before, _, after = text.partition("¦")
        around = read_around(before, after, "python")
        assert (around.opened, around.closing) == (opened, closing)


def test_a_piece_goes_on_where_the_one_before_ended():
    text = "f(`a ( ${b[`c ( ${d}`]} (`, '(', \"(\") /* ( */ [1] // ("
    whole = [sign for _, sign in scan(text, "javascript").brackets]
    for cut in range(len(text)):
        if text[max(cut - 1, 0) : cut + 1] in ("${", "/*", "*/", "//"):
            continue
        first = scan(text[:cut], "javascript")
        second = scan(text[cut:], "javascript", first.state)
        assert [sign for _, sign in (*first.brackets, *second.brackets)] == whole, text[:cut]


def test_only_a_page_begins_outside_of_its_code():
    assert start_state("a\n<?php f(", "php") != ()
    assert start_state("f( ?> a <?php", "php") == ()
    assert start_state("f(", "php") == start_state("f(", "python") == start_state("f(", None) == ()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_language_is_read_to_its_end(record):
    text = "a(b) [c] {d}\n" * 3 + "'\"`/#-*%$<?()[]{}\n" * 3
    assert scan(text, record.name).state == scan(text, record.name).state
    plain = "a (b) [c] {d}\n" * 3
    assert "".join(sign for _, sign in scan(plain, record.name).brackets) == "()[]{}" * 3


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "samples").iterdir()), ids=lambda path: path.name)
def test_a_text_that_grows_is_read_as_one_that_is_there(path):
    """Character by character from several places, in code as in comments and strings, and after another beginning."""
    text, language = path.read_text(encoding="utf-8"), find_language(path.name).name
    for start in range(0, len(text), len(text) // 12):
        state, written, beyond = scan(text[:start], language).state, text[start : start + 300], text[start + 300 :]
        growing = GrowingScan(language, state, beyond)
        growing.read("a = (\n    b,\n")
        for end in range(len(written) + 1):
            assert growing.read(written[:end]) == scan(written[:end], language, state, beyond), written[:end]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("c", 'f("a\\\n)", b);\n/* ) */ g(")" // )\n);\n'),
        ("javascript", "x = /)/\ny = a /\n  (b)\n`${(\n)}`\n"),
        ("python", 'x = f"""{(\n)}"""\ny = """\n)""" + "\\\n)"\n'),
        ("c_sharp", 'var a = @"\n)"")" + $@"{(\n)}";\n'),
        ("rust", 'let a = r#"\n)"# + "\n)" + (\n/* /* ) */\n) */ b);\n'),
        ("ruby", "a = <<~B\n  )\nB\nc(<<~D)\n  (\nD\n"),
        ("bash", "case a in\n  b) c ;;\n  d)\n    e ;;\nesac\n"),
        ("markdown", "a (\n1) b\n2) c)\n"),
        (None, 'a (\n1) b\n"(\n" c)\n'),
    ],
)
def test_what_goes_over_lines_is_read_so_while_it_grows(language, text):
    growing = GrowingScan(language, (), "")
    for end in range(len(text) + 1):
        assert growing.read(text[:end]) == scan(text[:end], language), text[:end]
