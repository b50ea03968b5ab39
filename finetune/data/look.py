"""What a run would learn, for a person to see before it begins: the files with reasons, and real samples."""

from __future__ import annotations

from typing import Any

from assistant.config import Paths, find_paths
from assistant.engine.model_folder import ModelTokenizer, load_tokenizer
from assistant.models.store import Store
from finetune.config import RunConfig
from finetune.data.prepare import Tell, files_table
from finetune.data.prepare import preview as make_preview


def files(config: RunConfig, tell: Tell = lambda _what, _done, _total: None) -> dict[str, Any]:
    """Return every file with whether it is learned and why not, and what is held out. Raises InputError."""
    return files_table(config, tell)


def preview(config: RunConfig, count: int, tell: Tell = lambda _what, _done, _total: None) -> dict[str, Any]:
    """Return ``count`` samples as the model will read them. Raises InputError, ModelError."""
    return {"samples": make_preview(config, tokenizer_of(config, find_paths()), count, tell)}


def tokenizer_of(config: RunConfig, paths: Paths) -> ModelTokenizer:
    """Return the tokenizer of the run's model. Raises InputError where it is not installed, ModelError."""
    store = Store(paths)
    store.get(config.model)
    return load_tokenizer(store.path(config.model))
