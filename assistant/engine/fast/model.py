"""The transformer itself: reading many tokens at once, and one token of each row at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch.nn import functional

from assistant.config import Bits
from assistant.engine.decoding.decoder import Interrupted, Stop, never
from assistant.engine.fast import positions
from assistant.engine.fast.cache import FastCache
from assistant.engine.fast.linear import Embedding, Linear, Scratch
from assistant.engine.fast.quantised import Quantised, concatenate, dequantise, take_rows
from assistant.engine.fast.quantised import copy as copy_matrix
from assistant.engine.fast.shape import Shape
from assistant.engine.memory import trim

ReadTensor = Callable[[str], "torch.Tensor | Quantised | None"]
"""The weight of a name, or None where the model has none. It may lie in a mapped file."""


FEW_TOKENS = 8
"""Up to so many tokens at once are read by the packed weights, one by one in the attention."""


class MissingWeightError(Exception):
    """The files lack the weight of this name."""


class Norm:
    """RMSNorm, or LayerNorm where there is a bias."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, eps: float, *, rms: bool) -> None:
        """Take ``weight`` and ``bias`` of shape (numbers,)."""
        self._weight = weight
        self._bias = bias
        self._eps = eps
        self._rms = rms
        self._twice = torch.cat((weight, weight)) if rms else weight

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension of ``x``, shape (..., numbers); the shape stays."""
        if self._rms:
            return functional.rms_norm(x, self._weight.shape, self._weight, self._eps)
        return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Do the same for ``x`` of shape (rows, numbers), in fewer operations where there are few rows.

        PyTorch has a kernel of its own for LayerNorm alone. The mean of numbers and their negatives is zero and their
        variance the mean square, so that LayerNorm of both is RMSNorm of each.
        """
        if not self._rms:
            return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)
        both = functional.layer_norm(torch.cat((x, -x), 1), self._twice.shape, self._twice, None, self._eps)
        return both[:, : x.shape[1]].contiguous()


class Multiplies(Protocol):
    """A product with a matrix: Linear, or one that adds something to it."""

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        ...

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), many rows."""
        ...

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), few rows."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """One product of a layer: the modules whose matrices it joins, and which of them are turned by positions."""

    part: Literal["qkv", "out", "up", "down"]
    modules: tuple[str, ...]
    turned: tuple[int, ...] = ()


@dataclass(slots=True)
class Layer:
    """One block. ``qkv`` holds queries, keys and values in this order; ``up`` holds gate and up where gated."""

    before_attention: Norm
    qkv: Multiplies
    query_norm: Norm | None
    key_norm: Norm | None
    out: Multiplies
    before_forward: Norm
    up: Multiplies
    down: Multiplies


class FastModel:
    """A decoder-only transformer of one of the known shapes, on the CPU.

    Rotary positions turn pairs of neighbouring numbers: the rows of queries and keys are reordered for that at
    loading, which leaves their products as they were.
    """

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
        self.most_guesses = 5 if writes_integer else 3
        self.guess_cost = 0.1 if writes_integer else 0.25
        self.dtype = dtype
        self._read = read
        self._bits: Bits = bits
        self._group = group
        self._order = positions.pair_order(shape.head_size)
        self._lean = lean
        self._scratch = Scratch()
        # Where only packed weights are kept, they are packed straight from the mapped file.
        self._packed_only = bits != 16 and (lean or self._integer)
        table = self._own(self._matrix("model.embed_tokens.weight"), packed_only=bits != 16 and lean)
        self.embedding = Embedding(table, dtype, lean=lean)
        self.layers: list[Layer] = []
        # Two at a time: FBGEMM packs with one core.
        with ThreadPoolExecutor(2 if self._integer else 1) as pool:
            waiting = [pool.submit(self._layer, index) for index in range(shape.layers)]
            try:
                for layer in waiting:
                    self.layers.append(layer.result())
                    if progress:
                        progress(len(self.layers) / (shape.layers + 1))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # without memory, or a weight, the rest is in vain
                raise
        self.norm = self._norm("model.norm")
        # Where the embedding is quantised a tied output layer has a matrix of its own, in other bits.
        own_head = not shape.tied or isinstance(table, Quantised)
        head = self._own(self._matrix("lm_head.weight"), packed_only=self._packed_only) if own_head else table
        self._tied = not own_head and not lean and not writes_integer
        # It reads few rows only: the last ones.
        self.head = Linear(
            head, None, bits, group, scratch=self._scratch, lean=lean or not self._tied, integer=writes_integer
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

        Each token goes through the very same operations whatever stands beside it, so that guessed tokens checked
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

    # --- loading -----------------------------------------------------------------------

    def _tensor(self, name: str) -> torch.Tensor:
        tensor = self._maybe(name)
        if tensor is None:
            raise MissingWeightError(name)
        return tensor

    def _maybe(self, name: str) -> torch.Tensor | None:
        tensor = self._read(name)
        if isinstance(tensor, Quantised):
            return dequantise(tensor, self.dtype)
        return None if tensor is None else tensor.to(self.dtype, copy=True)

    def _matrix(self, name: str) -> torch.Tensor | Quantised:
        """Return a matrix in the type that it is computed in, or in half of the bytes where it is stored so.

        It may lie in the mapped file.
        """
        matrix = self._read(name)
        if matrix is None:
            raise MissingWeightError(name)
        if isinstance(matrix, Quantised) or matrix.dtype == torch.bfloat16:
            return matrix
        return matrix.to(self.dtype)

    def _own(self, matrix: torch.Tensor | Quantised, *, packed_only: bool) -> torch.Tensor | Quantised:
        """Return a copy that does not keep the file mapped; the matrix itself where only its packed form is kept."""
        if isinstance(matrix, Quantised):
            return copy_matrix(matrix)
        return matrix if packed_only else matrix.clone()

    def _norm(self, name: str) -> Norm:
        return Norm(
            self._tensor(f"{name}.weight"), self._maybe(f"{name}.bias"), self.shape.eps, rms=self.shape.rms_norm
        )

    def _head_norm(self, name: str) -> Norm | None:
        if not self.shape.head_norm:
            return None
        return Norm(self._tensor(f"{name}.weight")[self._order].contiguous(), None, self.shape.eps, rms=True)

    def rows(self, name: str) -> int:
        """Return how many outputs the matrix of this name has."""
        return self._matrix(name).shape[0]

    def linear(self, product: Product) -> Linear:
        """Return one product for its matrices, as the model now reads them."""
        weights = [self._matrix(f"{name}.weight") for name in product.modules]
        biases = [self._maybe(f"{name}.bias") for name in product.modules]
        for place in product.turned:
            order = self.head_order(weights[place].shape[0])
            weights[place] = _take(weights[place], order)
            bias = biases[place]
            biases[place] = None if bias is None else bias[order]
        known = [bias for bias in biases if bias is not None]
        bias = torch.cat(known) if known else None
        weight = (
            _join(weights, self.dtype) if len(weights) > 1 else self._own(weights[0], packed_only=self._packed_only)
        )
        return self._product(weight, bias)

    def _product(self, weight: torch.Tensor | Quantised, bias: torch.Tensor | None) -> Linear:
        return Linear(
            weight, bias, self._bits, self._group, scratch=self._scratch, lean=self._lean, integer=self._integer
        )

    def head_order(self, rows: int) -> torch.Tensor:
        """Return the order of ``rows`` (heads times head size) that joins the numbers of each rotated pair of a head.

        The order is a tensor of row numbers, shape (rows,).
        """
        return torch.arange(rows).view(-1, self.shape.head_size)[:, self._order].reshape(-1)

    def products(self, index: int) -> tuple[Product, ...]:
        """Return the products of a layer."""
        at, gated = f"model.layers.{index}", self.shape.gated
        up = ("gate_proj", "up_proj") if gated else ("c_fc",)
        return (
            Product("qkv", tuple(f"{at}.self_attn.{name}_proj" for name in "qkv"), turned=(0, 1)),
            Product("out", (f"{at}.self_attn.o_proj",)),
            Product("up", tuple(f"{at}.mlp.{name}" for name in up)),
            Product("down", (f"{at}.mlp.{'down_proj' if gated else 'c_proj'}",)),
        )

    def _layer(self, index: int) -> Layer:
        at = f"model.layers.{index}"
        made = {product.part: self.linear(product) for product in self.products(index)}
        return Layer(
            before_attention=self._norm(f"{at}.input_layernorm"),
            query_norm=self._head_norm(f"{at}.self_attn.q_norm"),
            key_norm=self._head_norm(f"{at}.self_attn.k_norm"),
            before_forward=self._norm(f"{at}.post_attention_layernorm"),
            **made,
        )

    def changed(
        self,
        change: Callable[[FastModel, Product, Multiplies], Multiplies],
        wrap: Callable[[ReadTensor], ReadTensor] = lambda read: read,
        stop: Stop = never,
    ) -> FastModel:
        """Return a model that shares all with this one but the products for which ``change`` returns others.

        ``change`` gets the new model, whose weights are read through ``wrap``. Raises Interrupted between two layers
        where ``stop`` says so.
        """
        other = copy.copy(self)
        other._read = wrap(self._read)  # noqa: SLF001  (its own class)

        def layer(index: int) -> Layer:
            if stop():
                raise Interrupted
            old = self.layers[index]
            made = {each.part: change(other, each, getattr(old, each.part)) for each in self.products(index)}
            trim()  # what was read for a layer would add up
            return replace(old, **made)

        with ThreadPoolExecutor(2 if self._integer else 1) as pool:
            other.layers = list(pool.map(layer, range(self.shape.layers)))
        return other


def _take(matrix: torch.Tensor | Quantised, order: torch.Tensor) -> torch.Tensor | Quantised:
    return take_rows(matrix, order) if isinstance(matrix, Quantised) else matrix[order]


def _join(matrices: Sequence[torch.Tensor | Quantised], dtype: torch.dtype) -> torch.Tensor | Quantised:
    """Return one matrix with the rows of all; a full one where they are not all quantised alike."""
    quantised = [matrix for matrix in matrices if isinstance(matrix, Quantised)]
    if len(quantised) == len(matrices) and len({(matrix.bits, matrix.group) for matrix in quantised}) == 1:
        return concatenate(quantised)
    full = [dequantise(each, torch.bfloat16) if isinstance(each, Quantised) else each for each in matrices]
    return torch.cat([each.to(dtype) for each in full] if len({each.dtype for each in full}) > 1 else full)


def _activation(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if name == "silu":
        return functional.silu
    if name == "gelu":
        return functional.gelu
    return lambda x: functional.gelu(x, approximate="tanh")
