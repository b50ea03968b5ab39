"""Short ways to make holes and to run filters."""

from collections.abc import Callable

import pytest

from assistant.completion.filters.draft import Draft, Hole
from assistant.completion.filters.stream import SuggestionStream
from assistant.completion.shape import decide_shape
from assistant.completion.syntax import read_syntax


def _hole(text: str, path: str | None = None, trigger: str = "auto", cursor: str = "|", **fields) -> Hole:
    before, _, after = text.partition(cursor)
    syntax = read_syntax(before, after, path)
    return Hole(syntax, decide_shape(syntax, trigger), trigger != "manual", **fields)


def _stream(place: Hole, text: str, size: int = 3, **options) -> tuple[Draft, str, list[str]]:
    one = SuggestionStream(place, **options)
    shown = "".join(one.feed(text[i : i + size]) for i in range(0, len(text), size))
    return one.finish(), shown, one.fired


@pytest.fixture(scope="session")
def hole() -> Callable[..., Hole]:
    """Return what makes the hole at the bar of a text: ``hole("x = |", path=None, trigger="auto")``."""
    return _hole


@pytest.fixture(scope="session")
def stream() -> Callable[..., tuple[Draft, str, list[str]]]:
    """Return what feeds a text in pieces: it gives the final draft, what was shown meanwhile, and the names that fired."""
    return _stream
