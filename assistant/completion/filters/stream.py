"""A suggestion while the model writes it: what may be shown already, when to stop, what is left in the end."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from assistant.completion.filters import FINAL, JUDGES, LAST_LINES
from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.filters.loops import runs_in_circles
from assistant.completion.filters.prose import may_be_fence, may_be_prose
from assistant.completion.filters.repeats import begins_unit_below, may_repeat_below
from assistant.completion.filters.whole import low_confidence
from assistant.completion.syntax import Syntax, surplus_bracket
from assistant.engine.decoding.stream import TextStream
from assistant.languages import language_named
from assistant.types import TokenLogprob

_LEADING = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_NEED_AN_END = frozenset({"unfinished-line", "takes-below", "broken-syntax"})
"""What judges a suggestion by its end, which tells nothing where it was asked for in a few tokens."""
_LOOK_IN = 4000
_TAB = 4


def indents_with_tabs(syntax: Syntax) -> bool | None:
    """Return whether lines here are indented with tabs; None where none around is indented.

    The cursor's line tells, or on an empty line the next one above or below; else most lines of the file do. In a
    language that is indented with tabs (Go) a single one is enough: other lines may be of a text in a string.
    """
    line = syntax.line
    if not line.strip():
        above = next((each for each in reversed(syntax.before[-_LOOK_IN:].split("\n")) if each.strip()), "")
        near = (line, above, next(iter(syntax.below), ""))
    else:
        near = (line,)
    telling = [blanks for blanks in map(_telling_blanks, near) if blanks]
    if telling:
        return telling[0].startswith("\t")
    before = syntax.before[-_LOOK_IN:].partition("\n")[2] if len(syntax.before) > _LOOK_IN else syntax.before
    blanks = [found[1] for found in _LEADING.finditer(f"{before}\n{syntax.after[:_LOOK_IN]}")]
    if not blanks:
        return None
    tabs = sum(each.startswith("\t") for each in blanks)
    record = language_named(syntax.language)
    return tabs > 0 if record and record.indent == "\t" else 2 * tabs > len(blanks)


def _telling_blanks(line: str) -> str:
    """Return what a line is indented with where that is one level or more: a comment may go on with one blank."""
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return blanks if "\t" in blanks or len(blanks) > 1 else ""


def retab(line: str, tabs: bool | None) -> str:
    """Return a line indented in the file's way, a tab for four columns; tabs with spaces after them align something."""
    bare = line.lstrip(" \t")
    blanks = line[: len(line) - len(bare)]
    if tabs is None or not blanks:
        return line
    if not tabs:
        return blanks.expandtabs(_TAB) + bare
    if "\t" in blanks and " \t" not in blanks:
        return line
    width = len(blanks.expandtabs(_TAB))
    return "\t" * (width // _TAB) + " " * (width % _TAB) + bare


class SuggestionStream:
    """Feed it what the model writes; it gives back what may be shown, and says when to stop.

    Lines are judged when they are whole; the characters of the line that is being written pass at once, unless they
    may become the line that stands below the cursor, or close a bracket that is closed already.
    """

    def __init__(
        self,
        hole: Hole,
        control: tuple[str, ...] = (),
        without: frozenset[str] = frozenset(),
        hold_below: float = -math.inf,
    ) -> None:
        """``control``: spellings that are never shown; ``without``: names of FILTERS that are left out.

        With ``hold_below``, a mean log-probability of a token, nothing is given out before the first line is whole and
        what is written is at least so likely.
        """
        self._hole = hole
        self._without = without
        self._hold_below = hold_below
        self._characters = TextStream(() if "control-tokens" in without else control)
        self._tabs = None if "tabs-and-spaces" in without else indents_with_tabs(hole.syntax)
        self._kept: list[str] = []  # whole lines that passed, as they will stand in the file
        self._line = hole.syntax.line  # the line that is being written, with what stands left of the cursor
        # On a line that is already indented, models like to begin with the indentation once more.
        self._at_indent = "indentation" not in without and bool(self._line) and not self._line.strip()
        self._written = ""
        self._tokens: list[TokenLogprob] = []
        self.given = ""
        """What was given out so far."""
        self.done = False
        self.fired: list[str] = []
        self.mean_logprob: float | None = None
        """How likely the model held what was left of its text when it was judged last."""

    def feed(self, text: str, tokens: Sequence[TokenLogprob] = ()) -> str:
        """Take the next characters of the model and the tokens they are of; return what may now be shown."""
        self._written += text
        if self.done:
            return ""
        self._tokens += tokens
        self._take(self._characters.feed(text.encode()))
        if self._characters.stopped and not self.done:
            line = self._tidy(self._line)
            if name := self._ends_before(line):
                self._note(name)
            else:
                self._kept.append(line)
            self._stop("control-tokens")
        return self._show()

    def finish(self, *, cut_short: bool = False, tokens: Sequence[TokenLogprob] = ()) -> Draft:
        """Return the suggestion with the filters that need its end; without a text where it is not to be shown.

        ``cut_short``: the model was stopped by its limit, perhaps in the middle of a line. ``tokens``: all that it
        wrote.
        """
        if not self.done:
            self._take(self._characters.finish())
        if not self.done:
            line = self._tidy(self._line)
            if name := self._ends_before(line):
                self._stop(name)
            elif self._begins_below(line, cut_short=cut_short):
                self._stop("repeats-below")
        cut = cut_short and not self.done
        draft = Draft(self._text(), cut_short=cut, tokens=tuple(tokens), written=self._written)
        without = self._without | _NEED_AN_END if cut and self._hole.limited else self._without
        for name, one in FINAL.items():
            if name in without:
                continue
            changed = one(self._hole, draft)
            if changed is None:
                self._note(name)
                self.mean_logprob = draft.mean_logprob
                return Draft("")
            if changed.text.rstrip() != draft.text.rstrip() or changed.replaces != draft.replaces:
                self._note(name)
            draft = changed
        self.mean_logprob = draft.mean_logprob
        return draft

    # --- line by line ------------------------------------------------------------------

    def _take(self, text: str) -> None:
        if self._at_indent:
            stripped = text.lstrip(" \t")
            if len(stripped) < len(text):
                self._note("indentation")
            self._at_indent, text = not stripped, stripped
        for letter in text:
            if self.done:
                return
            if letter == "\n":
                self._end_line()
            else:
                self._line += letter
                self._stop_in_circles()

    def _end_line(self) -> None:
        line = self._tidy(self._line)
        if name := self._ends_before(line):
            self._stop(name)
            return
        self._kept.append(line)
        self._line = ""
        if "repeats-below" not in self._without and begins_unit_below(self._hole, self._kept) is not None:
            return  # not whole: what stands below begins alike and goes on
        for name, is_last in LAST_LINES.items():
            if name not in self._without and is_last(self._hole, self._kept):
                self._stop(name)
                return

    def _stop_in_circles(self) -> None:
        own = 0 if self._kept else len(self._hole.syntax.line)
        place = None if "repeats-itself" in self._without else runs_in_circles(self._line[own:])
        if place is not None:
            self._kept.append(self._tidy(self._line[: own + place]))
            self._stop("repeats-itself")

    def _ends_before(self, line: str) -> str:
        """Return the name of the filter that ends the suggestion before this whole line, or nothing."""
        if not self._kept and line == self._hole.syntax.line:
            return ""
        for name, judge in JUDGES.items():
            if name not in self._without and judge(self._hole, self._kept, line):
                return name
        return ""

    def _begins_below(self, line: str, *, cut_short: bool) -> bool:
        """Return whether all that was written since some line, the last one included, stands below."""
        if "repeats-below" in self._without:
            return False
        if cut_short:
            start = may_repeat_below(self._hole, self._kept, line)
            return start is not None and start < len(self._kept)
        return begins_unit_below(self._hole, (*self._kept, line)) is not None

    def _stop(self, name: str) -> None:
        """End here, or before what is so far the unit that stands below."""
        start = None if "repeats-below" in self._without else begins_unit_below(self._hole, self._kept)
        if start is not None:
            self._kept = self._kept[:start]
            self._note("repeats-below")
        self.done = True
        self._line = "" if self._kept else self._hole.syntax.line
        self._note(name)

    def _note(self, name: str) -> None:
        if name not in self.fired:
            self.fired.append(name)

    def _tidy(self, line: str) -> str:
        """Return a line indented as the file is; what the person wrote stays."""
        if not self._kept and self._hole.syntax.line:
            return line
        tidied = retab(line, self._tabs)
        if tidied != line:
            self._note("tabs-and-spaces")
        return tidied

    # --- what may be shown -------------------------------------------------------------

    def _text(self) -> str:
        lines = [*self._kept] if self.done and self._kept else [*self._kept, self._tidy(self._line)]
        return "\n".join(lines)[len(self._hole.syntax.line) :]

    def _show(self) -> str:
        text = self._text() if self.done else self._certain()
        if "surplus-bracket" not in self._without:
            text = text[: surplus_bracket(text, self._hole.syntax)]
        if not self.given and self._is_doubtful(text):
            return ""
        fresh = text[len(self.given) :]
        self.given += fresh
        return fresh

    def _certain(self) -> str:
        """Return what is written, but for lines that are better not shown yet: they may turn out to stand below."""
        start = len(self._kept) if self._is_held() else None
        if "repeats-below" not in self._without:
            repeats = may_repeat_below(self._hole, self._kept, self._line)
            start = start if repeats is None else repeats
        if start is None:
            return self._text()
        return "\n".join((*self._kept[:start], ""))[len(self._hole.syntax.line) :]

    def _is_held(self) -> bool:
        """Return whether the line that is being written may yet become one that is never shown."""
        written = (self._hole, self._kept, self._line)
        return (
            not self._line.strip()
            or ("fence" not in self._without and may_be_fence(*written))
            or ("prose" not in self._without and may_be_prose(*written))
        )

    def _is_doubtful(self, text: str) -> bool:
        """Return whether what is written so far would not be shown if it ended here, or may give way to another."""
        draft = Draft(text, tokens=tuple(self._tokens), written=self._written)
        if self._hold_below > -math.inf and not self._is_settled(draft):
            return True
        return "low-confidence" not in self._without and low_confidence(self._hole, draft) is None

    def _is_settled(self, draft: Draft) -> bool:
        whole_line = "\n" in draft.text.lstrip()
        return whole_line and (draft.mean_logprob or 0.0) >= self._hold_below
