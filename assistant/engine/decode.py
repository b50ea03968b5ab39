"""Token ids in, token ids out: reading a prompt in pieces, writing several sequences at once, reusing the KV cache.

Nothing here knows of text. Shapes: logits are (rows, vocabulary), ids (rows, length).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from assistant.engine.sampling import Sampled, describe, penalise, sample
from assistant.types import Params

PIECE_TOKENS = 512
"""Prompt tokens that are read between two looks at the cancel token."""


class CacheSlot:
    """The KV cache of the last prompt, kept for the next one that begins alike. There is room for one."""

    def __init__(self) -> None:
        self._cache: Any = None
        self._ids: tuple[int, ...] = ()

    def take(self, model: Any, ids: Sequence[int]) -> tuple[Any, int]:
        """Return a cache for ``ids`` and how many of them it already holds (never all); the slot is then empty."""
        cache, known = self._cache, self._ids
        self.clear()
        common = min(_common_prefix(known, ids), len(ids) - 1)
        if cache is None or common <= 0 or not _can_crop(cache):
            return DynamicCache(config=model.config), 0
        crop(cache, common)
        return cache, common

    def put(self, cache: Any, ids: Sequence[int]) -> None:
        """Keep a cache of one row that holds exactly ``ids``."""
        self._cache, self._ids = cache, tuple(ids)

    def clear(self) -> None:
        """Forget the cache, to free its memory."""
        self._cache, self._ids = None, ()


def crop(cache: Any, length: int) -> None:
    """Keep the first ``length`` tokens of a cache whose layers are all plain."""
    for layer in cache.layers:
        layer.keys, layer.values = layer.keys[..., :length, :], layer.values[..., :length, :]


@torch.inference_mode()
def prefill_piece(model: Any, ids: Sequence[int], cache: Any) -> torch.Tensor:
    """Read more of a prompt into the cache; return the logits after its last token, shape (vocabulary,)."""
    tokens = torch.tensor([ids], device=model.device)
    return model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]


@torch.inference_mode()
def decode_one_token(model: Any, tokens: Sequence[int], cache: Any) -> torch.Tensor:
    """Read one more token of each row into the cache; return the next logits, shape (rows, vocabulary)."""
    column = torch.tensor(tokens, device=model.device)[:, None]
    return model(input_ids=column, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]


def warm_up(model: Any) -> None:
    """Run the model once on nothing in particular.

    That brings the weights from the disk into memory and sets the kernels up, which otherwise the
    first request waits for (a second or more).
    """
    cache = DynamicCache(config=model.config)
    prefill_piece(model, [0, 0], cache)
    decode_one_token(model, [0], cache)


def prefill(model: Any, ids: Sequence[int], cache: Any, start: int) -> Iterator[tuple[int, torch.Tensor]]:
    """Read ``ids`` from ``start`` on in pieces; yield after each how many are read, and the logits there."""
    while start < len(ids):
        end = min(start + PIECE_TOKENS, len(ids))
        logits = prefill_piece(model, ids[start:end], cache)
        start = end
        yield start, logits


class Batch:
    """Sequences that go on from one prompt, a step at a time, until the caller drops them."""

    def __init__(self, model: Any, cache: Any, prompt: Sequence[int], logits: torch.Tensor, params: Params) -> None:
        """``cache`` holds the prompt in one row, ``logits`` of shape (vocabulary,) are those after it."""
        self._model = model
        self._cache = cache
        self._params = params
        self._prompt = prompt
        self._written: list[list[int]] = [[] for _ in range(params.n)]
        self._generators = [_generator(params.seed, row, logits.device) for row in range(params.n)]
        self._first: torch.Tensor | None = logits
        self._rows = list(range(params.n))
        self._dropped: set[int] = set()
        self._device = logits.device

    @property
    def active(self) -> bool:
        """Whether any sequence is left to go on with."""
        return len(self._dropped) < len(self._written)

    def drop(self, row: int) -> None:
        """Do not go on with a sequence."""
        self._dropped.add(row)

    def step(self) -> list[tuple[int, Sampled]]:
        """Return the next token of each sequence that is left, by its number."""
        chosen = self._first_step() if self._first is not None else self._next_step()
        for row, sampled in chosen:
            self._written[row].append(sampled.token)
        return chosen

    def leave(self, slot: CacheSlot) -> None:
        """Put the cache back for the next request; the batch is not used afterwards."""
        if not _can_crop(self._cache):
            return
        if len(self._written) == 1:
            # The last token was chosen, but not read.
            slot.put(self._cache, [*self._prompt, *self._written[0][:-1]])
            return
        if self._first is None:
            self._cache.batch_select_indices(torch.tensor([0], device=self._device))
        crop(self._cache, len(self._prompt))
        slot.put(self._cache, self._prompt)

    @torch.inference_mode()
    def _first_step(self) -> list[tuple[int, Sampled]]:
        logits, self._first = self._first, None
        assert logits is not None  # noqa: S101  (for the type checker)
        count = len(self._rows)
        if count > 1:
            self._cache.batch_repeat_interleave(count)
        if count > 1 and self._params.temperature <= 0:
            scores = logits.float()
            if self._params.repetition_penalty != 1.0:
                scores = penalise(scores, self._seen(0), self._params.repetition_penalty)
            best = scores.topk(count).indices.tolist()
            return [(row, describe(logits, best[row], self._params.logprobs)) for row in self._rows]
        return [(row, self._sample(row, logits)) for row in self._rows]

    @torch.inference_mode()
    def _next_step(self) -> list[tuple[int, Sampled]]:
        kept = [place for place, row in enumerate(self._rows) if row not in self._dropped]
        if len(kept) < len(self._rows):
            self._cache.batch_select_indices(torch.tensor(kept, device=self._device))
            self._rows = [self._rows[place] for place in kept]
        logits = decode_one_token(self._model, [self._written[row][-1] for row in self._rows], self._cache)
        return [(row, self._sample(row, logits[place])) for place, row in enumerate(self._rows)]

    def _sample(self, row: int, logits: torch.Tensor) -> Sampled:
        seen = self._seen(row) if self._params.repetition_penalty != 1.0 else None
        return sample(logits, self._params, seen, self._generators[row])

    def _seen(self, row: int) -> torch.Tensor:
        return torch.tensor([*self._prompt, *self._written[row]], device=self._device)


def _generator(seed: int | None, row: int, device: torch.device) -> torch.Generator:
    """Return the source of chance of one sequence, so that none depends on how long the others are."""
    generator = torch.Generator(device=device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed((seed + row) % 2**63)
    return generator


def _can_crop(cache: Any) -> bool:
    return all(type(layer) is DynamicLayer and layer.is_initialized for layer in cache.layers)


def _common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
