"""The solver of half-quadratic quantisation, from torchao."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false

from __future__ import annotations

import torch

from assistant.errors import ModelError


def solve(weight: torch.Tensor, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (scales, zeros) for 4 bits, one for each ``group`` numbers of ``weight`` (rows, columns) in row order.

    A value is then (q - 8) * scale + zero. Raises ModelError where torchao is not there or has changed.
    """
    try:
        from torchao.quantization.quant_primitives import (  # noqa: PLC0415
            _choose_qparams_and_quantize_affine_hqq as choose,
        )
    except ImportError:
        raise ModelError(
            "The method 'hqq' needs torchao, which is not installed or too old: run 'python -m pip install torchao', "
            "or take --method rtn."
        ) from None
    _, scales, zeros, _ = choose(
        weight, nbits=4, group_size=group, axis=1, compute_dtype=torch.float32, device="cpu", verbose=False
    )
    return scales.reshape(-1), zeros.reshape(-1)
