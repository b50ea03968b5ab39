"""A matrix that is read in full precision for many rows, and packed in few bits for one or a few."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import torch
from torch.nn import functional

from assistant.config import Bits

_INT4 = torch.ops.aten._weight_int4pack_mm_for_cpu.default  # noqa: SLF001
_INT8 = torch.ops.aten._weight_int8pack_mm.default  # noqa: SLF001


class Linear:
    """``y = x W' + b`` with W of shape (outputs, inputs).

    ``bits`` 8 rounds each row of W to int8 with one scale, 4 rounds groups of ``group`` inputs to 4 bits with a
    scale and a zero point each; 16 packs nothing. Packed products are taken in bfloat16 whatever W's type is: PyTorch
    has quick kernels for that alone, from AVX2 on.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, bits: Bits = 16, group: int = 32) -> None:
        self.weight = weight
        self.bias = bias
        self._bits = _possible_bits(weight.shape, bits, group)
        self._group = group
        if self._bits == 8:
            self._packed, self._scales = pack_int8(weight)
        elif self._bits == 4:
            self._packed, self._scales = pack_int4(weight, group)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), many rows."""
        return functional.linear(x, self.weight, self.bias)

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), few rows: by the packed weights, if there are any."""
        if self._bits == 16:
            return functional.linear(x, self.weight, self.bias)
        half = x.to(torch.bfloat16)
        if self._bits == 4:
            y = _INT4(half, self._packed, self._group, self._scales)
        else:
            y = _INT8(half, self._packed, self._scales)
        y = y.to(x.dtype)
        return y if self.bias is None else y.add_(self.bias)


def _possible_bits(shape: torch.Size, bits: Bits, group: int) -> Bits:
    """Return the bits that a matrix of this shape can take, the wanted ones or the next more."""
    outputs, inputs = shape
    if bits == 4 and inputs % group == 0 and outputs % 16 == 0:
        return 4
    # PyTorch's int8 kernel reads past the end of rows that do not divide by 16.
    return 8 if bits != 16 and inputs % 16 == 0 else 16


def pack_int8(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (int8 of the weight's shape, scales of shape (outputs,)) by rounding to nearest."""
    # Rounded to what is stored before anything is divided by it, so that the product undoes the division.
    scales = (weight.abs().amax(dim=1).float().clamp_min(1e-12) / 127).to(torch.bfloat16)
    packed = torch.empty(weight.shape, dtype=torch.int8)
    for start in range(0, weight.shape[0], 8192):  # in pieces: the float copy of an output layer is large
        piece = slice(start, start + 8192)
        packed[piece] = (weight[piece].float() / scales[piece, None]).round_().clamp_(-127, 127).to(torch.int8)
    return packed, scales


def pack_int4(weight: torch.Tensor, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (packed bytes, scales and zeros of shape (groups, outputs, 2)) by rounding to nearest.

    A value is (q - 8) * scale + zero, q from 0 to 15, as ``_weight_int4pack_mm_for_cpu`` reads it.
    """
    outputs, inputs = weight.shape
    packed: list[torch.Tensor] = []
    tables: list[torch.Tensor] = []
    for start in range(0, outputs, 8192):
        piece = weight[start : start + 8192].float().reshape(-1, inputs // group, group)
        low, high = piece.amin(dim=2), piece.amax(dim=2)
        scale = ((high - low) / 15).clamp_min(1e-8).to(torch.bfloat16).float()
        zero = (low + 8 * scale).to(torch.bfloat16).float()
        quanta = ((piece - zero[..., None]) / scale[..., None] + 8).round_().clamp_(0, 15).to(torch.int32)
        packed.append(torch.ops.aten._convert_weight_to_int4pack_for_cpu(quanta.reshape(-1, inputs), 1))  # noqa: SLF001
        tables.append(torch.stack((scale, zero), dim=2).transpose(0, 1))
    return torch.cat(packed), torch.cat(tables, dim=1).to(torch.bfloat16).contiguous()
