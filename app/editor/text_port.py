"""An editor as everything outside of it sees it: one text, a cursor, a selection, edits, and what is painted beside it.

Offsets and columns count characters (code points) of ``plain_text()``, whose line ends are LF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from app.editor.decorations import Decoration


@dataclass(frozen=True, slots=True)
class Change:
    """``text`` in place of what stands from offset ``start`` to ``end``."""

    start: int
    end: int
    text: str


class TextPort(Protocol):
    """One text that is edited; the object is a QObject.

    Signals: ``textChanged()``, ``cursorPositionChanged()``, ``selectionChanged()``, ``edited(start, added)`` (from that
    offset on so many characters are new; before anybody hears of ``textChanged``), and QObject's ``destroyed``.
    """

    textChanged: ClassVar[Any]  # noqa: N815 - Qt's names
    cursorPositionChanged: ClassVar[Any]  # noqa: N815
    selectionChanged: ClassVar[Any]  # noqa: N815
    destroyed: ClassVar[Any]
    edited: Any

    def plain_text(self) -> str:
        """Return the whole text; cheap while nothing changed."""
        ...

    def language(self) -> str:
        """Return the language's name for people; empty for plain text."""
        ...

    def isReadOnly(self) -> bool:  # noqa: N802 - Qt's name
        """Return whether people may not edit it."""
        ...

    def cursor_offset(self) -> int:
        """Return where the cursor is."""
        ...

    def cursor_place(self) -> tuple[int, int]:
        """Return the cursor's line, from 1, and its column, from 0."""
        ...

    def selection(self) -> tuple[int, int]:
        """Return where the selection starts and ends; both are the cursor's offset where there is none."""
        ...

    def select(self, start: int, end: int) -> None:
        """Select from ``start`` to ``end``, where the cursor then is, and show it in the middle if it is not seen."""
        ...

    def apply(self, changes: Sequence[Change]) -> None:
        """Make changes, which do not overlap, as one undo step; all offsets are those before the first."""
        ...

    def decorate(self, owner: str, decorations: Sequence[Decoration]) -> None:
        """Show these in place of what ``owner``, a name, had put there; they follow their lines through edits."""
        ...

    def decorations(self, owner: str) -> tuple[Decoration, ...]:
        """Return what ``owner`` has put there, where it is now."""
        ...

    def setFocus(self) -> None:  # noqa: N802 - Qt's name
        """Have keys go there."""
        ...


class SuggestionPort(TextPort, Protocol):
    """A text port that offers a suggestion at its cursor.

    Signals: ``suggestion_accepted(kind, text)``, ``suggestion_dismissed()``, ``suggestion_requested()``,
    ``cycle_requested(step)``, ``composing_changed(composing)``.
    """

    suggestion_accepted: Any
    suggestion_dismissed: Any
    suggestion_requested: Any
    cycle_requested: Any
    composing_changed: Any

    def show_suggestion(self, text: str, replaces: int = 0) -> None:
        """Show a suggestion at the cursor in place of the one before; '' clears."""
        ...

    def clear_suggestion(self) -> None:
        """Take the suggestion away without a signal."""
        ...
