"""From a file and a cursor to the prompt: the window, the repository in front, the word at the cursor, the format.

Serving asks with what this makes, and tuning learns from it: there is no other place where such a prompt is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Protocol

from assistant.completion.token_healing import take_back
from assistant.prompts.fim import FimPrompt, infill_prompt, takes_files
from assistant.retrieval.search.retrieve import Retrieved
from assistant.retrieval.search.window import Budget, CountTokens, Window, fit_budget, take_window
from assistant.types import CompleteRequest


class Finds(Protocol):
    """What finds help in the rest of the repository."""

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return pieces of other places for the prompt, in at most ``room`` tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt with what went into it.

    ``begin`` is what the answer has to begin with: it stands left of the cursor and was left out of the prompt.
    ``prefix`` and ``suffix`` are what of the open file is in it.
    """

    fim: FimPrompt
    begin: str
    prefix: str
    suffix: str
    window: Window
    others: Retrieved


def lay_prompt(
    request: CompleteRequest,
    *,
    family: str,
    room: int,
    budget: Budget,
    count: CountTokens,
    token_healing: bool,
    finds: Finds | None = None,
) -> Laid:
    """Return the prompt for the cursor of ``request``, of about ``room`` tokens at most.

    ``budget`` is for the open file, and scaled down where it is over the room; what is left of the room is for other
    places. ``token_healing``: whether the piece of a word at the cursor is left to the model.
    """
    fitting = fit_budget(budget, room)
    window = take_window(request.text, request.cursor, fitting, count)
    others = Retrieved()
    if finds is not None and takes_files(family):
        others = finds.retrieve(request, window, max(room - fitting.prefix - fitting.suffix, 0), count)
    prefix, begin = take_back(window.prefix) if token_healing else (window.prefix, "")
    line = request.text[request.text.rfind("\n", 0, request.cursor) + 1 : request.cursor]
    suffix = without_line_end(line, window.suffix)
    fim = _infill_prompt(family, request, prefix, suffix, others)
    return Laid(fim, begin, prefix, suffix, window, others)


def without_others(laid: Laid, request: CompleteRequest, family: str) -> Laid:
    """Return the same prompt with the open file alone."""
    others = Retrieved()
    return replace(laid, fim=_infill_prompt(family, request, laid.prefix, laid.suffix, others), others=others)


def _infill_prompt(family: str, request: CompleteRequest, prefix: str, suffix: str, others: Retrieved) -> FimPrompt:
    repository = PurePath(request.workspace).name if request.workspace else None
    return infill_prompt(family, prefix, suffix, path=request.path, repository=repository, files=others.files)


def without_line_end(line: str, suffix: str) -> str:
    """Return what the model is to see right of the cursor.

    On an empty line the end of that line is left to the model: with an empty line before them the lines below look as
    if nothing were missing there.
    """
    rest, end, below = suffix.partition("\n")
    return below if end and not line.strip() and not rest.strip() else suffix
