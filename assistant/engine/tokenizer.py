"""Prompts to token ids and back, so that only what a program wrote as a control token becomes one.

Tokenizers recognise the spelling of a control token wherever it stands, also inside a source
file. Here a file's text is always encoded as plain characters: the spellings are looked for in
``Control`` and ``Markup`` parts alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import tokenizers
from transformers import AutoTokenizer

from assistant.errors import ModelError
from assistant.types import Control, Markup, Prompt, Text

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BLANKS = re.compile(r"\s*")
_BRACKETED = re.compile(r"<.+>|\[.+\]", re.DOTALL)


class Tokenizer:
    """The tokenizer of one model. Encoding never adds a begin-of-text token: prompts say so themselves."""

    def __init__(self, wrapped: Any) -> None:
        """Wrap a transformers tokenizer that a ``tokenizers`` backend serves; it is not to be used elsewhere."""
        self._wrapped = wrapped
        backend = wrapped.backend_tokenizer
        decoder = json.loads(backend.decoder.__getstate__()) if backend.decoder is not None else {}
        self.strips_leading_space: bool = _strips_leading_space(decoder)
        """Whether the vocabulary starts a fresh text with a space that is not part of it (SentencePiece)."""
        self._backend: tokenizers.Tokenizer = _without_prefix_space(backend)
        added = self._backend.get_added_tokens_decoder()
        control = {i: t for i, t in added.items() if t.special or _BRACKETED.fullmatch(t.content)}
        self._control: frozenset[int] = frozenset(control)
        self._ordinary: dict[int, str] = {i: t.content for i, t in added.items() if i not in control}
        # Marked special, so that encode_special_tokens keeps each of them from being found in plain text.
        self._backend.add_special_tokens(
            [tokenizers.AddedToken(t.content, special=True, normalized=False) for t in control.values()]
        )
        self._backend.encode_special_tokens = True
        self._spelled = {t.content: t for t in control.values() if t.content}
        self._spellings = re.compile(_any_of(list(self._spelled)) or r"(?!)")
        self._bytes_of: Callable[[str], bytes] | None = _piece_reader(decoder)

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Read the tokenizer of a model folder. Raises ModelError where there is none that can be read."""
        if not (folder / "tokenizer.json").is_file():  # without it the library makes up an empty vocabulary
            raise ModelError(f"There is no tokenizer.json in {folder}; remove the model and fetch it again.")
        try:
            wrapped = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        except Exception as error:  # noqa: BLE001  (the libraries raise whatever a damaged file makes them meet)
            raise ModelError(
                f"The tokenizer in {folder} cannot be read ({_first_line(error)}); remove the model and fetch it again."
            ) from None
        if getattr(wrapped, "backend_tokenizer", None) is None:
            raise ModelError(f"The tokenizer in {folder} is of a kind that Grafter cannot use; choose another model.")
        return cls(wrapped)

    @property
    def end_id(self) -> int | None:
        """The end-of-text token that the tokenizer's own settings name."""
        return self._wrapped.eos_token_id

    @property
    def start_id(self) -> int | None:
        """The token to go on from where there is no text at all: begin-of-text, else end-of-text."""
        begin: int | None = self._wrapped.bos_token_id
        return self.end_id if begin is None else begin

    @property
    def chat_template(self) -> object:
        """What the model's files hold: a text, several texts by name, or None."""
        return self._wrapped.chat_template

    @property
    def special_tokens(self) -> dict[str, Any]:
        """The tokens that chat templates know by name, such as ``bos_token``."""
        return self._wrapped.special_tokens_map

    def find_control(self, spelling: str) -> int | None:
        """Return the id of the vocabulary's entry with this exact spelling, None where there is none."""
        return self._backend.token_to_id(spelling)

    def is_control(self, token: int) -> bool:
        """Whether the id belongs to a control token, which never becomes text."""
        return token in self._control

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt.

        Plain text that runs on from one part to the next is encoded as one text. Raises
        ModelError when the vocabulary lacks a Control part.
        """
        ids: list[int] = []
        plain = ""
        for part in prompt.parts:
            match part:
                case Text(text):
                    plain += text
                case Control(token):
                    ids += self._encode_plain(plain)
                    ids.append(self._control_id(token))
                    plain = ""
                case Markup(text):
                    start = 0
                    for found in self._spellings.finditer(text):
                        token = self._spelled[found[0]]
                        before = text[start : found.start()]
                        ids += self._encode_plain(plain + (before.rstrip() if token.lstrip else before))
                        ids.append(self._control_id(token.content))
                        plain, start = "", found.end()
                        if token.rstrip:
                            start = _BLANKS.match(text, start).end()  # pyright: ignore[reportOptionalMemberAccess]
                    plain += text[start:]
        return ids + self._encode_plain(plain)

    def count(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text, encoded on its own."""
        batch = self._backend.encode_batch_fast([text.text for text in texts], add_special_tokens=False)
        return [len(encoding.ids) for encoding in batch]

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes that a token stands for; nothing for control tokens and ids outside the vocabulary.

        The bytes of a text's tokens, one after the other, are the text in UTF-8; one token may
        hold only a part of a character.
        """
        if token in self._control:
            return b""
        if token in self._ordinary:
            return self._ordinary[token].replace("▁", " ").encode()
        piece = self._backend.id_to_token(token)
        if piece is None:
            return b""
        if self._bytes_of is None:
            return self._backend.decode([token], skip_special_tokens=True).encode()
        return self._bytes_of(piece)

    def spellings(self) -> Iterator[tuple[bytes, int]]:
        """Yield the bytes of every token of the vocabulary with its id; control tokens have none."""
        for token in range(self._backend.get_vocab_size()):
            yield self.token_bytes(token), token

    def spell(self, token: int) -> str:
        """Return how to show a token to a person: its text, or the spelling of a control token."""
        if token in self._control:
            return self._backend.id_to_token(token) or ""
        return self.token_bytes(token).decode("utf-8", "replace")

    def _control_id(self, spelling: str) -> int:
        token = self._backend.token_to_id(spelling)
        if token is None:
            raise ModelError(
                f"The model's vocabulary has no token '{spelling}', which this prompt needs; choose another model."
            )
        return token

    def _encode_plain(self, text: str) -> list[int]:
        if not text:
            return []
        # A batch of one: unlike ``encode`` it leaves Python to other threads meanwhile.
        ids: list[int] = self._backend.encode_batch_fast([text], add_special_tokens=False)[0].ids
        if self._control.isdisjoint(ids):
            return ids
        # A vocabulary whose merges lead to a control token: take the spellings apart.
        middles = (found.start() + len(found[0]) // 2 for found in self._spellings.finditer(text))
        cuts = [0, *(middle for middle in middles if middle > 0), len(text)]
        if len(cuts) == 2:
            return [token for token in ids if token not in self._control]
        return [token for start, end in pairwise(cuts) for token in self._encode_plain(text[start:end])]


def _any_of(words: Sequence[str]) -> str:
    """Return a pattern for any of some words, the longest that fits.

    What several begin with is compared once. As alternatives, thousands of control tokens (some models have them) would
    each be tried at every ``<`` of a prompt.
    """
    after: dict[str, list[str]] = {}
    for word in words:
        if word:
            after.setdefault(word[0], []).append(word[1:])
    branches = [re.escape(first) + _any_of(rest) for first, rest in after.items()]
    if not branches:
        return ""
    if len(branches) == 1 and "" not in words:
        return branches[0]
    return f"(?:{'|'.join(branches)})" + ("?" if "" in words else "")


def _without_prefix_space(backend: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """Return a tokenizer that encodes exactly the characters given, without a space in front of them."""
    normalizer = json.loads(backend.normalizer.__getstate__()) if backend.normalizer is not None else None
    splitter = json.loads(backend.pre_tokenizer.__getstate__()) if backend.pre_tokenizer is not None else None
    changed = (_drop_prefix(normalizer), _drop_prefix(splitter))
    if changed == (normalizer, splitter):
        return backend
    whole = json.loads(backend.to_str())
    whole["normalizer"], whole["pre_tokenizer"] = changed
    return tokenizers.Tokenizer.from_str(json.dumps(whole))


def _drop_prefix(step: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a normalizer or pre-tokenizer without its habit of putting a space first."""
    match step:
        case None | {"type": "Prepend"}:
            return None
        case {"type": "Sequence"}:
            key = "normalizers" if "normalizers" in step else "pretokenizers"
            return {**step, key: [kept for inner in step[key] if (kept := _drop_prefix(inner)) is not None]}
        case {"type": "Metaspace"}:
            return {**step, "prepend_scheme": "never"}
        case {"type": "ByteLevel"}:
            return {**step, "add_prefix_space": False}
        case _:
            return step


def _steps(decoder: dict[str, Any]) -> list[dict[str, Any]]:
    return decoder["decoders"] if decoder.get("type") == "Sequence" else [decoder]


def _strips_leading_space(decoder: dict[str, Any]) -> bool:
    return any(
        step.get("type") == "Strip" or (step.get("type") == "Metaspace" and step.get("prepend_scheme") != "never")
        for step in _steps(decoder)
    )


def _piece_reader(decoder: dict[str, Any]) -> Callable[[str], bytes] | None:
    """Return how the vocabulary's pieces stand for bytes; None where only the backend knows."""
    kinds = {step.get("type") for step in _steps(decoder)}
    if "ByteLevel" in kinds:
        table = _byte_alphabet()
        return lambda piece: bytes(table[c] for c in piece) if all(c in table for c in piece) else piece.encode()
    if kinds & {"ByteFallback", "Metaspace", "Replace"}:
        return _read_sentencepiece
    return None


def _read_sentencepiece(piece: str) -> bytes:
    byte = _BYTE_PIECE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()


def _byte_alphabet() -> dict[str, int]:
    """Return the printable character that byte-level vocabularies write for each byte, turned round (GPT-2's table)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return table | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
