"""What a safetensors file holds by its header alone: names, types, shapes and places, checked before any of it is used.

No number is read here, and no library that could do more with the file than read it.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

_MOST_HEADER = 100_000_000
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """A tensor's type as the format spells it, its shape, and where in the file its bytes begin and end."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(path: Path) -> dict[str, TensorHeader]:
    """Return all tensors by name. Raises ValueError that says what is wrong, OSError where it cannot be read."""
    size = path.stat().st_size
    if not path.is_file():  # reading a pipe would wait for ever
        raise ValueError("it is no file")
    with path.open("rb") as stream:
        begin = stream.read(8)
        length = struct.unpack("<Q", begin)[0] if len(begin) == 8 else 0
        if not 2 <= length <= min(_MOST_HEADER, size - 8):
            raise ValueError("its header is cut off or none")
        try:
            table = json.loads(stream.read(length))
        except (ValueError, RecursionError):
            raise ValueError("its header cannot be read") from None
    if not isinstance(table, dict):
        raise ValueError("its header is no table")  # noqa: TRY004  (the type is the file's)
    entries = cast("dict[str, Any]", table)
    entries.pop("__metadata__", None)
    found = {name: _tensor(name, entry, 8 + length) for name, entry in entries.items()}
    place = 8 + length
    for name, tensor in sorted(found.items(), key=lambda item: item[1].start):
        if tensor.start != place:
            raise ValueError(f"the place of {name} is wrong")
        place = tensor.end
    if place != size:
        raise ValueError("it is cut off" if place > size else "it is longer than its tensors")
    return found


def _tensor(name: str, entry: Any, first: int) -> TensorHeader:
    try:
        dtype, shape, (start, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, start, end))
        if whole and end - start == _BYTES[dtype] * math.prod(shape):
            return TensorHeader(dtype, shape, first + start, first + end)
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError(f"what it says of {name[:80]!r} makes no sense")
