"""The catalogue as the models page shows it: rows out of ``models list --json``, the best choice first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_FITS = ("yes", "slow", "no")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model. Sizes are bytes; ``fits`` is yes, slow or no on this machine, with a sentence."""

    id: str
    name: str
    licence: str = ""
    description: str = ""
    parameters: int = 0
    download_bytes: int = 0
    disk_bytes: int = 0
    memory_bytes: int = 0
    fim: bool = True
    installed: bool = False
    fits: str = "yes"
    fits_reason: str = ""
    recommended: bool = False


def read_rows(models: Sequence[dict[str, Any]]) -> list[ModelRow]:
    """Return the rows: recommended first, then what fits, fill-in models before others, by size.

    Entries without an id are left out.
    """
    rows = [
        ModelRow(
            id=str(model["id"]),
            name=str(model.get("name") or model["id"]),
            licence=str(model.get("licence") or ""),
            description=str(model.get("description") or ""),
            parameters=int(model.get("parameters") or 0),
            download_bytes=int(model.get("download_bytes") or 0),
            disk_bytes=int(model.get("disk_bytes") or 0),
            memory_bytes=int(model.get("memory_bytes") or 0),
            fim=bool(model.get("fim", True)),
            installed=bool(model.get("installed")),
            fits=model["fits"] if model.get("fits") in _FITS else "yes",
            fits_reason=str(model.get("fits_reason") or ""),
            recommended=bool(model.get("recommended")),
        )
        for model in models
        if model.get("id")
    ]
    return sorted(
        rows, key=lambda row: (not row.recommended, _FITS.index(row.fits), not row.fim, row.parameters, row.name)
    )
