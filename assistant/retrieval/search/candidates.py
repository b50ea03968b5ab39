"""Where help may lie: one function for each source, each returning its candidates, the best first."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from assistant.retrieval.index.hits import ChunkHit, SymbolHit
from assistant.retrieval.index.source import Source
from assistant.retrieval.index.words import words_of
from assistant.retrieval.search.candidate import Candidate, Origin
from assistant.retrieval.search.context_match import ContextLines, find_context_matches, read_context
from assistant.retrieval.search.query import Query
from assistant.retrieval.search.skeleton import skeleton
from assistant.retrieval.search.window import Window
from assistant.types import Place

# The parts of a name tell what it is about; shorter ones are in too many names.
_SHORTEST_PART = 3
_MOST_HITS = 12
# The next ones cost more tokens than they are worth to the model.
_MOST_DEFINITIONS = 2
# A definition with fewer lines is told whole or not at all.
_SHORT_LINES = 6
# A name that so many places define says nothing without an import.
_COMMON_NAME = 6
_LONG_NAME = 8
# What holds a value tells nothing of another file's value of that name.
_VALUES = frozenset({"variable", "constant", "field", "property", "key", "rule", "element"})
_MOST_PLACES = 8
_MOST_TABS = 8
_LONGEST_LINE = 400
# Around the line that is like the one above the cursor: what it looks like, and what came after it.
_LINES_BEFORE, _LINES_AFTER = 3, 8
_MOST_SPOTS = 3
# Of the places that go on with what stood in the hole four in five are liker than this, of the others two in five.
_LEAST_ALIKE = 0.2
_MOST_OWN_SPOTS = 8
_MOST_OWN_LINES = 800


# --- (a) definitions ----------------------------------------------------------------------


def from_definitions(source: Source, query: Query, path: str | None, window: Window) -> list[Candidate]:
    """Return the definitions of the names near the cursor; those from imported files go first.

    Where the open file or an imported one defines a name, other files that do so do not count. Weights as in aider's
    map of a repository: long names tell more, private ones less, and the more places define a name the less each of
    them. What stands in the window already is left out.
    """
    imports = source.imports_of(path) if path else ()
    modules = dict.fromkeys(each.module for each in imports)
    imported = {file for module in modules for file in source.resolve(module, path or "")}
    nearness = _nearness(query, [each.alias or each.name for each in imports if each.name or each.alias])
    aliases = {each.alias: each.name for each in imports if each.alias and each.name}
    wanted = {aliases.get(name, name): weight for name, weight in nearness.items()}
    here = imported | {path or ""}
    hits = list(source.definitions(list(wanted), _MOST_HITS))
    counts = Counter(hit.name for hit in hits)
    crowded = {name for name, count in counts.items() if count >= _MOST_HITS}
    if crowded:  # the index stopped before it had all, perhaps before the one that is meant
        files = {file for each in imports if each.name in crowded for file in source.resolve(each.module, path or "")}
        known = set(hits)
        there = (hit for file in files for hit in source.symbols_of(file) if hit.name in crowded)
        hits += [hit for hit in there if hit not in known]
    settled = {hit.name for hit in hits if hit.path in here}
    scored: list[tuple[float, SymbolHit]] = []
    for hit in hits:
        other = hit.name in settled or counts[hit.name] > _COMMON_NAME or hit.kind in _VALUES
        if (other and hit.path not in here) or _in_window(hit, path, window):
            continue
        scored.append((_weight(hit, wanted.get(hit.name, 0.0), counts[hit.name], imported, path), hit))
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][0] if scored else 1.0
    return [
        _definition(source, hit, strength=(0.6 if hit.path in here else 0.2) + 0.4 * weight / best)
        for weight, hit in scored[:_MOST_DEFINITIONS]
    ]


def _nearness(query: Query, imported: Sequence[str]) -> dict[str, float]:
    """Return each name to look up with a weight that falls with its distance from the cursor.

    An imported name counts too where a near name shares a part with it: ``tokenizer`` is likely a ``FastTokenizer``.
    """
    weights = {name: 1 / (1 + place / 4) for place, name in enumerate(query.names)}
    parts: dict[str, float] = {}
    for name, weight in weights.items():
        for part in words_of(name):
            if len(part) >= _SHORTEST_PART:
                parts.setdefault(part, weight)
    for name in imported:
        shared = max((parts.get(part, 0.0) for part in words_of(name)), default=0.0)
        if shared and name not in weights:
            weights[name] = shared * 0.8
    return weights


def _weight(hit: SymbolHit, nearness: float, count: int, imported: set[str], path: str | None) -> float:
    weight = nearness / math.sqrt(count)
    if hit.path in imported:
        weight *= 3
    elif path and PurePosixPath(hit.path).parent == PurePosixPath(path).parent:
        weight *= 1.5
    if len(hit.name) >= _LONG_NAME:
        weight *= 2
    if hit.name.startswith("_") and hit.path != path:
        weight *= 0.1
    return weight


def _definition(source: Source, hit: SymbolHit, strength: float) -> Candidate:
    text = whole_lines(source.text_of(hit.path, hit.first_line, hit.last_line))
    long = hit.last_line - hit.first_line >= _SHORT_LINES
    short = skeleton(hit, source.symbols_of(hit.path)) if long else ""
    place = (hit.path, hit.first_line, hit.last_line)
    return Candidate(*place, text, "definitions", f"defines {hit.name}", strength, short)


def _in_window(hit: SymbolHit | ChunkHit, path: str | None, window: Window) -> bool:
    return hit.path == path and hit.first_line <= window.last_line and hit.last_line >= window.first_line


# --- (b) search, and (e) the same file beyond the window: what stands in like company -------


def from_context_matches(hits: Sequence[ChunkHit], text: str, path: str | None, window: Window) -> list[Candidate]:
    """Return lines of what a search found, and of the open file beyond the window, that may go on as the cursor does.

    ``text`` is the open file, or empty where that is not asked. Of all places together, the likest first.
    """
    context = read_context(window)
    lines = text.split("\n")
    # Far from the window the same file is as good as another one, which the search looks through.
    above = max(window.first_line - 1 - _MOST_OWN_LINES, 0)
    own = [
        (above, lines[above : window.first_line - 1]),
        (window.last_line, lines[window.last_line :][:_MOST_OWN_LINES]),
    ]
    found: list[Candidate] = []
    if path and text:
        for start, part in own:
            found += _spots(part, context, path, start, "same_file", "this file, elsewhere", _MOST_OWN_SPOTS)
    for hit in hits:
        lines = hit.text.split("\n")
        found += _spots(lines, context, hit.path, hit.first_line - 1, "search", "similar lines", _MOST_SPOTS)
    likely = (each for each in found if each.strength >= _LEAST_ALIKE)
    return sorted(likely, key=lambda candidate: -candidate.strength)


def _spots(
    lines: Sequence[str], context: ContextLines, path: str, start: int, origin: Origin, why: str, most: int
) -> list[Candidate]:
    found: list[Candidate] = []
    for spot in find_context_matches(lines, context, most, apart=_LINES_AFTER):
        first, last = max(spot.line - _LINES_BEFORE, 0), min(spot.line + _LINES_AFTER, len(lines))
        if max(map(len, lines[first:last])) <= _LONGEST_LINE:
            text = "\n".join(lines[first:last]) + "\n"
            found.append(Candidate(path, start + first + 1, start + last, text, origin, why, spot.score))
    return found


def _chunk(hit: ChunkHit, query: Query, origin: Origin, why: str) -> Candidate:
    strength = shared_words(query, word_set(hit.text))
    return Candidate(hit.path, hit.first_line, hit.last_line, whole_lines(hit.text), origin, why, strength)


# The same chunks come up with every key, and taking them apart is what costs time.
@functools.lru_cache(maxsize=512)
def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(words_of(text))


def whole_lines(text: str) -> str:
    """Return text that the index gave with the line end after its last line."""
    return text if not text or text.endswith("\n") else text + "\n"


def shared_words(query: Query, others: frozenset[str]) -> float:
    """Return which share of the near words, the nearer the weightier, is among ``others``."""
    weights = [1 / (1 + place / 8) for place in range(len(query.words))]
    shared = sum(weight for word, weight in zip(query.words, weights, strict=True) if word in others)
    return shared / sum(weights) if weights else 0.0


# --- (c) recently edited and viewed places ------------------------------------------------


def from_places(
    source: Source, places: Sequence[Place], query: Query, path: str | None, window: Window
) -> list[Candidate]:
    """Return the chunks around the places where the person was last; edited ones go before viewed ones."""
    ordered = sorted(places[:_MOST_PLACES], key=lambda place: place.kind != "edited")
    hits: dict[tuple[str, int, int], Candidate] = {}
    for place in ordered:
        hit = source.chunk_at(place.path, place.line)
        if hit is not None and not _in_window(hit, path, window):
            candidate = _chunk(hit, query, "recent", f"{place.kind} lately")
            hits.setdefault(candidate.key, candidate)
    return list(hits.values())


# --- (d) open tabs ------------------------------------------------------------------------


def from_tabs(alike: Sequence[Candidate], tabs: Sequence[str]) -> list[Candidate]:
    """Return those of what ``from_context_matches`` found that are in files that are open."""
    opened = set(tabs[:_MOST_TABS])
    return [replace(each, origin="tabs", why="an open tab") for each in alike if each.path in opened]
