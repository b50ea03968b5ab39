"""The keys and values of what was read, in buffers that grow by doubling."""

from __future__ import annotations

from collections.abc import Sequence

import torch

FIRST_ROOM = 512


class FastCache:
    """Keys and values of every layer: tensors of shape (rows, kv heads, room, head size).

    Only the first ``length`` of the room are used.
    """

    can_crop = True

    def __init__(self, layers: int, kv_heads: int, head_size: int, dtype: torch.dtype) -> None:
        self.length = 0
        self._shape = (kv_heads, head_size)
        self._room = 0
        self._dtype = dtype
        self._rows = 1
        self._keys: list[torch.Tensor] = [torch.empty(0) for _ in range(layers)]
        self._values: list[torch.Tensor] = [torch.empty(0) for _ in range(layers)]

    def reserve(self, more: int) -> None:
        """Make room for ``more`` tokens."""
        needed = self.length + more
        if needed <= self._room:
            return
        self._room = max(FIRST_ROOM, 2 * self._room, needed)
        for store in (self._keys, self._values):
            for layer, old in enumerate(store):
                store[layer] = torch.empty(self._rows, self._shape[0], self._room, self._shape[1], dtype=self._dtype)
                if self.length:
                    store[layer][:, :, : self.length] = old[:, :, : self.length]

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Add keys and values of shape (rows, kv heads, tokens, head size); return all of the layer's so far.

        The length counts on only with ``advance``, after the last layer.
        """
        end = self.length + keys.shape[2]
        self._keys[layer][:, :, self.length : end] = keys
        self._values[layer][:, :, self.length : end] = values
        return self._keys[layer][:, :, :end], self._values[layer][:, :, :end]

    def advance(self, tokens: int) -> None:
        """Count tokens that every layer has written."""
        self.length += tokens

    def crop(self, length: int) -> None:
        """Forget what comes after ``length`` tokens."""
        self.length = min(self.length, length)

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        self._rows = rows
        for store in (self._keys, self._values):
            store[:] = [tensor.repeat(rows, 1, 1, 1) for tensor in store]

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        self._rows = len(rows)
        for store in (self._keys, self._values):
            store[:] = [tensor[list(rows)] for tensor in store]
