"""What reads and writes token ids: one small protocol over transformers' models and the fast path."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class Cache(Protocol):
    """The keys and values of what one or several sequences have read."""

    @property
    def can_crop(self) -> bool:
        """Whether its end can be forgotten; where not, it serves for one request only."""
        ...

    def crop(self, length: int) -> None:
        """Keep only the first ``length`` tokens."""
        ...

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        ...


class Decoder(Protocol):
    """A model that is ready to run on ``device``."""

    @property
    def device(self) -> torch.device:
        """Where the logits are."""
        ...

    def new_cache(self) -> Any:
        """Return an empty Cache of one row."""
        ...

    def read(self, ids: Sequence[int], cache: Any) -> torch.Tensor:
        """Read more of a prompt into a cache of one row; return the logits after it, shape (vocabulary,)."""
        ...

    def next(self, tokens: Sequence[int], cache: Any) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        ...


class TransformersCache:
    """A DynamicCache of transformers."""

    def __init__(self, config: Any) -> None:
        self.inner: Any = DynamicCache(config=config)

    @property
    def can_crop(self) -> bool:
        """Whether its layers are all plain: one that slides has forgotten what a shorter prompt would need."""
        return all(type(layer) is DynamicLayer and layer.is_initialized for layer in self.inner.layers)

    def crop(self, length: int) -> None:
        """Keep only the first ``length`` tokens."""
        for layer in self.inner.layers:
            layer.keys, layer.values = layer.keys[..., :length, :], layer.values[..., :length, :]

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        self.inner.batch_repeat_interleave(rows)

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        self.inner.batch_select_indices(torch.tensor(list(rows), device=self.inner.layers[0].keys.device))


class TransformersDecoder:
    """Any causal language model that transformers can run."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def new_cache(self) -> TransformersCache:
        """Return an empty cache of one row."""
        return TransformersCache(self.model.config)

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: TransformersCache) -> torch.Tensor:
        """Read tokens into a cache of one row; return the logits after the last, shape (vocabulary,)."""
        return self._run(torch.tensor([list(ids)], device=self.device), cache)[0]

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], cache: TransformersCache) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        return self._run(torch.tensor(tokens, device=self.device)[:, None], cache)

    def _run(self, ids: torch.Tensor, cache: TransformersCache) -> torch.Tensor:
        return self.model(input_ids=ids, past_key_values=cache.inner, use_cache=True, logits_to_keep=1).logits[:, -1]
