"""Token ids in, token ids out: reading a prompt in pieces, writing several sequences at once, reusing the KV cache.

Nothing here knows of text. Shapes: logits are (rows, vocabulary), ids (rows, length).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from assistant.engine.decoding.decoder import Cache, Decoder, Stop, never
from assistant.engine.decoding.prompt_lookup import PromptLookup
from assistant.engine.decoding.sampling import Sampled, describe, only, penalise, sample
from assistant.engine.decoding.token_healing import PrefixConstraint
from assistant.types import Params

FORK_TOKENS = 256
"""A cache that would lose more than this, and more than half of what stays, is copied instead of cut."""


class CacheStore:
    """KV caches of recent prompts, each for the next one that begins alike, within a budget of memory.

    The one unused for longest is given up first; the newest is kept whatever its size, for it was there a moment ago.
    """

    def __init__(self, budget: int) -> None:
        """``budget`` is in bytes."""
        self._budget = budget
        self._kept: list[tuple[tuple[int, ...], Cache]] = []  # the newest last

    @property
    def nbytes(self) -> int:
        """Memory in bytes of all caches that are kept."""
        return sum(cache.nbytes for _, cache in self._kept)

    def take(self, decoder: Decoder, ids: Sequence[int]) -> tuple[Cache, int]:
        """Return a cache for ``ids`` and how many of them it already holds (never all).

        The cache is the caller's until it is put back. Where much of what another prompt needs would be cut off, a copy
        of the common beginning is given instead, and the original stays.
        """
        lengths = [_common_prefix(known, ids) for known, _ in self._kept]
        best = max(range(len(lengths)), key=lengths.__getitem__, default=None)
        common = min(lengths[best], len(ids) - 1) if best is not None else 0
        if best is None or common <= 0:
            return decoder.new_cache(), 0
        known, cache = self._kept[best]
        if len(known) - common > max(FORK_TOKENS, common // 2):
            self._kept.append(self._kept.pop(best))
            return cache.fork(common), common
        del self._kept[best]
        cache.crop(common)
        return cache, common

    def put(self, cache: Cache, ids: Sequence[int]) -> None:
        """Keep a cache of one row that holds exactly ``ids``."""
        if not cache.can_crop or not ids:
            return
        kept = [(known, other) for known, other in self._kept if _common_prefix(known, ids) < len(known)]
        self._kept = [*kept, (tuple(ids), cache)]
        while len(self._kept) > 1 and self.nbytes > self._budget:
            del self._kept[0]

    def clear(self) -> None:
        """Forget all caches, to free their memory."""
        self._kept = []


def warm_up(decoder: Decoder) -> None:
    """Run the model once on nothing in particular.

    That brings the weights from the disk into memory and sets the kernels up, which otherwise the
    first request waits for (a second or more).
    """
    cache = decoder.new_cache()
    decoder.read([0] * 16, cache)
    decoder.next([0], cache)
    decoder.read([0] * (decoder.max_draft_tokens + 1), cache, keep=decoder.max_draft_tokens + 1)


def prefill(
    decoder: Decoder, ids: Sequence[int], cache: Cache, start: int, stop: Stop = never
) -> Iterator[tuple[int, torch.Tensor]]:
    """Read ``ids`` from ``start`` on in pieces; yield after each how many are read, and the logits there.

    The logits have the shape (vocabulary,). Raises Interrupted soon after ``stop`` says so.
    """
    while start < len(ids):
        end = min(start + decoder.piece, len(ids))
        logits = decoder.read(ids[start:end], cache, stop=stop)[0]
        start = end
        yield start, logits


class Batch:
    """Sequences that go on from one prompt, a step at a time, until the caller drops them.

    A single sequence may go on by several tokens in one step: those that prompt lookup drafted and the model confirms.
    Each token is chosen from the model's own logits, in order, so that drafts never change the text.
    """

    def __init__(
        self,
        decoder: Decoder,
        cache: Cache,
        prompt: Sequence[int],
        logits: torch.Tensor,
        params: Params,
        lookup: PromptLookup | None = None,
        constraints: Sequence[PrefixConstraint] = (),
    ) -> None:
        """``cache`` holds the prompt in one row, ``logits`` of shape (vocabulary,) are those after it.

        ``constraints`` holds each row to what it has to begin with; none: all rows are free.
        """
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
        self._lookup = lookup if params.n == 1 and cache.can_crop else None
        self._constraints = constraints
        self._alike = False  # whether the rows have still to part
        self.drafted = 0
        """Tokens that were drafted and checked."""
        self.accepted = 0
        """Tokens of these that the model would have written, too."""

    @property
    def active(self) -> bool:
        """Whether any sequence is left to go on with."""
        return len(self._dropped) < len(self._written)

    def drop(self, row: int) -> None:
        """Do not go on with a sequence."""
        self._dropped.add(row)

    @torch.inference_mode()
    def step(self) -> list[tuple[int, Sampled]]:
        """Return the next token of each sequence that is left, by its number; of a single one perhaps several."""
        if self._first is not None:
            return self._first_step()
        free = self._allowed(0) is None
        draft = self._lookup.draft(self._left() - 1) if self._lookup and free else ()
        return self._verify_draft(draft) if draft else self._next_step()

    def leave(self, store: CacheStore) -> None:
        """Put the cache back for the next request; the batch is not used afterwards."""
        if not self._cache.can_crop:
            return
        if len(self._written) == 1:
            # The last token was chosen, but not read.
            store.put(self._cache, [*self._prompt, *self._written[0][:-1]])
            return
        if self._first is None:
            self._cache.select([0])
        self._cache.crop(len(self._prompt))
        store.put(self._cache, self._prompt)

    def _left(self) -> int:
        return self._params.max_tokens - len(self._written[0])

    def _first_step(self) -> list[tuple[int, Sampled]]:
        logits, self._first = self._first, None
        assert logits is not None  # noqa: S101  (for the type checker)
        count = len(self._rows)
        if count > 1:
            self._cache.repeat(count)
        if count > 1 and self._params.temperature <= 0:
            return self._part(logits)
        return [(row, self._sample(row, logits)) for row in self._rows]

    def _part(self, logits: torch.Tensor) -> list[tuple[int, Sampled]]:
        """Give each of the rows, which are the same so far, another token: the most probable ones.

        While what they are held to is not spelled by the most probable token all take that and part later: at an
        indentation every answer begins alike.
        """
        scores = logits.float()
        if self._params.repetition_penalty != 1.0:
            scores = penalise(scores, self._seen(0), self._params.repetition_penalty)
        allowed = self._allowed(0)
        if allowed is not None:
            logits, scores = only(logits, allowed), only(scores, allowed)
        # Where fewer may begin than there are rows, the last of them serves for the others.
        best = scores.topk(len(self._rows) if allowed is None else min(len(self._rows), len(allowed))).indices.tolist()
        self._alike = allowed is not None and self._constraints[0].leaves(best[0])
        places = [0 if self._alike else min(row, len(best) - 1) for row in self._rows]
        firsts = [describe(logits, best[place], self._params.logprobs) for place in places]
        return [(row, self._note(row, sampled)) for row, sampled in enumerate(firsts)]

    def _next_step(self) -> list[tuple[int, Sampled]]:
        kept = [place for place, row in enumerate(self._rows) if row not in self._dropped]
        if len(kept) < len(self._rows):
            self._cache.select(kept)
            self._rows = [self._rows[place] for place in kept]
        logits = self._decoder.next([self._written[row][-1] for row in self._rows], self._cache)
        if self._alike and len(self._rows) == self._params.n:
            return self._part(logits[0])
        return [(row, self._sample(row, logits[place])) for place, row in enumerate(self._rows)]

    def _verify_draft(self, draft: Sequence[int]) -> list[tuple[int, Sampled]]:
        """Check drafted tokens in one pass; return those that the model confirms and the one that follows them."""
        assert self._lookup is not None  # noqa: S101  (for the type checker)
        before = self._cache.length
        logits = self._decoder.read([self._written[0][-1], *draft], self._cache, keep=len(draft) + 1)
        chosen: list[tuple[int, Sampled]] = []
        for place in range(len(draft) + 1):
            sampled = self._sample(0, logits[place])
            chosen.append((0, sampled))
            if place == len(draft) or sampled.token != draft[place]:
                break
        accepted = len(chosen) - 1
        self._cache.crop(before + 1 + accepted)
        self._lookup.learn(len(draft), accepted)
        self.drafted += len(draft)
        self.accepted += accepted
        return chosen

    def _sample(self, row: int, logits: torch.Tensor) -> Sampled:
        seen = self._seen(row) if self._params.repetition_penalty != 1.0 else None
        allowed = self._allowed(row)
        if allowed is not None:
            logits = only(logits, allowed)
        return self._note(row, sample(logits, self._params, seen, self._generators[row]))

    def _note(self, row: int, sampled: Sampled) -> Sampled:
        self._written[row].append(sampled.token)
        if self._lookup is not None:
            self._lookup.append(sampled.token)
        if self._constraints:
            self._constraints[row].take(sampled.token)
        return sampled

    def _allowed(self, row: int) -> Sequence[int] | None:
        return self._constraints[row].allowed() if self._constraints else None

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
