"""The keys and values of what was read, in one buffer that grows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

ROOM_STEP = 256
"""Room is made for so many tokens at a time, and for a half more than there are."""


class FastCache:
    """A tensor of shape (layers, rows, 2 * kv heads, room, head size): in each layer the keys' heads, then the values'.

    Only the first ``length`` of the room are used.
    """

    can_crop = True

    def __init__(self, layers: int, kv_heads: int, head_size: int, dtype: torch.dtype) -> None:
        self.length = 0
        self._kv_heads = kv_heads
        self._store = torch.empty(layers, 1, 2 * kv_heads, 0, head_size, dtype=dtype)

    @property
    def nbytes(self) -> int:
        """Memory in bytes, room that is not used yet included."""
        return self._store.nbytes

    def open(self, tokens: int) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor], Sequence[torch.Tensor]]:
        """Make room for more tokens; return for each layer where they go, all keys and all values.

        The first is to be filled, and has the shape (rows, 2 * kv heads, tokens, head size); the others, of shape
        (rows, kv heads, length + tokens, head size), show it then, too. The length counts on only with ``advance``.
        """
        end = self.length + tokens
        if end > self._store.shape[3]:
            self._store = self._copy(max(end, self.length * 3 // 2))
        kept = self._store.narrow(3, 0, end)
        keys, values = kept.split(self._kv_heads, 2)
        return kept.narrow(3, self.length, tokens).unbind(), keys.unbind(), values.unbind()

    def advance(self, tokens: int) -> None:
        """Count tokens that every layer has written."""
        self.length += tokens

    def crop(self, length: int) -> None:
        """Forget what comes after ``length`` tokens."""
        self.length = min(self.length, length)

    def fork(self, length: int) -> FastCache:
        """Return a cache of its own with the first ``length`` tokens."""
        other = FastCache(1, self._kv_heads, 1, self._store.dtype)
        other.length = min(self.length, length)
        other._store = self._copy(other.length, other.length)
        return other

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        self._store = self._store.repeat(1, rows, 1, 1, 1)

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        self._store = self._store[:, list(rows)]

    def _copy(self, room: int, length: int | None = None) -> torch.Tensor:
        layers, rows, heads, _, size = self._store.shape
        room = -(-room // ROOM_STEP) * ROOM_STEP
        copy = torch.empty(layers, rows, heads, room, size, dtype=self._store.dtype)
        used = self.length if length is None else length
        copy[:, :, :, :used] = self._store[:, :, :, :used]
        return copy
