"""What an adapter may be called: a plain folder's name on every system."""

from __future__ import annotations

import re

from assistant.errors import InputError

BASE = "base"
"""The name by which commands mean the model without an adapter; no adapter can have it."""
LONGEST = 100

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")
_TAKEN = frozenset({BASE, "none", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})
"""What commands mean something else by, and what Windows takes for a device, with any ending."""


def is_adapter_name(name: str) -> bool:
    """Return whether an adapter can be called so."""
    return bool(_NAME.fullmatch(name)) and not name.endswith(".") and name.lower().partition(".")[0] not in _TAKEN


def check_adapter_name(name: str) -> str:
    """Return an adapter's name. Raises InputError for one that could not be a plain folder's on every system."""
    if is_adapter_name(name):
        return name
    if name.lower().partition(".")[0] in _TAKEN:
        raise InputError(
            f"{name[:120]!r} cannot be the name of an adapter, for it means something else to commands or to Windows; "
            f"choose another, such as 'my-{name[:80].rstrip('.')}'."
        )
    raise InputError(
        f"{name[:120]!r} cannot be the name of an adapter: use up to {LONGEST} letters, digits, dots, hyphens and "
        "underscores, beginning with a letter or digit, and no dot at the end."
    )


def name_for(folder: str) -> str:
    """Return a name for an adapter out of a folder's: what a name cannot have becomes a dash."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", folder).strip("-._")[:60].rstrip("-._") or "adapter"
    return plain if is_adapter_name(plain) else f"my-{plain}"
