"""Server-sent events from bytes that arrive in any pieces; plain Python, no sockets."""

from __future__ import annotations

import codecs
from collections.abc import Iterator


class SseParser:
    """Feed bytes, get the ``data`` payloads of whole events.

    Splits inside a UTF-8 sequence or a line end are fine; comment lines (keep-alives) are dropped. See the
    HTML standard, section 9.2.6, for the format.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield each event's data that this chunk completes."""
        self._buffer += self._decoder.decode(chunk)
        # A carriage return at the end may be half of CR LF: wait for its other half.
        hold = "\r" if self._buffer.endswith("\r") else ""
        text = self._buffer[: len(self._buffer) - len(hold)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._buffer = rest + hold
        for line in lines:
            if line:
                field, _, value = line.partition(":")
                if field == "data":
                    self._data.append(value.removeprefix(" "))
            elif self._data:
                data, self._data = "\n".join(self._data), []
                yield data
