"""The ways in which an editor can ask the service for one hole, and what counts as right or broken in its answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from assistant.engine.fake import flat_prompt
from assistant.errors import ServiceError
from assistant.prompts.fim import infill_prompt
from tests.bench.judging.faults import Place, Shown
from tests.bench.judging.parsing import parses, unpaired

Json = Mapping[str, Any]
WINDOW = "/grafter/complete"
"""The window's own door, which the others are compared with."""


@dataclass(frozen=True, slots=True)
class Door:
    """One way to ask: where, with which body, and where in the answer the suggestion is."""

    name: str
    path: str
    body: Callable[[Place], Json]
    read: Callable[[str], Shown]

    def ask(self, http: httpx.Client, place: Place) -> Shown:
        """Return what the service suggests. Raises ServiceError where it refuses, or its answer is none."""
        response = http.post(self.path, json=self.body(place))
        try:
            if response.status_code == 200:
                return self.read(response.text)
        except (ValueError, LookupError, TypeError) as error:
            raise ServiceError(f"{self.path} answered {response.text[:200]!r} ({error}).") from None
        raise ServiceError(f"{self.path} answered {response.status_code}: {response.text[:200]}")


def doors(family: str) -> tuple[Door, ...]:
    """Return all doors, the window's first; ``family`` is that of the model, in whose format some clients ask.

    What is laid out names no file, as Continue's and Twinny's prompts do not: the service tells the language itself.
    """

    def laid(place: Place) -> str:
        return flat_prompt(infill_prompt(family, place.before, place.after).prompt)

    return (
        Door(WINDOW, WINDOW, _of_window, _read_window),
        Door("/infill", "/infill", _of_infill, _read_content),
        Door("/v1 suffix", "/v1/completions", _of_suffix, _read_choice),
        Door("/v1 laid out", "/v1/completions", lambda place: {"prompt": laid(place)}, _read_choice),
        Door("/completion", "/completion", lambda place: {"prompt": laid(place)}, _read_content),
    )


def _of_window(place: Place) -> Json:
    text = place.before + place.after
    return {"id": place.id, "text": text, "cursor": len(place.before), "path": place.path}


def _of_infill(place: Place) -> Json:
    """As llama.vim sends it: the cursor's line left of it apart from the lines before."""
    cut = len(place.before) - len(place.line)
    return {
        "input_prefix": place.before[:cut],
        "prompt": place.line,
        "input_suffix": place.after,
        "filename": place.path,
    }


def _of_suffix(place: Place) -> Json:
    return {"prompt": place.before, "suffix": place.after, "filename": place.path}


def _read_window(text: str) -> Shown:
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: {")]
    last = events[-1]
    if last["event"] != "finished":
        raise ValueError(last.get("message", "no last event"))
    choice = last["choices"][0]
    return Shown(choice["text"], choice["replaces"], tuple(last["filters"]))


def _read_content(text: str) -> Shown:
    return Shown(json.loads(text)["content"])


def _read_choice(text: str) -> Shown:
    return Shown(json.loads(text)["choices"][0]["text"])


def has_word(place: Place, shown: Shown) -> bool:
    """Return whether a suggestion in the middle of a word finishes that, and no other."""
    return _word(shown.text) == _word(place.truth)


def has_line(place: Place, shown: Shown) -> bool:
    """Return whether the cursor's line becomes what it was."""
    first, *_ = shown.file(place)[len(place.before) :].split("\n", 1)
    return first.rstrip() == place.file[len(place.before) :].split("\n", 1)[0].rstrip()


def _word(text: str) -> str:
    found = re.match(r"\w*", text)
    return found[0] if found else ""


def what_breaks(place: Place, shown: Shown) -> str:
    """Return what a suggestion between two brackets or quotes breaks in a file that was right; empty for nothing.

    ``pair``: brackets are not in pairs any more, as where one, or a quote before one, is there twice or missing.
    ``parse``: the file has other errors.
    """
    source = shown.file(place)
    if not shown.text:
        return ""
    if unpaired(source, place.language) != unpaired(place.file, place.language):
        return "pair"
    return "" if parses(source, place.language) else "parse"


def count_words(answers: Sequence[tuple[Place, Mapping[str, Shown]]]) -> dict[str, dict[str, int]]:
    """Return for each door at how many places there was an answer, the word, the line, and the window's own answer."""
    found: dict[str, Counter[str]] = {}
    for place, by_door in answers:
        for name, shown in by_door.items():
            counts = found.setdefault(name, Counter(dict.fromkeys(("answers", "words", "lines", "as_window"), 0)))
            counts["answers"] += bool(shown.text)
            counts["words"] += has_word(place, shown)
            counts["lines"] += has_line(place, shown)
            counts["as_window"] += shown.file(place) == by_door[WINDOW].file(place)
    return {name: dict(counts) for name, counts in found.items()}


def count_closed(answers: Sequence[tuple[Place, Mapping[str, Shown]]]) -> dict[str, dict[str, int]]:
    """Return for each door at how many places there was an answer, and how many of these break the file, and how."""
    found: dict[str, Counter[str]] = {}
    for place, by_door in answers:
        for name, shown in by_door.items():
            broken = what_breaks(place, shown)
            counts = found.setdefault(name, Counter(dict.fromkeys(("answers", "broken", "pair", "parse"), 0)))
            counts["answers"] += bool(shown.text)
            counts["broken"] += bool(broken)
            if broken:
                counts[broken] += 1
    return {name: dict(counts) for name, counts in found.items()}
