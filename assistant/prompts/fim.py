"""Fill-in-the-middle prompts of each model family, from one table.

The one place where such a prompt is made: serving and tuning both call ``infill_prompt``. It speaks of control
tokens by their spelling, so that the engine can turn each into exactly one id, and text from files into none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from assistant.errors import InputError
from assistant.types import Control, Part, Prompt, Text


class Slot(Enum):
    """A place in a family's layout that takes text from the file."""

    PREFIX = "prefix"
    SUFFIX = "suffix"


PREFIX, SUFFIX = Slot.PREFIX, Slot.SUFFIX


@dataclass(frozen=True, slots=True)
class SourceFile:
    """Another file of the repository that the model may read. ``path`` is relative, with forward slashes."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    r"""How one model family wants a hole to be described.

    ``layout``: control tokens and slots in order. ``bos``: the token that opens every prompt, where the family
    was trained with one. ``stop``: control tokens that mean the middle has ended, first the one that ends a text.
    ``repository`` and ``file``: control tokens before the repository's name and before each file's path, where the
    family knows them; a file reads ``<file>path\ntext``, the open one too, where it is alone as well.
    ``files_inside``: files stand behind the layout's first token, as the beginning of the prefix.
    ``source``: where the format is documented.

    By what a model is known to belong here: ``names`` is a pattern of its name in small letters, with hyphens; ``has``
    and ``lacks`` are entries of its vocabulary besides those of the layout, which other families share.
    """

    layout: tuple[str | Slot, ...]
    stop: tuple[str, ...]
    source: str
    names: str = r"(?!)"
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    bos: str | None = None
    repository: str | None = None
    file: str | None = None
    files_inside: bool = False


_QWEN = Family(
    layout=("<|fim_prefix|>", PREFIX, "<|fim_suffix|>", SUFFIX, "<|fim_middle|>"),
    stop=(
        "<|endoftext|>",
        "<|im_end|>",
        "<|fim_prefix|>",
        "<|fim_suffix|>",
        "<|fim_middle|>",
        "<|fim_pad|>",
        "<|repo_name|>",
        "<|file_sep|>",
    ),
    # Documented is <|repo_name|>, files, then <|fim_prefix|>. With the files in the prefix the instruct model of half a
    # billion parameters finds the hole's text 4 to 5 % more likely a token (docs/retrieval.md).
    file="<|file_sep|>",
    files_inside=True,
    source="Qwen2.5-Coder technical report, section 3.1.2, and the repository's fim examples",
    names=r"qwen.*coder|codeqwen|qwen-?2\.5|qwen-?3",
    has=("<|file_sep|>",),
)

_STARCODER = Family(
    layout=("<fim_prefix>", PREFIX, "<fim_suffix>", SUFFIX, "<fim_middle>"),
    stop=("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<file_sep>", "<repo_name>"),
    repository="<repo_name>",
    file="<file_sep>",
    source="StarCoder2 paper, section 5.1",
    names=r"star-?coder",
    has=("<file_sep>",),
    lacks=("<filename>",),
)

# The whole of what the program knows of families: one row is one family.
FAMILIES: dict[str, Family] = {
    "qwen2.5-coder": _QWEN,
    "starcoder2": _STARCODER,
    # The first Granite code models share StarCoder's tokens, without those for files.
    "granite-code": Family(
        layout=_STARCODER.layout,
        stop=("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>"),
        source="Granite code models paper, section 4, and the tokenizer's added tokens",
        names=r"granite.*code|granite-(3|8|20|34)b",
    ),
    "granite": Family(
        layout=("<|fim_prefix|>", PREFIX, "<|fim_suffix|>", SUFFIX, "<|fim_middle|>"),
        stop=("<|end_of_text|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>"),
        source="Granite 3.3 and 4 model cards, section on fill-in-the-middle",
        names=r"granite-?(3\.[3-9]|4)(?!.*code)",
        lacks=("<|file_sep|>",),
    ),
    "deepseek-coder": Family(
        layout=("<｜fim▁begin｜>", PREFIX, "<｜fim▁hole｜>", SUFFIX, "<｜fim▁end｜>"),
        bos="<｜begin▁of▁sentence｜>",
        stop=("<｜end▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        source="DeepSeek-Coder repository, section on code insertion",
        names=r"deepseek-?coder|deepseek-v2",
    ),
    "codegemma": Family(
        layout=("<|fim_prefix|>", PREFIX, "<|fim_suffix|>", SUFFIX, "<|fim_middle|>"),
        bos="<bos>",
        stop=("<eos>", "<|file_separator|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        source="CodeGemma model card, section on code completion",
        names=r"codegemma",
        has=("<|file_separator|>",),
        lacks=("<|file_sep|>",),
    ),
    # Suffix first: the part that changes with each key stands last.
    "mellum": Family(
        layout=("<fim_suffix>", SUFFIX, "<fim_prefix>", PREFIX, "<fim_middle>"),
        stop=("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<filename>", "<reponame>"),
        file="<filename>",
        source="Mellum-4b-base model card, sections on fill-in-the-middle with and without further files",
        names=r"mellum",
        has=("<filename>",),
        lacks=("<gh_stars>",),
    ),
    "seed-coder": Family(
        layout=("<[fim-suffix]>", SUFFIX, "<[fim-prefix]>", PREFIX, "<[fim-middle]>"),
        bos="<[begin▁of▁sentence]>",
        stop=("<[end▁of▁sentence]>", "<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"),
        source="Seed-Coder paper, section on fill-in-the-middle",
        names=r"seed-?coder",
    ),
    "codestral": Family(
        layout=("[SUFFIX]", SUFFIX, "[PREFIX]", PREFIX),
        bos="<s>",
        stop=("</s>", "[SUFFIX]", "[PREFIX]", "[MIDDLE]"),
        source="mistral-common, instruct tokenizer, encode_fim",
        names=r"codestral|devstral",
    ),
}

NO_FAMILY = "none"

NOTE_PREFIX_ONLY = "This model cannot see what follows the cursor: it was not trained to fill in the middle."
NOTE_FILES_DROPPED = "This model's format has no place for other files, so they were left out."


@dataclass(frozen=True, slots=True)
class FimPrompt:
    """A prompt, the control tokens that end its answer, and a sentence on what the model cannot use.

    The parts from ``open_from`` on are the open file: its path where it is given, the hole's surroundings. Where it is
    there in short, too, they are the surroundings alone, in formats in which nothing else stands between the two.
    """

    prompt: Prompt
    stop_tokens: tuple[str, ...]
    note: str = ""
    open_from: int = 0


def infill_prompt(
    family: str,
    prefix: str,
    suffix: str,
    path: str | None = None,
    repository: str | None = None,
    files: Sequence[SourceFile] = (),
    outline: str = "",
) -> FimPrompt:
    """Return the prompt for the hole between ``prefix`` and ``suffix``.

    ``family`` is a key of FAMILIES, or ``none`` for a model that only continues text: it gets the prefix alone and
    the note says so. ``files`` (most useful last) stand in front, in the family's own repository format, together
    with the ``path`` of the open file and the real name of the ``repository``, which is left out where unknown (a
    made-up one costs accuracy). ``outline`` is the open file in short, whole lines that stand before the prefix as a
    part of it. Raises InputError for an unknown family.
    """
    if family == NO_FAMILY:
        before = (Text(outline),) if outline else ()
        return FimPrompt(Prompt((*before, Text(prefix))), (), NOTE_PREFIX_ONLY, len(before))
    table = FAMILIES.get(family)
    if table is None:
        raise InputError(f"There is no fill-in-the-middle family '{family}'; the known ones are {', '.join(FAMILIES)}.")
    parts: list[Part] = [Control(table.bos)] if table.bos else []
    note = NOTE_FILES_DROPPED if files and table.file is None else ""
    others: list[Part] = []
    if table.file and (files or path):
        others = _repository_parts(table.file, table.repository, repository, path, files)
    texts = {PREFIX: prefix, SUFFIX: suffix}
    layout: list[Part] = [Text(texts[item]) if isinstance(item, Slot) else Control(item) for item in table.layout]
    inside = 1 if table.files_inside else 0
    parts += [*layout[:inside], *others, *layout[inside:]]
    # The open file's path is the last two of the others, and where files are inside its text runs on from it.
    at = len(parts) - len(layout) + inside - (2 if inside and others and path else 0)
    at = at if others else len(parts) - len(layout)
    if outline:
        place = len(parts) - len(layout) + table.layout.index(PREFIX)
        parts[place : place + 1] = _after_outline(outline, prefix)
        at = place + 1 if table.layout.index(PREFIX) < table.layout.index(SUFFIX) else at
    return FimPrompt(Prompt(tuple(parts)), table.stop, note, at)


def _after_outline(outline: str, prefix: str) -> tuple[Text, Text]:
    """Return both, cut where no token runs over: empty lines that the prefix begins with go to the line end before."""
    rest = prefix.lstrip("\r\n")
    return Text(outline + prefix[: len(prefix) - len(rest)]), Text(rest)


def file_prompt(family: str, path: str, repository: str | None, text: str) -> tuple[Prompt, str | None]:
    """Return a file's ``text`` as the family reads files of a repository, and the control token that ends a text.

    For texts without a hole. A family without tokens for files gets the text alone; None: the family is ``none``.
    """
    table = FAMILIES.get(family)
    if table is None:
        return Prompt((Text(text),)), None
    parts: list[Part] = [Control(table.bos)] if table.bos else []
    if table.file:
        parts += _repository_parts(table.file, table.repository, repository, path, ())
    return Prompt((*parts, Text(text))), table.stop[0]


def _repository_parts(
    file_token: str, repository_token: str | None, repository: str | None, path: str | None, files: Sequence[SourceFile]
) -> list[Part]:
    """Return the parts before the hole: the repository's name, whole files, and the open file's path."""
    parts: list[Part] = []
    if repository_token and repository:
        parts += [Control(repository_token), Text(f"{repository}\n")]
    for file in files:
        text = file.text if file.text.endswith("\n") else file.text + "\n"
        parts += [Control(file_token), Text(f"{file.path}\n{text}")]
    if path:
        parts += [Control(file_token), Text(f"{path}\n")]
    return parts


def takes_files(family: str) -> bool:
    """Return whether the family's format has a place for other files of the repository."""
    table = FAMILIES.get(family)
    return table is not None and table.file is not None


def control_tokens(family: str) -> tuple[str, ...]:
    """Return every control token that the family's format needs in the vocabulary; empty for ``none``."""
    table = FAMILIES.get(family)
    if table is None:
        return ()
    return tuple(item for item in table.layout if isinstance(item, str))


def guess_family(vocabulary: frozenset[str]) -> str:
    """Return the family whose tokens ``vocabulary`` has, of several that with most of its own; ``none`` without one."""
    fitting = [
        (len(family.has), name)
        for name, family in FAMILIES.items()
        if vocabulary.issuperset((*control_tokens(name), *family.has)) and vocabulary.isdisjoint(family.lacks)
    ]
    most = max((count for count, _ in fitting), default=0)
    return next((name for count, name in fitting if count == most), NO_FAMILY)


def family_by_name(model: str) -> str:
    """Return the family that a model's name (or file) tells, the last one in the table that fits, or ``none``."""
    name = model.lower().replace("_", "-")
    return next((each for each, family in reversed(FAMILIES.items()) if re.search(family.names, name)), NO_FAMILY)


def known_spellings() -> frozenset[str]:
    """Return every control token that some family's prompts or ends name."""
    found: set[str] = set()
    for name, family in FAMILIES.items():
        found.update(control_tokens(name))
        found.update(family.stop)
        found.update(token for token in (family.bos, family.repository, family.file) if token)
    return frozenset(found)


def opens_prompts(token: str) -> bool:
    """Return whether some family's prompts begin with this token, which a server may add on its own."""
    return any(token == family.bos for family in FAMILIES.values())
