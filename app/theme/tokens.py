"""A theme as plain data: named colours for the window and for syntax, read from resources/themes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from assistant.errors import InputError

THEME_NAMES = ("light", "dark", "high-contrast")

COLORS = (
    "background",
    "surface",
    "raised",
    "border",
    "text",
    "muted",
    "accent",
    "on_accent",
    "ok",
    "warn",
    "error",
    "ghost",
    "selection",
    "current_line",
    "added_line",
    "removed_line",
    "hover",
)

SYNTAX = (
    "keyword",
    "type",
    "function",
    "string",
    "number",
    "constant",
    "comment",
    "decorator",
    "builtin",
    "operator",
    "punctuation",
    "variable",
    "attribute",
    "tag",
    "heading",
    "inserted",
    "deleted",
    "error",
)

_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``: ``colors`` holds each name of COLORS, ``syntax`` each name of SYNTAX."""

    name: str
    dark: bool
    colors: Mapping[str, str]
    syntax: Mapping[str, str]


def load_theme(name: str) -> Theme:
    """Read one of THEME_NAMES. Raises InputError for another name and for a theme with a wrong or missing colour."""
    if name not in THEME_NAMES:
        raise InputError(f"There is no theme '{name}'. Choose one of: {', '.join(THEME_NAMES)}.")
    text = (resources.files("resources") / "themes" / f"{name}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    for section, names in (("colors", COLORS), ("syntax", SYNTAX)):
        for token in names:
            if not _HEX.fullmatch(str(table[section].get(token, ""))):
                raise InputError(f"The theme '{name}' has no valid colour for {section}.{token}. Reinstall Grafter.")
    colors, syntax = MappingProxyType(table["colors"]), MappingProxyType(table["syntax"])
    return Theme(name=table["name"], dark=table["dark"], colors=colors, syntax=syntax)
