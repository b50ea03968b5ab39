"""Which fill-in-the-middle family a model belongs to, told by the control tokens of its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant.prompts.fim import control_tokens, guess_family


def read_vocabulary(folder: Path) -> frozenset[str]:
    """Return every spelling in ``tokenizer.json``; empty where there is no such file or it says nothing."""
    try:
        data: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        added = {str(token["content"]) for token in data.get("added_tokens") or ()}
        vocabulary: Any = data.get("model", {}).get("vocab") or ()
        # A mapping in BPE and WordPiece, a list of pairs in Unigram.
        for row in vocabulary:
            added.add(row if isinstance(row, str) else str(row[0]))
        return frozenset(added)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return frozenset()


def missing_tokens(family: str, vocabulary: frozenset[str]) -> list[str]:
    """Return the control tokens that the family's format needs and the vocabulary lacks."""
    return [token for token in control_tokens(family) if token not in vocabulary]


def choose_family(wanted: str, vocabulary: frozenset[str]) -> str:
    """Return ``wanted`` where the vocabulary can write it or is unknown, else what the vocabulary suggests."""
    if vocabulary and missing_tokens(wanted, vocabulary):
        return guess_family(vocabulary)
    return wanted
