"""Syntax colours for each line of a text by Pygments, kept up to date line by line without Qt.

Pygments lexes whole texts. Its regular-expression lexers (most of them) can also start
with a given stack of states; the stack at the start of each line is kept, so that after an
edit lexing starts at that line and ends where the stack is again what it was. The other
lexers go through the whole text again, in slices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pygments.token as names
from pygments.lexer import Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import _TokenType  # the only name Pygments has for its token type
from pygments.util import ClassNotFound

from assistant.languages import find_language

Run = tuple[int, int, str]
"""Start and length in characters, and a name of a theme's syntax colours."""

Runs = tuple[Run, ...]
State = tuple[str, ...]

MAX_LINE = 10_000
"""Characters beyond which a line stays plain."""

# How many lines before a place are lexed to know in what it lies.
_MOST_BACK = 40

_STYLES: dict[_TokenType, str] = {
    names.Comment: "comment",
    names.Keyword: "keyword",
    names.Keyword.Type: "type",
    names.Keyword.Constant: "constant",
    names.Name.Function: "function",
    names.Name.Class: "type",
    names.Name.Exception: "type",
    names.Name.Decorator: "decorator",
    names.Name.Builtin: "builtin",
    names.Name.Constant: "constant",
    names.Name.Tag: "tag",
    names.Name.Attribute: "attribute",
    names.Name.Property: "attribute",
    names.String: "string",
    names.String.Escape: "constant",
    names.String.Interpol: "constant",
    names.Number: "number",
    names.Operator: "operator",
    names.Operator.Word: "keyword",
    names.Punctuation: "punctuation",
    names.Generic.Heading: "heading",
    names.Generic.Subheading: "heading",
    names.Generic.Inserted: "inserted",
    names.Generic.Deleted: "deleted",
    names.Generic.Emph: "constant",
    names.Generic.Strong: "constant",
}


@lru_cache(maxsize=1024)
def style_of(token: _TokenType) -> str:
    """Return the syntax colour of a token type, of its nearest ancestor that has one, or ''."""
    nearest: _TokenType | None = token
    while nearest is not None and nearest not in _STYLES:
        nearest = nearest.parent
    return _STYLES[nearest] if nearest is not None else ""


def find_lexer(language: str) -> Lexer | None:
    """Return the lexer for a Pygments alias or a file name; None for plain text and unknown ones.

    Of a file the record of its language has the first word: Pygments knows endings in lower case only, and takes Perl
    for Prolog.
    """
    lexer = _lexer_named(language)
    if lexer is None and (record := find_language(language)) is not None and record.lexer:
        lexer = _lexer_named(record.lexer)
    if lexer is None:
        try:
            lexer = get_lexer_for_filename(language.lower() if find_language(language) else language)
        except ClassNotFound:
            return None
    return None if "text" in lexer.aliases else lexer


def _lexer_named(alias: str) -> Lexer | None:
    try:
        return get_lexer_by_name(alias)
    except ClassNotFound:
        return None


def keeps_state(lexer: Lexer) -> bool:
    """Return whether lexing can start in the middle: the lexer uses Pygments' own loop unchanged."""
    return isinstance(lexer, RegexLexer) and type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed


def lex_lines(lexer: Lexer, text: str, state: State = ("root",)) -> Iterator[tuple[Runs, State | None]]:
    """Yield for each line of ``text`` its runs and the lexer's state at its start (None: unknown or inside a token)."""
    stateful = keeps_state(lexer)
    tokens: Any
    if isinstance(lexer, RegexLexer) and stateful:
        tokens = lexer.get_tokens_unprocessed(text + "\n", state)
    else:
        tokens = lexer.get_tokens_unprocessed(text + "\n")
    runs: list[Run] = []
    column = 0
    start_state: State | None = state if stateful else None
    at_start = True
    for position, token, value in tokens:
        if stateful and at_start:
            # The stack is a local variable of Pygments' generator; there is no other way to it. It belongs to
            # this place only if the rule that matched also began here.
            local = tokens.gi_frame.f_locals
            start_state = tuple(local["statestack"]) if local.get("pos") == position else None
        at_start = False
        style = style_of(token)
        head, *rest = value.split("\n") if "\n" in value else (value,)
        column = _append(runs, column, head, style)
        for piece in rest:
            yield tuple(runs), start_state
            runs.clear()
            start_state = None
            at_start = not piece
            column = _append(runs, 0, piece, style)


def _append(runs: list[Run], column: int, value: str, style: str) -> int:
    end = column + len(value)
    if style and value and end <= MAX_LINE:
        if runs and runs[-1][2] == style and runs[-1][0] + runs[-1][1] == column:
            runs[-1] = (runs[-1][0], runs[-1][1] + len(value), style)
        else:
            runs.append((column, len(value), style))
    return end


class LineTokens:
    """The runs of every line of one text. Tell it of each edit with ``replace``, then call ``advance`` until True."""

    def __init__(self, lexer: Lexer | None, line_count: int = 1) -> None:
        self._lexer = lexer
        self._stateful = lexer is not None and keeps_state(lexer)
        self._runs: list[Runs] = [()] * line_count
        self._states: list[State | None] = [None] * line_count
        self._job: Iterator[tuple[Runs, State | None]] | None = None
        self._next = 0
        # Lines before _start are right; the lines from there on are, when lexing has gone beyond _reach and
        # meets a line whose state is what it was.
        self._start: int | None = 0 if lexer else None
        self._reach = line_count

    @property
    def stateful(self) -> bool:
        """Whether an edit costs only the lines it touches."""
        return self._stateful

    @property
    def line_count(self) -> int:
        """How many lines are known."""
        return len(self._runs)

    @property
    def done(self) -> bool:
        """Whether every line is up to date."""
        return self._start is None

    def runs(self, line: int) -> Runs:
        """Return the runs of a line (0-based), as far as they are known."""
        return self._runs[line] if 0 <= line < len(self._runs) else ()

    def beginning(self, line: int) -> tuple[int, State]:
        """Return from where, and in which state, to lex what would stand before a line: not far back, else there."""
        for start in range(min(line, len(self._states)), max(line - _MOST_BACK, 0), -1):
            if start < len(self._states) and (state := self._states[start]) is not None:
                return start, state
        return (0 if line <= _MOST_BACK else line), ("root",)

    def around(self, line: int) -> str:
        """Return ``comment`` or ``string`` where that goes on from the line before into this one, as far as known."""
        if not 0 < line < len(self._runs) or self._states[line] is not None:
            return ""
        styles = [runs[0][2] if len(runs) == 1 and not runs[0][0] else "" for runs in self._runs[line - 1 : line + 1]]
        return styles[0] if styles[0] == styles[1] and styles[0] in {"comment", "string"} else ""

    def replace(self, first: int, removed: int, added: int) -> None:
        """Say that ``removed`` lines from ``first`` on became ``added`` lines; their old runs stay until lexed."""
        kept = self._runs[first : first + min(removed, added)]
        self._runs[first : first + removed] = kept + [()] * (added - len(kept))
        self._states[first : first + removed] = self._states[first : first + 1] + [None] * (added - 1)
        if self._lexer is None:
            return
        start, reach = self._start, self._reach
        if start is not None:
            # The pass that this edit ends had come to _next: behind it the lines fit together only after that.
            reach = max(reach, self._next if self._job else start)
            reach = reach + added - removed if reach >= first + removed else max(reach, first)
            # Of the lines before _next the last is lexed, but where it leads is noted only with the next one.
            start = min(start if self._job is None else max(start, self._next - 1), first)
        else:
            start, reach = first, 0
        self._restart(start, max(reach, first + added))

    def restart(self) -> None:
        """Lex everything again, keeping what is shown until then."""
        if self._lexer is not None:
            self._restart(0, len(self._runs))

    def relex_alone(self, line: int, text: str) -> None:
        """Colour one line as if it stood alone: quick feedback for lexers that keep no state.

        A line that lies wholly in one comment or string, as far as known, keeps that.
        """
        old = self.runs(line)
        if self._lexer is None or len(text) > MAX_LINE:
            return
        if len(old) == 1 and old[0][0] == 0 and old[0][2] in {"comment", "string"}:
            self._runs[line] = ((0, len(text), old[0][2]),)
        else:
            self._runs[line] = next(lex_lines(self._lexer, text), ((), None))[0]

    def advance(
        self, text_from: Callable[[int], str], seconds: float, clock: Callable[[], float] = time.perf_counter
    ) -> tuple[int, int, bool]:
        """Lex on for about so long; return the lines that changed (first, end) and whether all is done.

        ``text_from`` gives the text from a line on, with LF line ends; it is asked once for each pass.
        """
        if self._start is None or self._lexer is None:
            return 0, 0, True
        job = self._job = self._job or self._begin(self._lexer, self._start, text_from)
        deadline = clock() + seconds
        first, end = self._next, self._next
        for runs, state in job:
            line = self._next
            if line >= len(self._runs) or (line >= self._reach and state is not None and state == self._states[line]):
                break
            if runs != self._runs[line]:
                if first == end:
                    first = line
                self._runs[line] = runs
                end = line + 1
            self._states[line] = state
            self._next += 1
            if clock() >= deadline:
                return first, end, False
        self._job = None
        self._start = None
        return first, end, True

    def _restart(self, start: int, reach: int) -> None:
        self._job = None
        self._start = self._next = start
        self._reach = reach

    def _begin(self, lexer: Lexer, start: int, text_from: Callable[[int], str]) -> Iterator[tuple[Runs, State | None]]:
        line = start if self._stateful else 0
        while line > 0 and self._states[line] is None:
            line -= 1
        state = self._states[line] if line else None
        self._start = self._next = line
        return lex_lines(lexer, text_from(line), state or ("root",))
