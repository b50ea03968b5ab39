"""The held-out loss: nats a token of the holes of samples that nothing was learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from finetune.data.samples import SampleSet
from finetune.train.group import Group
from finetune.train.rows import make_batch, sum_of_weights


def held_out_loss(
    group: Group,
    model: nn.Module,
    samples: SampleSet,
    rows: Sequence[Sequence[int]],
    place: torch.device,
    before_each: Callable[[], None] = lambda: None,
) -> float:
    """Return the mean over the weights of all ``rows``; all processes share the work and get the same number.

    ``before_each`` is called before each row, and may raise to end it.
    """
    total = sum_of_weights(samples, rows)
    # Each process reads as many rows as the others, since weights that lie in pieces are gathered by all together.
    turns = -(-len(rows) // group.size)
    own = 0.0
    model.eval()
    with torch.no_grad():
        for turn in range(turns):
            before_each()
            number = turn * group.size + group.rank
            loss = model(make_batch(samples, rows[min(number, len(rows) - 1)], place))
            own += float(loss) if number < len(rows) else 0.0
    model.train()
    return group.sum(own)[0] / total
