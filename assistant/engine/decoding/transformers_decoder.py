"""Any model that transformers can run, behind the Decoder protocol. Importing this costs transformers' start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from assistant.engine.decoding.decoder import Interrupted, Stop, never


class TransformersCache:
    """A DynamicCache of transformers."""

    def __init__(self, config: Any) -> None:
        self._config = config
        self.inner: Any = DynamicCache(config=config)

    @property
    def can_crop(self) -> bool:
        """Whether its layers are all plain: one that slides has forgotten what a shorter prompt would need."""
        return all(type(layer) is DynamicLayer and layer.is_initialized for layer in self.inner.layers)

    @property
    def length(self) -> int:
        """How many tokens it holds."""
        return self.inner.get_seq_length()

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        layers = (layer for layer in self.inner.layers if layer.is_initialized)
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)

    def fork(self, length: int) -> TransformersCache:
        """Return a cache of its own with the first ``length`` tokens."""
        other = TransformersCache(self._config)
        for index, layer in enumerate(self.inner.layers):
            other.inner.update(layer.keys[..., :length, :].clone(), layer.values[..., :length, :].clone(), index)
        return other

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

    piece = 256
    draft_token_cost = 0.05

    def __init__(self, model: Any) -> None:
        self.model = model
        # In half precision several tokens at once are rounded otherwise than one by one, and another may win.
        self.max_draft_tokens = 8 if model.dtype == torch.float32 else 0

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def new_cache(self) -> TransformersCache:
        """Return an empty cache of one row."""
        return TransformersCache(self.model.config)

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: TransformersCache, keep: int = 1, stop: Stop = never) -> torch.Tensor:
        """Read tokens into a cache of one row; return the logits after the last ``keep``, (keep, vocabulary)."""
        if stop():
            raise Interrupted
        return self._run(torch.tensor([list(ids)], device=self.device), cache, keep)[0]

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], cache: TransformersCache) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        return self._run(torch.tensor(tokens, device=self.device)[:, None], cache, 1)[:, -1]

    def _run(self, ids: torch.Tensor, cache: TransformersCache, keep: int) -> torch.Tensor:
        """Return logits of shape (rows, keep, vocabulary)."""
        return self.model(input_ids=ids, past_key_values=cache.inner, use_cache=True, logits_to_keep=keep).logits
