"""Products of whole numbers by FBGEMM: weights of 7 bits, and activations rounded to 8 bits token by token.

On processors with AVX2 and nothing newer PyTorch multiplies float32 at full speed and bfloat16 slowly, and its kernel
for 4-bit weights is slower there than FBGEMM's is for bytes, which besides reads several rows in the time of one. So
one copy of the weights, in bytes, serves for prompts and for new tokens alike.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import warnings
from typing import Any

import torch

from assistant.engine.fast.quantised import Quantised, dequantise, round_rows

WEIGHT_LIMIT = 63
"""Weights are -63 to 63: FBGEMM adds pairs of products in 16 bits on AVX2, and 2 * 255 * 63 still fits there."""
_ACTIVATION_LIMIT = 127
_ZERO = 128
_LEAST = 1e-9  # stands for the largest number of a row of zeros
_SIGNED = "_make_per_channel_quantized_tensor"
_PRODUCT = "linear_with_input_q_dq_qweight_dq_output_fp32"


def usable() -> bool:
    """Return whether this processor gains by it, and this build of PyTorch has the kernels."""
    return (
        torch.backends.cpu.get_cpu_capability() == "AVX2"
        and torch.backends.quantized.engine in ("x86", "fbgemm")
        and hasattr(torch, _SIGNED)
        and hasattr(torch.ops.quantized, _PRODUCT)
    )


class IntegerMatrix:
    """A matrix of shape (outputs, inputs) in bytes, packed as FBGEMM reads it.

    A row's product is the same whatever rows stand beside it: each row has a scale of its own, so that one large
    number makes no other token coarser, and sums of whole numbers are exact.
    """

    def __init__(self, weight: torch.Tensor | Quantised) -> None:
        """Round each row of ``weight`` to the nearest, with one scale."""
        full = dequantise(weight, torch.bfloat16) if isinstance(weight, Quantised) else weight
        rounded = round_rows(full, WEIGHT_LIMIT)
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
        """Return the product for float32 ``x`` of shape (rows, inputs), shape (rows, outputs)."""
        largest = x.abs().amax(1, keepdim=True).clamp_min_(_LEAST)
        return self._multiply(x / largest, 1 / _ACTIVATION_LIMIT, _ZERO, self._packed).mul_(largest)
