"""The transformer itself: reading many tokens at once, and one token of each row at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
from torch.nn import functional

from assistant.config import Bits
from assistant.engine.decoding.decoder import Interrupted, Stop, never
from assistant.engine.fast import positions
from assistant.engine.fast.cache import FastCache
from assistant.engine.fast.layer import Layer, Multiplies, Product, products_of
from assistant.engine.fast.linear import Embedding, Linear
from assistant.engine.fast.packing import Packer, ReadTensor
from assistant.engine.fast.quantised import Quantised
from assistant.engine.fast.shape import Shape
from assistant.engine.memory import trim

FEW_TOKENS = 8
"""Up to so many tokens at once are read by the packed weights, one by one in the attention."""


class FastModel:
    """A decoder-only transformer of one of the known shapes, on the CPU."""

    def __init__(
        self,
        shape: Shape,
        read: ReadTensor,
        dtype: torch.dtype,
        bits: Bits,
        group: int,
        progress: Callable[[float], None] | None = None,
        *,
        lean: bool = False,
        integer: bool = False,
    ) -> None:
        """Take the weights from ``read``, pack them, and tell ``progress`` from 0 to 1.

        ``read`` gives a tensor by its name: products (outputs, inputs), norms and biases (numbers,).

        ``lean`` keeps one copy of the weights, the packed one: less than half the memory, and prompts are read more
        slowly. ``integer`` reads prompts by whole numbers, and with 8 bits writes so too; see Linear.
        """
        self.shape = shape
        self.device = torch.device("cpu")
        self.piece = 512 if lean else 256
        self._integer = integer and bits != 16 and not (lean and bits == 4)
        writes_integer = self._integer and bits == 8
        # FBGEMM reads several rows in little more time than one.
        self.max_draft_tokens = 5 if writes_integer else 3
        self.draft_token_cost = 0.1 if writes_integer else 0.25
        self.dtype = dtype
        self.packer = packer = Packer(shape, read, dtype, bits, group, lean=lean, integer=self._integer)
        table = packer.own(packer.matrix("model.embed_tokens.weight"), packed_only=bits != 16 and lean)
        self.embedding = Embedding(table, dtype, lean=lean)
        self.layers: list[Layer] = []
        # Two at a time: FBGEMM packs with one core.
        with ThreadPoolExecutor(2 if self._integer else 1) as pool:
            waiting = [pool.submit(packer.layer, index) for index in range(shape.layers)]
            try:
                for layer in waiting:
                    self.layers.append(layer.result())
                    if progress:
                        progress(len(self.layers) / (shape.layers + 1))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # without memory, or a weight, the rest is in vain
                raise
        self.norm = packer.norm("model.norm")
        # Where the embedding is quantised a tied output layer has a matrix of its own, in other bits.
        own_head = not shape.tied or isinstance(table, Quantised)
        head = packer.own(packer.matrix("lm_head.weight"), packed_only=packer.packed_only) if own_head else table
        self._tied = not own_head and not lean and not writes_integer
        # It reads few rows only: the last ones.
        self.head = Linear(
            head, None, bits, group, scratch=packer.scratch, lean=lean or not self._tied, integer=writes_integer
        )
        self._activation = _activation(shape.activation)
        self._frequencies = positions.frequencies(shape)
        self._turns = positions.turns(self._frequencies, 0, 1024)

    @property
    def nbytes(self) -> int:
        """Memory of the matrices in bytes; one that two parts share counts once."""
        products = [product for layer in self.layers for product in (layer.qkv, layer.out, layer.up, layer.down)]
        shared = self.embedding.nbytes if self._tied else 0
        return sum(product.nbytes for product in products) + self.head.nbytes + self.embedding.nbytes - shared

    # --- running -----------------------------------------------------------------------

    def new_cache(self) -> FastCache:
        """Return an empty cache of one row."""
        return FastCache(self.shape.layers, self.shape.kv_heads, self.shape.head_size, self.dtype)

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: FastCache, keep: int = 1, stop: Stop = never) -> torch.Tensor:
        """Read tokens into a cache of one row; return the logits after each of the last ``keep``.

        The result has the shape (keep, vocabulary). ``stop`` is asked before each layer; where it says so Interrupted
        is raised, and the cache is as it was.
        """
        if len(ids) <= FEW_TOKENS:
            return self._few(ids, 1, cache)[-keep:]
        hidden = self._many(ids, cache, stop)
        return self.head.few(self.norm.few(hidden[-keep:]))

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], cache: FastCache) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        return self._few(tokens, len(tokens), cache)

    def _few(self, ids: Sequence[int], rows: int, cache: FastCache) -> torch.Tensor:
        """Return the logits after each of a few tokens: one of each row, or several of a single row.

        Each token goes through the very same operations whatever stands beside it, so that drafted tokens checked
        together get the logits that they would get one by one. And there are as few operations as possible: with the
        weights streaming through the processor's caches, each costs several times what it costs alone.
        """
        shape, tokens, count = self.shape, len(ids) // rows, len(ids)
        turning, kv_heads = shape.heads + shape.kv_heads, shape.kv_heads
        turns = self._turns_for(cache.length, tokens)
        # The values' heads are turned by nothing, so that keys and values are written as one.
        turns = torch.cat((turns.expand(-1, turning, -1), turns.new_ones(tokens, kv_heads, turns.shape[2])), dim=1)
        slots, keys, values = cache.open(tokens)
        x = self.embedding(ids)
        for index, layer in enumerate(self.layers):
            y = layer.qkv.few(layer.before_attention.few(x))
            if layer.query_norm and layer.key_norm:
                y = y.view(count, -1, shape.head_size)
                queries, own_keys, own_values = y.split([shape.heads, kv_heads, kv_heads], dim=1)
                y = torch.cat((layer.query_norm(queries), layer.key_norm(own_keys), own_values), dim=1)
            pairs = torch.view_as_complex(y.float().view(count, turning + kv_heads, -1, 2))
            y = torch.view_as_real(pairs * turns).view(rows, tokens, turning + kv_heads, -1)
            slots[index].copy_(y[:, :, shape.heads :].transpose(1, 2))
            queries = y[:, :, : shape.heads].to(self.dtype).view(count, kv_heads, -1, shape.head_size)
            x += layer.out.few(self._attend_few(queries, keys[index], values[index], tokens))
            x += layer.down.few(self._activate(layer.up.few(layer.before_forward.few(x))))
        cache.advance(tokens)
        return self.head.few(self.norm.few(x))

    def _attend_few(self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, tokens: int) -> torch.Tensor:
        """Return the attention's result of each token on its own, shape (rows * tokens, heads * head size).

        ``queries`` has the shape (rows * tokens, kv heads, heads of each, head size): the heads that share a key are
        rows of one product, and nothing is masked.
        """
        attend, length, window = functional.scaled_dot_product_attention, keys.shape[2], self.shape.window
        if tokens == 1 and length <= window:
            return attend(queries, keys, values).view(len(queries), -1)
        outs: list[torch.Tensor] = []
        for place in range(tokens):
            end = length - tokens + place + 1
            start = max(0, end - window)
            own = queries[place : place + 1] if tokens > 1 else queries
            outs.append(attend(own, keys[:, :, start:end], values[:, :, start:end]).view(len(own), -1))
        return torch.cat(outs)

    def _many(self, ids: Sequence[int], cache: FastCache, stop: Stop) -> torch.Tensor:
        """Return the last hidden states of many tokens of one row, shape (tokens, hidden)."""
        shape, tokens = self.shape, len(ids)
        slots, all_keys, all_values = cache.open(tokens)
        turns = self._turns_for(cache.length, tokens)
        mask = positions.mask(cache.length, tokens, shape.window, self.dtype)
        x = self.embedding(ids)
        for index, layer in enumerate(self.layers):
            if stop():
                raise Interrupted
            y = layer.qkv(layer.before_attention(x)).view(tokens, shape.heads + 2 * shape.kv_heads, shape.head_size)
            queries, keys, values = y.split([shape.heads, shape.kv_heads, shape.kv_heads], dim=1)
            if layer.query_norm and layer.key_norm:
                queries, keys = layer.query_norm(queries), layer.key_norm(keys)
            queries = positions.turn(queries, turns).to(self.dtype)
            keys = positions.turn(keys, turns).to(self.dtype)
            slots[index].copy_(torch.cat((keys, values), dim=1).transpose(0, 1))
            attended = functional.scaled_dot_product_attention(
                queries.transpose(0, 1)[None],
                all_keys[index],
                all_values[index],
                attn_mask=mask,
                is_causal=mask is None,
                enable_gqa=shape.heads != shape.kv_heads,
            )
            x = x + layer.out(attended[0].transpose(0, 1).reshape(tokens, -1))
            x = x + layer.down(self._activate(layer.up(layer.before_forward(x))))
        cache.advance(tokens)
        return x

    def _activate(self, y: torch.Tensor) -> torch.Tensor:
        if not self.shape.gated:
            return self._activation(y)
        gate, up = y.chunk(2, dim=-1)
        return self._activation(gate).mul_(up)

    def _turns_for(self, start: int, tokens: int) -> torch.Tensor:
        """Return the rotations of the positions from ``start`` on, shape (tokens, 1, head size / 2), complex."""
        if start + tokens > len(self._turns):
            self._turns = positions.turns(self._frequencies, 0, 2 * (start + tokens))
        return self._turns[start : start + tokens, None]

    # --- adapters ----------------------------------------------------------------------

    def changed(
        self,
        change: Callable[[Packer, Product, Multiplies], Multiplies],
        wrap: Callable[[ReadTensor], ReadTensor] = lambda read: read,
        stop: Stop = never,
    ) -> FastModel:
        """Return a model that shares all with this one but the products for which ``change`` returns others.

        ``change`` gets the packer of the new one, which reads the weights through ``wrap``. Raises Interrupted between
        two layers where ``stop`` says so.
        """
        other = copy.copy(self)
        other.packer = packer = self.packer.reading(wrap)

        def layer(index: int) -> Layer:
            if stop():
                raise Interrupted
            old = self.layers[index]
            made = {each.part: change(packer, each, getattr(old, each.part)) for each in products_of(self.shape, index)}
            trim()  # what was read for a layer would add up
            return replace(old, **made)

        with ThreadPoolExecutor(2 if self._integer else 1) as pool:
            other.layers = list(pool.map(layer, range(self.shape.layers)))
        return other


def _activation(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if name == "silu":
        return functional.silu
    if name == "gelu":
        return functional.gelu
    return lambda x: functional.gelu(x, approximate="tanh")
