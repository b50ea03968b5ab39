"""Where help may lie: one function for each source, each returning its candidates, the best first."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from assistant.context.window import Window
from assistant.retrieval.candidate import Candidate, Origin
from assistant.retrieval.hits import ChunkHit, SymbolHit
from assistant.retrieval.near import Near
from assistant.retrieval.skeleton import skeleton
from assistant.retrieval.source import Source
from assistant.retrieval.words import words_of
from assistant.types import Place

# The parts of a name tell what it is about; shorter ones are in too many names.
_SHORTEST_PART = 3
_MOST_HITS = 12
_MOST_DEFINITIONS = 6
# A definition with fewer lines is told whole or not at all.
_SHORT_LINES = 6
# A name that so many places define says nothing without an import.
_COMMON_NAME = 6
_LONG_NAME = 8
# What holds a value tells nothing of another file's value of that name.
_VALUES = frozenset({"variable", "constant", "field", "property", "key", "rule", "element"})
_MOST_PLACES = 8
_MOST_TABS = 8
_BLOCK_LINES = 32
_MOST_BLOCKS = 48
_MOST_CUT = 8
_LONGEST_LINE = 400


# --- (a) definitions ----------------------------------------------------------------------


def from_definitions(source: Source, near: Near, path: str | None, window: Window) -> list[Candidate]:
    """Return the definitions of the names near the cursor; those from imported files go first.

    Where the open file or an imported one defines a name, other files that do so do not count. Weights as in aider's
    map of a repository: long names tell more, private ones less, and the more places define a name the less each of
    them. What stands in the window already is left out.
    """
    imports = source.imports_of(path) if path else ()
    modules = dict.fromkeys(each.module for each in imports)
    imported = {file for module in modules for file in source.resolve(module, path or "")}
    nearness = _nearness(near, [each.alias or each.name for each in imports if each.name or each.alias])
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


def _nearness(near: Near, imported: Sequence[str]) -> dict[str, float]:
    """Return each name to look up with a weight that falls with its distance from the cursor.

    An imported name counts too where a near name shares a part with it: ``tokenizer`` is likely a ``FastTokenizer``.
    """
    weights = {name: 1 / (1 + place / 4) for place, name in enumerate(near.names)}
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


# --- (b) search ---------------------------------------------------------------------------


def from_search(hits: Sequence[ChunkHit], near: Near) -> list[Candidate]:
    """Return what a search for the words near the cursor found in other files."""
    return [_chunk(hit, near, "search", "similar words") for hit in hits]


def _chunk(hit: ChunkHit, near: Near, origin: Origin, why: str) -> Candidate:
    strength = shared_words(near, word_set(hit.text))
    return Candidate(hit.path, hit.first_line, hit.last_line, whole_lines(hit.text), origin, why, strength)


# The same chunks come up with every key, and taking them apart is what costs time.
@functools.lru_cache(maxsize=512)
def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(words_of(text))


def whole_lines(text: str) -> str:
    """Return text that the index gave with the line end after its last line."""
    return text if not text or text.endswith("\n") else text + "\n"


def shared_words(near: Near, others: frozenset[str]) -> float:
    """Return which share of the near words, the nearer the weightier, is among ``others``."""
    weights = [1 / (1 + place / 8) for place in range(len(near.words))]
    shared = sum(weight for word, weight in zip(near.words, weights, strict=True) if word in others)
    return shared / sum(weights) if weights else 0.0


# --- (c) recently edited and viewed places ------------------------------------------------


def from_places(
    source: Source, places: Sequence[Place], near: Near, path: str | None, window: Window
) -> list[Candidate]:
    """Return the chunks around the places where the person was last; edited ones go before viewed ones."""
    ordered = sorted(places[:_MOST_PLACES], key=lambda place: place.kind != "edited")
    hits: dict[tuple[str, int, int], Candidate] = {}
    for place in ordered:
        hit = source.chunk_at(place.path, place.line)
        if hit is not None and not _in_window(hit, path, window):
            candidate = _chunk(hit, near, "recent", f"{place.kind} lately")
            hits.setdefault(candidate.key, candidate)
    return list(hits.values())


# --- (d) open tabs ------------------------------------------------------------------------


def from_tabs(hits: Sequence[ChunkHit], tabs: Sequence[str], near: Near) -> list[Candidate]:
    """Return what the search found in files that are open."""
    opened = set(tabs[:_MOST_TABS])
    return [_chunk(hit, near, "tabs", "an open tab") for hit in hits if hit.path in opened]


# --- (e) the same file beyond the window --------------------------------------------------


def from_same_file(text: str, near: Near, path: str, window: Window) -> list[Candidate]:
    """Return blocks of the open file that the window leaves out, by the words that they share with its cursor.

    Blocks begin at multiples of their length, from the top above the window and from the end below it, so that they
    stay the same while somebody types in between.
    """
    lines = text.removesuffix("\n").split("\n")
    above = [
        (start, min(start + _BLOCK_LINES, window.first_line - 1))
        for start in range(0, window.first_line - 1, _BLOCK_LINES)
    ]
    ends = range(len(lines), window.last_line, -_BLOCK_LINES)
    below = [(max(end - _BLOCK_LINES, window.last_line), end) for end in ends]
    nearest = sorted([*above, *below], key=lambda span: abs(span[0] - window.first_line))[:_MOST_BLOCKS]
    found: list[tuple[int, Candidate]] = []
    for start, end in nearest:
        block = lines[start:end]
        if any(block) and max(map(len, block)) <= _LONGEST_LINE:
            whole = "\n".join(block) + "\n"
            lower = whole.lower()
            said = sum(word in lower for word in near.words)
            found.append((said, Candidate(path, start + 1, end, whole, "same_file", "this file, elsewhere", 0.0)))
    # Words are cut out of the few blocks only that spell most of them: it takes a third of a millisecond for each.
    found.sort(key=lambda pair: -pair[0])
    likely = [candidate for _, candidate in found[:_MOST_CUT]]
    measured = [replace(each, strength=shared_words(near, word_set(each.text))) for each in likely]
    return sorted(measured, key=lambda candidate: -candidate.strength)
