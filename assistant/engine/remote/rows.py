"""The alternatives of one remote answer as they come in: text that is certain, probabilities, and how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.engine.decoding.stream import TextStream
from assistant.engine.remote.chunks import Chunk, Token
from assistant.types import Choice, Delta, FinishReason, TokenLogprob

# A server that goes on beyond the limit it was given is cut off here, in tokens over the limit.
_SLACK_TOKENS = 64


@dataclass(slots=True)
class Row:
    """One alternative as far as it has come. ``shown_top``: how many likely tokens the request asked to see."""

    index: int
    stream: TextStream
    max_tokens: int
    shown_top: int | None
    text: str = ""
    reason: FinishReason | None = None
    open: bool = True
    """Whether its stream may still say something."""
    generated: int = 0
    before: int = 0
    """Tokens that this alternative began with, which the server does not count."""
    counted: int = 0
    """Tokens whose probability is known."""
    logprob_sum: float = 0.0
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])

    def begin(self, request_id: str, text: str, logprob: float) -> Delta:
        """Put the token that the alternative begins with first."""
        self.before = self.generated = self.counted = 1
        self.logprob_sum = logprob
        if self.shown_top is not None:
            self.logprobs.append(TokenLogprob(text, logprob))
        piece = self.stream.feed(text.encode())
        if self.stream.stopped:
            self.reason = "stop"
        elif self.max_tokens <= 1:
            piece += self.end("length")
        self.open = self.reason is None
        self.text += piece
        return Delta(request_id, self.index, piece)

    def take(self, request_id: str, chunk: Chunk) -> Delta:
        """Add a step of the answer; the delta holds what is certain now, perhaps nothing."""
        mute = self.max_tokens <= 0  # asked only to read the prompt
        new = () if mute else self._note(chunk.tokens, chunk.text)
        if chunk.generated is not None:
            self.generated = self.before + chunk.generated
        else:
            self.generated += (
                len(chunk.tokens) if chunk.count is None and chunk.tokens else chunk.count or bool(chunk.text)
            )
        piece = "" if mute else self.stream.feed(chunk.text.encode("utf-8", "replace"))
        if self.stream.stopped:
            self.reason = "stop"
        elif chunk.finish is not None:
            piece += self.end("length" if chunk.finish == "length" or mute else "stop")
        elif self.generated > max(self.max_tokens, 1) + _SLACK_TOKENS:
            piece += self.end("length")
        self.text += piece
        return Delta(request_id, self.index, piece, new)

    def end(self, reason: FinishReason) -> str:
        """Note how it ended, and return what was held back."""
        self.reason = reason
        return self.stream.finish()

    def choice(self) -> Choice:
        """Return the alternative as it stands."""
        shown = () if self.shown_top is None else tuple(t for t in self.logprobs if t.start < len(self.text))
        mean = self.logprob_sum / self.counted if self.counted else None
        reason, stop_string = self.reason or "cancelled", self.stream.stop_string
        return Choice(self.index, self.text, reason, self.generated, mean, shown, stop_string=stop_string)

    def _note(self, tokens: Sequence[Token], text: str) -> tuple[TokenLogprob, ...]:
        new: list[TokenLogprob] = []
        start = self.stream.length
        told = "".join(token.text for token in tokens) == text  # not where one token is half a character
        for token in tokens:
            self.counted += 1
            self.logprob_sum += token.logprob
            if self.shown_top is not None:
                shown = TokenLogprob(token.text, token.logprob, token.top[: self.shown_top], start)
                self.logprobs.append(shown)
                new.append(shown)
                start += len(token.text) if told else 0
        return tuple(new)


def other_firsts(token: Token, control: frozenset[str]) -> list[tuple[str, float]]:
    """Return the likeliest other first tokens, best first, that are whole characters and no control tokens."""
    return [
        (text, logprob)
        for text, logprob in sorted(token.top, key=lambda pair: -pair[1])
        if text
        and text != token.text
        and "\ufffd" not in text
        and not text.startswith("bytes:")
        and text not in control
    ]
