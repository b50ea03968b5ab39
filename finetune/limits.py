"""What a value of a setting may be: its type, and the bounds between which a number has to lie."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

_LONGEST_SHOWN = 10**15

LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "threads": (0, 4096),
    # data
    "holes": (1, 100_000),
    "validation_holes": (1, 100_000),
    "library_holes": (0, 10_000),
    "retrieval_share": (0.0, 1.0),
    "retrieval_tokens": (0, 16_384),
    "random_share": (0.0, 1.0),
    "plain_share": (0.0, 1.0),
    "middle_weight": (0.0, 100.0),
    # training
    "rank": (1, 512),
    "alpha": (1, 2048),
    "dropout": (0.0, 0.9),
    "rate": (1e-8, 1.0),
    "weight_decay": (0.0, 1.0),
    "warmup": (0, 10_000_000),
    "length": (64, 131_072),
    "batch": (1, 4096),
    "accumulate": (1, 4096),
    "clip": (1e-6, 1e6),
    "steps": (0, 10_000_000),
    "minutes": (0.1, 60 * 24 * 30),
    "evaluate_every": (0, 10_000_000),
    "patience": (1, 10_000_000),
    "processes": (1, 4096),
}
"""The least and the most of each setting that is a number."""

_LETTERS = {"model": 200, "since": 1000}
_MOST_LETTERS = 4000


def fault_of_type(name: str, value: object, hint: Any) -> str:
    """Return in one sentence why a value is not of a setting's type; empty where it is."""
    if _is(value, hint):
        return ""
    shown = repr(value) if isinstance(value, (str, bool)) or value is None else f"a {type(value).__name__}"
    return f"{name} cannot be {shown[:80]}; it takes {wanted(hint)}."


def fault_of_value(name: str, value: object) -> str:
    """Return in one sentence why a value of the right type cannot be; empty where it can."""
    if name in LIMITS and isinstance(value, (int, float)) and not isinstance(value, bool):
        least, most = LIMITS[name]
        if least <= value <= most:  # never true of what is no number
            return ""
        shown = f" is {_number(value)}; it" if isinstance(value, float) or abs(value) < _LONGEST_SHOWN else ""
        return f"{name}{shown} has to lie between {_number(least)} and {_number(most)}."
    texts = cast("tuple[str, ...]", value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ())
    most_letters = _LETTERS.get(name, _MOST_LETTERS)
    for text in texts:
        if "\0" in text or len(text) > most_letters:
            return f"{name} cannot be {text[:40]!r}: it has a zero byte, or more than {most_letters} letters."
        if not text.strip() and name != "name":  # which has rules of its own
            return f"{name} is empty; leave it out, or say what is meant."
    return ""


def wanted(hint: Any) -> str:
    """Return in words what a setting of this type takes."""
    if get_origin(hint) is Literal:
        return ", ".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return "a list of paths"
    if hint is bool or bool in get_args(hint):
        return "true or false"
    return "a number" if hint is float else "a whole number" if hint is int else "a text"


def _is(value: object, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in cast("tuple[object, ...]", value))
    if origin in (Union, UnionType):
        return any(_is(value, each) for each in get_args(hint))
    if hint in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) if hint is float else isinstance(value, hint)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
