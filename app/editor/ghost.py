"""A suggestion in an editor, as plain data: where it stands, what typing leaves of it, how its line would look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.editor.code_points import utf16_length
from app.editor.lexing import Run, Runs
from app.editor.suggestion_split import typed_through


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Text offered at ``anchor``, a position of the document in UTF-16 units.

    It goes in place of the next ``replaces`` characters.
    """

    anchor: int
    text: str
    replaces: int = 0

    def after_edit(self, position: int, removed: int, inserted: str) -> Suggestion | None:
        """Return what is left after an edit: shorter where the edit typed a part of it at its place, else None."""
        if removed or position != self.anchor:
            return None
        rest = typed_through(self.text, inserted)
        return Suggestion(self.anchor + utf16_length(inserted), rest, self.replaces) if rest else None


@dataclass(frozen=True, slots=True)
class Ghost:
    """The line that holds a suggestion as it would be with it taken: what Tab gives is what is shown.

    ``replaced`` stands between ``before`` and ``after`` now, and is not shown.
    """

    before: str
    text: str
    after: str
    replaced: str = ""

    @property
    def shown(self) -> str:
        """The text to lay out; U+2028 breaks lines inside one layout."""
        return (self.before + self.text + self.after).replace("\n", "\u2028")

    def runs(self, line_runs: Runs, ghost_style: str) -> Runs:
        """Return the runs of ``shown``: those of the line, moved apart at the cursor, and the ghost's."""
        start, length = len(self.before), len(self.text)
        goes_on = start + len(self.replaced)
        moved: list[Run] = []
        for first, count, style in line_runs:
            end = first + count
            if first < start:
                moved.append((first, min(end, start) - first, style))
            if end > goes_on:
                behind = max(first, goes_on)
                moved.append((behind - len(self.replaced) + length, end - behind, style))
        return (*moved, (start, length, ghost_style))

    def line_position(self, shown_position: int) -> int:
        """Return the place in the real line of a place in ``shown``, both in UTF-16 units; in the ghost: the cursor."""
        start, length = utf16_length(self.before), utf16_length(self.text)
        if shown_position <= start + length:
            return min(shown_position, start)
        return shown_position - length + utf16_length(self.replaced)


@dataclass(frozen=True, slots=True)
class Woven:
    """A line with several texts in it, laid into it one after the other from the right, each with its style."""

    line: str
    ghosts: tuple[tuple[Ghost, str], ...] = ()

    @classmethod
    def of(cls, line: str, pieces: Iterable[tuple[int, str, int, str]]) -> Woven:
        """Lay texts into a line: column, text, how many characters it replaces, style; columns are clamped."""
        shown, ghosts = line, []
        for column, text, replaces, style in sorted(pieces, key=lambda piece: piece[0], reverse=True):
            before, after = shown[:column], shown[column:]
            ghosts.append((Ghost(before, text, after[replaces:], after[:replaces]), style))
            shown = ghosts[-1][0].shown
        return cls(line, tuple(ghosts))

    @property
    def shown(self) -> str:
        """The text to lay out."""
        return self.ghosts[-1][0].shown if self.ghosts else self.line

    def runs(self, line_runs: Runs) -> Runs:
        """Return the runs of ``shown``."""
        for ghost, style in self.ghosts:
            line_runs = ghost.runs(line_runs, style)
        return line_runs

    def line_position(self, shown_position: int) -> int:
        """Return the place in the real line of a place in ``shown``, both in UTF-16 units."""
        for ghost, _ in reversed(self.ghosts):
            shown_position = ghost.line_position(shown_position)
        return shown_position

    def span(self, style: str) -> tuple[int, int]:
        """Return where in ``shown`` the leftmost text of a style stands, in characters: start and end."""
        shift = 0
        for ghost, own in reversed(self.ghosts):
            if own == style:
                start = len(ghost.before) + shift
                return start, start + len(ghost.text)
            shift += len(ghost.text) - len(ghost.replaced)
        raise ValueError(style)
