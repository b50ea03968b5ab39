"""Which server, which model on it, and how long to wait for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assistant.errors import InputError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. ``root`` has neither ``/v1`` nor a slash at its end; ``host`` is for people."""

    root: str
    host: str
    encrypted: bool
    loopback: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a key belongs to."""
        parts = urlsplit(self.root)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def warning(self) -> str:
        """A sentence where code would travel readable for others, else nothing."""
        if self.encrypted or self.loopback:
            return ""
        return f"The connection to {self.host} is not encrypted: others in the network can read the code; use https."


def parse_address(text: str) -> Address:
    """Read the address of a server, with or without ``/v1`` at its end. Raises InputError."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputError(f"'{text}' is not the address of a server: {error}.") from None
    if parts.username is not None or parts.password is not None:
        raise InputError("The address of a server must not hold a password; give the key as GRAFTER_API_KEY instead.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{text}' is not the address of a server; write it like http://gpu-box:8000/v1.")
    if parts.query or parts.fragment or any(letter.isspace() for letter in text):
        raise InputError(f"'{text}' is not the address of a server; leave out what follows the path.")
    path = parts.path.rstrip("/").removesuffix("/v1")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = name if port is None else f"{name}:{port}"
    return Address(f"{parts.scheme}://{netloc}{path}", netloc, parts.scheme == "https", _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
