"""With what statements and blocks begin, go on and end in families of languages."""

from __future__ import annotations

from dataclasses import replace

from assistant.languages.record import Blocks

_USUAL = (":", "{", "(", "[")

PYTHON = Blocks(
    opens=_USUAL,
    ends=(),
    clauses=("else", "elif", "except", "finally"),
    parted=("if", "elif", "for", "while", "try", "except"),
)
_CASES = ("case", "default")
C = Blocks(
    opens=_USUAL,
    ends=("#endif",),
    clauses=("else", "catch", "#else", "#elif", *_CASES),
    parted=("if", "else", "try", "do", "switch", "#if", "#ifdef", "#ifndef"),
    terminator=";",
)
JAVA = Blocks(
    opens=(*_USUAL, "->", "=>"),
    ends=(),
    clauses=("else", "catch", "finally", *_CASES),
    parted=("if", "else", "try", "catch", "do", "switch"),
    terminator=";",
)
C_SHARP = replace(
    JAVA,
    ends=("#endif",),
    clauses=(*JAVA.clauses, "#else", "#elif"),
    parted=(*JAVA.parted, "#if"),
)
SCRIPT = Blocks(
    opens=(*_USUAL, "=>"),
    ends=(),
    clauses=("else", "catch", "finally", *_CASES),
    parted=("if", "else", "try", "catch", "do", "switch"),
    chains=(".", "?", ":", "&&", "||", "+", "="),
)
PHP = Blocks(
    opens=(*_USUAL, "=>"),
    ends=("endif", "endforeach", "endfor", "endwhile", "endswitch"),
    clauses=("else", "elseif", "catch", "finally", *_CASES),
    parted=("if", "else", "elseif", "try", "catch", "do", "switch"),
    terminator=";",
)
GO = Blocks(opens=_USUAL, ends=(), clauses=_CASES, parted=("switch", "select"))
RUST = Blocks(opens=("where", *_USUAL, "=>"), ends=(), clauses=("else",), parted=("if", "else"), terminator=";")
KOTLIN = Blocks(
    opens=(*_USUAL, "->", "=>"),
    ends=(),
    clauses=("else", "catch", "finally", *_CASES),
    parted=("if", "else", "try", "catch", "do", "switch", "when"),
    chains=(".", "?.", "?:", "&&", "||"),
)
RUBY = Blocks(
    opens=("do", "then", "else", "ensure", "begin", "|", *_USUAL),
    heads=("def", "class", "module", "if", "unless", "elsif", "while", "until", "case", "when", "for", "rescue"),
    ends=("end",),
    clauses=("else", "elsif", "when", "in", "rescue", "ensure"),
    parted=(),
    chains=(".", "&."),
)
SHELL = Blocks(
    opens=("then", "do", "else", "in", *_USUAL),
    ends=("fi", "done", "esac"),
    clauses=("then", "do", "else", "elif"),
    parted=(),
)
FISH = Blocks(
    opens=("begin", "else"),
    heads=("function", "if", "while", "for", "switch", "case"),
    ends=("end",),
    clauses=("else", "case"),
)
LUA = Blocks(
    opens=("then", "do", "else", "repeat", *_USUAL),
    heads=("function", "local function"),
    ends=("end", "until"),
    clauses=("else", "elseif"),
    chains=(":", "."),
)
JULIA = Blocks(
    opens=("begin", "do", "else", "try", *_USUAL),
    heads=("function", "if", "elseif", "for", "while", "struct", "mutable", "module", "let", "macro"),
    ends=("end",),
    clauses=("else", "elseif", "catch", "finally"),
)
ELIXIR = Blocks(opens=("do", "->", "else", *_USUAL), ends=("end",), clauses=("else", "rescue"), chains=("|>",))
PERL = Blocks(opens=_USUAL, ends=(), clauses=("else", "elsif"), parted=("if", "unless", "elsif"), terminator=";")
MARKUP = Blocks(opens=_USUAL, ends=(), clauses=(), parted=(), by_depth=True)
CSS = Blocks(opens=_USUAL, ends=(), clauses=(), parted=())
DATA = Blocks(opens=("|", *_USUAL), ends=(), clauses=(), parted=())
STEPS = Blocks(opens=("\\",), ends=("endif", "endef"), clauses=("else",), parted=(), paragraphs=True)
SQL = Blocks(opens=("(", "begin", "as"), ends=("end",), clauses=("else", "when"), parted=(), terminator=";")
