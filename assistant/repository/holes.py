"""Which holes are asked: new lines only, all kinds, many files, the same ones for a seed; and how far back to begin."""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assistant.errors import InputError
from assistant.repository.exclusions import is_vendored, reason_of_content, reason_of_folder, reason_of_name
from assistant.repository.history import Blob, Commit, History
from assistant.repository.spans import KINDS, Kind, Span, code_language, find_spans
from assistant.repository.walk import MOST_BYTES, decode

# Whole lines are what people accept most, so they come twice as often as each of the others.
_TURN: tuple[Kind, ...] = ("line", "expression", "statement", "line", "argument", "body")
MOST_OF_A_FILE = 20
"""A file gives more only once no other file has any left: holes of one file are alike."""
_COMPANY = 3
"""A line that stood somewhere before, between the same neighbours, so many in a row, is not new."""


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole: ``text`` is the whole file as it was committed last, of which characters ``start`` to ``end`` are cut.

    ``line`` (from 1) and ``column`` (from 0) are where it begins.
    """

    path: str
    language: str
    kind: Kind
    text: str
    start: int
    end: int
    line: int
    column: int

    @property
    def id(self) -> str:
        """Its place, which is its name."""
        return f"{self.path}:{self.line}:{self.column}:{self.kind}"

    @property
    def truth(self) -> str:
        """What stood there."""
        return self.text[self.start : self.end]

    @property
    def before(self) -> str:
        """The file up to the hole."""
        return self.text[: self.start]

    @property
    def after(self) -> str:
        """The file from the hole's end on."""
        return self.text[self.end :]


@dataclass(frozen=True, slots=True)
class Held:
    """What is asked: the holes in the order of asking, of ``found`` that there are, from what came after ``base``."""

    base: Commit
    head: Commit
    commits: int
    holes: tuple[Hole, ...]
    found: int


class Chooser:
    """Finds the holes of one repository. What was read of the newest commit is kept for each base that is tried."""

    def __init__(self, history: History, seed: int) -> None:
        self._history = history
        self._seed = seed
        self._head = history.files(history.commits[0])
        self._ignored = history.ignored()
        self._files: dict[str, tuple[str, list[Span]]] = {}
        self._company: dict[str, frozenset[int]] = {}

    def held_out(self, base: Commit, limit: int) -> Held:
        """Return at most ``limit`` holes of what was added after ``base``. Raises InputError where there is none."""
        holes = list(self._in_order(base.id))
        if not holes:
            raise InputError(self._nothing(base))
        commits = self._history.count_between(base.id)
        return Held(base, self._history.head, commits, tuple(holes[:limit]), len(holes))

    def find_base(self, wanted: int, tried: Callable[[int], None] = lambda _: None) -> Commit:
        """Return the newest commit after which at least so many holes were added, else the first one.

        ``tried`` is told how many commits back was looked. Raises InputError for a shallow clone that ends too early.
        """
        last = len(self._history.commits) - 1
        low, high = 0, 1
        while high < last and not self._is_enough(high, wanted, tried):
            low, high = high, min(2 * high, last)
        if high == last and not self._is_enough(high, wanted, tried):
            if self._history.shallow:
                raise InputError(
                    f"{self._history.root} is a shallow clone whose {last} latest commits added fewer than {wanted} "
                    "holes; run 'git fetch --unshallow', or ask for fewer with --limit."
                )
            return self._history.commit(self._history.commits[last])
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._is_enough(middle, wanted, tried) else (middle, high)
        return self._history.commit(self._history.commits[high])

    def _is_enough(self, back: int, wanted: int, tried: Callable[[int], None]) -> bool:
        tried(back)
        return sum(1 for _ in islice(spread(self._new(self._history.commits[back]), self._seed), wanted)) == wanted

    def _in_order(self, base: str) -> Iterator[Hole]:
        """Yield all holes: first those of many files, then what is left of the large ones."""
        new = self._new(base)
        first = {hole.id: hole for hole in spread(new, self._seed)}
        yield from first.values()
        rest = [hole for hole in new if hole.id not in first]
        yield from spread(rest, self._seed, first.values(), most=None)

    def _new(self, base: str) -> list[Hole]:
        """Return every span whose lines are all new since ``base``, overlapping ones too."""
        changes = {
            change.path: change.added
            for change in self._history.changes(base)
            if change.path in self._head and self._counts(change.path, self._head[change.path])
        }
        self._read(changes)
        before = self._stood(base)
        found: list[Hole] = []
        for path, added in changes.items():
            text, spans = self._files[path]
            language = code_language(path)
            if not spans or language is None:
                continue
            new = added - _known(text, before)
            found += [
                hole_at(path, language, text, span)
                for span in spans
                if new.issuperset(range(span.first, span.last + 1))
            ]
        return found

    def _counts(self, path: str, blob: Blob) -> bool:
        """Return whether holes are taken from a file: code that somebody wrote here."""
        *folders, name = path.split("/")
        return (
            blob.size <= MOST_BYTES
            and code_language(path) is not None
            and path not in self._ignored
            and reason_of_name(name) is None
            and not any(reason_of_folder(folder) or is_vendored(folder) for folder in folders)
        )

    def _read(self, paths: Iterable[str]) -> None:
        """Read and parse files of the newest commit that were not read before."""
        new = [path for path in paths if path not in self._files]
        for path, data in zip(new, self._history.read(self._head[path] for path in new), strict=True):
            # Git counts lines by line feeds alone.
            lone = b"\r" in data.replace(b"\r\n", b"")
            text = "" if lone or reason_of_content(data) else decode(data)
            self._files[path] = (text, find_spans(path, text))

    def _stood(self, base: str) -> frozenset[int]:
        """Return what tells lines that stood anywhere before: all runs of lines of the files of a commit."""
        blobs = {
            blob.id: blob
            for path, blob in self._history.files(base).items()
            if blob.size <= MOST_BYTES and reason_of_name(path.rpartition("/")[2]) is None
        }
        new = [blob for blob in blobs.values() if blob.id not in self._company]
        for blob, data in zip(new, self._history.read(new), strict=True):
            text = "" if reason_of_content(data) == "binary" else decode(data)
            self._company[blob.id] = frozenset(key for key, _ in _runs(text))
        return frozenset[int]().union(*(self._company[id_] for id_ in blobs))

    def _nothing(self, base: Commit) -> str:
        root = self._history.root
        if not any(code_language(path) for path in self._head):
            return f"{root} has no file of a language that can be parsed; 'grafter evaluate repo' needs code."
        return (
            f"What was added to {root} after {base.id[:12]} ({base.date[:10]}) has no place for a hole; "
            "begin earlier with --commits or --since."
        )


def hole_at(path: str, language: str, text: str, span: Span) -> Hole:
    """Return the hole that a span of a file's text makes."""
    return Hole(path, language, span.kind, text, span.start, span.end, span.first, _column(text, span.start))


def spread(
    holes: Sequence[Hole], seed: int, taken: Iterable[Hole] = (), most: int | None = MOST_OF_A_FILE
) -> Iterator[Hole]:
    """Yield holes that do not overlap, the kinds in turn, at most ``most`` of each file; the same ones for a seed."""

    def rank(hole: Hole) -> bytes:
        return hashlib.sha256(f"{seed}:{hole.id}".encode()).digest()

    waiting: dict[Kind, Iterator[Hole]] = {
        kind: iter(sorted((hole for hole in holes if hole.kind == kind), key=rank)) for kind in KINDS
    }
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for hole in taken:
        _take(places[hole.path], hole)
    while waiting:
        for kind in _TURN:
            if kind not in waiting:
                continue
            for hole in waiting[kind]:
                there = places[hole.path]
                if (most is None or len(there) < most) and _take(there, hole):
                    yield hole
                    break
            else:
                del waiting[kind]


def _take(there: list[tuple[int, int]], hole: Hole) -> bool:
    """Add the hole's place to those of its file, which are sorted, unless it overlaps one of them."""
    at = bisect(there, (hole.start, hole.end))
    if (at and there[at - 1][1] > hole.start) or (at < len(there) and there[at][0] < hole.end):
        return False
    there.insert(at, (hole.start, hole.end))
    return True


def _runs(text: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield a key for each run of lines that are not blank, whatever their indentation, with the lines' numbers."""
    lines = [(number, bare) for number, line in enumerate(text.split("\n"), 1) if (bare := line.strip())]
    for at in range(len(lines) - _COMPANY + 1):
        numbers, words = zip(*lines[at : at + _COMPANY], strict=True)
        yield hash(words), numbers


def _known(text: str, before: frozenset[int]) -> set[int]:
    """Return the numbers of the lines that stood somewhere before in the same company."""
    return {number for key, numbers in _runs(text) if key in before for number in numbers}


def _column(text: str, place: int) -> int:
    return place - text.rfind("\n", 0, place) - 1
