"""Which samples a repository makes, in which order and how many: the mix, the order of files, and when it is enough."""

from __future__ import annotations

import hashlib
import math
import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from assistant.prompts.fim import takes_files
from assistant.repository.holes import Hole, hole_at
from assistant.repository.spans import MOST_CHARS, Kind, Span, code_language, find_spans
from assistant.retrieval.index.base_index import BaseIndex
from assistant.retrieval.search.window import Budget
from finetune.config import DataConfig
from finetune.data.fill import Filler, Finder, Made, Weights, budgets
from finetune.data.samples import Sample

TURN: tuple[Kind, ...] = ("line", "expression", "statement", "line", "argument", "body", "block")
"""The kinds in the order in which they are taken, again and again: as they are asked for later, and blocks."""
_LINES_FOR_ONE = 8
_MOST_LINES = 3
_LONGEST_LINE = 120

COVERED = 3
"""Samples end where their texts have this many times the characters of the repository, whatever tokens are wanted."""
_RECENT_GAIN = 2.0
_RECENT_HALF = 25
# Of more code than this the files that come first are taken apart, some 500,000 lines.
_MOST_CHARS = 20_000_000
_PLAIN_CHARS = 1500
_CHARS_A_TOKEN = 2
_LEAST_RETRIEVAL = 128
# The small windows are what slow computers use, and give more holes for the same tokens.
_BUDGET_WEIGHTS = (5, 3, 2)
_KINDS: tuple[Kind, ...] = (*TURN, "random")


def recency_weight(ago: int | None) -> float:
    """Return how much more often than others a file comes that was changed so many commits ago (None: long ago).

    3 for the latest commit, halving towards 1 with each 25 commits: the next edits come where the last ones were. The
    weight is that of a draw without putting back, so these files also come first where there is no time for all.
    """
    return 1.0 if ago is None else 1.0 + _RECENT_GAIN * 0.5 ** (ago / _RECENT_HALF)


@dataclass(frozen=True, slots=True)
class Source:
    """What samples are made of: the texts that are learned, by path, how lately each was changed, an index of them."""

    texts: Mapping[str, str]
    recency: Mapping[str, int]
    index: BaseIndex | None


@dataclass(frozen=True, slots=True)
class One:
    """A sample, and what it shows of itself where it has a hole; ``chars`` of the file are in it."""

    sample: Sample
    chars: int
    made: Made | None = None


@dataclass(slots=True)
class _Queues:
    """Places that were not taken yet, the first ones first."""

    spans: dict[Kind, deque[tuple[str, Span]]]
    plain: deque[tuple[str, int, int]]
    turn: int = field(default=0)

    def next_kind(self, *, anywhere: bool) -> Kind | None:
        """Return the kind whose turn it is, of those that have places left; ``anywhere``: a random one comes first."""
        if anywhere and self.spans["random"]:
            return "random"
        for _ in TURN:
            kind = TURN[self.turn % len(TURN)]
            self.turn += 1
            if self.spans[kind]:
                return kind
        return "random" if self.spans["random"] else None


def make_samples(
    filler: Filler,
    family: str,
    source: Source,
    config: DataConfig,
    *,
    length: int,
    seed: int,
    wanted_tokens: int,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[One]:
    """Yield samples until ``wanted_tokens`` (0: no end) are reached or the repository is covered ``COVERED`` times.

    The same arguments give the same samples. ``tell`` is told the tokens made and, where that is known, wanted.
    """
    draw = random.Random(f"{seed}:samples")  # noqa: S311 - a choice, no secret
    files = {path: number for number, path in enumerate(source.texts)}
    queues = _queue(source, seed, length)
    fitting = budgets(length)
    retrieves = source.index is not None and takes_files(family) and config.retrieval_tokens >= _LEAST_RETRIEVAL
    enough = COVERED * sum(map(len, source.texts.values()))
    weights = Weights(1.0, config.middle_weight)
    spent = covered = 0
    while covered < enough and not 0 < wanted_tokens <= spent:
        # All are drawn each time, so that one that does not fit changes nothing of the next ones.
        plain = draw.random() < config.plain_share
        anywhere = draw.random() < config.random_share
        helped = draw.random() < config.retrieval_share and retrieves
        tokens = draw.randint(min(_LEAST_RETRIEVAL, config.retrieval_tokens), config.retrieval_tokens)
        budget = draw.choices(fitting, _BUDGET_WEIGHTS[: len(fitting)])[0]
        budget = replace(budget, outline=draw.choice((0, budget.outline // 2, budget.outline)))
        kind = None if plain and queues.plain else queues.next_kind(anywhere=anywhere)
        if kind is None and not queues.plain:
            return
        if kind is None:
            one = _plain(filler, source, files, *queues.plain.popleft())
        else:
            path, span = queues.spans[kind].popleft()
            hole = hole_at(path, code_language(path) or "", source.texts[path], span)
            index = source.index if helped else None
            one = _fill(filler, hole, files[path], budget, weights, index, tokens)
        if one is not None:
            spent += len(one.sample.ids)
            covered += one.chars
            tell(spent, wanted_tokens)
            yield one


def _fill(
    filler: Filler, hole: Hole, file: int, budget: Budget, weights: Weights, index: BaseIndex | None, tokens: int
) -> One | None:
    made: Made | None = None
    if index is not None:
        with index.with_open(hole):
            made = filler.fill(hole, budget, weights, Finder(index.reader, hole, tokens))
    # What was found may be over the room by some tokens, where its pieces join into others than were counted.
    made = made or filler.fill(hole, budget, weights)
    if made is None:
        return None
    return One(made.sample(file), len(made.laid.prefix) + len(made.middle) + len(made.laid.suffix), made)


def _plain(filler: Filler, source: Source, files: Mapping[str, int], path: str, start: int, end: int) -> One | None:
    text = source.texts[path]
    sample = filler.plain(path, text[start:end], files[path], whole=end == len(text))
    return None if sample is None else One(sample, end - start)


def _queue(source: Source, seed: int, length: int) -> _Queues:
    """Return all places, drawn without putting back by the weights of their files."""

    def key(path: str, what: str) -> float:
        digest = hashlib.sha256(f"{seed}:{path}:{what}".encode()).digest()
        even = (int.from_bytes(digest[:7], "big") + 1) / (1 << 56)
        return -math.log(even) / recency_weight(source.recency.get(path))

    spans: defaultdict[Kind, list[tuple[float, str, Span]]] = defaultdict(list)
    plain: list[tuple[float, str, int, int]] = []
    size = 0
    for path in sorted(source.texts, key=lambda path: key(path, "file")):
        text = source.texts[path]
        for span in (*syntax_spans(path, text), *random_spans(path, text, seed)):
            spans[span.kind].append((key(path, f"{span.start}-{span.end}"), path, span))
        for start, end in _pieces(text, min(_PLAIN_CHARS, length * _CHARS_A_TOKEN), f"{seed}:{path}"):
            plain.append((key(path, f"plain {start}"), path, start, end))
        size += len(text)
        if size > _MOST_CHARS:
            break
    ordered: dict[Kind, deque[tuple[str, Span]]] = {
        kind: deque((path, span) for _, path, span in sorted(spans[kind], key=lambda each: each[0])) for kind in _KINDS
    }
    return _Queues(ordered, deque((path, start, end) for _, path, start, end in sorted(plain)))


def _pieces(text: str, most: int, seed: str) -> Iterator[tuple[int, int]]:
    """Yield where a text is cut into pieces of whole lines, of about ``most`` characters or any share of it.

    Of many sizes, since small ones fill what others leave free of a row.
    """
    draw = random.Random(seed)  # noqa: S311 - a choice, no secret
    start = 0
    while start < len(text):
        chars = draw.randint(most // 8, most)
        end = text.rfind("\n", start, start + chars) + 1
        if end <= start:
            end = text.find("\n", start + chars) + 1 or len(text)
        if start + chars >= len(text):
            end = len(text)
        if text[start:end].strip() and end - start <= 2 * chars:
            yield start, end
        start = end


def syntax_spans(path: str, text: str) -> list[Span]:
    """Return the spans of a file's syntax tree; none where there is no grammar for it."""
    return find_spans(path, text, blocks=True)


def random_spans(path: str, text: str, seed: int) -> list[Span]:
    """Return spans from anywhere on a line to its end, to somewhere else on it, or to the end of one of the next two.

    There is one for each eight lines; the same ones for a seed. What they cut out is never blank.
    """
    draw = random.Random(f"{seed}:{path}")  # noqa: S311 - a choice, no secret
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    rows = [row for row, line in enumerate(lines) if line.strip() and len(line) <= _LONGEST_LINE]
    chosen = sorted(draw.sample(rows, -(-len(rows) // _LINES_FOR_ONE)))
    found: list[Span] = []
    for row in chosen:
        line = lines[row]
        indent = len(line) - len(line.lstrip())
        column = draw.randrange(indent, len(line.rstrip()))
        last = row
        ending = draw.random()
        if ending < 0.25:
            end = starts[row] + draw.randrange(column + 1, len(line) + 1)
        else:
            last = min(row + (draw.randrange(_MOST_LINES) if ending > 0.6 else 0), len(lines) - 1)
            end = starts[last] + len(lines[last].rstrip())
        start = starts[row] + column
        if text[start:end].strip() and end - start <= MOST_CHARS:
            found.append(Span("random", start, end, row + 1, text.count("\n", 0, end) + 1))
    return found
