"""What must never be shown: pure functions of a place in a file and the suggestion there, one for each fault.

A fault that the file itself has at that place, as it was, is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.completion.filters import ALTERNATIVE_START
from assistant.languages import language_named
from assistant.prompts.fim import FAMILIES
from tests.bench.judging.parsing import is_text, is_wrong_within, parses, takes_below, unpaired

_CONTROL = re.compile(
    "|".join(
        [
            r"<\|[a-z_]+\|>",
            *sorted({re.escape(token) for family in FAMILIES.values() for token in family.stop if len(token) > 5}),
        ]
    )
)
_HALF = re.compile("[\ufffd\ud800-\udfff]")
_SAYS = re.compile(
    r"(?:Sure|Certainly|Of course|Here(?:'s| is| are)|I'm sorry|I apologi[sz]e|I (?:can|cannot|can't|will) "
    r"|As an AI|The (?:following|above|given) |This (?:code|function|method|script|class) |To (?:fix|solve) )"
)
_SENTENCE = re.compile(r"[A-Z][\w'’-]*(?:[,:;]? [\w'’`\"-]+){3,}[.:!?]?")
_SEPARATORS = ",;{"
_BELOW_LINES = 6
_LONG_LINE = 20
_TELLING = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A file with a hole. ``truth`` is what stood there, on whole lines without the first one's blanks."""

    id: str
    path: str
    language: str
    kind: str
    before: str
    truth: str
    after: str

    @property
    def line(self) -> str:
        """The cursor's line left of it."""
        return self.before[self.before.rfind("\n") + 1 :]

    @property
    def file(self) -> str:
        """The file as it was."""
        return self.before + self.truth + self.after


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion: it takes the place of ``replaces`` characters right of the cursor.

    ``filters`` made it what it is; ``cut``: the limit on its tokens ended it.
    """

    text: str
    replaces: int = 0
    filters: tuple[str, ...] = ()
    cut: bool = False

    def rest(self, place: Place) -> str:
        """Return what is left of the cursor's line right of it."""
        return place.after[self.replaces :].split("\n", 1)[0]

    def file(self, place: Place) -> str:
        """Return the file with the suggestion."""
        return place.before + self.text + place.after[self.replaces :]


def find_faults(place: Place, shown: Shown) -> tuple[str, ...]:
    """Return the names of FAULTS that a suggestion has; one without text has none."""
    return tuple(name for name, has in FAULTS.items() if has(place, shown)) if shown.text.strip() else ()


def still_parses(place: Place, shown: Shown) -> bool | None:
    """Return whether the file parses with the suggestion; None where that would say nothing.

    It says something where the file as it was has no error and either has none with the empty hole, so that the
    suggestion alone can break it, or the suggestion claims to be a whole: it is on a line that is begun or ended by
    something else, which it finishes, and was not cut by the limit on its tokens. (On a line of its own in a file that
    the hole breaks, as where a bracket is missing, a right statement leaves it broken.) One that opens a block which
    nobody closes is no whole, but was not to be shown: it counts as broken.
    """
    if not shown.text.strip() or not parses(place.file, place.language):
        return None
    claims = bool(place.line.strip() or shown.rest(place).strip()) and not shown.cut
    if not claims and not hole_parses(place):
        return None
    return parses(shown.file(place), place.language)


def hole_parses(place: Place) -> bool:
    """Return whether the file parses with nothing in the hole."""
    return parses(place.before + place.after, place.language)


def _has_control(place: Place, shown: Shown) -> bool:
    return any(token not in place.file for token in _CONTROL.findall(shown.text))


def _has_half(place: Place, shown: Shown) -> bool:
    return any(sign not in place.file for sign in _HALF.findall(shown.text))


def _has_fence(place: Place, shown: Shown) -> bool:
    """A line of three backticks where that is no text."""
    return any(line.startswith("```") and not in_text for line, _, in_text in _own_lines(place, shown))


def _has_prose(place: Place, shown: Shown) -> bool:
    """A sentence of a conversation on a line of its own where that is no text; where a program says none it is code."""
    source = shown.file(place)
    return any(
        not in_text
        and _SENTENCE.fullmatch(line)
        and (_SAYS.match(line) or is_wrong_within(source, at, at + len(line), place.language))
        for line, at, in_text in _own_lines(place, shown)
    )


def _is_commented_out(place: Place, shown: Shown) -> bool:
    """Code behind the sign of a comment where the model was made to begin otherwise."""
    record = language_named(place.language)
    if record is None or ALTERNATIVE_START not in shown.filters or place.line.strip():
        return False
    bare = [_uncommented(line, record.comments.line, record.comments.block) for line in shown.text.split("\n")]
    comments = [line for line in bare if line]
    code = {line.strip() for line in (*place.truth.split("\n"), *_lines_below(place.after))}
    if any(line in code for line in comments if any(map(str.isalnum, line))):
        return True
    text = "\n".join(comments)
    return bool(re.search(r"[=(){};]", text)) and parses(text, place.language)


def _doubles_right(place: Place, shown: Shown) -> bool:
    """What stands right of the cursor, a separator there, or the blank before it, is said once more."""
    rest, text = shown.rest(place), shown.text
    core = rest.strip()
    if text[-1:] in " \t" and rest[:1] in (" ", "\t") and "\n" not in text:
        return True
    if not core or not text.strip():
        return False
    ended, truth = text.rstrip(), place.truth.rstrip()
    if core[0] in _SEPARATORS and place.language != "bash" and ended.endswith(core[0]):
        return not truth.endswith(core[0])
    said = any(_ends_with(line, core) for line in (ended, text.split("\n", 1)[0].rstrip()))
    return any(map(str.isalnum, core)) and said and not _ends_with(truth, core)


def _repeats_below(place: Place, shown: Shown) -> bool:
    """All of it is the next lines below, or it runs on into them: two lines and more, or one long one."""
    if shown.rest(place).strip():
        return False
    below = _lines_below(place.after)
    return _repeats(place.line + shown.text, below) and not _repeats(place.line + place.truth, below)


def _repeats(text: str, below: Sequence[str]) -> bool:
    own = [line.rstrip() for line in text.split("\n") if line.strip()]
    stripped = [line.strip() for line in own]
    if own and stripped == [line.strip() for line in below[: len(own)]] and _tells(own, 1):
        return True
    return any(
        own[-size:] == list(below[:size])
        and (_tells(own[-size:], _TELLING) if size > 1 else len(stripped[-1]) >= _LONG_LINE)
        for size in range(1, min(len(own) - 1, len(below)) + 1)
    )


def _has_unpaired(place: Place, shown: Shown) -> bool:
    """A bracket closes nothing, or is never closed, that was not so with the empty hole."""
    with_it, without = (unpaired(text, place.language) for text in (shown.file(place), place.before + place.after))
    return with_it[0] > without[0] or with_it[1] > without[1]


def _ends_in_word(place: Place, shown: Shown) -> bool:
    """The limit cut a word in two, or the last word runs into what stands right of the cursor."""
    ends = bool(re.search(r"\w\Z", shown.text))
    runs_on = bool(re.match(r"\w", shown.rest(place))) and not re.search(r"\w\Z", place.truth)
    return ends and ((shown.cut and "unfinished-line" not in shown.filters) or runs_on)


def _takes_below(place: Place, shown: Shown) -> bool:
    """A head takes the next line of the file for its body, in a file that goes on to parse so.

    Where the hole alone has an error and the suggestion none the head is what was missing.
    """
    after = place.after[shown.replaces :]
    if not parses(shown.file(place), place.language) or not hole_parses(place):
        return False
    return takes_below(place.before, shown.text, after, place.language) and not takes_below(
        place.before, place.truth, place.after, place.language
    )


def _mixes_indentation(place: Place, shown: Shown) -> bool:
    """A new line begins with a blank before a tab, or in another way than all of the file."""
    blanks = [_blanks(line) for line in place.file.split("\n") if line[:1] in (" ", "\t")]
    for own in map(_blanks, shown.text.split("\n")[1:]):
        if " \t" in own and not any(" \t" in each for each in blanks):
            return True
        if len(own) > 1 and blanks and all(each[0] != own[0] for each in blanks):
            return True
    return False


FAULTS: dict[str, Callable[[Place, Shown], bool]] = {
    "control token": _has_control,
    "half character": _has_half,
    "fence": _has_fence,
    "prose": _has_prose,
    "commented out": _is_commented_out,
    "doubled right": _doubles_right,
    "repeated below": _repeats_below,
    "unpaired bracket": _has_unpaired,
    "cut in a word": _ends_in_word,
    "takes below": _takes_below,
    "mixed indentation": _mixes_indentation,
}
"""Each by its name, with what tells it."""


def _own_lines(place: Place, shown: Shown) -> list[tuple[str, int, bool]]:
    """Return the lines that are the suggestion's own from their beginning, without blanks around.

    With each comes where in the file it begins, and whether a word there instead would be part of a string or comment.
    """
    found: list[tuple[str, int, bool]] = []
    source, at = shown.file(place), len(place.before)
    for number, line in enumerate(shown.text.split("\n")):
        bare = line.strip()
        if bare and (number or not place.line.strip()):
            start = at + len(line) - len(line.lstrip())
            word = f"{source[:start]}x{source[start + len(bare) :]}"
            found.append((bare, start, is_text(word, start, place.language)))
        at += len(line) + 1
    return found


def _lines_below(after: str) -> list[str]:
    return [line.rstrip() for line in after.split("\n")[1:] if line.strip()][:_BELOW_LINES]


def _tells(lines: Sequence[str], least: int) -> bool:
    """Return whether one of the lines has so many letters and digits."""
    return any(sum(map(str.isalnum, line)) >= least for line in lines)


def _ends_with(text: str, core: str) -> bool:
    """Return whether a text ends with some words, not within one."""
    if not text.endswith(core):
        return False
    left = text[: len(text) - len(core)]
    return not (re.search(r"\w\Z", left) and re.match(r"\w", core))


def _uncommented(line: str, marks: Sequence[str], blocks: Sequence[tuple[str, str]]) -> str:
    """Return what a comment that a line consists of says; nothing for any other line."""
    bare = line.strip()
    for begin, end in blocks:
        if bare.startswith(begin):
            return bare.removeprefix(begin).removesuffix(end).strip()
    for mark in sorted(marks, key=len, reverse=True):
        if bare.startswith(mark):
            return bare.removeprefix(mark).strip()
    return ""


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
