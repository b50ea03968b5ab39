"""Events in OpenAI's shapes: whole answers and chunks, for completions and for chat."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

from assistant.server.errors import from_failed
from assistant.server.sse import data_line
from assistant.types import Choice, Delta, Event, Failed, Finished, FinishReason, Progress, Started, TokenLogprob

Json = dict[str, Any]

DONE = b"data: [DONE]\n\n"
# JSON has no minus infinity; other servers use this number for "impossible" too.
_LEAST_LOGPROB = -9999.0


class Shape:
    """What differs between the two routes; one object for each request."""

    kind = ""
    chunk_kind = ""

    def __init__(self, request_id: str, *, logprobs: bool) -> None:
        self.id = request_id
        self.logprobs = logprobs
        self.created = int(time.time())

    def choice(self, choice: Choice) -> Json:
        """Return a whole alternative."""
        raise NotImplementedError

    def opening(self, index: int) -> Json | None:
        """Return the choice of the first chunk of an alternative, where the shape has one."""
        raise NotImplementedError

    def delta(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> Json:
        """Return the choice of a chunk that carries text."""
        raise NotImplementedError

    def closing(self, index: int, reason: str) -> Json:
        """Return the choice of the last chunk of an alternative."""
        raise NotImplementedError

    def answer(self, finished: Finished) -> Json:
        """Return the whole answer of a request that is not streamed."""
        choices = [self.choice(choice) for choice in finished.choices]
        return {**self._head(self.kind, finished.model), "choices": choices, **_closing_fields(finished)}

    def chunk(self, model: str, choices: list[Json]) -> Json:
        """Return a chunk."""
        return {**self._head(self.chunk_kind, model), "choices": choices}

    def _head(self, kind: str, model: str) -> Json:
        return {"id": self.id, "object": kind, "created": self.created, "model": model}


class CompletionShape(Shape):
    """``text_completion``. ``offsets`` are the lengths of each choice's prompt: text offsets count from its start."""

    kind = chunk_kind = "text_completion"

    def __init__(self, request_id: str, *, logprobs: bool, offsets: Sequence[int]) -> None:
        super().__init__(request_id, logprobs=logprobs)
        self._offsets = offsets
        self._written: dict[int, int] = {}

    def choice(self, choice: Choice) -> Json:
        """Return a whole alternative."""
        logprobs = self._logprobs(choice.logprobs, self._offsets[choice.index]) if self.logprobs else None
        return _text_choice(choice.index, choice.text, logprobs, finish_reason(choice.reason))

    def opening(self, index: int) -> None:
        """Completions begin with their first text."""

    def delta(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> Json:
        """Return the choice of a chunk that carries text."""
        offset = self._offsets[index] + self._written.get(index, 0)
        self._written[index] = self._written.get(index, 0) + sum(len(token.text) for token in logprobs)
        return _text_choice(index, text, self._logprobs(logprobs, offset) if self.logprobs else None, None)

    def closing(self, index: int, reason: str) -> Json:
        """Return the choice of the last chunk of an alternative."""
        return _text_choice(index, "", None, reason)

    @staticmethod
    def _logprobs(rows: Sequence[TokenLogprob], offset: int) -> Json:
        offsets: list[int] = []
        for row in rows:
            offsets.append(offset)
            offset += len(row.text)
        tops = [{text: _finite(value) for text, value in row.top} for row in rows]
        return {
            "tokens": [row.text for row in rows],
            "token_logprobs": [_finite(row.logprob) for row in rows],
            "top_logprobs": tops if any(tops) else None,
            "text_offset": offsets,
        }


class ChatShape(Shape):
    """``chat.completion`` and its chunks."""

    kind = "chat.completion"
    chunk_kind = "chat.completion.chunk"

    def choice(self, choice: Choice) -> Json:
        """Return a whole alternative."""
        return {
            "index": choice.index,
            "message": {"role": "assistant", "content": choice.text, "refusal": None},
            "logprobs": self._logprobs(choice.logprobs),
            "finish_reason": finish_reason(choice.reason),
        }

    def opening(self, index: int) -> Json:
        """Return the choice of the first chunk, which names the role."""
        return {"index": index, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}

    def delta(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> Json:
        """Return the choice of a chunk that carries text."""
        rows = self._logprobs(logprobs)
        return {"index": index, "delta": {"content": text}, "logprobs": rows, "finish_reason": None}

    def closing(self, index: int, reason: str) -> Json:
        """Return the choice of the last chunk of an alternative."""
        return {"index": index, "delta": {}, "logprobs": None, "finish_reason": reason}

    def _logprobs(self, rows: Sequence[TokenLogprob]) -> Json | None:
        if not self.logprobs:
            return None
        content = [
            {**_chat_logprob(row.text, row.logprob), "top_logprobs": [_chat_logprob(*entry) for entry in row.top]}
            for row in rows
        ]
        return {"content": content, "refusal": None}


class ChunkEncoder:
    """Turns the events of one request into the lines of an OpenAI stream."""

    def __init__(self, shape: Shape, *, include_usage: bool) -> None:
        self._shape = shape
        self._include_usage = include_usage
        self._model = ""
        self._sent: dict[int, str] = {}

    def __call__(self, event: Event) -> Iterator[bytes]:
        """Yield the lines of one event."""
        match event:
            case Started(model=model):
                self._model = model
            case Delta(index=index, text=text, logprobs=logprobs):
                yield from self._open(index)
                self._sent[index] += text
                yield self._line([self._shape.delta(index, text, logprobs)])
            case Finished():
                yield from self._finish(event)
            case Failed():
                yield data_line(from_failed(event).body())
                yield DONE
            case Progress():
                pass

    def _open(self, index: int) -> Iterator[bytes]:
        if index not in self._sent:
            self._sent[index] = ""
            if (opening := self._shape.opening(index)) is not None:
                yield self._line([opening])

    def _finish(self, finished: Finished) -> Iterator[bytes]:
        self._model = finished.model
        for choice in finished.choices:
            yield from self._open(choice.index)
            sent = self._sent[choice.index]
            if choice.text.startswith(sent) and len(choice.text) > len(sent):
                yield self._line([self._shape.delta(choice.index, choice.text[len(sent) :], ())])
            yield self._line([self._shape.closing(choice.index, finish_reason(choice.reason))])
        if self._include_usage:
            yield data_line({**self._shape.chunk(self._model, []), **_closing_fields(finished)})
        yield DONE

    def _line(self, choices: list[Json]) -> bytes:
        chunk = self._shape.chunk(self._model, choices)
        return data_line({**chunk, "usage": None} if self._include_usage else chunk)


def finish_reason(reason: FinishReason) -> str:
    """Return OpenAI's word; an answer that was cut short by a cancel is not whole, so it is not ``stop``."""
    return "stop" if reason == "stop" else "length"


def _closing_fields(finished: Finished) -> Json:
    """Return the usage, and what OpenAI's shape has no place for under ``grafter``."""
    usage = {
        "prompt_tokens": finished.prompt_tokens,
        "completion_tokens": finished.generated_tokens,
        "total_tokens": finished.prompt_tokens + finished.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": finished.cached_tokens},
    }
    extra = {"timings": dataclasses.asdict(finished.timings), "adapter": finished.adapter, "note": finished.note}
    return {"usage": usage, "grafter": extra}


def _text_choice(index: int, text: str, logprobs: Json | None, reason: str | None) -> Json:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}


def _chat_logprob(text: str, logprob: float) -> Json:
    # A token that is a part of a character has no text of its own, so its bytes are not known here.
    data = None if "\ufffd" in text else list(text.encode())
    return {"token": text, "logprob": _finite(logprob), "bytes": data}


def _finite(logprob: float) -> float:
    return max(logprob, _LEAST_LOGPROB) if logprob == logprob else _LEAST_LOGPROB  # noqa: PLR0124 - true for NaN alone
