"""How long a run's proof will take, told before the run begins, beside the minutes that were asked for."""

from __future__ import annotations

from finetune.data.manifest import Manifest
from finetune.judge.scale import MOST_HOLES, SCALES

# Tokens that the trainer's forward pass reads in the time of one answer: in the four arms, two of which look other
# places up; where the scale is chosen; of Python's library. Found on two runs of docs/finetuning.md.
_ARMS, _SCALE, _LIBRARY = 620, 400, 300
_LEAST_SECONDS = 0.2
"""What writing an answer takes where reading costs next to nothing."""
LOSS_HOLES = 64
"""Held-out holes whose loss is computed: all of them would take longer than a tenth of the training."""


def estimate_seconds(manifest: Manifest, library_holes: int, read_per_second: float) -> float:
    """Return about how many seconds the proof takes where the trainer reads so many tokens a second."""
    answers = (
        (4 * manifest.test_holes, _ARMS),
        (len(SCALES) * min(manifest.validation_holes, MOST_HOLES), _SCALE),
        (2 * library_holes, _LIBRARY),
    )
    test = manifest.sets["test"]
    loss = 2 * min(LOSS_HOLES, test.samples) * test.tokens / max(test.samples, 1)
    asking = sum(count * max(tokens / read_per_second, _LEAST_SECONDS) for count, tokens in answers)
    return loss / read_per_second + asking
