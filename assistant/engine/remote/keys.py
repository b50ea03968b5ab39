"""The key for a server: from the environment or the system's keyring, and never anywhere else.

It is not in settings, logs, command lines or messages. ``OPENAI_API_KEY`` belongs to an account elsewhere, so it goes
only to the server that ``OPENAI_BASE_URL`` pairs it with.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from assistant.client.address import Address, parse_address
from assistant.errors import GrafterError, InputError

_SERVICE = "grafter"


class _Keyring(Protocol):
    """The three functions of the library that are used here."""

    def get_password(self, service_name: str, username: str) -> str | None: ...
    def set_password(self, service_name: str, username: str, password: str) -> None: ...
    def delete_password(self, service_name: str, username: str) -> None: ...


class KeyringError(GrafterError):
    """The system's keyring is missing, locked or broken."""

    code = "keyring_error"


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it came from. ``problem`` says why the keyring could not be asked."""

    value: str = field(default="", repr=False)
    source: Literal["none", "environment", "keyring"] = "none"
    problem: str = ""


def find_key(address: Address) -> Key:
    """Return the key for a server; the environment goes before the keyring. Raises InputError for an odd one."""
    for name in ("GRAFTER_API_KEY", *(("OPENAI_API_KEY",) if _is_openai_base(address) else ())):
        if value := os.environ.get(name, "").strip():
            return Key(_checked(value, name), "environment")
    try:
        with _keyring() as keyring:
            value = keyring.get_password(_SERVICE, address.origin) or ""
    except KeyringError as error:
        return Key(problem=str(error))
    return Key(_checked(value, "the key in the keyring"), "keyring") if value else Key()


def save_key(address: Address, value: str) -> None:
    """Keep the key for a server in the keyring. Raises InputError for an empty or odd one, KeyringError."""
    value = _checked(value.strip(), "the key")
    if not value:
        raise InputError("The key is empty; nothing was kept.")
    with _keyring() as keyring:
        keyring.set_password(_SERVICE, address.origin, value)


def delete_key(address: Address) -> bool:
    """Forget the key for a server; return whether there was one. Raises KeyringError."""
    with _keyring() as keyring:
        if keyring.get_password(_SERVICE, address.origin) is None:
            return False
        keyring.delete_password(_SERVICE, address.origin)
    return True


def _is_openai_base(address: Address) -> bool:
    base = os.environ.get("OPENAI_BASE_URL", "").strip()
    if not base:
        return False
    try:
        return parse_address(base).origin == address.origin
    except InputError:
        return False


def _checked(value: str, name: str) -> str:
    if all("!" <= letter <= "~" for letter in value):
        return value
    raise InputError(f"{name[0].upper()}{name[1:]} holds a blank or a letter that no key has; set it again.")


@contextmanager
def _keyring() -> Generator[_Keyring]:
    """Yield the keyring library. Its errors become KeyringError, without what they say of the key."""
    import keyring  # noqa: PLC0415 - looks for its backends, which takes a while
    import keyring.errors  # noqa: PLC0415

    try:
        yield keyring
    except keyring.errors.NoKeyringError:
        raise KeyringError("This system has no keyring to keep a key in; set GRAFTER_API_KEY instead.") from None
    except Exception as error:  # noqa: BLE001 - backends raise what their system's library raises
        kind = type(error).__name__
        raise KeyringError(f"The system's keyring cannot be used ({kind}); set GRAFTER_API_KEY instead.") from None
