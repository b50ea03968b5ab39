"""Files that say nearly the same: learned once, not as often as somebody copied them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingTypeStubs]

THRESHOLD = 0.85
"""From this share of common runs of words on (Jaccard), two files count as one."""
_WORDS_IN_RUN = 5
_PERMUTATIONS = 128
_SEED = 1
# The index only proposes: a little lower, so that it misses none, and each pair is then compared exactly.
_PROPOSED = 0.75
_WORD = re.compile(rb"\w+|[^\w\s]")


def find_copies(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, for each file (path, text) that is a near-copy, the path of the one that stays.

    Of near-copies the one with the shortest path stays, the first by name of those. Files of a few words are no
    copies of each other. The same files give the same answer in any order.
    """
    index: Any = MinHashLSH(threshold=_PROPOSED, num_perm=_PERMUTATIONS)
    kept: dict[str, frozenset[bytes]] = {}
    copies: dict[str, str] = {}
    for path, text in sorted(files, key=lambda file: (len(file[0]), file[0])):
        runs = _runs(text)
        if not runs:
            continue
        sketch: Any = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
        sketch.update_batch(runs)
        proposed = sorted((str(each) for each in index.query(sketch)), key=lambda other: (len(other), other))
        of = next((other for other in proposed if _likeness(runs, kept[other]) >= THRESHOLD), None)
        if of is None:
            index.insert(path, sketch)
            kept[path] = runs
        else:
            copies[path] = of
    return copies


def _runs(text: str) -> frozenset[bytes]:
    """Return every run of five words or signs of a text, once."""
    words = _WORD.findall(text.encode("utf-8", "replace"))
    return frozenset(b" ".join(words[at : at + _WORDS_IN_RUN]) for at in range(len(words) - _WORDS_IN_RUN + 1))


def _likeness(first: frozenset[bytes], second: frozenset[bytes]) -> float:
    return len(first & second) / len(first | second)
