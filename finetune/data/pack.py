"""Samples into rows of one length, none of them cut, so that little of a row is empty."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

# Samples that are placed together, the longest first. All at once would put the long ones into the first rows and
# the short ones into the last, and the model would learn from one kind at a time.
_BUFFER = 512
# A row that has less than this share of it free is not looked at again.
_FULL = 1 / 64


def pack(lengths: Sequence[int], length: int, seed: int) -> list[list[int]]:
    """Return rows of sample numbers; each sample is in one row, and those of a row have at most ``length`` tokens.

    Samples are shuffled by ``seed``, then placed a buffer at a time, the longest first, each into the first row that
    has room; rows with room are open to the next buffer too. The same arguments give the same rows on every machine.
    Raises ValueError for a sample that is longer than a row.
    """
    if len(lengths) and max(lengths) > length:
        raise ValueError(f"a sample of {max(lengths)} tokens does not fit into a row of {length}")
    shuffled = list(range(len(lengths)))
    random.Random(f"rows {seed}").shuffle(shuffled)  # noqa: S311 - an order, no secret
    done: list[list[int]] = []
    rows: list[list[int]] = []
    for at in range(0, len(shuffled), _BUFFER):
        buffer = sorted(shuffled[at : at + _BUFFER], key=lambda number: -int(lengths[number]))
        free = np.full(len(rows) + len(buffer), length, np.int64)
        free[: len(rows)] = [length - sum(int(lengths[number]) for number in row) for row in rows]
        rows += [[] for _ in buffer]
        for number in buffer:
            row = int(np.argmax(free >= lengths[number]))
            rows[row].append(number)
            free[row] -= lengths[number]
        full = free <= length * _FULL
        done += [row for row, is_full in zip(rows, full, strict=True) if is_full]
        rows = [row for row, is_full in zip(rows, full, strict=True) if row and not is_full]
    rows += done
    random.Random(f"order {seed}").shuffle(rows)  # noqa: S311 - an order, no secret
    return rows
