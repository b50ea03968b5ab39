"""Colours of text that is no part of the file: the file's own, nearer to another colour, and readable all the same."""

from __future__ import annotations

from collections.abc import Sequence

READABLE = 4.5
"""The least contrast of text that is read, by WCAG 2 (AA)."""
STRONG = 7.0
"""The same where the person wants more contrast (AAA)."""

_STEPS = 8


def lowered(color: str, towards: str, grounds: Sequence[str], share: float, least: float = READABLE) -> str:
    """Return ``color`` with a share (0 to 1) of another one; less of it where its contrast would be under ``least``.

    Colours are ``#rrggbb``. One that is under it by itself is returned as it is.
    """
    for step in range(_STEPS):
        mixed = _mix(color, towards, share * (_STEPS - step) / _STEPS)
        if all(contrast(mixed, ground) >= least for ground in grounds):
            return mixed
    return color


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 to 21, by WCAG 2."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _mix(color: str, other: str, share: float) -> str:
    pairs = zip(_parts(color), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (number / 255 for number in _parts(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
