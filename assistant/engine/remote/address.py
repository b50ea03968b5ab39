"""Which server, which model and adapter on it, and how long to wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.client.address import Address
from assistant.errors import InputError


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter by its name on the server. ``path``: where the server finds it, should it have to load it."""

    name: str
    path: str | None = None


def parse_adapter(text: str) -> Adapter:
    """Read ``NAME`` or ``NAME=PATH``. Raises InputError."""
    name, equals, path = text.partition("=")
    if not name.strip() or (equals and not path.strip()):
        raise InputError(f"'{text}' is not an adapter; write NAME, or NAME=PATH with its folder on the server.")
    return Adapter(name.strip(), path.strip() or None)


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """What the person said about the server; None and 0 leave it to the server's own word.

    ``context_length`` counts tokens. Seconds: ``connect_s`` until a connection stands, ``silence_s`` without a byte
    before the server counts as gone, ``total_s`` for a whole answer.
    """

    address: Address
    model: str | None = None
    family: str | None = None
    context_length: int = 0
    adapter: Adapter | None = None
    ca_file: Path | None = None
    connect_s: float = 3.0
    silence_s: float = 60.0
    total_s: float = 600.0
