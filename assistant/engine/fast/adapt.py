"""An adapter on the fast path: at once beside the packed weights, and after some seconds within them at full speed.

Merged products are read from the model's folder again, changed, and packed as the base's are; all others, the
embedding, the norms and the output layer are the base's own.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from assistant.engine.decoding.decoder import Stop, never
from assistant.engine.fast.layer import Multiplies, Product
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.packing import Packer, ReadTensor
from assistant.engine.fast.quantised import Quantised, dequantise, quantise
from assistant.engine.local.lowrank import Change


class Beside:
    """A product to which A and B are added without touching it: ``y = x W' + (x A') B'``."""

    def __init__(self, product: Multiplies, a: torch.Tensor, b: torch.Tensor) -> None:
        """Take ``a`` of shape (rank, inputs) and ``b`` of shape (outputs, rank), the adapter scale in it."""
        self._product = product
        self._a, self._b = a, b

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._product.nbytes + self._a.nbytes + self._b.nbytes

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), many rows."""
        return self._product(x) + self._added(x)

    def few(self, x: torch.Tensor) -> torch.Tensor:
        """Return the product for ``x`` of shape (rows, inputs), shape (rows, outputs), few rows."""
        return self._product.few(x) + self._added(x)

    def _added(self, x: torch.Tensor) -> torch.Tensor:
        return (x @ self._a.t()) @ self._b.t()


def beside(model: FastModel, changes: Mapping[str, Change], scale: float) -> FastModel | None:
    """Return the model with the changes beside its products, in some hundredths of a second.

    None where that cannot be: DoRA's lengths ask for the full matrices. No tokens are drafted: several at once could
    be rounded otherwise than one by one.
    """
    if any(change.magnitude is not None for change in changes.values()):
        return None

    def change(_packer: Packer, product: Product, old: Multiplies) -> Multiplies:
        found = [changes.get(f"{module}.weight") for module in product.modules]
        if not any(found):
            return old
        return Beside(old, *_joined(model, product, found, scale))

    other = model.changed(change)
    other.max_draft_tokens = 0
    return other


def merged(model: FastModel, changes: Mapping[str, Change], scale: float, stop: Stop = never) -> tuple[FastModel, int]:
    """Return the model with the changes in its weights, and how many bytes it does not share with ``model``.

    Raises Interrupted where ``stop`` says so, and what reading the folder raises.
    """
    own: list[int] = []

    def change(packer: Packer, product: Product, old: Multiplies) -> Multiplies:
        if not any(f"{module}.weight" in changes for module in product.modules):
            return old
        made = packer.linear(product)
        own.append(made.nbytes)
        return made

    def wrap(read: ReadTensor) -> ReadTensor:
        def changed(name: str) -> torch.Tensor | Quantised | None:
            matrix, found = read(name), changes.get(name)
            if matrix is None or found is None:
                return matrix
            if isinstance(matrix, Quantised):
                return quantise(found.apply(dequantise(matrix, torch.float32), scale), matrix.bits, matrix.group, "rtn")
            return found.apply(matrix, scale)

        return changed

    return model.changed(change, wrap, stop), sum(own)


def _joined(
    model: FastModel, product: Product, found: list[Change | None], scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return A and B for a product of several matrices: all A below each other, the B along the diagonal."""
    known = [change for change in found if change is not None]
    a = torch.cat([change.a for change in known])
    blocks: list[torch.Tensor] = []
    for place, (module, change) in enumerate(zip(product.modules, found, strict=True)):
        if change is None:
            blocks.append(torch.zeros(model.packer.rows(f"{module}.weight"), 0))
            continue
        b = change.b * scale
        blocks.append(b[model.packer.head_order(len(b))] if place in product.turned else b)
    return a.to(model.dtype), torch.block_diag(*blocks).to(model.dtype)
