"""The tokenizer that a GGUF file carries in its metadata, and the tokens that end a text with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer, get_gguf_tokenizer

from assistant.errors import ModelError
from assistant.weights.gguf_header import GgufHeader

_CONTROL = 3  # among the kinds of token that GGUF knows
_ENDS = (
    "<|endoftext|>",
    "<|im_end|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|EOT|>",
    "<|end|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
    "<｜end▁of▁sentence｜>",
)

# llama.cpp's names for how a vocabulary splits text before its merges (llama-vocab.cpp), where
# transformers falls back to GPT-2's way, which keeps numbers whole and so gives other ids.
_SINGLE_DIGITS = frozenset({"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"})
_DEEPSEEK_CODER = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+")


def read_gguf_tokenizer(file: Path) -> PreTrainedTokenizerFast:
    """Return the file's tokenizer with its special tokens and chat template. Raises ModelError."""
    try:
        architecture, table, settings = get_gguf_tokenizer(str(file))
        backend, _ = convert_gguf_tokenizer(architecture, table)
    except Exception as error:  # noqa: BLE001  (a table that contradicts itself can trip any line of the library)
        raise ModelError(
            f"The tokenizer in {file.name} cannot be read ({type(error).__name__}: {error}); choose another model."
        ) from None
    _mend_splitting(backend, str(table.get("pre_tokenizer_type", "")))
    special = {name: settings[name] for name in ("bos_token", "eos_token", "unk_token", "pad_token") if settings[name]}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **special)
    if "chat_template" in settings:
        tokenizer.chat_template = settings["chat_template"]
    return tokenizer


def find_end_ids(header: GgufHeader) -> list[int]:
    """Return the ids that end a text: the one the file names first, then the well-known ones it also has.

    A GGUF file has room for one, but chat models end a turn and a document with different tokens.
    """
    tokens: list[str] = header.metadata.get("tokenizer.ggml.tokens", [])
    kinds: list[int] = header.metadata.get("tokenizer.ggml.token_type", [])
    named = header.metadata.get("tokenizer.ggml.eos_token_id")
    known = [
        i for i, (token, kind) in enumerate(zip(tokens, kinds, strict=False)) if kind == _CONTROL and token in _ENDS
    ]
    return list(dict.fromkeys(([] if named is None else [int(named)]) + known))


def _mend_splitting(backend: Tokenizer, kind: str) -> None:
    if kind.startswith(("qwen", "deepseek-r1-qwen")):
        backend.normalizer = normalizers.NFC()  # as the publisher's own tokenizer.json has it; GGUF cannot say so
    elif kind in _SINGLE_DIGITS:
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    elif kind == "deepseek-coder":
        splits: list[Any] = [pre_tokenizers.Split(Regex(each), behavior="isolated") for each in _DEEPSEEK_CODER]
        digits = pre_tokenizers.Digits(individual_digits=True)
        last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        backend.pre_tokenizer = pre_tokenizers.Sequence([*splits, digits, last])
