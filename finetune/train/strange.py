"""Files that are no code to the base model: their loss is so high that they would teach nothing but noise."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import statistics
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from finetune.data.samples import SampleSet
from finetune.train.rows import make_batch, sum_of_weights

MOST_NATS = 3.0
"""Nats a token beyond which Refact's trainer leaves a file out, too."""
_TIMES_USUAL = 2.0
"""And by so much higher than the repository's median: a model that finds all of it strange is to learn it."""


def losses_of_files(model: nn.Module, samples: SampleSet, tokens: int, place: torch.device) -> dict[int, float]:
    """Return the loss of one sample of each file, in nats a token, for the files that most is learned from.

    It reads about ``tokens`` tokens and at least one sample. The adapter of ``model`` has to be as it was made.
    """
    files, first = np.unique(samples.files, return_index=True)
    learned = np.bincount(samples.files.clip(0), samples.lengths)
    order = sorted(range(len(files)), key=lambda each: (-learned[files[each]], files[each]))
    losses: dict[int, float] = {}
    model.eval()
    with torch.no_grad():
        for each in order:
            number, file = int(first[each]), int(files[each])
            weights = sum_of_weights(samples, [[number]])
            if file < 0 or not weights:
                continue
            losses[file] = float(model(make_batch(samples, [number], place))) / weights
            tokens -= int(samples.lengths[number])
            if tokens <= 0:
                break
    model.train()
    return losses


def find_strange(losses: Mapping[int, float]) -> list[int]:
    """Return the files whose loss is far too high, the worst first."""
    if not losses:
        return []
    bound = max(MOST_NATS, _TIMES_USUAL * statistics.median(losses.values()))
    return sorted((file for file, loss in losses.items() if loss > bound), key=lambda file: (-losses[file], file))
