"""A cache that is on a stage while the model works with it, and keeps a copy of its own when another one comes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from assistant.engine.gpu.stage import KvShape, Stage


class StagedCache:
    """The keys and values of ``rows`` sequences of the same length."""

    can_crop = True

    def __init__(self, shape: KvShape, kept: torch.Tensor | None = None, length: int = 0) -> None:
        """``kept`` has the shape (layers, 2, rows, heads, at least ``length``, width); it becomes the cache's own."""
        self._shape = shape
        self._kept = kept
        self._stage: Stage | None = None
        self.length = length
        self.rows = 1 if kept is None else kept.shape[2]

    @property
    def nbytes(self) -> int:
        """Memory in bytes that its tokens take, wherever they are."""
        return self.rows * self.length * self._shape.token_bytes

    def crop(self, length: int) -> None:
        """Keep only the first ``length`` tokens."""
        self.length = length

    def fork(self, length: int) -> StagedCache:
        """Return a cache of its own, of one row, with the first ``length`` tokens."""
        values = self._values()
        return StagedCache(self._shape, None if values is None else values[:, :, :1, :, :length].clone(), length)

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        self.rest()
        if self._kept is not None:
            self._kept = self._kept.expand(-1, -1, rows, -1, -1, -1)
        self.rows = rows

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        if list(rows) == list(range(self.rows)):
            return
        values = self._values()
        self._kept = None if values is None else values[:, :, list(rows)]
        self.rows = len(rows)
        self._leave()

    def rest(self) -> None:
        """Leave the stage with a copy."""
        if self._stage is not None:
            values = self._values()
            self._kept = None if values is None else values.clone()
            self._leave()

    def enter(self, stage: Stage) -> None:
        """Go onto a stage, which whoever is there leaves. Called in inference mode."""
        if self._stage is stage:
            return
        stage.clear()
        values = self._values()
        if values is not None:
            stage.slots(self.rows, self.length).copy_(values)
        self._leave()
        self._kept, self._stage = None, stage
        stage.take(self)

    def _leave(self) -> None:
        if self._stage is not None:
            self._stage.take(None)
            self._stage = None

    def _values(self) -> torch.Tensor | None:
        if self.length == 0:
            return None
        if self._stage is not None:
            return self._stage.slots(self.rows, self.length)
        return None if self._kept is None else self._kept[..., : self.length, :]
