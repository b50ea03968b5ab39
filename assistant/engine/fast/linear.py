"""A matrix that is read in full precision for many rows, and packed in few bits for one or a few."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch.nn import functional

from assistant.config import Bits
from assistant.engine.fast.integer import IntegerMatrix
from assistant.engine.fast.quantised import BLOCK, Quantised, dequantise, pieces, round_groups, round_rows

_INT4 = torch.ops.aten._weight_int4pack_mm_for_cpu.default  # noqa: SLF001
_INT8 = torch.ops.aten._weight_int8pack_mm.default  # noqa: SLF001


FEW_ROWS = 32
"""Up to so many rows the packed weights alone are quicker than making full ones of them first."""


class Scratch:
    """Memory for one unpacked matrix at a time: asking the system for it each time costs more than unpacking."""

    def __init__(self) -> None:
        self._store = torch.empty(0)

    def take(self, numbers: int, dtype: torch.dtype) -> torch.Tensor:
        """Return room for so many numbers, a tensor of shape (numbers,), until the next call."""
        if self._store.numel() < numbers or self._store.dtype != dtype:
            self._store = torch.empty(numbers, dtype=dtype)
        return self._store[:numbers]


class Linear:
    """``y = x W' + b`` with W of shape (outputs, inputs).

    ``bits`` 8 rounds each row of W to int8 with one scale, 4 rounds groups of ``group`` inputs to 4 bits with a
    scale and a zero point each; 16 packs nothing. Packed products are taken in bfloat16 whatever W's type is: PyTorch
    has quick kernels for that alone, from AVX2 on. ``lean`` keeps the packed weights only, and full ones are
    made of them in ``scratch`` each time when many rows come. W may be stored in another type than x's, too. What
    is quantised already has its own bits and group. With ``integer`` an IntegerMatrix reads many rows instead of full
    weights, and with 8 bits few rows too.
    """

    def __init__(
        self,
        weight: torch.Tensor | Quantised,
        bias: torch.Tensor | None,
        bits: Bits = 16,
        group: int = 32,
        *,
        scratch: Scratch,
        lean: bool = False,
        integer: bool = False,
    ) -> None:
        """Take ``weight`` of shape (outputs, inputs) and ``bias`` of shape (outputs,); the rest is said above."""
        self.bias = bias
        self._scratch = scratch
        self._integer: IntegerMatrix | None = None
        self._packed: torch.Tensor | None = None
        self._scales: torch.Tensor | None = None
        if isinstance(weight, Quantised):
            self._bits, self._group = weight.bits, weight.group
        else:
            self._bits, self._group = possible_bits(weight.shape, bits, group, lean=lean), group
        if integer and self._bits != 16 and not (lean and self._bits == 4):
            self._integer, lean = IntegerMatrix(weight), True
            if self._bits == 8:
                self._weight = None
                return
        if self._bits == 4:
            self._packed, self._scales = pack_int4(weight, self._group)
        elif self._bits == 8:
            rounded = weight if isinstance(weight, Quantised) else round_rows(weight)
            self._packed, self._scales = rounded.values, rounded.scales
        full = dequantise(weight, torch.bfloat16) if isinstance(weight, Quantised) and not lean else weight
        self._weight = None if isinstance(full, Quantised) or (lean and self._bits != 16) else full

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        copies = (self._packed, self._scales, self._weight, self._integer)
        return sum(copy.nbytes for copy in copies if copy is not None)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), many rows."""
        if self._integer is not None:
            return self._with_bias(self._integer(x))
        weight = self._weight
        if weight is None and len(x) <= FEW_ROWS:
            return self.few(x)
        if weight is None:
            weight = self._unpack(x.dtype)
        elif weight.dtype != x.dtype:  # stored in half of the bytes that this processor multiplies
            weight = self._scratch.take(weight.numel(), x.dtype).view(weight.shape).copy_(weight)
        return functional.linear(x, weight, self.bias)

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), few rows: by the packed weights, if there are any."""
        if self._packed is None or self._scales is None:
            return self(x)
        if self._bits == 4:
            y = _INT4(x.to(torch.bfloat16), self._packed, self._group, self._scales).to(x.dtype)
        else:
            y = _INT8(x.to(torch.bfloat16), self._packed, self._scales).to(x.dtype)
        return self._with_bias(y)

    def _with_bias(self, y: torch.Tensor) -> torch.Tensor:
        return y if self.bias is None else y.add_(self.bias)

    def _unpack(self, dtype: torch.dtype) -> torch.Tensor:
        assert self._packed is not None and self._scales is not None  # noqa: S101, PT018  (for the type checker)
        room = self._scratch.take(self._packed.numel() * (8 // self._bits), dtype)
        if self._bits == 8:
            return room.view(self._packed.shape).copy_(self._packed).mul_(self._scales[:, None])
        return unpack_int4(self._packed, self._scales, room)


class Embedding:
    """One row of numbers for each token; ``lean`` rounds each row to int8 with one scale."""

    def __init__(self, weight: torch.Tensor | Quantised, dtype: torch.dtype, *, lean: bool = False) -> None:
        """``weight`` has the shape (vocabulary, hidden), ``dtype`` is what comes out."""
        self._dtype = dtype
        self._scales: torch.Tensor | None = None
        if isinstance(weight, torch.Tensor) and not lean:
            self._weight = weight
            return
        rounded = round_rows(weight) if isinstance(weight, torch.Tensor) else weight
        self._weight, self._scales = rounded.values, rounded.scales

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._weight.nbytes + (self._scales.nbytes if self._scales is not None else 0)

    def __call__(self, ids: Sequence[int]) -> torch.Tensor:
        """Return the rows of ``ids``, shape (ids, hidden)."""
        index = torch.tensor(ids)
        rows = functional.embedding(index, self._weight).to(self._dtype)
        return rows if self._scales is None else rows * self._scales[index, None].to(self._dtype)


def possible_bits(shape: torch.Size, bits: Bits, group: int, *, lean: bool) -> Bits:
    """Return the bits that a matrix of this shape can take, the wanted ones or the next more."""
    outputs, inputs = shape
    if bits == 4 and inputs % group == 0 and outputs % (BLOCK if lean else 16) == 0:
        return 4
    # PyTorch's int8 kernel reads past the end of rows that do not divide by 16.
    return 8 if bits != 16 and inputs % 16 == 0 else 16


def pack_int4(weight: torch.Tensor | Quantised, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (packed bytes, scales and zeros of shape (groups, outputs, 2)) for ``_weight_int4pack_mm_for_cpu``.

    A full weight is rounded to nearest.
    """
    outputs, inputs = weight.shape
    packed = torch.empty(outputs, inputs // 2, dtype=torch.uint8)
    table = torch.empty(inputs // group, outputs, 2, dtype=torch.bfloat16)
    for rows in pieces(weight.shape):
        if isinstance(weight, torch.Tensor):
            quanta, scales, zeros = round_groups(weight[rows].float().reshape(-1, inputs // group, group))
            quanta = quanta.to(torch.int32).view(-1, inputs)
        else:
            assert weight.zeros is not None  # noqa: S101  (for the type checker)
            quanta, scales, zeros = weight.quanta(rows), weight.scales[rows], weight.zeros[rows]
        packed[rows] = torch.ops.aten._convert_weight_to_int4pack_for_cpu(quanta, 1)  # noqa: SLF001
        table[:, rows] = torch.stack((scales, zeros), dim=2).transpose(0, 1)
    return packed, table


def unpack_int4(packed: torch.Tensor, table: torch.Tensor, room: torch.Tensor) -> torch.Tensor:
    """Return the weight of shape (outputs, inputs) that ``pack_int4`` made ``packed`` and ``table`` of.

    It is written into ``room``, of as many numbers. Outputs must divide by 64. The kernel keeps blocks of outputs
    together: each byte holds one input of two outputs that lie half a block apart. How large a block is follows the
    processor, so it is looked up.
    """
    groups, outputs, _ = table.shape
    inputs = room.numel() // outputs
    block = _block_size()
    blocks = packed.view(outputs // block, inputs, block // 2).transpose(0, 1)
    full = room.view(inputs, outputs // block, 2, block // 2)
    full[:, :, 0] = blocks & 15
    full[:, :, 1] = blocks >> 4
    weight = room.view(groups, inputs // groups, outputs)
    scales, zeros = table.to(room.dtype).unbind(2)
    torch.addcmul((zeros - 8 * scales)[:, None], weight, scales[:, None], out=weight)
    return room.view(inputs, outputs).t()


@functools.cache
def _block_size() -> int:
    """Return how many outputs the packed layout keeps together, by packing their numbers."""
    low = torch.arange(BLOCK, dtype=torch.int32)[:, None].expand(BLOCK, 2)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu((low // 16).contiguous(), 1)  # noqa: SLF001
    # Byte 0 holds outputs 0 and half a block: 16 or 32.
    return 2 * 16 * int(packed.view(-1)[0] >> 4)
