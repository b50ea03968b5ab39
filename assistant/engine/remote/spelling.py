"""Spellings of control tokens in a file's text, for servers that would obey them.

A server tokenises what it gets as a string, and takes the spelling of a control token for the token. Where the prompt
goes as token ids, the text is cut inside each spelling before it is tokenised: the characters stay as they are. Where
only a string can be sent, a blank is put behind the first sign (``< |im_end|>``): the reader still sees what stands
there, and the server does not. What is not a control token of the model at hand loses nothing but that blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What control tokens look like, whatever the model: <|…|>, DeepSeek's wide bars, Seed's <[…]>, Mistral's [INST].
_FORMS = (
    r"<\|[^|<>\s]{1,60}\|>",
    r"<｜[^｜<>\s]{1,60}｜>",
    r"<\[[^\[\]<>\s]{1,60}\]>",
    r"\[/?(?:INST|SYSTEM_PROMPT|PREFIX|SUFFIX|MIDDLE|THINK|ARGS|CALL_ID)\]",
    r"\[/?(?:TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|AVAILABLE_TOOLS|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO)\]",
    r"<</?SYS>>",
    r"<(?:fim|file|repo|commit|issue|jupyter|gh|pr|start_of|end_of)(?:_[a-z_]{1,40})>",
    r"<(?:reponame|filename|empty_output|intermediate_to_[a-z_]{1,40})>",
    r"</?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|tools)>",
    r"<0x[0-9A-Fa-f]{2}>",
)
# One entry of a vocabulary that is such a spelling as a whole. ``<div>`` would be one, too: cutting it does no harm.
_ENTRY = re.compile(r"<s>|<[^<>\s]{2,80}>|<<[^<>\s]{2,20}>>|\[/?[A-Z_]{2,40}\]")


def looks_like_control(entry: str) -> bool:
    """Whether an entry of a vocabulary may be a control token, by its look."""
    return _ENTRY.fullmatch(entry) is not None


class Spellings:
    """A set of spellings that grows as more are met."""

    def __init__(self, spellings: Iterable[str] = (), *, forms: bool) -> None:
        """With ``forms`` also whatever looks like a control token of any model."""
        self._forms = forms
        self._known = {each for each in spellings if len(each) > 1}
        self._pattern = self._compile()

    def add(self, spellings: Iterable[str]) -> None:
        """Know these from now on."""
        new = {each for each in spellings if len(each) > 1} - self._known
        if new:
            self._known |= new
            self._pattern = self._compile()

    def cut(self, text: str) -> list[str]:
        """Return the text in pieces that hold no spelling; together they are the text. Empty pieces are left out."""
        pieces: list[str] = []
        start = 0
        while found := self._pattern.search(text, start):
            middle = found.start() + len(found[0]) // 2
            pieces.append(text[start:middle])
            start = middle
        pieces.append(text[start:])
        # A half may be another spelling, and half as long: this ends.
        return [rest for piece in pieces if piece for rest in (self.cut(piece) if len(pieces) > 1 else [piece])]

    def blank(self, text: str) -> tuple[str, int]:
        """Return the text with a blank inside each spelling, and how many there were."""
        count = 0
        while True:
            text, more = self._pattern.subn(lambda found: f"{found[0][0]} {found[0][1:]}", text)
            if not more:
                return text, count
            count += more

    def _compile(self) -> re.Pattern[str]:
        exact = [re.escape(each) for each in sorted(self._known, key=len, reverse=True)]
        return re.compile("|".join([*exact, *(_FORMS if self._forms else ())]) or r"(?!)")
