"""What is known of one language, as a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.languages.import_paths import Guess


@dataclass(frozen=True, slots=True)
class Comments:
    """How comments are written: ``line`` to the end of a line, ``block`` between two marks.

    ``not_comments`` begin as line comments do and are none (``#[`` in PHP is an attribute). With ``alone`` a mark of a
    line comment counts only where a word begins (``$#`` in a shell is no comment). With ``nests`` a block comment
    inside of one has an end of its own.
    """

    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()
    not_comments: tuple[str, ...] = ()
    alone: bool = False
    nests: bool = False

    def begins(self, line: str) -> bool:
        """Return whether a line, its blanks taken off, is a line comment from its beginning."""
        return line.startswith(self.line) and not line.startswith(self.not_comments)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A piece of source that is no code, from what ``begin`` (a regular expression) matches to the text ``end``.

    ``{}`` in ``end`` stands for the group of ``begin``, an opening bracket there for the one that closes it; such a
    pair nests. What is not ``long`` ends with its line in any case, with an empty ``end`` only so. The ``escape`` takes
    the meaning of the character after it, ``skips`` (a regular expression) that of all it matches. ``inserts`` begin
    code inside, each ends with a bracket. With ``counts`` the first and last sign are brackets of the code around it.
    """

    begin: str
    end: str
    long: bool = False
    escape: str = "\\"
    skips: str = ""
    inserts: tuple[str, ...] = ()
    counts: bool = False
    nests: str = ""
    """What begins one more of it inside, where that is another text than ``end`` implies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """With what statements and blocks begin, go on and end, where the grammar cannot tell because one is unfinished.

    ``opens`` end a line that begins a block; ``heads`` are words that begin such a line where nothing at its end tells.
    ``ends`` are words that end a block. ``clauses`` begin a further part of the statement above (``else``), and
    ``parted`` are the words with which statements begin that may have such parts. ``chains`` begin a line that goes on
    with the one above, in languages where the end of a line may end a statement.

    ``terminator`` ends a statement. With ``by_depth`` the grammar forgives what has no end, so that only the depth of
    the next line tells whether a statement goes on. With ``paragraphs`` lines belong together up to an empty one.

    The usual values are those for a language that nobody knows.
    """

    opens: tuple[str, ...] = (":", "{", "(", "[", "=>", "->", "do", "then", "begin")
    heads: tuple[str, ...] = ()
    ends: tuple[str, ...] = ("end", "fi", "done", "esac")
    clauses: tuple[str, ...] = ("else", "elif", "except", "finally", "catch", "case", "when", "rescue", "ensure")
    parted: tuple[str, ...] = ("if", "try", "do", "switch", "begin")
    chains: tuple[str, ...] = ()
    terminator: str = ""
    by_depth: bool = False
    paragraphs: bool = False

    def begins_block(self, line: str) -> bool:
        """Return whether a line, its blanks taken off, ends with what begins a block."""
        return any(_ends_with(line, mark) for mark in self.opens)

    def is_head(self, line: str) -> bool:
        """Return whether a line, its blanks taken off, begins with one of the ``heads``."""
        return any(line.startswith(head) and not line[len(head) :][:1].isalnum() for head in self.heads)

    def goes_on(self, line: str) -> bool:
        """Return whether a line, its blanks taken off, begins a further part of the statement above, or ends it."""
        return line.startswith(self.chains) or first_word(line) in (*self.ends, *self.clauses)


_WORD = re.compile(r"(?:(#)[ \t]*)?(\w*)")


def first_word(line: str) -> str:
    """Return the word that a line begins with, its blanks taken off and brackets before it; it may be empty.

    What names a directive stands right behind its sign, however it is written: ``#else`` for ``#  else``.
    """
    sign, word = _WORD.findall(line.lstrip("}) \t"))[0]
    return f"{sign}{word}"


def _ends_with(line: str, mark: str) -> bool:
    if not line.endswith(mark):
        return False
    before = line[: len(line) - len(mark)]
    return not mark[0].isalpha() or not (before[-1:].isalnum() or before[-1:] in ("_", "."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language; names of files, endings and programs are in lower case but for names that only count as written.

    ``grammar`` is the module of a tree-sitter wheel and the function there; without one a language is not parsed, but
    still coloured, bracketed and indented. ``queries`` names its file in resources/queries, or is a path; the
    language's own name where it is empty.

    ``endings`` begin with a dot. ``files`` are whole names, or patterns with ``*`` for what no ending decides.
    ``programs`` are those of a first line ``#!``, without a version.

    ``blocks`` says how statements and blocks are written.

    ``quotes`` are those around strings of any length, three of a kind for strings over several lines. A ``'`` that is
    not among them encloses one character or stands alone. With ``long_quotes`` the short ones may go over several
    lines too. ``quoted`` are strings that need more words, tried before the plain ones, and ``skips`` matches signs of
    code that look like a quote or a bracket and are none.

    ``here`` matches what begins a text on the lines below, up to one that is its last group alone. ``cases`` says that
    a closing parenthesis may end a pattern that nothing opened, ``preprocessor`` that of the parts of an ``#if`` only
    one counts, and ``outside`` what stands between a page's code.

    ``doc_form`` is how one line of documentation is written (``{}`` is the text); a comment where it is empty. With
    ``doc_string`` documentation is the string that a body begins with, with ``doc_markup`` it holds XML elements.

    ``indent`` is what one level is indented with where a file does not show it; with ``indent_only`` anything else is
    an error, so that the file is not asked. With ``colon_blocks`` a colon at the end of a line begins a block.
    ``is_code`` is False for data and pages: what stands in them is not written as code is. With ``fences`` lines of
    three backticks belong to the language.

    ``import_paths`` says which files an import may mean. ``import_separator`` stands between a module and the name
    that is taken from it, in languages that write both as one path.

    ``lexer`` is the alias of the Pygments lexer; where it is empty Pygments tells by the file's name.
    """

    name: str
    endings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    grammar: tuple[str, str] | None = None
    queries: str | Path = ""
    comments: Comments = Comments()
    blocks: Blocks = Blocks()
    quotes: tuple[str, ...] = ('"',)
    long_quotes: bool = False
    quoted: tuple[Quoted, ...] = ()
    skips: str = ""
    here: str = ""
    cases: bool = False
    preprocessor: bool = False
    outside: Quoted | None = None
    doc_form: str = ""
    doc_string: bool = False
    doc_markup: bool = False
    indent: str = "    "
    indent_only: bool = False
    colon_blocks: bool = False
    is_code: bool = True
    fences: bool = False
    import_paths: Callable[[str, str], Iterator[Guess]] | None = None
    import_separator: str = ""
    lexer: str = ""

    def doc_line(self, text: str) -> str:
        """Return a line of documentation that says ``text``, in the language's own form."""
        if self.doc_form:
            return self.doc_form.format(text)
        if self.comments.line:
            return f"{self.comments.line[0]} {text}"
        begin, end = self.comments.block[0] if self.comments.block else ("//", "")
        return f"{begin} {text} {end}".rstrip()
