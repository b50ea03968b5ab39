"""A model's parts out of tensors by their names: found, put in order, joined and packed.

Rotary positions turn pairs of neighbouring numbers: the rows of queries and keys are reordered for that here, which
leaves their products as they were.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch

from assistant.config import Bits
from assistant.engine.fast import positions
from assistant.engine.fast.layer import Layer, Norm, Product, products_of
from assistant.engine.fast.linear import Linear, Scratch
from assistant.engine.fast.quantised import Quantised, concatenate, dequantise, take_rows
from assistant.engine.fast.quantised import copy as copy_matrix
from assistant.engine.fast.shape import Shape

ReadTensor = Callable[[str], "torch.Tensor | Quantised | None"]
"""The weight of a name, or None where the model has none. It may lie in a mapped file."""


class MissingWeightError(Exception):
    """The files lack the weight of this name."""


class Packer:
    """Makes norms, products and layers of one model from the tensors that ``read`` gives.

    ``lean`` and ``integer`` are Linear's; ``packed_only`` says that only the packed weights of a product are kept.
    """

    def __init__(
        self, shape: Shape, read: ReadTensor, dtype: torch.dtype, bits: Bits, group: int, *, lean: bool, integer: bool
    ) -> None:
        """``read`` gives a tensor by its name: products (outputs, inputs), norms and biases (numbers,)."""
        self.scratch = Scratch()
        # Where only packed weights are kept, they are packed straight from the mapped file.
        self.packed_only = bits != 16 and (lean or integer)
        self._shape = shape
        self._read = read
        self._dtype = dtype
        self._bits: Bits = bits
        self._group = group
        self._lean = lean
        self._integer = integer
        self._order = positions.pair_order(shape.head_size)

    def reading(self, wrap: Callable[[ReadTensor], ReadTensor]) -> Packer:
        """Return one that packs alike what ``wrap`` makes of the tensors."""
        other = copy.copy(self)
        other._read = wrap(self._read)  # noqa: SLF001  (its own class)
        return other

    def _tensor(self, name: str) -> torch.Tensor:
        tensor = self._maybe(name)
        if tensor is None:
            raise MissingWeightError(name)
        return tensor

    def _maybe(self, name: str) -> torch.Tensor | None:
        tensor = self._read(name)
        if isinstance(tensor, Quantised):
            return dequantise(tensor, self._dtype)
        return None if tensor is None else tensor.to(self._dtype, copy=True)

    def matrix(self, name: str) -> torch.Tensor | Quantised:
        """Return a matrix in the type that it is computed in, or in half of the bytes where it is stored so.

        It may lie in the mapped file.
        """
        matrix = self._read(name)
        if matrix is None:
            raise MissingWeightError(name)
        if isinstance(matrix, Quantised) or matrix.dtype == torch.bfloat16:
            return matrix
        return matrix.to(self._dtype)

    def own(self, matrix: torch.Tensor | Quantised, *, packed_only: bool) -> torch.Tensor | Quantised:
        """Return a copy that does not keep the file mapped; the matrix itself where only its packed form is kept."""
        if isinstance(matrix, Quantised):
            return copy_matrix(matrix)
        return matrix if packed_only else matrix.clone()

    def norm(self, name: str) -> Norm:
        """Return the norm of this name."""
        return Norm(
            self._tensor(f"{name}.weight"), self._maybe(f"{name}.bias"), self._shape.eps, rms=self._shape.rms_norm
        )

    def _head_norm(self, name: str) -> Norm | None:
        if not self._shape.head_norm:
            return None
        return Norm(self._tensor(f"{name}.weight")[self._order].contiguous(), None, self._shape.eps, rms=True)

    def rows(self, name: str) -> int:
        """Return how many outputs the matrix of this name has."""
        return self.matrix(name).shape[0]

    def linear(self, product: Product) -> Linear:
        """Return one product for its matrices, as the model now reads them."""
        weights = [self.matrix(f"{name}.weight") for name in product.modules]
        biases = [self._maybe(f"{name}.bias") for name in product.modules]
        for place in product.turned:
            order = self.head_order(weights[place].shape[0])
            weights[place] = _take(weights[place], order)
            bias = biases[place]
            biases[place] = None if bias is None else bias[order]
        known = [bias for bias in biases if bias is not None]
        bias = torch.cat(known) if known else None
        weight = _join(weights, self._dtype) if len(weights) > 1 else self.own(weights[0], packed_only=self.packed_only)
        return self._product(weight, bias)

    def _product(self, weight: torch.Tensor | Quantised, bias: torch.Tensor | None) -> Linear:
        return Linear(
            weight, bias, self._bits, self._group, scratch=self.scratch, lean=self._lean, integer=self._integer
        )

    def head_order(self, rows: int) -> torch.Tensor:
        """Return the order of ``rows`` (heads times head size) that joins the numbers of each rotated pair of a head.

        The order is a tensor of row numbers, shape (rows,).
        """
        return torch.arange(rows).view(-1, self._shape.head_size)[:, self._order].reshape(-1)

    def layer(self, index: int) -> Layer:
        """Return a whole layer."""
        at = f"model.layers.{index}"
        made = {product.part: self.linear(product) for product in products_of(self._shape, index)}
        return Layer(
            before_attention=self.norm(f"{at}.input_layernorm"),
            query_norm=self._head_norm(f"{at}.self_attn.q_norm"),
            key_norm=self._head_norm(f"{at}.self_attn.k_norm"),
            before_forward=self.norm(f"{at}.post_attention_layernorm"),
            **made,
        )


def _take(matrix: torch.Tensor | Quantised, order: torch.Tensor) -> torch.Tensor | Quantised:
    return take_rows(matrix, order) if isinstance(matrix, Quantised) else matrix[order]


def _join(matrices: Sequence[torch.Tensor | Quantised], dtype: torch.dtype) -> torch.Tensor | Quantised:
    """Return one matrix with the rows of all; a full one where they are not all quantised alike."""
    quantised = [matrix for matrix in matrices if isinstance(matrix, Quantised)]
    if len(quantised) == len(matrices) and len({(matrix.bits, matrix.group) for matrix in quantised}) == 1:
        return concatenate(quantised)
    full = [dequantise(each, torch.bfloat16) if isinstance(each, Quantised) else each for each in matrices]
    return torch.cat([each.to(dtype) for each in full] if len({each.dtype for each in full}) > 1 else full)
