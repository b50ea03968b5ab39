"""Lines of text out of bytes that arrive in any pieces; plain Python, no process."""

from __future__ import annotations

MAX_LINE_BYTES = 4 * 1024 * 1024


class LineSplitter:
    """Feed bytes, get whole lines without their ends; a line beyond ``limit`` bytes comes in pieces."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        """Return the lines that this chunk completes."""
        searched = len(self._rest)
        self._rest += chunk
        if self._rest.find(b"\n", searched) < 0 and len(self._rest) <= self._limit:
            return []
        *lines, rest = bytes(self._rest).split(b"\n")
        if len(rest) > self._limit:
            lines.append(rest)
            rest = b""
        self._rest = bytearray(rest)
        return [_text(line) for line in lines]

    def flush(self) -> list[str]:
        """Return what is left without a line end, and start afresh."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")
