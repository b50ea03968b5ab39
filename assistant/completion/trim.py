"""Where a suggestion ends: cuts applied while the model writes, each with a name that is reported."""

from __future__ import annotations

from assistant.completion.shape import Shape, indent_width

_CLOSING = (")", "]", "}")
_CONTINUES = (
    "else",
    "elif",
    "except",
    "finally",
    "catch",
    "case",
    "when",
    "rescue",
    "ensure",
    "end",
    "fi",
    "done",
    "esac",
)
MAX_SAME_LINES = 3


class Trimmer:
    """Feed it what the model writes; it gives back what may be shown, and says when to stop.

    Lines are judged when they are whole; the characters of the line that is being written pass
    at once, unless they may become the line that stands below the cursor.
    """

    def __init__(self, shape: Shape, prefix: str, suffix: str) -> None:
        self._shape = shape
        self._line_so_far = prefix[prefix.rfind("\n") + 1 :]
        self._rest = suffix.split("\n", 1)[0]
        below = next((line for line in suffix.split("\n")[1:] if line.strip()), "")
        self._below = below.strip()
        self._below_indent = indent_width(below)
        self._kept: str = ""  # whole lines that passed, with their line ends
        self._line: str = ""  # the line that is being written
        # On a line that is already indented, models like to begin with the indentation once more.
        self._at_indent = bool(self._line_so_far) and not self._line_so_far.strip()
        # On an empty line only the model's first line says which block this is.
        self._indent = shape.indent if self._line_so_far else None
        self._shown = 0  # characters given out so far
        self._recent: list[str] = []
        self._blank = 0
        self.done = False
        self.fired: list[str] = []

    def feed(self, text: str) -> str:
        """Take the next characters of the model; return those that may now be shown."""
        if self.done:
            return ""
        if self._at_indent:
            stripped = text.lstrip(" \t")
            if len(stripped) < len(text) and "indentation" not in self.fired:
                self.fired.append("indentation")
            self._at_indent, text = not stripped, stripped
        self._line += text
        while "\n" in self._line and not self.done:
            line, _, rest = self._line.partition("\n")
            if reason := self._end_before(line):
                self._stop(reason)
            elif self._shape.single_line and (self._kept or line):
                self._kept += line
                self._stop("single-line")
            else:
                opened = self._opens_what_stands_below(line)
                self._keep(line)
                self._line = rest
                if opened:
                    self._stop("its-body-stands-below")
        if self.done:
            self._line = ""
        held = self._line if self._may_repeat_below() else ""
        whole = self._kept + self._line
        shown = whole[: len(whole) - len(held)]
        fresh, self._shown = shown[self._shown :], max(self._shown, len(shown))
        return fresh

    def finish(self, unfinished: bool = False) -> str:
        """Return the whole suggestion, with the cuts that need its end.

        ``unfinished``: the model was stopped in the middle of a line, which is dropped if whole ones stand before it.
        """
        if unfinished and self._kept.strip() and self._line.strip() and not self.done:
            self._line = ""
            self.fired.append("unfinished-line")
        if self._line and not self.done and (reason := self._end_before(self._line)):
            self._stop(reason)
            self._line = ""
        text = self._kept + self._line
        text = self._cut_tail(text)
        stripped = text.rstrip()
        if "\n" in text[len(stripped) :] or not stripped or not self._rest:
            text = stripped
        return text

    # --- the cuts ----------------------------------------------------------------------

    def _end_before(self, line: str) -> str:
        """Return the name of the cut that ends the suggestion before this whole line, or nothing."""
        full = self._line_so_far + line if not self._kept else line
        bare = line.strip()
        if self._kept and bare and bare == self._below:
            return "repeats-the-line-below"
        if not self._kept:
            return ""
        if not bare:
            return "blank-lines" if self._blank else ""
        indent, block = indent_width(full), self._indent or 0
        outside = indent < block or (
            self._shape.opens_block and indent == block and not bare.startswith((*_CLOSING, *_CONTINUES))
        )
        if outside:
            return "leaves-the-block"
        if self._recent.count(bare) >= MAX_SAME_LINES - 1:
            return "repeated-lines"
        return ""

    def _opens_what_stands_below(self, line: str) -> bool:
        """Return whether the line begins a block whose body is already in the file."""
        full = self._line_so_far + line if not self._kept else line
        return line.rstrip().endswith((":", "{")) and self._below_indent > indent_width(full)

    def _keep(self, line: str) -> None:
        bare = line.strip()
        self._blank = 0 if bare or not self._kept else self._blank + 1
        if bare:
            if self._indent is None:
                self._indent = indent_width(line)
            self._recent = [*self._recent[1 - MAX_SAME_LINES :], bare]
        self._kept += line + "\n"

    def _stop(self, reason: str) -> None:
        self.done = True
        self.fired.append(reason)

    def _may_repeat_below(self) -> bool:
        bare = self._line.strip()
        return bool(self._kept and self._below and self._below.startswith(bare))

    def _cut_tail(self, text: str) -> str:
        """Drop the end of a suggestion that repeats what stands right of the cursor."""
        rest = self._rest.strip()
        body = text.rstrip()
        if not rest or not body or "\n" in body:
            return text
        for size in range(min(len(rest), len(body)), 0, -1):
            overlap = rest[:size]
            # One closing character that the suggestion itself opened belongs to it.
            if body.endswith(overlap) and not _opened_inside(body[: len(body) - size], overlap):
                self.fired.append("repeats-the-rest-of-the-line")
                return body[: len(body) - size]
        return text


def _opened_inside(text: str, closing: str) -> bool:
    """Return whether ``text`` leaves open a bracket that ``closing`` begins by closing."""
    pairs = {")": "(", "]": "[", "}": "{"}
    opening = pairs.get(closing[0])
    return opening is not None and text.count(opening) > text.count(closing[0])
