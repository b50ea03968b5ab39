"""What a model folder says of itself, read without its weights: its record, its tokenizer, its family, its window."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from assistant.engine.tokenizer import Tokenizer
from assistant.errors import ModelError
from assistant.types import Prompt, Text


@dataclass(frozen=True, slots=True)
class ModelTokenizer:
    """A model's tokenizer with what prompts for it need: its ``family``, and how many tokens its window holds."""

    tokenizer: Tokenizer
    model: str
    family: str
    context_length: int

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt."""
        return self.tokenizer.encode(prompt)

    def count(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text."""
        return self.tokenizer.count(texts)


def load_tokenizer(folder: Path) -> ModelTokenizer:
    """Return the tokenizer of a model folder; no weights are read. Raises ModelError as ``load_engine`` does."""
    record = read_record(folder)
    config = read_json(folder / "config.json")
    family = str(record.get("family", "none"))
    return ModelTokenizer(Tokenizer.load(folder), str(record["id"]), family, context_length(record, config))


def read_record(folder: Path) -> dict[str, Any]:
    """Return model.json of a model folder. Raises ModelError where there is none that can be read."""
    try:
        record = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if not isinstance(record["id"], str):
            raise TypeError("its id is no text")
    except FileNotFoundError:
        raise ModelError(f"There is no installed model in {folder}; see `grafter models list`.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / 'model.json'} cannot be read ({error}); remove the model and fetch it.") from None
    return record


def read_json(path: Path) -> dict[str, Any]:
    """Return the table in a file of a model folder. Raises ModelError where there is none."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); remove the model and fetch it again.") from None
    if not isinstance(table, dict):
        raise ModelError(f"{path} cannot be read (it holds no table); remove the model and fetch it again.")
    return cast("dict[str, Any]", table)


def context_length(record: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    """Return how many tokens the model's window holds."""
    return int(record.get("context_length") or config.get("max_position_embeddings") or 2048)
