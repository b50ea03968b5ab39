"""A scanner for every language by its record: which brackets are code, and what a text ends inside of.

It knows nothing of grammar but comments, strings with the code they insert, and texts on the lines below; so it reads
any piece of a file, wherever that begins, if it is told what the piece begins inside of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from assistant.completion.scanner_rules import (
    BEFORE_CASE,
    CLOSING,
    ENDS,
    HERE,
    PAIRS,
    WORD,
    Rules,
    has_characters,
    here_end,
    inside,
    rules_of,
)
from assistant.languages import Quoted, language_named

BRANCH, OTHER_BRANCH, END_BRANCH = "?", "|", "."
"""Signs for ``#if``, ``#else`` and ``#endif``: of the parts of code between them only one counts."""
_CASE_LEAD = re.compile(rf"(?:\bin\b|;(?:;&?|&)){BEFORE_CASE}\(?(?:{WORD}(?:[ \t]*\|[ \t]*(?:{WORD})?)*)?\Z")
# The number or letter of a list in plain text, at the beginning of a line.
_NUMBER = re.compile(r"(?:\A|(?<=\n))[ \t]*\w{1,3}\Z")
_LEAD = 400


class Inside(NamedTuple):
    """A piece of text that is no code, ``end`` its end, ``depth`` how many of its kind enclose the place."""

    quoted: Quoted
    end: str
    depth: int = 0


class Inserted(NamedTuple):
    """Code inside of a string, up to the bracket ``end``, of whose kind ``depth`` more are open."""

    end: str
    depth: int = 0


CHARACTER = Inside(Quoted("'", "'"), "'")
"""What a cursor between the quotes of a single character is inside of."""
State = tuple[Inside | Inserted, ...]
"""What a place is inside of, the outermost first; empty in code itself."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """The brackets of a text with their places, what it ends inside of, and where it left what it began inside of."""

    brackets: tuple[tuple[int, str], ...]
    state: State
    left: int | None


def scan(text: str, language: str | None, state: State = (), beyond: str = "") -> Scanned:
    """Return the brackets of code in a piece of source that begins inside of ``state``, and where the piece ends.

    A text on lines of its own (a heredoc) is taken for one if its end stands in the piece or ``beyond``.
    """
    return _Scan(text, rules_of(language_named(language)), state, beyond).run()


class GrowingScan:
    """The scan of a text that grows at its end: what stands before its last line is not read again.

    That is so in languages in which nothing that is still to come makes code of a line that is whole another.
    """

    def __init__(self, language: str | None, state: State, beyond: str) -> None:
        """Take what ``scan`` takes besides the text."""
        record = language_named(language)
        self._rules = rules_of(record)
        self._state, self._beyond = state, beyond
        self._marks = record is None or not (record.cases or record.here)
        self._mark: _Mark | None = None  # of the text that was read last; several threads may each set their own

    def read(self, text: str) -> Scanned:
        """Return what ``scan`` returns."""
        run = _Scan(text, self._rules, self._state, self._beyond)
        mark = self._mark
        if mark is not None and text.startswith(mark.text):
            run.go_back_to(mark)
        scanned = run.run(text.rfind("\n") if self._marks else -1)
        self._mark = run.mark
        return scanned


def is_character(before: str, after: str, state: State, language: str | None) -> bool:
    """Return whether a cursor stands between the quotes of a single character that is still to be written."""
    record = language_named(language)
    in_code = not state or isinstance(state[-1], Inserted)
    return in_code and before[-1:] == "'" == after[:1] and has_characters(record)


def is_comment(state: State, language: str | None) -> bool:
    """Return whether a place is inside of a comment."""
    record, top = language_named(language), state[-1] if state else None
    if record is None or not isinstance(top, Inside):
        return False
    return not top.end or any(top.quoted.begin == re.escape(begin) for begin, _ in record.comments.block)


def is_text(state: State, language: str | None) -> bool:
    """Return whether a place is inside of a comment or a string."""
    record, top = language_named(language), state[-1] if state else None
    return isinstance(top, Inside) and not top.quoted.counts and (record is None or top.quoted is not record.outside)


def lead(before: str, language: str | None) -> str:
    """Return what left of a cursor begins something that a ``)`` may end though nothing opened it; mostly nothing.

    That is the pattern of a branch of a ``case``, and the number in a list, in plain text.
    """
    record = language_named(language)
    if record is None or record.fences:
        return before[before.rfind("\n") + 1 :][-_LEAD:]
    found = _CASE_LEAD.search(before[-_LEAD:]) if record.cases else None
    return found[0] if found else ""


def start_state(text: str, language: str | None) -> State:
    """Return what a file begins inside of: a page, where its code begins and ends with marks."""
    record = language_named(language)
    outside = record.outside if record else None
    if outside is None:
        return ()
    begin, end = text.find(outside.end), re.search(outside.begin, text)
    return (Inside(outside, outside.end),) if begin >= 0 and (end is None or begin < end.start()) else ()


class _Mark(NamedTuple):
    """How far a scan had come in a text: all but the place are as in ``_Scan``."""

    text: str
    place: int
    stack: State
    found: tuple[tuple[int, str], ...]
    open_: int
    left: int | None


class _Scan:
    """One run over a text; ``place`` is how far it has come."""

    def __init__(self, text: str, rules: Rules, state: State, beyond: str) -> None:
        self._text = text
        self._beyond = beyond
        self._rules = rules
        self._stack = list(state)
        self._found: list[tuple[int, str]] = []
        self._here: tuple[str, int] | None = None
        self._place = 0
        self._open = 0
        self._least = len(state)
        self._left: int | None = None
        self.mark: _Mark | None = None
        """The last one that was made, or gone back to."""

    def go_back_to(self, mark: _Mark) -> None:
        self._place, self._stack, self._found = mark.place, [*mark.stack], [*mark.found]
        self._open, self._left, self.mark = mark.open_, mark.left, mark

    def run(self, until: int = -1) -> Scanned:
        """Read the text to its end; make a mark of how far that was before ``until``."""
        while self._place <= until:
            place, stack = self._place, tuple(self._stack)
            found, open_, left = len(self._found), self._open, self._left
            self._step()
            if self._place > until:
                self.mark = _Mark(self._text[: until + 1], place, stack, tuple(self._found[:found]), open_, left)
        while self._place < len(self._text):
            if not self._stack and self._here is None and self._rules.known:
                self._through_brackets()
            self._step()
        return Scanned(tuple(self._found), tuple(self._stack), self._left)

    def _through_brackets(self) -> None:
        """Go on to where code ends, past its brackets: of what counts they are by far the most."""
        for found in self._rules.code.finditer(self._text, self._place):
            if found.lastgroup == "bracket":
                self._found.append((found.start(), found[0]))
            elif found.lastgroup is not None:
                self._place = found.start()
                return
        self._place = len(self._text)

    def _step(self) -> None:
        top = self._stack[-1] if self._stack else None
        if isinstance(top, Inside):
            self._through_text(top)
        else:
            self._through_code(top)

    def _through_text(self, top: Inside) -> None:
        found = inside(top.quoted, top.end).search(self._text, self._place)
        if found is None:
            self._place = len(self._text)
            return
        self._place = found.end()
        kind = found.lastgroup
        if kind == "insert":
            bracket = next(sign for sign in found[0] if sign in CLOSING)
            self._found.append((found.start() + found[0].index(bracket), bracket))
            text = self._rules.counted.get(found[0])
            self._stack.append(Inside(text, text.end) if text else Inserted(CLOSING[bracket]))
        elif kind == "nested":
            self._stack[-1] = top._replace(depth=top.depth + 1)
        elif kind is not None and top.depth and kind == "end":
            self._stack[-1] = top._replace(depth=top.depth - 1)
        elif kind is not None:
            self._leave(top, kind, found.start())

    def _leave(self, top: Inside, kind: str, place: int) -> None:
        self._stack.pop()
        if self._left is None and len(self._stack) < self._least:
            self._left = place
        if kind == "line":
            self._place -= 1  # the line's end ends what encloses it, too
        elif top.quoted.counts and top.end in PAIRS:
            self._found.append((self._place - 1, top.end))

    def _through_code(self, top: Inserted | None) -> None:
        limit = self._limit(top)
        rules = self._rules
        found = (rules.code if top is None else rules.inserted).search(self._text, self._place, limit)
        if found is None:
            self._place = limit
            if limit < len(self._text):
                self._pass_line()
            return
        kind = found.lastgroup
        self._place = max(found.end(), self._place + 1)
        if kind == "bracket":
            self._bracket(found.start(), found[0], top)
        elif kind == "branch":
            self._found.append((found.start(), {"if": BRANCH, "el": OTHER_BRANCH, "endif": END_BRANCH}[found[kind]]))
        elif kind == "here":
            self._begin_here(found.start())
        elif kind is not None:
            self._begin(kind, found, top)

    def _limit(self, top: Inserted | None) -> int:
        """Return how far code goes: to the end of the line in a string that ends there, or before lines of text."""
        if self._here is not None:
            return max(self._here[1], self._place)
        around = self._stack[-2] if top is not None and len(self._stack) > 1 else None
        if isinstance(around, Inside) and not around.quoted.long:
            end = self._text.find("\n", self._place)
            return end if end >= 0 else len(self._text)
        return len(self._text)

    def _pass_line(self) -> None:
        """Go on into a text on lines of its own, or out of a string that ends with its line."""
        if self._here is None:
            self._stack.pop()
            return
        self._stack.append(Inside(HERE, self._here[0]))
        self._here = None

    def _begin_here(self, start: int) -> None:
        """Take what looks like the beginning of a text below for one, if its end stands below."""
        found = self._rules.here.match(self._text, start) if self._rules.here else None
        below = self._text.find("\n", start)
        if found is None or below < 0 or self._here is not None:
            return
        end = here_end(found[1])
        if end.search(self._text, below + 1) or end.search(self._beyond):
            self._here = found[1], below + 1

    def _bracket(self, place: int, bracket: str, top: Inserted | None) -> None:
        if not self._rules.known and bracket == ")" and self._is_number(place):
            return
        self._found.append((place, bracket))
        self._open += (bracket == "(") - (bracket == ")")
        if top is None:
            return
        if bracket == top.end:
            self._stack.pop()
            if top.depth:
                self._stack.append(Inserted(top.end, top.depth - 1))
        elif bracket == PAIRS[top.end]:
            self._stack[-1] = Inserted(top.end, top.depth + 1)

    def _is_number(self, place: int) -> bool:
        """Return whether a ``)`` ends the number of a list: nothing opened it, and it is the first on its line."""
        return self._open <= 0 and _NUMBER.search(self._text[max(place - _LEAD, 0) : place]) is not None

    def _begin(self, kind: str, found: re.Match[str], top: Inserted | None) -> None:
        quoted, begin = self._rules.quoted[kind]
        around = self._stack[-2] if top is not None and len(self._stack) > 1 else None
        if top is not None and isinstance(around, Inside) and not around.quoted.long and found[0] == around.end:
            line = self._text.find("\n", self._place)
            if self._text.find(top.end, self._place, line if line >= 0 else len(self._text)) < 0:
                del self._stack[-2:]  # the string ends though what it inserts has no end yet
                return
        end = quoted.end
        if "{}" in end:
            exact = begin.match(self._text, found.start())
            group = exact[1] if exact else ""
            end = end.format(ENDS.get(group, group)) if end == "{}" else end.replace("{}", group)
        if quoted.counts and found[0][-1] in CLOSING:
            self._found.append((found.end() - 1, found[0][-1]))
        self._stack.append(Inside(quoted, end))
