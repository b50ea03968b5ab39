"""Sizes, rates and durations as people read them: with a unit and sensible digits."""

from __future__ import annotations


def size(count: float) -> str:
    """Return bytes in the decimal unit that leaves one to three digits: ``491 MB``, ``1.1 GB``."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.0f} GB" if value >= 10 else f"{value:.1f} GB"


def rate(per_second: float) -> str:
    """Return bytes per second: ``12 MB/s``, ``1.4 MB/s``."""
    value = per_second / 1e6
    if value < 1:
        return f"{per_second / 1000:.0f} kB/s"
    return f"{value:.1f} MB/s" if value < 10 else f"{value:.0f} MB/s"


def duration(seconds: float) -> str:
    """Return a span of time with two units at most: ``8 s``, ``3 min``, ``1 h 20 min``."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def parameters(count: int) -> str:
    """Return a number of parameters as model names have it: ``0.5B``, ``135M``, ``7B``."""
    if count < 400_000_000:
        return f"{count / 1e6:.0f}M"
    value = count / 1e9
    return f"{value:.1f}B" if value < 10 and round(value, 1) != round(value) else f"{value:.0f}B"


def milliseconds(ms: float) -> str:
    """Return a short time with two or three digits: ``0.8 ms``, ``84 ms``, ``1.2 s``, ``12 s``."""
    if ms < 9.95:
        return f"{ms:.1f} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 9950 else f"{ms / 1000:.0f} s"
