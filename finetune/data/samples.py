"""Samples to learn from or to be judged by, in one file: token ids, their weights, and where each sample starts."""

# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from assistant.errors import InputError


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Samples one after the other.

    ``ids`` has the shape (n,); ``weights`` (n,): what it counts in the loss to foresee this token from those before it
    in its sample, 0 for a sample's first; ``starts`` (samples + 1,): sample i is ``ids[starts[i]:starts[i + 1]]``.
    """

    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The tokens of each sample, shape (samples,)."""
        return np.diff(self.starts)

    def save(self, path: Path) -> None:
        """Write the file, all or nothing. Raises OSError."""
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            file.write(save({"ids": self.ids, "weights": self.weights, "starts": self.starts}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    @staticmethod
    def load(path: Path) -> SampleSet:
        """Read what ``save`` wrote. Raises InputError for a file that is missing or damaged."""
        try:
            table = load_file(path)
            found = SampleSet(table["ids"], table["weights"], table["starts"])
        except (OSError, SafetensorError, KeyError) as error:
            raise InputError(f"The samples in {path.name} cannot be read ({error}); start a new run.") from None
        if not found.is_sound():
            raise InputError(f"The samples in {path.name} are damaged; start a new run.")
        return found

    def is_sound(self) -> bool:
        """Return whether the parts fit each other."""
        ids, weights, starts = self.ids, self.weights, self.starts
        return bool(
            ids.dtype == np.int32
            and weights.dtype == np.float32
            and starts.dtype == np.int64
            and ids.shape == weights.shape
            and ids.ndim == starts.ndim == 1
            and len(starts) >= 1
            and starts[0] == 0
            and starts[-1] == len(ids)
            and (np.diff(starts) > 0).all()
            and (ids >= 0).all()
            and np.isfinite(weights).all()
            and (weights >= 0).all()
            and (weights[starts[:-1]] == 0).all()
        )
