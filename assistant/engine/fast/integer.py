"""Products of whole numbers by FBGEMM: weights of 7 or 8 bits, and activations rounded to 8 bits token by token.

Without AMX a processor multiplies bytes two to six times as fast as bfloat16 or float32: prompts are read so. With AVX2
and nothing newer PyTorch's kernel for 4-bit weights is slower than FBGEMM's for bytes, which besides reads several rows
in the time of one: there one copy of the weights, in bytes, serves for new tokens too.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import torch

from assistant.engine.fast.quantised import Quantised, dequantise, round_rows

_ACTIVATION_LIMIT = 127
_BLOCK = 64
_FEW = 16  # up to so many rows each is turned on its own, so that it stays the same whatever stands beside it
_ZERO = 128
_LEAST = 1e-9  # stands for the largest number of a row of zeros
_SIGNED = "_make_per_channel_quantized_tensor"
_PRODUCT = "linear_with_input_q_dq_qweight_dq_output_fp32"


def usable() -> bool:
    """Return whether this processor gains by it, and this build of PyTorch has the kernels."""
    capability = torch.backends.cpu.get_cpu_capability()
    return (
        (capability == "AVX2" or (capability == "AVX512" and not _can("amx_tile")))
        and torch.backends.quantized.engine in ("x86", "fbgemm")
        and hasattr(torch, _SIGNED)
        and hasattr(torch.ops.quantized, _PRODUCT)
    )


def writes_best() -> bool:
    """Return whether new tokens are read quickest by bytes, too: where it is usable and 4 bits have no fast kernel."""
    return usable() and torch.backends.cpu.get_cpu_capability() == "AVX2"


def weight_limit() -> int:
    """Return the largest weight: 127 where the processor adds products of bytes in 32 bits (VNNI).

    Else FBGEMM adds pairs of them in 16 bits, and 2 * 255 * 63 still fits there.
    """
    held_back = torch.backends.cpu.get_cpu_capability() != "AVX512"
    return 127 if _can("avx512_vnni") and not held_back else 63


class IntegerMatrix:
    """A matrix of shape (outputs, inputs) in bytes, packed as FBGEMM reads it.

    A row's product is the same whatever rows stand beside it: each row has a scale of its own, so that one large
    number makes no other token coarser, and sums of whole numbers are exact. Both sides are turned by an orthogonal
    matrix first, which leaves their product as it is: a number far larger than the others of its row, as models have
    them, is shared out over a block, and the step from one whole number to the next becomes several times finer
    (Ashkboos et al. 2024, QuaRot).
    """

    def __init__(self, weight: torch.Tensor | Quantised) -> None:
        """Round each row of ``weight``, shape (outputs, inputs), to the nearest, with one scale."""
        full = dequantise(weight, torch.bfloat16) if isinstance(weight, Quantised) else weight
        self._turned = full.shape[1] % _BLOCK == 0
        rounded = round_rows(full, weight_limit(), _turn if self._turned else None)
        zeros = torch.zeros(len(rounded.scales), dtype=torch.long)
        with warnings.catch_warnings():
            # PyTorch means to drop this type of tensor one day (its issue 184982); ``usable`` looks for it.
            warnings.simplefilter("ignore", UserWarning)
            signed = getattr(torch, _SIGNED)(rounded.values, rounded.scales.float(), zeros, 0)
            self._packed: Any = torch.ops.quantized.linear_prepack(signed, None)
        self._multiply: Any = getattr(torch.ops.quantized, _PRODUCT)
        self.nbytes = rounded.values.nbytes + rounded.scales.nbytes
        """Memory in bytes; what FBGEMM adds to fill its blocks is not counted."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), in the type of ``x``."""
        full = (_turn(x) if self._turned else x).float()
        largest = full.abs().amax(1, keepdim=True).clamp_min_(_LEAST)
        y = self._multiply(full / largest, 1 / _ACTIVATION_LIMIT, _ZERO, self._packed).mul_(largest)
        return y.to(x.dtype)


def _turn(x: torch.Tensor) -> torch.Tensor:
    """Return ``x`` of shape (rows, inputs) with each block of its numbers times Hadamard's matrix."""
    blocks = x.view(len(x), -1, _BLOCK)
    turn = _hadamard(x.dtype)
    turned = torch.bmm(blocks, turn.expand(len(x), -1, -1)) if len(x) <= _FEW else blocks @ turn
    return turned.view_as(x)


@functools.cache
def _hadamard(dtype: torch.dtype) -> torch.Tensor:
    """Return Hadamard's matrix of the size of a block, symmetric and its own inverse."""
    matrix = torch.ones(1, 1)
    while len(matrix) < _BLOCK:
        matrix = torch.cat((torch.cat((matrix, matrix), 1), torch.cat((matrix, -matrix), 1)))
    return (matrix / _BLOCK**0.5).to(dtype)


def _can(instructions: str) -> bool:
    return bool(getattr(torch.cpu, "get_capabilities", dict)().get(instructions))
