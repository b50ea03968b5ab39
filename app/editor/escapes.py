"""Bytes as text and back in any encoding without losing one: what has no character is kept as an escape.

An escape is a private-use character, U+10FE00 and a byte. Lone surrogates, which Python itself uses for this, vanish
on their way into Qt. Bytes become escapes where the encoding cannot decode them, where encoding their character again
would give others, and where Qt's documents cannot hold the character; so the bytes always come back.
"""

from __future__ import annotations

import codecs
import re

_FIRST = 0x10FE00
_ESCAPES = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]+")

# Qt ends paragraphs with the first four (U+2029, U+FDD0, U+FDD1 and a lone CR, which is a line end here) and takes
# the others for a byte order mark at the start of any string.
_NOT_HELD = re.compile(f"[\u2029\ufdd0\ufdd1\ufeff\ufffe\ud800-\udfff{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]")
_UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}


def to_text(data: bytes, encoding: str) -> str:
    """Return the text of ``data``; ``to_bytes`` of it gives the same bytes. LookupError for an unknown encoding."""
    text = _plain(data, encoding)
    if text is not None:
        return text
    return "".join(_line(piece, encoding) for piece in _lines(data, encoding))


def to_bytes(text: str, encoding: str) -> bytes:
    """Return the bytes of a text that may hold escapes. UnicodeEncodeError where the encoding lacks a character."""
    if not _ESCAPES.search(text):
        return text.encode(encoding)
    pieces: list[bytes] = []
    start = 0
    for found in _ESCAPES.finditer(text):
        pieces.append(text[start : found.start()].encode(encoding))
        pieces.append(bytes(ord(character) - _FIRST for character in found.group()))
        start = found.end()
    return b"".join([*pieces, text[start:].encode(encoding)])


def count_escapes(text: str) -> int:
    """Return how many bytes of the text are kept as escapes."""
    return sum(len(found) for found in _ESCAPES.findall(text))


def _line(data: bytes, encoding: str) -> str:
    text = _plain(data, encoding)
    if text is not None:
        return text
    text = _by_character(data, encoding)
    if to_bytes(text, encoding) == data:
        return text
    # In a few encodings characters beside each other are written as one.
    return "".join(chr(byte) if byte < 0x80 else _escaped(bytes([byte])) for byte in data)


def _plain(data: bytes, encoding: str) -> str | None:
    """Return the text where every byte of ``data`` has its place in it, else None."""
    try:
        text = data.decode(encoding)
        return text if not _NOT_HELD.search(text) and text.encode(encoding) == data else None
    except UnicodeError:
        return None


def _lines(data: bytes, encoding: str) -> list[bytes]:
    """Cut the bytes behind each line feed, so that one bad byte slows only its own line."""
    unit = _UNITS.get(encoding, 1)
    if unit == 1:
        return data.splitlines(keepends=True)
    feed = "\n".encode(encoding)
    pieces: list[bytes] = []
    start = place = 0
    while (place := data.find(feed, place)) >= 0:
        if place % unit:
            place += 1
            continue
        place += unit
        pieces.append(data[start:place])
        start = place
    return [*pieces, data[start:]]


def _by_character(data: bytes, encoding: str) -> str:
    unit = _UNITS.get(encoding, 1)
    pieces: list[str] = []
    start = 0
    while start < len(data):
        text, end = _next_character(data, start, encoding, unit)
        pieces.append(text)
        start = end
    return "".join(pieces)


def _next_character(data: bytes, start: int, encoding: str, unit: int) -> tuple[str, int]:
    """Return the character that begins at ``start`` and where it ends, or the escapes of one unit's bytes."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for end in range(start + unit, min(start + 8, len(data)) + 1, unit):
        try:
            text = decoder.decode(data[end - unit : end])
        except UnicodeError:
            break
        if text:
            raw = data[start:end]
            if _plain(raw, encoding) == text:
                return text, end
            if _NOT_HELD.search(text):
                return _escaped(raw), end
            break
    end = min(start + unit, len(data))
    return _escaped(data[start:end]), end


def _escaped(raw: bytes) -> str:
    return "".join(chr(_FIRST + byte) for byte in raw)
