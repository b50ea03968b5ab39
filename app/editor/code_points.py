"""Between Qt's positions, which count UTF-16 units, and everybody else's, which count characters (code points)."""

from __future__ import annotations

from collections.abc import Iterable


def to_utf16(text: str, offset: int) -> int:
    """Return the position in UTF-16 units of code point ``offset`` of ``text``; clamped to the text."""
    offset = min(max(offset, 0), len(text))
    return offset if text.isascii() else len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def all_to_utf16(text: str, offsets: Iterable[int]) -> dict[int, int]:
    """Return ``to_utf16`` of each offset, by offset, reading the text once."""
    found: dict[int, int] = {}
    place = position = 0
    for offset in sorted(set(offsets)):
        until = min(max(offset, 0), len(text))
        position += utf16_length(text[place:until])
        place = until
        found[offset] = position
    return found


def from_utf16(text: str, position: int) -> int:
    """Return the code point offset of a position in UTF-16 units; clamped.

    A position inside a surrogate pair counts as before the character.
    """
    if text.isascii():
        return min(max(position, 0), len(text))
    units = text.encode("utf-16-le", "surrogatepass")[: max(position, 0) * 2]
    if len(units) >= 2 and 0xD8 <= units[-1] <= 0xDB:
        units = units[:-2]
    return len(units.decode("utf-16-le", "surrogatepass"))


def utf16_length(text: str) -> int:
    """Return how many UTF-16 units ``text`` has."""
    return to_utf16(text, len(text))
