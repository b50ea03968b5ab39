"""The text while a trace is typed into it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from assistant.errors import InputError
from assistant.measure.bench.trace import Accept, Action, Back, Dismiss, Go, Hole, Key, Look, Typo


class Typist:
    """A file with holes, and a cursor in it. What was typed right and what was typed wrong are kept apart."""

    def __init__(self, source: str, holes: Sequence[Hole]) -> None:
        """``holes`` lie in the order of the file and do not overlap."""
        edges = [0, *(edge for hole in holes for edge in (hole.start, hole.end)), len(source)]
        texts = [source[first:last] for first, last in itertools.pairwise(edges)]
        self._fixed = texts[::2]
        self._wanted = texts[1::2]
        self._right = [0] * len(holes)
        self._wrong = [""] * len(holes)
        self._hole = -1
        self._cursor = 0

    @property
    def text(self) -> str:
        """The whole text as it stands."""
        last = len(self._fixed) - 1
        return "".join(part + (self._typed(index) if index < last else "") for index, part in enumerate(self._fixed))

    def around(self) -> tuple[str, str]:
        """Return the text before the cursor and the text after it."""
        text = self.text
        return text[: self._cursor], text[self._cursor :]

    def do(self, action: Action) -> bool:
        """Carry an action out; return whether the text or the cursor changed. Raises InputError for a bad trace."""
        before = self._cursor, self._right.copy(), self._wrong.copy()
        match action:
            case Go(hole=hole):
                self._hole = hole
            case Look(text=text):
                self._look(text)
            case Key():
                self._take(self._next_key())
            case Accept(characters=count):
                self._take(count)
            case Typo(character=character):
                self._wrong[self._hole] += character
            case Back():
                self._delete()
            case Dismiss():
                return False
        if not isinstance(action, Look):
            self._cursor = sum(map(len, self._fixed[: self._hole + 1]))
            self._cursor += sum(len(self._typed(index)) for index in range(self._hole + 1))
        return before != (self._cursor, self._right, self._wrong)

    def _typed(self, hole: int) -> str:
        return self._wanted[hole][: self._right[hole]] + self._wrong[hole]

    def _next_key(self) -> int:
        """Return how many characters one key brings: editors indent a new line like the one it stands for."""
        rest = self._wanted[self._hole][self._right[self._hole] :]
        if not rest.startswith("\n"):
            return 1
        line = rest[1:].partition("\n")[0]
        return 1 + len(line) - len(line.lstrip(" \t"))

    def _take(self, count: int) -> None:
        if self._wrong[self._hole]:
            raise InputError("The trace types on after a mistake that was not deleted; that cannot be replayed.")
        self._right[self._hole] = min(self._right[self._hole] + count, len(self._wanted[self._hole]))

    def _delete(self) -> None:
        if self._wrong[self._hole]:
            self._wrong[self._hole] = self._wrong[self._hole][:-1]
        else:
            self._right[self._hole] = max(self._right[self._hole] - 1, 0)

    def _look(self, text: str) -> None:
        whole = self.text
        place = whole.find(text)
        if place < 0:
            raise InputError(f"The trace looks at '{text}', which this file does not have; give another with --file.")
        end = whole.find("\n", place)
        self._cursor = len(whole) if end < 0 else end
