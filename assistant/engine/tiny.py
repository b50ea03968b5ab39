"""A tiny, randomly initialised model in a model folder, for tests that need an engine but no weights.

It has the architecture, control tokens and chat layout of Qwen2.5-Coder, reads any text, and
writes nonsense; it is the same nonsense on every machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from assistant.engine.quiet import quietly

CONTROL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_SAMPLE = """def add(a, b):
    return a + b


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def length(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5


for number in range(10):
    if number % 2 == 0:
        print(number, "is even")
    else:
        print(number, "is odd")
"""


def make_tiny_model(folder: Path, *, context_length: int = 2048, seed: int = 0) -> Path:
    """Write a tiny model with its tokenizer into ``folder``, whose name becomes its id, and return the folder."""
    with quietly():
        return _make(folder, context_length, seed)


def _make(folder: Path, context_length: int, seed: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _make_tokenizer()
    tokenizer.save_pretrained(str(folder))
    vocabulary = tokenizer.get_vocab()
    ends = [vocabulary["<|im_end|>"], vocabulary["<|endoftext|>"]]
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context_length,
        tie_word_embeddings=True,
        initializer_range=0.3,  # wide, so that greedy decoding does not repeat one token for ever
        eos_token_id=ends[0],
        pad_token_id=ends[1],
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = Qwen2ForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ends[1])
    model.to(torch.bfloat16).save_pretrained(str(folder))
    record = {
        "format": 1,
        "id": folder.name,
        "name": "Tiny test model",
        "licence": "none",
        "family": "qwen2.5-coder",
        "source": {"kind": "local", "detail": "made by assistant.engine.tiny"},
        "files": {},
        "parameters": model.num_parameters(),
        "context_length": context_length,
    }
    (folder / "model.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    return folder


def _make_tokenizer() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator([_SAMPLE], trainer)
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL_TOKENS])
    names = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
