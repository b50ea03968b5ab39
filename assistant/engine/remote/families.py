"""Which fill-in-the-middle family a remote model belongs to."""

from __future__ import annotations

import re

from assistant.prompts.fim import NO_FAMILY

# By name, for servers that do not show their vocabulary. The first that fits counts.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"codestral|devstral", "codestral"),
    (r"codegemma", "codegemma"),
    (r"seed-?coder", "seed-coder"),
    (r"mellum", "mellum"),
    (r"star-?coder", "starcoder2"),
    (r"granite.*code|granite-(3|8|20|34)b", "granite-code"),
    (r"granite-?(3\.[3-9]|4)", "granite"),
    (r"deepseek-?coder|deepseek-v2", "deepseek-coder"),
    (r"qwen.*coder|codeqwen|qwen-?2\.5|qwen-?3", "qwen2.5-coder"),
)


def family_by_name(model: str) -> str:
    """Return the family that a model's name (or file) tells, or ``none``."""
    name = model.lower().replace("_", "-")
    return next((family for pattern, family in _NAMES if re.search(pattern, name)), NO_FAMILY)
