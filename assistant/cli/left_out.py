"""Which parts of the way to a suggestion a service leaves out, so that their worth can be measured."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.errors import InputError


def read_without(names: Sequence[str]) -> frozenset[str]:
    """Return what ``--without`` names of filters and parts of the prompt. Raises InputError for another name."""
    if not names:
        return frozenset()
    from assistant.completion.filters import FILTERS
    from assistant.completion.prompt import PROMPT_PARTS

    known = (*PROMPT_PARTS, *FILTERS)
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"There is no '{unknown[0]}' to leave out; --without takes {', '.join(known)}.")
    return frozenset(names)
