"""Rows of packed samples as tensors, and the order in which a run reads them: it follows from the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from finetune.data.pack import pack
from finetune.data.samples import SampleSet

ROUND = 32
"""Rows, and what counts in them, are filled up to a multiple of it, so that few shapes occur; so is attention.

Libraries of matrix products prepare and keep a way for each shape that they meet; where every row has a length of its
own, that takes time and more memory with each step.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples one after the other in one row.

    ``ids`` and ``positions`` have the shape (1, length); positions begin again with each sample. ``borders`` are the
    places where samples begin, and the end; what fills the row up is one more sample. ``places`` (n,) are those whose
    next token counts, ``targets`` (n,) that token, ``weights`` (n,) what it counts, 0 for what fills up.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    borders: tuple[int, ...]
    places: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int
    """How many tokens the samples have."""


def make_batch(samples: SampleSet, numbers: Sequence[int], device: torch.device) -> Batch:
    """Return these samples as one batch; several packed rows are one long one."""
    spans = [(int(samples.starts[i]), int(samples.starts[i + 1])) for i in numbers]
    sizes = [b - a for a, b in spans]
    tokens = sum(sizes)
    filling = -tokens % ROUND
    if filling:
        sizes.append(filling)
    weights = np.concatenate([samples.weights[a:b] for a, b in spans])
    ids = np.concatenate([samples.ids[a:b] for a, b in spans]).astype(np.int64)
    counted = np.flatnonzero(weights)
    more = (0, -len(counted) % ROUND)
    return Batch(
        torch.from_numpy(np.pad(ids, (0, filling)))[None].to(device),
        torch.from_numpy(np.concatenate([np.arange(size) for size in sizes]))[None].to(device),
        (0, *np.cumsum(sizes).tolist()),
        torch.from_numpy(np.pad(counted - 1, more)).to(device),
        torch.from_numpy(np.pad(ids[counted], more)).to(device),
        torch.from_numpy(np.pad(weights[counted], more)).to(device),
        tokens,
    )


def sum_of_weights(samples: SampleSet, rows: Sequence[Sequence[int]]) -> float:
    """Return what all tokens of these rows count together."""
    return float(
        sum(samples.weights[samples.starts[i] : samples.starts[i + 1]].sum(dtype=np.float64) for r in rows for i in r)
    )


def fitting(samples: SampleSet, length: int) -> SampleSet:
    """Return the samples of at most ``length`` tokens."""
    fits = samples.lengths <= length
    if fits.all():
        return samples
    tokens = np.repeat(fits, samples.lengths)
    starts = np.concatenate([[0], np.cumsum(samples.lengths[fits])]).astype(np.int64)
    return SampleSet(samples.ids[tokens], samples.weights[tokens], starts, samples.files[fits])


class Order:
    """An endless sequence of rows: each epoch packs and shuffles all samples anew."""

    def __init__(self, samples: SampleSet, length: int, seed: int) -> None:
        self._lengths = [int(size) for size in samples.lengths]
        self._length, self._seed = length, seed
        self._epoch, self._first = 0, 0
        self._rows = self._pack(0)

    @property
    def epoch_rows(self) -> int:
        """Rows of the first epoch; others have about as many."""
        return len(self._pack(0))

    def take(self, first: int, count: int) -> list[list[int]]:
        """Return rows ``first`` to ``first + count`` of the sequence."""
        return [self._row(number) for number in range(first, first + count)]

    def _row(self, number: int) -> list[int]:
        if number < self._first:
            self._epoch, self._first, self._rows = 0, 0, self._pack(0)
        while number >= self._first + len(self._rows):
            self._first += len(self._rows)
            self._epoch += 1
            self._rows = self._pack(self._epoch)
        return self._rows[number - self._first]

    def _pack(self, epoch: int) -> list[list[int]]:
        return pack(self._lengths, self._length, self._seed * 1_000_003 + epoch)
