"""Puts samples together to rows of one length, so that no computing goes into filling."""

from __future__ import annotations

import random
from collections.abc import Sequence

_OPEN = 64
"""Rows that are filled at the same time."""


def pack(lengths: Sequence[int], length: int, seed: int) -> list[list[int]]:
    """Return rows of sample numbers: each sample once, none cut, at most ``length`` tokens in a row.

    The order follows from ``seed`` alone. A sample longer than ``length`` gets a row of its own.
    """
    order = list(range(len(lengths)))
    random.Random(seed).shuffle(order)  # noqa: S311  (an order, not a secret)
    done: list[list[int]] = []
    rows: list[tuple[int, list[int]]] = []
    for number in order:
        size = lengths[number]
        fits = [i for i, (room, _) in enumerate(rows) if room >= size]
        if fits:
            best = min(fits, key=lambda i: rows[i][0])
            room, row = rows[best]
            rows[best] = (room - size, [*row, number])
            continue
        if len(rows) == _OPEN:
            fullest = min(range(len(rows)), key=lambda i: rows[i][0])
            done.append(rows.pop(fullest)[1])
        rows.append((length - size, [number]))
    done += [row for _, row in rows]
    random.Random(seed + 1).shuffle(done)  # noqa: S311
    return done
