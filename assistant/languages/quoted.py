"""What in each language is no code though it stands in the source: strings of every form, and what they insert."""

from __future__ import annotations

from assistant.languages.record import Quoted

# Each begins with a sign, or with a letter that begins a word; what must stand before it is only looked at.
_BRACE = r"\{\{|\}\}"
_F = r"(?:(?<=\b[fFtT])|(?<=\b[fFtTrR][fFtTrR]))"
# A regular expression stands where a value begins: after an operator or a word of the language, or first on a line.
_VALUE = (
    r"(?:(?<=[(,=:\[!&|?{};+*%~^<>-])|(?<=[(,=:\[!&|?{};+*%~^<>-] )|(?<=\n)|(?<=\t)|(?<=  )"
    r"|(?<=\breturn )|(?<=\bwhen )|(?<=\bcase )|(?<=\bif )|(?<=\bunless ))"
)
_CLASS = r"\[(?:\\.|[^\]\\\n])*\]"

PYTHON = (
    Quoted(_F + '"""', '"""', long=True, skips=_BRACE, inserts=("{",)),
    Quoted(_F + "'''", "'''", long=True, skips=_BRACE, inserts=("{",)),
    Quoted(_F + '"', '"', skips=_BRACE, inserts=("{",)),
    Quoted(_F + "'", "'", skips=_BRACE, inserts=("{",)),
)
SCRIPT = (
    Quoted("`", "`", long=True, inserts=("${",)),
    Quoted(_VALUE + r"/(?![/*\n])", "/", skips=_CLASS),
)
JAVA = (Quoted('"""', '"""', long=True),)
GO = (Quoted("`", "`", long=True, escape=""),)
RUST = (
    Quoted(r'(?<=r)(#+)"', '"{}', long=True, escape=""),
    Quoted(r'(?:(?<=\br)|(?<=\bbr))"', '"', long=True, escape=""),
)
CPP = (Quoted(r'(?<=R)"([^\s()\\"]{0,16})\(', '){}"', long=True, escape=""),)
C_SHARP = (
    Quoted(r'(?<=\$)("{3,})', "{}", long=True, escape="", inserts=("{",)),
    Quoted(r'("{3,})', "{}", long=True, escape=""),
    Quoted(r'(?:(?<=\$@)|(?<=@\$))"', '"', long=True, escape="", skips=rf'""|{_BRACE}', inserts=("{",)),
    Quoted(r'(?<=@)"', '"', long=True, escape="", skips='""'),
    Quoted(r'(?<=\$)"', '"', skips=_BRACE, inserts=("{",)),
)
RUBY = (
    Quoted(r"(?<=\n)=begin\b", "\n=end", long=True, escape=""),
    Quoted(r"(?<=\n)__END__$", "", long=True, escape=""),
    Quoted(r"%[wWiIqQrxs]([(\[{<|!/])", "{}", long=True, inserts=("#{",), counts=True),
    Quoted(r"(?<=[(,=\s])%([(\[{])(?! )", "{}", long=True, inserts=("#{",), counts=True),
    Quoted(r'(?<!\$)["]', '"', long=True, inserts=("#{",)),
    Quoted("`", "`", long=True, inserts=("#{",)),
    Quoted(_VALUE + r"/(?![\n])", "/", skips=_CLASS, inserts=("#{",)),
)
RUBY_HERE = r"""<<[-~]?["'`]?([A-Z_]\w*)["'`]?"""
PHP = (
    Quoted(r"\?>", "<?", long=True, escape=""),
    Quoted('"', '"', long=True, inserts=("{$", "${")),
    Quoted("`", "`", long=True),
)
PHP_HERE = r"""<<<[ \t]*["']?([A-Za-z_]\w*)["']?"""
SHELL = (
    Quoted(r"\$\{", "}", long=True, inserts=("$(", "["), nests="${", counts=True),
    Quoted(r"(?<=\$)'", "'", long=True),
    Quoted("'", "'", long=True, escape=""),
    Quoted('"', '"', long=True, inserts=("${", "$(")),
)
SHELL_HERE = r"""(?<!<)<<-?[ \t]*["'\\]?([A-Za-z_]\w*)["']?"""
LUA = (
    Quoted(r"--\[(=*)\[", "]{}]", long=True, escape=""),
    Quoted(r"\[(=*)\[", "]{}]", long=True, escape=""),
)
SQL = (Quoted("'", "'", long=True, escape=""),)
ADDRESS = (Quoted(r"\burl\((?=[^\s\"')])", ")", counts=True),)
YAML = (
    Quoted(r"(?<![^\s\[{,(:!&-])'", "'", escape=""),
    Quoted(r'(?<![^\s\[{,(:!&-])"', '"'),
)
TOML = (Quoted("'''", "'''", long=True, escape=""), Quoted("'", "'", escape=""))
PERL = (
    Quoted(r"(?<=\n)=[a-z]\w*", "\n=cut", long=True, escape=""),
    Quoted(r"(?<=\n)__(?:END|DATA)__$", "", long=True, escape=""),
    Quoted(r"\bq[qwrx]?[ ]?([(\[{<|!/#])", "{}", long=True),
    Quoted(r"(?:(?<=[=!]~)|(?<=[=!]~ )|(?<=\bm)|(?<=\()|(?<=\bif ))/", "/", skips=_CLASS),
    Quoted(r"\bm([{|!])", "{}"),
)
PERL_HERE = r"""<<~?["']?([A-Z_]\w*)["']?"""
POWERSHELL = (
    Quoted(r"@(['\"])$", "\n{}@", long=True, escape=""),
    Quoted("'", "'", long=True, escape=""),
    Quoted('"', '"', long=True, escape="`", inserts=("$(",)),
)
DOLLAR = (Quoted('"""', '"""', long=True, inserts=("${",)), Quoted('"', '"', inserts=("${",)))
SWIFT = (
    Quoted('"""', '"""', long=True, inserts=("\\(",)),
    Quoted(r'(#+)"', '"{}', long=True, escape=""),
    Quoted('"', '"', inserts=("\\(",)),
)
SCALA = (Quoted(r'(?<=\b[sf])"""', '"""', long=True, inserts=("${",)), Quoted(r'(?<=\b[sf])"', '"', inserts=("${",)))
DART = (
    Quoted('"""', '"""', long=True, inserts=("${",)),
    Quoted("'''", "'''", long=True, inserts=("${",)),
    Quoted('"', '"', inserts=("${",)),
    Quoted("'", "'", inserts=("${",)),
)
HASHED = (
    Quoted('"""', '"""', long=True, inserts=("#{",)),
    Quoted('"', '"', long=True, inserts=("#{",)),
)
COFFEE = (Quoted("###", "###", long=True, escape=""), *HASHED)
TERRAFORM_HERE = r"<<-?([A-Za-z_]\w*)"
NIX = (
    Quoted("''", "''", long=True, escape="", skips=r"'''|''\$", inserts=("${",)),
    Quoted('"', '"', long=True, inserts=("${",)),
)
JULIA = (Quoted('"""', '"""', long=True, inserts=("$(",)), Quoted('"', '"', long=True, inserts=("$(",)))
CMAKE = (Quoted(r"#?\[(=*)\[", "]{}]", long=True, escape=""), Quoted('"', '"', long=True))
GROOVY = (*DOLLAR, Quoted("'''", "'''", long=True))
ZIG = (Quoted(r"\\\\", "", escape=""),)
