"""Where suggestions are asked for: places in source files of many languages, and in Python's own library."""

from __future__ import annotations

import random
import re
import sysconfig
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

from tree_sitter import Node

from assistant.errors import InputError
from assistant.languages import language_named
from assistant.measure.evaluate.holes import HoleRow, hole_rows, read_source, source_files
from assistant.measure.evaluate.library import library_holes
from tests.bench.judging.faults import Place
from tests.bench.judging.parsing import nodes_of, parses

SOURCES = Path(__file__).resolve().parents[3] / "build" / "sources"
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "\"'`"
_IN_WORD = re.compile(r"(?<=[A-Za-z]{2})(?=[A-Za-z]{2})")
_MOST_INSIDE = 80
_FILES = 16
"""So many files of a language are looked through for what an editor may have closed."""


def hole_places(folder: Path, count: int, languages: Collection[str] = (), seed: int = 0) -> list[Place]:
    """Return ``count`` holes of each language (of those named), the languages in turn; the same ones for a seed.

    They are the holes of ``grafter evaluate holes``, but that every second whole line is begun up to the middle of a
    word (kind ``word``). Raises InputError where there are no sources.
    """
    by_language: dict[str, list[Place]] = {}
    for row in hole_rows(folder, count, seed, languages):
        places = by_language.setdefault(row.language, [])
        lines = sum(place.kind in ("line", "word") for place in places)
        place = _place(row)
        places.append(begun_in_word(place) if row.kind == "line" and lines % 2 else place)
    return list(_in_turn(list(by_language.values())))


def begun_in_word(place: Place) -> Place:
    """Return a place with the first line of its hole typed up to the middle of a word, if it has a word for that."""
    found = [each.start() for each in _IN_WORD.finditer(place.truth.split("\n")[0])]
    if not found:
        return place
    column = found[len(found) // 2]
    typed, left = place.truth[:column], place.truth[column:]
    return Place(f"{place.id}+{column}", place.path, place.language, "word", place.before + typed, left, place.after)


def library_places(count: int, seed: int = 0) -> list[Place]:
    """Return places in the middle of a word of Python's standard library. Raises InputError where it is not there."""
    return [
        Place(
            row.id,
            f"{row.id.split(':')[0]}.py",
            "python",
            "word",
            row.prompt,
            row.solution.removesuffix("\n"),
            row.after,
        )
        for row in library_holes(count, seed, in_words=True)
    ]


def closed_places(folder: Path, count: int, seed: int = 0) -> list[Place]:
    """Return places between two brackets or quotes that an editor would have set both, in many languages in turn.

    What stood between them on that line is the hole. Where there is no such folder they are in Python's standard
    library. Raises InputError where there are too few.
    """
    root = folder if folder.is_dir() else Path(sysconfig.get_path("stdlib")) / "asyncio"
    draw = random.Random(seed)
    by_language: list[list[Place]] = []
    for language, names in sorted(source_files(root, seed).items()):
        files = [_all_kinds(root, name, language, at, draw) for at, name in enumerate(names[:_FILES])]
        by_language.append(list(_in_turn(files)))
    found = list(_in_turn(by_language))
    if len(found) < count:
        raise InputError(f"{folder} has {len(found)} places between brackets and quotes; ask for fewer than {count}.")
    return found[:count]


def _all_kinds(root: Path, name: str, language: str, first: int, draw: random.Random) -> list[Place]:
    """Return the places of a file with the kinds in turn, another kind first in each file."""
    places = list(closed_in(Place(name, name, language, "", read_source(root / name), "", "")))
    by_kind = [[place for place in places if place.kind == kind] for kind in sorted({place.kind for place in places})]
    shuffled = [draw.sample(some, len(some)) for some in by_kind]
    start = first % len(shuffled) if shuffled else 0
    return list(_in_turn([*shuffled[start:], *shuffled[:start]]))


def closed_in(place: Place) -> Iterator[Place]:
    """Yield what a file has between two brackets or quotes on one line, if it is right; the kinds are their signs."""
    source = place.file
    if not parses(source, place.language):
        return
    for start, end in sorted(set(_pairs(source, place.language))):
        inside = source[start + 1 : end - 1]
        if not 0 < len(inside) <= _MOST_INSIDE or "\n" in inside or not re.search(r"\w", inside):
            continue
        kind = source[start] + source[end - 1]
        line = source.count("\n", 0, start) + 1
        name = f"{place.path}:{line}:{start - source.rfind(chr(10), 0, start)}"
        yield Place(name, place.path, place.language, kind, source[: start + 1], inside, source[end - 1 :])


def _pairs(source: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield where something begins with an opening bracket or a quote, and where the partner ends."""
    encoded = source.encode("utf-8", "replace")
    for node in nodes_of(source, language):
        if node.start_point[0] != node.end_point[0] or "comment" in node.type:
            continue
        text = encoded[node.start_byte : node.end_byte].decode("utf-8", "replace")
        if len(text) > 2 and (_is_bracketed(node) or _is_string(node, text, language)):
            start = len(encoded[: node.start_byte].decode("utf-8", "replace"))
            yield start, start + len(text)


def _is_bracketed(node: Node) -> bool:
    children = node.children
    return len(children) > 2 and _CLOSES.get(children[0].type) == children[-1].type


def _is_string(node: Node, text: str, language: str) -> bool:
    record = language_named(language)
    known = text[0] in _QUOTES and (text[0] == '"' or record is None or text[0] in record.quotes)
    whole = text[0] == text[-1] and text[:3] != text[0] * 3 and text[0] not in text[1:-1] and "\\" not in text
    return node.is_named and re.search(r"string", node.type) is not None and known and whole


def _place(row: HoleRow) -> Place:
    hole = row.row
    return Place(hole.id, hole.path or "", row.language, row.kind, hole.prompt, hole.solution, hole.suffix)


def _in_turn(lists: Sequence[Sequence[Place]]) -> Iterator[Place]:
    return (place for place in chain.from_iterable(zip_longest(*lists)) if place is not None)
