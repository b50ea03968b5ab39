"""The address of a server that runs the model, as a person writes it; the window checks it here before it keeps it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.errors import InputError

# A name in the network: parts between dots, perhaps with a last dot.
_NAME = re.compile(r"(?:(?!-)[A-Za-z0-9_-]{1,63}(?:\.|$))+", re.ASCII)
_LONGEST_NAME = 253


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
    if parts.query or parts.fragment or " " in text:
        raise InputError(f"'{text}' is not the address of a server; leave out what follows the path.")
    if not text.isprintable():
        raise InputError("The address of a server holds a sign that cannot be seen; type it anew.")
    if port == 0 or not _is_host(parts.hostname):
        wrong = "port 0" if port == 0 else f"'{parts.hostname}'"
        raise InputError(f"'{text}' is not the address of a server: nothing in a network is called {wrong}.")
    path = parts.path.rstrip("/").removesuffix("/v1")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = name if port is None else f"{name}:{port}"
    return Address(f"{parts.scheme}://{netloc}{path}", netloc, parts.scheme == "https", _is_loopback(parts.hostname))


def _is_host(host: str) -> bool:
    """Whether it may be a name or a number in a network. Letters beyond ASCII are written as ``xn--`` there."""
    if ":" in host or host.replace(".", "").isdecimal():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    return len(host) <= _LONGEST_NAME and _NAME.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
