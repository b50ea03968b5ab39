"""The solver of half-quadratic quantisation, from torchao."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError

if TYPE_CHECKING:
    import torch

_PLACE = "torchao.quantization.quant_primitives"
_NAME = "_choose_qparams_and_quantize_affine_hqq"


def solve(weight: torch.Tensor, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (scales, zeros) for 4 bits, one for each ``group`` numbers of ``weight`` (rows, columns) in row order.

    A value is then (q - 8) * scale + zero. Raises ModelError where torchao is not there or has changed.
    """
    try:
        choose: Any = getattr(importlib.import_module(_PLACE), _NAME)
    except (ImportError, AttributeError):
        raise ModelError(
            "The method 'hqq' needs torchao 0.18: run 'python -m pip install \"torchao<0.19\"', or take --method rtn."
        ) from None
    _, scales, zeros, _ = choose(weight, nbits=4, group_size=group, axis=1, compute_dtype=weight.dtype, device="cpu")
    return scales.reshape(-1), zeros.reshape(-1)
