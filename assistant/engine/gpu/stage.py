"""A stage: memory of fixed size in which one cache at a time is read and written, with the step captured over it.

A captured step reads and writes the same addresses for ever. So there are few stages, one for each number of rows and
capacity, and caches come and go: a copy of a few megabytes, which takes a card well under a millisecond.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

from assistant.engine.gpu.cuda_graph import GraphCapture


@dataclass(frozen=True, slots=True)
class KvShape:
    """What the keys and values of one token are: for each layer twice ``heads`` times ``width`` numbers."""

    layers: int
    heads: int
    width: int
    dtype: torch.dtype
    device: torch.device

    @property
    def token_bytes(self) -> int:
        """Memory in bytes for each token of a row."""
        return self.layers * 2 * self.heads * self.width * self.dtype.itemsize


class Occupant(Protocol):
    """Who is on a stage."""

    def rest(self) -> None:
        """Take what is its own away, because another one comes."""
        ...


@dataclass(slots=True)
class _Window:
    """Which places of the stage the next run of the model writes, and how many from the first one it may see."""

    positions: torch.Tensor
    visible: int
    length: int = 0


class _Layer(CacheLayerMixin):
    """One layer's keys and values on the stage, as transformers' models want them."""

    is_sliding = False

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, window: _Window) -> None:
        super().__init__()
        self.keys, self.values, self._window = keys, values, window
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Do nothing: the memory is there from the start."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new keys and values, and return all that may be seen."""
        assert self.keys is not None  # noqa: S101  (for the type checker)
        assert self.values is not None  # noqa: S101
        window = self._window
        self.keys.index_copy_(2, window.positions, key_states)
        self.values.index_copy_(2, window.positions, value_states)
        return self.keys[:, :, : window.visible], self.values[:, :, : window.visible]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return how many keys can be seen after ``query_length`` new tokens, and the first one's place."""
        return self._window.length + query_length, 0

    def get_seq_length(self) -> int:
        """Return how many tokens have been read."""
        return self._window.length

    def get_max_length(self) -> int:
        """Return how many tokens there is room for."""
        assert self.keys is not None  # noqa: S101  (for the type checker)
        return self.keys.shape[2]


class Stage:
    """Room for ``capacity`` tokens of ``rows`` rows, and a step that reads ``width`` tokens of each."""

    def __init__(
        self, model: Any, shape: KvShape, capture: GraphCapture, *, rows: int, capacity: int, width: int
    ) -> None:
        """Take the memory and capture the step. Called in inference mode."""
        self.rows, self.capacity, self.width = rows, capacity, width
        self._model, self._device = model, shape.device
        # Zeros: what is masked is multiplied by nothing, which of a NaN left in memory would make a NaN.
        numbers = (shape.layers, 2, rows, shape.heads, capacity, shape.width)
        self._kv = torch.zeros(numbers, dtype=shape.dtype, device=shape.device)
        self._inputs = torch.zeros(rows * width + 1, dtype=torch.long, device=shape.device)
        self._window = _Window(self._inputs, capacity)
        self._cache = Cache(layers=[_Layer(layer[0], layer[1], self._window) for layer in self._kv])
        self._occupant: weakref.ref[Occupant] | None = None
        tokens, start = self._inputs[:-1].view(rows, width), self._inputs[-1:]
        places, steps = (torch.arange(size, device=shape.device) for size in (capacity, width))
        hidden = torch.full((), -math.inf, dtype=shape.dtype, device=shape.device)
        shown = torch.zeros_like(hidden)
        cache, window = self._cache, self._window

        # It holds no reference to the stage, which would else live until the next collection of cycles.
        def step() -> torch.Tensor:
            positions = start + steps
            mask = torch.where(places[None] <= positions[:, None], shown, hidden)[None, None]
            window.positions, window.visible = positions, capacity
            return model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions[None],
                past_key_values=cache,
                use_cache=True,
            ).logits

        self._step = capture.capture(step)

    @property
    def free(self) -> bool:
        """Whether nobody is on it."""
        return self._occupant is None or self._occupant() is None

    def clear(self) -> None:
        """Have its occupant, if there is one, take its own away."""
        occupant = self._occupant and self._occupant()
        if occupant is not None:
            occupant.rest()

    def take(self, occupant: Occupant | None) -> None:
        """Note who is on it now."""
        self._occupant = None if occupant is None else weakref.ref(occupant)

    def slots(self, rows: int, length: int) -> torch.Tensor:
        """Return the memory of the first tokens of the first rows: (layers, 2, rows, heads, length, width)."""
        return self._kv[:, :, :rows, :, :length]

    def step(self, tokens: Sequence[Sequence[int]], start: int) -> torch.Tensor:
        """Read up to ``width`` tokens of each row, the first at place ``start``, all rows alike.

        Returns logits of shape (rows of the stage, ``width``, vocabulary), which the next step overwrites. Rows and
        tokens that are not given are filled up; what these leave lies behind the end and is never seen.
        """
        flat: list[int] = []
        for row in tokens:
            flat += [*row, *[0] * (self.width - len(row))]
        flat += [0] * (self.rows * self.width - len(flat))
        self._inputs.copy_(torch.tensor([*flat, start]))
        return self._step()

    def read(self, ids: Sequence[int], start: int, keep: int) -> torch.Tensor:
        """Read any number of tokens of one row, seeing no more than there is; return logits (keep, vocabulary)."""
        window, end = self._window, start + len(ids)
        window.positions = torch.arange(start, end, device=self._device)
        window.visible, window.length = end, start
        tokens = torch.tensor([list(ids)], device=self._device)
        return self._model(input_ids=tokens, past_key_values=self._cache, use_cache=True, logits_to_keep=keep).logits[0]
