"""Samples as the trainer reads them: token ids and weights, one sample after the other, in one file of safetensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from assistant.errors import InputError
from assistant.system.files import write_file

Ids = NDArray[np.int32]
Weights = NDArray[np.float32]

_SHAPES = {"ids": np.int32, "weights": np.float32, "starts": np.int64, "files": np.int32}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: ``weights[i]`` is the weight in the loss of predicting ``ids[i]``; ``file`` a number, -1 for none."""

    ids: Sequence[int]
    weights: Sequence[float]
    file: int = -1


@dataclass(frozen=True, slots=True)
class SampleSet:
    """The tokens of m samples, n in all, one sample after the other.

    ``ids``: int32[n]. ``weights``: float32[n], the weight in the loss of predicting token i from what stands before it
    in its sample; that of a sample's first token is 0. ``starts``: int64[m + 1], where each sample begins, and the end.
    ``files``: int32[m], which of the learned files (in the order of the manifest) each is of; -1 where that is of none.
    """

    ids: Ids
    weights: Weights
    starts: NDArray[np.int64]
    files: NDArray[np.int32]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> SampleSet:
        """Return the set of these samples, in their order. Raises ValueError for one without tokens."""
        ids: list[Ids] = []
        weights: list[Weights] = []
        files: list[int] = []
        starts = [0]
        for sample in samples:
            if not sample.ids or len(sample.ids) != len(sample.weights):
                raise ValueError("a sample has as many weights as tokens, and at least one")
            each = np.asarray(sample.weights, np.float32)
            each[0] = 0.0
            ids.append(np.asarray(sample.ids, np.int32))
            weights.append(each)
            files.append(sample.file)
            starts.append(starts[-1] + len(sample.ids))
        return cls(
            np.concatenate(ids) if ids else np.empty(0, np.int32),
            np.concatenate(weights) if weights else np.empty(0, np.float32),
            np.asarray(starts, np.int64),
            np.asarray(files, np.int32),
        )

    @classmethod
    def load(cls, path: Path) -> SampleSet:
        """Return the set that ``save`` wrote. Raises InputError where the file is missing, damaged or another one."""
        try:
            found: dict[str, NDArray[Any]] = load(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise InputError(f"The samples in {path} cannot be read ({error}); start a new run.") from None
        if not _is_whole(found):
            raise InputError(f"The samples in {path} are damaged; start a new run.")
        return cls(found["ids"], found["weights"], found["starts"], found["files"])

    def save(self, path: Path) -> None:
        """Write the set; the same set makes the same bytes. Raises OSError."""
        table = {"ids": self.ids, "weights": self.weights, "starts": self.starts, "files": self.files}
        # By hand, since the library's own writer tells a full disk from a broken file only in words.
        write_file(path, save(table))

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.starts) - 1

    @property
    def tokens(self) -> int:
        """How many tokens all samples have together."""
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The tokens of each sample: int64[m]."""
        return np.diff(self.starts)

    def sample(self, number: int) -> tuple[Ids, Weights]:
        """Return the ids and the weights of one sample."""
        place = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.ids[place], self.weights[place]

    def without_files(self, files: Iterable[int]) -> SampleSet:
        """Return the set without the samples of these files."""
        left_out = frozenset(files)
        kept = [number for number in range(len(self)) if int(self.files[number]) not in left_out]
        return SampleSet.of(
            Sample(ids.tolist(), weights.tolist(), int(self.files[number]))
            for number in kept
            for ids, weights in [self.sample(number)]
        )


def _is_whole(found: dict[str, NDArray[Any]]) -> bool:
    if found.keys() != _SHAPES.keys() or any(found[name].dtype != kind for name, kind in _SHAPES.items()):
        return False
    ids, weights, starts, files = (found[name] for name in _SHAPES)
    return bool(
        ids.shape == weights.shape
        and ids.ndim == starts.ndim == files.ndim == 1
        and len(starts) == len(files) + 1
        and starts[0] == 0
        and starts[-1] == len(ids)
        and (np.diff(starts) > 0).all()
    )
