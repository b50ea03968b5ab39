"""The numbers of an adapter: what it adds to each product, and the matrix that comes of it.

A product's weight W becomes W + s (f B A), with f = alpha / r, or alpha / sqrt r (rsLoRA; Kalajdzievski 2023), and the
adapter scale s. DoRA (Liu et al. 2024) scales each row of W + f B A to a length of its own; that matrix is W', and at
the scale s it is W + s (W' - W), so that 0 is the base there, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from assistant.models.adapter_format import WEIGHTS, AdapterError, read_adapter_files


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to one product: ``a`` (rank, inputs), ``b`` (outputs, rank) times f, DoRA's lengths (outputs,)."""

    a: torch.Tensor
    b: torch.Tensor
    magnitude: torch.Tensor | None

    def apply(self, weight: torch.Tensor, scale: float) -> torch.Tensor:
        """Return the changed matrix in the type of ``weight`` (outputs, inputs), on its device; summed in float32."""
        a, b = self.a.to(weight.device), self.b.to(weight.device)
        if self.magnitude is None:
            return torch.addmm(weight.float(), b, a, alpha=scale).to(weight.dtype)
        full = weight.float()
        turned = torch.addmm(full, b, a)
        lengths = torch.linalg.vector_norm(turned, dim=1).clamp_min_(1e-12)
        turned.mul_((self.magnitude.to(weight.device) / lengths)[:, None])
        return full.lerp_(turned, scale).to(weight.dtype)


Changes = dict[str, Change]
"""By the base's weight, such as ``model.layers.0.mlp.up_proj.weight``."""


def read_changes(folder: Path) -> Changes:
    """Return the changes of the adapter in ``folder``, float32. Raises AdapterError where it is unsafe or damaged."""
    files = read_adapter_files(folder)
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as opened:

            def numbers(name: str) -> torch.Tensor:
                tensor = opened.get_tensor(name).float()
                if not torch.isfinite(tensor).all():
                    raise AdapterError(f"The adapter is damaged: {name} holds values that are no numbers.")
                return tensor

            return {
                weight: Change(
                    numbers(low.a),
                    numbers(low.b).mul_(low.factor),
                    None if low.magnitude is None else numbers(low.magnitude).flatten(),
                )
                for weight, low in files.changes.items()
            }
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"The adapter's {WEIGHTS} is damaged ({error}); get the file again.") from None
