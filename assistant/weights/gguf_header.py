"""Read the header of a GGUF file: its metadata, and where each tensor lies.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from assistant.errors import ModelError

_VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """``bits`` gives the bits that each tensor spends on a weight; ``needed_bytes`` is how long the file must be."""

    metadata: dict[str, Any]
    bits: dict[str, float]
    needed_bytes: int

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture, e.g. ``qwen2``."""
        return str(self.metadata["general.architecture"])


def read_gguf_header(file: Path) -> GgufHeader:
    """Read a file's header and check that all its tensors are there.

    Raises ModelError in one sentence when the file cannot be read, is no GGUF, is damaged or cut off.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            header = _Reader(stream, size, file.name).read()
    except OSError as error:
        raise ModelError(f"{file.name} cannot be read: {error.strerror or error}.") from None
    if size < header.needed_bytes:
        missing = header.needed_bytes - size
        raise ModelError(
            f"{file.name} is cut off: {missing} of {header.needed_bytes} bytes are missing; fetch it again."
        )
    return header


class _Reader:
    """Walks through the header once; every length is checked against the size of the file before it is believed."""

    def __init__(self, stream: BinaryIO, size: int, name: str) -> None:
        self._stream = stream
        self._size = size
        self._name = name

    def read(self) -> GgufHeader:
        if self._stream.read(4) != b"GGUF":
            raise ModelError(f"{self._name} is not a GGUF file.")
        version = self._number("I")
        if version not in _VERSIONS:
            raise ModelError(f"{self._name} is GGUF version {version}, which Grafter cannot read; fetch a newer file.")
        tensor_count, entry_count = self._number("Q"), self._number("Q")
        metadata: dict[str, Any] = {}
        for _ in range(entry_count):
            key = self._string()
            metadata[key] = self._value(self._number("I"))
        if not isinstance(metadata.get("general.architecture"), str):
            raise self._damaged("it does not name its architecture")
        if tensor_count == 0:
            raise self._damaged("it holds no weights")
        tensors = [self._tensor() for _ in range(tensor_count)]
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment <= 0:
            raise self._damaged("its alignment is no number of bytes")
        start = -(-self._stream.tell() // alignment) * alignment
        bits = {name: each for name, each, _ in tensors}
        return GgufHeader(metadata, bits, start + max(end for _, _, end in tensors))

    def _tensor(self) -> tuple[str, float, int]:
        """Return a tensor's name, its bits for each weight, and where it ends, counted from the start of the data."""
        name = self._string()
        dimensions = self._numbers("Q", self._number("I"))
        number, offset = self._number("I"), self._number("Q")
        try:
            kind = GGMLQuantizationType(number)
        except ValueError:
            raise self._damaged(f"it has a tensor of the unknown format {number}") from None
        count = 1
        for dimension in dimensions:
            count *= dimension
        block, block_bytes = GGML_QUANT_SIZES[kind]
        return name, 8 * block_bytes / block, offset + -(-count // block) * block_bytes

    def _value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            raise self._damaged(f"its metadata has a value of the unknown type {kind}")
        inner, count = self._number("I"), self._number("Q")
        if inner in _SCALARS:
            return list(self._numbers(_SCALARS[inner], count))
        if count > self._size:
            raise self._damaged("its metadata ends too early")
        return [self._value(inner) for _ in range(count)]

    def _string(self) -> str:
        try:
            return self._bytes(self._number("Q")).decode("utf-8")
        except UnicodeDecodeError:
            raise self._damaged("its metadata is not UTF-8") from None

    def _number(self, code: str) -> Any:
        return self._numbers(code, 1)[0]

    def _numbers(self, code: str, count: int) -> tuple[Any, ...]:
        return struct.unpack(f"<{count}{code}", self._bytes(count * struct.calcsize(code)))

    def _bytes(self, count: int) -> bytes:
        if count > self._size - self._stream.tell():
            raise self._damaged("its header ends too early")
        return self._stream.read(count)

    def _damaged(self, why: str) -> ModelError:
        return ModelError(f"{self._name} is damaged: {why}; fetch it again.")
