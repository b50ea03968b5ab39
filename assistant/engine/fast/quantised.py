"""Matrices in 8 or 4 bits: how they are rounded, kept in files, and joined.

A 4-bit value is (q - 8) * scale + zero with q from 0 to 15, one scale and zero for each group of inputs, as PyTorch's
kernel reads it; an 8-bit value is q * scale with one scale for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

Method = Literal["rtn", "hqq"]
METHODS: tuple[Method, ...] = ("rtn", "hqq")
GROUPS = (32, 64, 128)
"""How many inputs may share a scale."""
PARTS = ("values", "scales", "zeros")
"""A matrix NAME is kept as the tensors NAME.values, NAME.scales and, with 4 bits, NAME.zeros."""

Rounded = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""q as float32 of shape (rows, groups, group), and scales and zeros of shape (rows, groups), representable in bf16."""

BLOCK = 64  # the largest block of rows that any processor's kernel keeps together
_PIECE = 1 << 18  # numbers that are worked on at once: what stays in a processor's cache goes twice as quickly


@dataclass(frozen=True, slots=True)
class Quantised:
    """A matrix of shape (outputs, inputs).

    8 bits: ``values`` int8 (outputs, inputs), ``scales`` bfloat16 (outputs,), no ``zeros``. 4 bits: ``values`` uint8
    (outputs, inputs / 2), the even input in the low half of each byte, ``scales`` and ``zeros`` bfloat16 (outputs,
    inputs / group).
    """

    values: torch.Tensor
    scales: torch.Tensor
    zeros: torch.Tensor | None = None

    @property
    def bits(self) -> Literal[8, 4]:
        """How many bits a value has."""
        return 8 if self.zeros is None else 4

    @property
    def shape(self) -> torch.Size:
        """(outputs, inputs)."""
        outputs, columns = self.values.shape
        return torch.Size((outputs, columns if self.zeros is None else 2 * columns))

    @property
    def group(self) -> int:
        """How many inputs share a scale."""
        return self.shape[1] if self.zeros is None else self.shape[1] // self.scales.shape[1]

    def check(self, name: str) -> None:
        """Raise ValueError where types and shapes are not those that the class says; ``name`` is for the message."""
        values, scales, zeros = self.values, self.scales, self.zeros
        if zeros is None:
            sound = values.dtype == torch.int8 and values.ndim == 2 and scales.shape == values.shape[:1]
            sound = sound and values.shape[1] % 16 == 0
        else:
            sound = values.dtype == torch.uint8 and values.ndim == 2 and zeros.dtype == torch.bfloat16
            sound = sound and scales.ndim == 2 and scales.shape == zeros.shape and len(scales) == len(values)
            sound = sound and values.shape[0] % BLOCK == 0
            sound = sound and 2 * values.shape[1] in (scales.shape[1] * group for group in GROUPS)
        if not sound or scales.dtype != torch.bfloat16:
            raise ValueError(f"the parts of {name} do not fit together")

    def quanta(self, rows: slice) -> torch.Tensor:
        """Return q of some rows of a 4-bit matrix, int32 of shape (rows, inputs)."""
        values = self.values[rows].to(torch.int32)
        return torch.stack((values & 15, values >> 4), dim=2).view(len(values), -1)


def pieces(shape: Sequence[int]) -> list[slice]:
    """Return the rows of a matrix in pieces, each but the last a whole number of the kernel's blocks."""
    rows, inputs = shape
    step = max(_PIECE // inputs // BLOCK, 1) * BLOCK
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def quantise(weight: torch.Tensor, bits: Literal[8, 4], group: int, method: Method) -> Quantised:
    """Return ``weight`` of shape (outputs, inputs) in fewer bits. Inputs divide by ``group``, and by 16."""
    if bits == 8:
        return round_rows(weight)
    choose: Callable[[torch.Tensor], Rounded] = round_groups if method == "rtn" else half_quadratic
    outputs, inputs = weight.shape
    values = torch.empty(outputs, inputs // 2, dtype=torch.uint8)
    scales = torch.empty(outputs, inputs // group, dtype=torch.bfloat16)
    zeros = torch.empty_like(scales)
    for rows in pieces(weight.shape):
        quanta, scales[rows], zeros[rows] = choose(weight[rows].float().reshape(-1, inputs // group, group))
        low, high = quanta.to(torch.uint8).view(-1, inputs // 2, 2).unbind(2)
        values[rows] = low | (high << 4)
    return Quantised(values, scales, zeros)


def round_rows(
    weight: torch.Tensor, limit: int = 127, change: Callable[[torch.Tensor], torch.Tensor] | None = None
) -> Quantised:
    """Round each row to int8 from -``limit`` to ``limit`` with one scale, after ``change`` of float32 rows if given.

    ``weight`` is of shape (outputs, inputs); ``change`` gets some of its rows, (rows, inputs), and keeps the shape.
    """
    # The scale is rounded to what is stored before anything is divided by it, so that the product undoes the division.
    scales = torch.empty(len(weight), dtype=torch.bfloat16)
    values = torch.empty(weight.shape, dtype=torch.int8)
    for rows in pieces(weight.shape):
        full = weight[rows].float()
        full = full if change is None else change(full)
        scales[rows] = full.abs().amax(1).clamp_min_(1e-12).div_(limit).to(torch.bfloat16)
        values[rows] = (full / scales[rows, None]).round_().clamp_(-limit, limit).to(torch.int8)
    return Quantised(values, scales)


def round_groups(weight: torch.Tensor) -> Rounded:
    """Round each group of ``weight``, float32 (rows, groups, group), to the nearest of 16 values from least to most."""
    low, high = weight.amin(dim=2), weight.amax(dim=2)
    scales = _stored(((high - low) / 15).clamp_min(1e-8))
    zeros = _stored(low + 8 * scales)
    return _nearest(weight, scales, zeros), scales, zeros


def half_quadratic(weight: torch.Tensor) -> Rounded:
    """Round groups so that few large errors count less than many small ones (HQQ; Badri and Shaji 2023).

    ``weight`` is float32 of shape (rows, groups, group). It needs no data. The scale stays that of rounding to nearest;
    the zero is moved by torchao's solver until a p-norm of the error with p < 1 stops shrinking. Raises ModelError
    where torchao is missing.
    """
    from assistant.engine.fast.hqq import solve  # noqa: PLC0415  (torchao takes a second to import)

    rows, groups, group = weight.shape
    scales, zeros = (_stored(part.view(rows, groups)) for part in solve(weight.reshape(rows, -1), group))
    return _nearest(weight, scales, zeros), scales, zeros


def dequantise(matrix: Quantised, dtype: torch.dtype) -> torch.Tensor:
    """Return the full matrix, shape (outputs, inputs)."""
    full = torch.empty(matrix.shape, dtype=dtype)
    for rows in pieces(matrix.shape):
        scales = matrix.scales[rows].float()
        if matrix.zeros is None:
            full[rows] = matrix.values[rows].float().mul_(scales[:, None])
        else:
            quanta = matrix.quanta(rows).float().view(*scales.shape, -1)
            quanta.sub_(8).mul_(scales[..., None]).add_(matrix.zeros[rows].float()[..., None])
            full[rows] = quanta.view(len(scales), -1)
    return full


def concatenate(matrices: Sequence[Quantised]) -> Quantised:
    """Return one matrix with the rows of all, in order. They have the same inputs, bits and group."""
    zeros = [matrix.zeros for matrix in matrices if matrix.zeros is not None]
    return Quantised(
        torch.cat([matrix.values for matrix in matrices]),
        torch.cat([matrix.scales for matrix in matrices]),
        torch.cat(zeros) if zeros else None,
    )


def take_rows(matrix: Quantised, order: torch.Tensor) -> Quantised:
    """Return a copy of the matrix with its rows in another order: ``order`` holds their numbers, shape (outputs,)."""
    zeros = matrix.zeros
    return Quantised(matrix.values[order], matrix.scales[order], None if zeros is None else zeros[order])


def copy(matrix: Quantised) -> Quantised:
    """Return a copy in memory of its own."""
    zeros = matrix.zeros
    return Quantised(matrix.values.clone(), matrix.scales.clone(), None if zeros is None else zeros.clone())


def _stored(numbers: torch.Tensor) -> torch.Tensor:
    """Return the numbers as they will be read back, in float32."""
    return numbers.to(torch.bfloat16).float()


def _nearest(weight: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor) -> torch.Tensor:
    return (weight - zeros[..., None]).div_(scales[..., None]).add_(8).round_().clamp_(0, 15)
