"""From a file and a cursor to the prompt: window, file in short, repository, the word at the cursor, the format.

Serving asks with what this makes, and tuning learns from it: there is no other place where such a prompt is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Protocol

from assistant.completion.token_healing import take_back
from assistant.prompts.fim import FimPrompt, infill_prompt, takes_files
from assistant.retrieval.search.outline import OUTLINE, Outline, Outlines
from assistant.retrieval.search.retrieve import Retrieved
from assistant.retrieval.search.window import Budget, CountTokens, Window, fit_budget, take_window
from assistant.types import CompleteRequest, Prompt

PATH = "path"
"""What the name of the open file is called where it is left out to measure what it is worth."""
PROMPT_PARTS = (OUTLINE, PATH)
"""Parts of the prompt besides the window and other files; each can be left out."""

_OUTLINES = Outlines()


class Finds(Protocol):
    """What finds help in the rest of the repository."""

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return pieces of other places for the prompt, in at most ``room`` tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt with what went into it.

    ``begin`` is what the answer has to begin with: it stands left of the cursor and was left out of the prompt.
    ``prefix`` and ``suffix`` are what of the open file around the cursor is in it, ``outline`` the rest of it in short;
    ``path`` is its name as the model is told it, None where it is not.
    """

    fim: FimPrompt
    begin: str
    prefix: str
    suffix: str
    window: Window
    others: Retrieved
    outline: Outline | None = None
    path: str | None = None


def lay_prompt(
    request: CompleteRequest,
    *,
    family: str,
    room: int,
    budget: Budget,
    count: CountTokens,
    token_healing: bool,
    finds: Finds | None = None,
    without: frozenset[str] = frozenset(),
) -> Laid:
    """Return the prompt for the cursor of ``request``, of about ``room`` tokens at most.

    ``budget`` is for the open file, and scaled down where it is over the room; what is left of the room is for other
    places. ``token_healing``: whether the piece of a word at the cursor is left to the model. ``without``: which of
    PROMPT_PARTS are left out.
    """
    fitting = fit_budget(budget, room)
    window = take_window(request.text, request.cursor, fitting, count)
    path = None if PATH in without else told_path(request)
    outline = None
    if OUTLINE not in without:
        outline = _OUTLINES.take(request.text, request.cursor, request.path, window, fitting.outline, count)
    spent = outline.tokens if outline is not None else 0
    window = replace(window, outlined=spent)
    others = Retrieved()
    if finds is not None and takes_files(family):
        others = finds.retrieve(request, window, max(room - fitting.prefix - fitting.suffix - spent, 0), count)
    prefix, begin = take_back(window.prefix) if token_healing else (window.prefix, "")
    line = request.text[request.text.rfind("\n", 0, request.cursor) + 1 : request.cursor]
    suffix = without_line_end(line, window.suffix)
    laid = Laid(_NO_PROMPT, begin, prefix, suffix, window, others, outline, path)
    return replace(laid, fim=_infill_prompt(family, request, laid))


def without_others(laid: Laid, request: CompleteRequest, family: str) -> Laid:
    """Return the same prompt with the open file alone."""
    alone = replace(laid, others=Retrieved())
    return replace(alone, fim=_infill_prompt(family, request, alone))


_NO_PROMPT = FimPrompt(Prompt(()), ())


def _infill_prompt(family: str, request: CompleteRequest, laid: Laid) -> FimPrompt:
    return infill_prompt(
        family,
        laid.prefix,
        laid.suffix,
        path=laid.path,
        repository=PurePath(request.workspace).name if request.workspace else None,
        files=laid.others.files,
        outline=laid.outline.text if laid.outline is not None else "",
    )


def told_path(request: CompleteRequest) -> str | None:
    """Return the open file's path as the model is told it: within its workspace, else the name alone.

    Never a whole path, which says who sits at this computer and is nothing that a model learned from. None where the
    file has no name.
    """
    path = (request.path or "").replace("\\", "/")
    name = path.rpartition("/")[2]
    if not request.workspace or not name:
        return name or None
    place, root = PurePosixPath(path), PurePosixPath(request.workspace.replace("\\", "/"))
    if (place.is_absolute() or PureWindowsPath(path).drive) and place.is_relative_to(root):
        place = place.relative_to(root)
    whole = place.is_absolute() or PureWindowsPath(place).drive or ".." in place.parts
    return name if whole else str(place)


def without_line_end(line: str, suffix: str) -> str:
    """Return what the model is to see right of the cursor.

    On an empty line the end of that line is left to the model: with an empty line before them the lines below look as
    if nothing were missing there.
    """
    rest, end, below = suffix.partition("\n")
    return below if end and not line.strip() and not rest.strip() else suffix
