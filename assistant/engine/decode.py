"""Token ids in, token ids out: reading a prompt in pieces, writing several sequences at once, reusing the KV cache.

Nothing here knows of text. Shapes: logits are (rows, vocabulary), ids (rows, length).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from assistant.engine.decoder import Cache, Decoder
from assistant.engine.sampling import Sampled, describe, penalise, sample
from assistant.types import Params

PIECE_TOKENS = 512
"""Prompt tokens that are read between two looks at the cancel token."""


class CacheSlot:
    """The KV cache of the last prompt, kept for the next one that begins alike. There is room for one."""

    def __init__(self) -> None:
        self._cache: Cache | None = None
        self._ids: tuple[int, ...] = ()

    def take(self, decoder: Decoder, ids: Sequence[int]) -> tuple[Cache, int]:
        """Return a cache for ``ids`` and how many of them it already holds (never all); the slot is then empty."""
        cache, known = self._cache, self._ids
        self.clear()
        common = min(_common_prefix(known, ids), len(ids) - 1)
        if cache is None or common <= 0 or not cache.can_crop:
            return decoder.new_cache(), 0
        cache.crop(common)
        return cache, common

    def put(self, cache: Cache, ids: Sequence[int]) -> None:
        """Keep a cache of one row that holds exactly ``ids``."""
        self._cache, self._ids = cache, tuple(ids)

    def clear(self) -> None:
        """Forget the cache, to free its memory."""
        self._cache, self._ids = None, ()


def warm_up(decoder: Decoder) -> None:
    """Run the model once on nothing in particular.

    That brings the weights from the disk into memory and sets the kernels up, which otherwise the
    first request waits for (a second or more).
    """
    cache = decoder.new_cache()
    decoder.read([0] * 16, cache)
    decoder.next([0], cache)


def prefill(decoder: Decoder, ids: Sequence[int], cache: Cache, start: int) -> Iterator[tuple[int, torch.Tensor]]:
    """Read ``ids`` from ``start`` on in pieces; yield after each how many are read, and the logits there."""
    while start < len(ids):
        end = min(start + PIECE_TOKENS, len(ids))
        logits = decoder.read(ids[start:end], cache)
        start = end
        yield start, logits


class Batch:
    """Sequences that go on from one prompt, a step at a time, until the caller drops them."""

    def __init__(
        self, decoder: Decoder, cache: Cache, prompt: Sequence[int], logits: torch.Tensor, params: Params
    ) -> None:
        """``cache`` holds the prompt in one row, ``logits`` of shape (vocabulary,) are those after it."""
        self._decoder = decoder
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
        if not self._cache.can_crop:
            return
        if len(self._written) == 1:
            # The last token was chosen, but not read.
            slot.put(self._cache, [*self._prompt, *self._written[0][:-1]])
            return
        if self._first is None:
            self._cache.select([0])
        self._cache.crop(len(self._prompt))
        slot.put(self._cache, self._prompt)

    @torch.inference_mode()
    def _first_step(self) -> list[tuple[int, Sampled]]:
        logits, self._first = self._first, None
        assert logits is not None  # noqa: S101  (for the type checker)
        count = len(self._rows)
        if count > 1:
            self._cache.repeat(count)
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
            self._cache.select(kept)
            self._rows = [self._rows[place] for place in kept]
        logits = self._decoder.next([self._written[row][-1] for row in self._rows], self._cache)
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


def _common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
