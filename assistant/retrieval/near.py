"""What the text around the cursor speaks of: its names, the nearest first, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.context.window import Window
from assistant.retrieval.words import words_of

LINES_BEFORE = 16
LINES_AFTER = 4
# A near-copy is measured against a block as long as a chunk is.
_BLOCK_BEFORE = 32
_BLOCK_AFTER = 12
_MOST_NAMES = 24
_LONGEST_LINE = 400
_NAME = re.compile(r"[^\W\d]\w+")
_UNFINISHED = re.compile(r"\w+\Z")
_RECEIVER = re.compile(r"([^\W\d]\w*)(?:\(\))?(?:\??\.|->|::)\Z")
_ITSELF = frozenset({"self", "this", "cls", "super"})
_BASES = re.compile(r"^[ \t]*(?:\w+[ \t]+)*class[ \t]+\w+[ \t]*(?:\(|:|extends\b|<)[ \t]*([^{\n]*)", re.MULTILINE)
_TYPE = re.compile(r"[A-Z]\w+")


@dataclass(frozen=True, slots=True)
class Near:
    """``names`` are identifiers, the nearest to the cursor first; ``words`` their parts and other words, each once.

    ``block`` is the text around the cursor that a near-copy would repeat. ``receiver`` is the name whose member is
    being typed (``client`` in ``client.fe``), or empty; ``types`` are the classes that it is likely of.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    block: str
    receiver: str = ""
    types: tuple[str, ...] = ()

    def uses_receiver(self, text: str) -> bool:
        """Return whether ``text`` says a member of the receiver: how it is used elsewhere tells most."""
        return bool(self.receiver) and f"{self.receiver}." in text


def look_near(window: Window) -> Near:
    """Return what the text around the window's cursor speaks of.

    A name that is being typed at the cursor says nothing yet; without it the answer stays the same from key to key.
    """
    *above, left = window.prefix.split("\n")
    before = [line[:_LONGEST_LINE] for line in (*above, _UNFINISHED.sub("", left[-_LONGEST_LINE:]))]
    after = [line[:_LONGEST_LINE] for line in window.suffix.split("\n")]
    lines = [*before[: -LINES_BEFORE - 1 : -1], *after[:LINES_AFTER]]
    found = _RECEIVER.search(before[-1])
    receiver = found[1] if found else ""
    types = _types_of(receiver, window.prefix) if receiver else ()
    names = dict.fromkeys((*types, *(name for line in lines for name in reversed(_NAME.findall(line)))))
    return Near(
        names=tuple(names)[:_MOST_NAMES],
        words=tuple(dict.fromkeys(word for line in lines for word in words_of(line))),
        block="\n".join([*before[-_BLOCK_BEFORE:], *after[:_BLOCK_AFTER]]),
        receiver="" if receiver in _ITSELF else receiver,
        types=types,
    )


def _types_of(receiver: str, text: str) -> tuple[str, ...]:
    """Return the classes that a name is likely of, by what is written above: an annotation, a call that made it.

    For the object itself they are the bases of the class around it, whose members it has.
    """
    if receiver in _ITSELF:
        bases = _BASES.findall(text)
        return tuple(dict.fromkeys(_TYPE.findall(bases[-1]))) if bases else ()
    name = re.escape(receiver)
    made = re.findall(rf"\b{name}\s*(?::\s*([^=\n,)]+))?(?:=\s*(?:await\s+|new\s+)?(?:\w+\.)*([A-Z]\w+)\()?", text)
    return tuple(dict.fromkeys(kind for pair in reversed(made) for part in pair for kind in _TYPE.findall(part)))[:3]
