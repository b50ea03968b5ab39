"""Outlier files: no code to the base model, whose perplexity there is so high that they would teach only noise."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from finetune.data.samples import SampleSet
from finetune.train.rows import make_batch, sum_of_weights

MOST_NATS = 3.0
"""Nats a token beyond which Refact's trainer leaves a file out, too."""
_LEAST_TOKENS = 256
_TIMES_USUAL = 2.0
"""And by so much higher than the repository's median: a model to which all of it is unlikely is to learn it."""


def losses_of_files(model: nn.Module, samples: SampleSet, tokens: int, place: torch.device) -> dict[int, float]:
    """Return the loss of each file in nats a token, whatever a token weighs, for the files that most is learned from.

    It reads about ``tokens`` tokens and at least one file, and of each file samples until 256 tokens count: a shorter
    piece may be anything. The adapter of ``model`` has to be as it was made.
    """
    alike = replace(samples, weights=(samples.weights > 0).astype(np.float32))
    known = samples.files >= 0
    learned = np.bincount(samples.files[known], samples.lengths[known])
    files = sorted(set(samples.files[known].tolist()), key=lambda file: (-learned[file], file))
    losses: dict[int, float] = {}
    model.eval()
    with torch.no_grad():
        for file in files:
            numbers = _enough(alike, np.flatnonzero(samples.files == file))
            if not numbers:
                continue
            nats = sum(float(model(make_batch(alike, [number], place))) for number in numbers)
            losses[file] = nats / sum_of_weights(alike, [numbers])
            tokens -= int(samples.lengths[numbers].sum())
            if tokens <= 0:
                break
    model.train()
    return losses


def _enough(samples: SampleSet, numbers: NDArray[np.int64]) -> list[int]:
    """Return the first of these samples in which enough tokens count together; none where all have too few."""
    taken: list[int] = []
    counted = 0
    for number in numbers.tolist():
        taken.append(number)
        counted += int(samples.sample(number)[1].sum())
        if counted >= _LEAST_TOKENS:
            return taken
    return []


def find_outliers(losses: Mapping[int, float]) -> list[int]:
    """Return the files whose loss is far too high, the worst first."""
    if not losses:
        return []
    bound = max(MOST_NATS, _TIMES_USUAL * statistics.median(losses.values()))
    return sorted((file for file, loss in losses.items() if loss > bound), key=lambda file: (-losses[file], file))
