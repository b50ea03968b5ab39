"""The decoder of graphics cards: few tokens by a recorded step of fixed shape, many operation by operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from assistant.engine.decoding.decoder import Interrupted, Stop, never
from assistant.engine.device import is_out_of_memory, release_memory
from assistant.engine.gpu.cache import StagedCache
from assistant.engine.gpu.cuda_graph import GraphCapture
from assistant.engine.gpu.stage import KvShape, Stage

WIDTH = 8
"""Tokens that the step of a single sequence reads, whether drafted or filled up."""
SMALLEST = 2048
"""Tokens that the smallest stage has room for; each larger one has room for twice as many."""
_ALIGNED = 64
_ROWS = 4
_PROBE = 48


class StagedDecoder:
    """A model of transformers over stages. ``model`` attends by ``attention.attend``."""

    piece = 512
    # The step reads its full width in any case.
    draft_token_cost = 0.0

    def __init__(
        self,
        model: Any,
        shape: KvShape,
        capture: GraphCapture,
        *,
        longest: int,
        width: int = WIDTH,
        smallest: int = SMALLEST,
    ) -> None:
        """``longest`` is how many tokens a cache will hold at most; ``width`` 1 leaves no room for drafts."""
        self.model = model
        self.shape = shape
        self.width = width
        self.max_draft_tokens = width - 1
        self._capture = capture
        self._longest = _aligned(longest + width)
        self._smallest = smallest
        self._stages: dict[tuple[int, int], Stage] = {}

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.shape.device

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Rows and capacity of each stage there is."""
        return list(self._stages)

    def new_cache(self) -> StagedCache:
        """Return an empty cache of one row."""
        return StagedCache(self.shape)

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: StagedCache, keep: int = 1, stop: Stop = never) -> torch.Tensor:
        """Read tokens into a cache of one row; return the logits after the last ``keep``, (keep, vocabulary)."""
        if stop():
            raise Interrupted
        start, count = cache.length, len(ids)
        stage = self._enter(cache, 1, start + max(count, self.width))
        if count <= self.width:
            logits = stage.step([ids], start)[0, count - keep : count].clone()
        else:
            logits = stage.read(ids, start, keep)
            # Without this all pieces of a prompt would be under way before anybody could stop them.
            self._wait()
        cache.length = start + count
        return logits

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], cache: StagedCache) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        rows = len(tokens)
        stage = self._enter(cache, rows, cache.length + self.width)
        logits = stage.step([[token] for token in tokens], cache.length)[:rows, 0].clone()
        cache.length += 1
        return logits

    @torch.inference_mode()
    def drafts_agree(self) -> bool:
        """Whether tokens read together give bit for bit the logits that they give one by one.

        The step has one shape, so each token goes through the same products in the same order; but that is the
        kernels' to keep, so it is looked at on each card before drafts are trusted.
        """
        size = self.model.config.get_text_config().vocab_size
        ids = [(7 * place + 1) % size for place in range(_PROBE + self.width)]
        begin, rest = ids[: -self.width], ids[-self.width :]
        together, single = self.new_cache(), self.new_cache()
        self.read(begin, together)
        all_at_once = self.read(rest, together, keep=self.width)
        self.read(begin, single)
        one_by_one = torch.cat([self.next([token], single) for token in rest])
        return torch.equal(all_at_once, one_by_one)

    def _enter(self, cache: StagedCache, rows: int, needed: int) -> Stage:
        """Put a cache onto the smallest stage with room for ``needed`` tokens."""
        key = (stage_rows(rows), self._capacity(needed))
        stage = self._stages.get(key)
        if stage is None:
            stage = self._stages[key] = self._new_stage(*key)
        cache.enter(stage)
        return stage

    def _new_stage(self, rows: int, capacity: int) -> Stage:
        for last in (False, True):
            try:
                return Stage(
                    self.model,
                    self.shape,
                    self._capture,
                    rows=rows,
                    capacity=capacity,
                    width=self.width if rows == 1 else 1,
                )
            except Exception as error:
                if last or not self._stages or not is_out_of_memory(error):
                    raise
            # Here the error is gone, and with it what its frames held.
            self._drop_stages()
        raise AssertionError

    def _drop_stages(self) -> None:
        """Give all stages up; whoever is on one takes its own away, which is less than the stage."""
        while self._stages:
            _, stage = self._stages.popitem()
            stage.clear()
            del stage
            release_memory(self.device)

    def _capacity(self, needed: int) -> int:
        capacity = self._smallest
        while capacity < needed:
            capacity *= 2
        return min(capacity, self._longest) if needed <= self._longest else capacity

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.current_stream().synchronize()


def stage_rows(rows: int) -> int:
    """Return the rows of the stage for so many; there are few sizes, since four rows read the weights no oftener."""
    size = 1
    while size < rows:
        size *= _ROWS
    return size


def read_kv_shape(model: Any) -> KvShape | None:
    """Return the shape of a model's keys and values; None where they are of several kinds, or not all are kept."""
    cache: Any = DynamicCache(config=model.config)
    with torch.inference_mode():
        model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=model.device), past_key_values=cache)
    if not all(type(layer) is DynamicLayer and layer.is_initialized for layer in cache.layers):
        return None
    tensors = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    if len({tensor.shape for tensor in tensors}) != 1:
        return None
    _, heads, _, width = tensors[0].shape
    return KvShape(len(cache.layers), heads, width, tensors[0].dtype, model.device)


def _aligned(length: int) -> int:
    return -(-length // _ALIGNED) * _ALIGNED
