"""A scriptable engine without torch, for tests of everything that stands in front of one."""

from __future__ import annotations

import functools
import math
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.engine.context_length import fit_answer
from assistant.engine.decoding.stream import TextStream
from assistant.engine.protocol import AdapterChoice, CancelToken, EngineInfo, Lease
from assistant.types import (
    Chat,
    Choice,
    Control,
    Delta,
    Event,
    Failed,
    Finished,
    FinishReason,
    GenerateRequest,
    Progress,
    Prompt,
    Role,
    Started,
    Text,
    Timings,
    TokenLogprob,
)

_TOKEN = re.compile(r"\s?\w+|\s|[^\w\s]")
_PROBABILITY = 0.5
_OTHERS = ((" other", math.log(0.25)), ("\n", math.log(0.125)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with a prompt: ``texts`` are the alternatives (the last one serves for more)."""

    texts: tuple[str, ...] = ("",)
    likely: Mapping[str, float] = field(default_factory=dict[str, float])
    """The probability of tokens with which it is not one half."""
    token_seconds: float = 0.0
    prefill_seconds: float = 0.0
    prefill_pieces: int = 1
    failure: str = ""
    """Where not empty: end with Failed and this sentence, after ``texts``' first tokens."""
    failure_code: str = "internal_error"
    error: Exception | None = None
    """Where not None: raise it, as a bug would."""


Table = Mapping[str, Answer | str]
Script = Answer | str | Table | Callable[[GenerateRequest], Answer | str]


def flat_prompt(prompt: Prompt | Chat) -> str:
    """Return a prompt as one text: parts as they are spelled, or ``role: content`` lines."""
    if isinstance(prompt, Chat):
        return "\n".join(f"{message.role}: {message.content}" for message in prompt.messages)
    return "".join(part.token if isinstance(part, Control) else part.text for part in prompt.parts)


def fake_tokens(text: str) -> list[str]:
    """Cut a text into the fake's tokens: words with the blank before them, blanks, and single signs."""
    return _TOKEN.findall(text)


class FakeEngine:
    """Answers as its script says: always the same, by a piece of the prompt (the first that fits), or by a function."""

    def __init__(self, script: Script = "", info: EngineInfo | None = None) -> None:
        """Take a script; in a mapping the key ``""`` fits every prompt, and without a fit the answer is empty."""
        self._script = script
        self._info = info or EngineInfo("fake", "qwen2.5-coder", "cpu", "float32", 32768, 1000)
        self.requests: list[GenerateRequest] = []
        """Every request that came, in order."""
        self.cancelled: list[str] = []
        """Ids of the requests that ended because somebody cancelled them."""
        self.tokens: dict[str, int] = {}
        """How many tokens were computed for each request so far, by its id."""
        self.leased: list[Role] = []
        """The role of each job that began, and of those the ones that ended."""
        self.released: list[Role] = []
        self.closed = False
        self.forgot = 0
        """How often it was to forget what it had read."""

    @property
    def info(self) -> EngineInfo:
        """Facts about the pretended model."""
        return self._info

    def begin(self, role: Role = "complete") -> Lease:
        """Return itself with the adapter of this moment, and count that it is leased."""
        info = self._info
        self.leased.append(role)

        def generate(request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
            adapter = (info.adapter or "") if request.adapter is None else request.adapter
            return self.generate(
                replace(request, adapter=adapter) if adapter != (self._info.adapter or "") else request, cancel
            )

        return Lease(info, self.count_tokens, generate, functools.partial(self.released.append, role))

    def count_tokens(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of the fake's tokens in each text."""
        return [len(fake_tokens(text.text)) for text in texts]

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def forget(self) -> None:
        """Count that it was asked to forget."""
        self.forgot += 1

    def set_adapter(self, choice: AdapterChoice | None, *, wait: bool = False) -> None:  # noqa: ARG002
        """Answer in the name of an adapter."""
        self._info = replace(self._info, adapter=choice.name if choice is not None and choice.scale > 0 else None)

    def _adapter(self, request: GenerateRequest) -> str | None:
        return self._info.adapter if request.adapter is None else request.adapter or None

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Yield the events of the scripted answer.

        A script may give the answer with or without what it has to begin with.
        """
        prompt_tokens = len(fake_tokens(flat_prompt(request.prompt)))
        if request.least_answer is not None:
            request = fit_answer(request, prompt_tokens, self._info.context_length)
        self.requests.append(request)
        answer = self._answer(request)
        begin = time.perf_counter()
        yield Started(request.id, self._info.model, prompt_tokens, adapter=self._adapter(request))
        if answer.error is not None:
            raise answer.error
        for part in range(1, answer.prefill_pieces + 1):
            if cancel.cancelled:
                break
            _sleep(answer.prefill_seconds / answer.prefill_pieces)
            yield Progress(request.id, "prefill", prompt_tokens * part // answer.prefill_pieces, prompt_tokens)
        prefilled = time.perf_counter()
        choices: list[Choice] = []
        for index in range(request.params.n):
            text = answer.texts[min(index, len(answer.texts) - 1)].removeprefix(request.begin)
            choices.append((yield from self._write(request, index, text, answer, cancel)))
        if answer.failure:
            yield Failed(request.id, answer.failure, answer.failure_code)
            return
        if any(choice.reason == "cancelled" for choice in choices):
            self.cancelled.append(request.id)
        end = time.perf_counter()
        yield Finished(
            request.id,
            self._info.model,
            tuple(choices),
            prompt_tokens,
            0,
            sum(choice.generated_tokens for choice in choices),
            Timings(
                prefill_ms=1000 * (prefilled - begin), decode_ms=1000 * (end - prefilled), total_ms=1000 * (end - begin)
            ),
            adapter=self._adapter(request),
        )

    def _answer(self, request: GenerateRequest) -> Answer:
        script = self._script
        if callable(script):
            found = script(request)
        elif isinstance(script, (Answer, str)):
            found = script
        else:
            whole = flat_prompt(request.prompt)
            found = next((answer for key, answer in script.items() if key in whole), "")
        return Answer((found,)) if isinstance(found, str) else found

    def _write(
        self, request: GenerateRequest, index: int, text: str, answer: Answer, cancel: CancelToken
    ) -> Generator[Event, None, Choice]:
        """Yield the deltas of one alternative and return its Choice."""
        stream = TextStream(request.params.stop)
        tokens = fake_tokens(text)
        written = ""
        taken: list[TokenLogprob] = []
        reason: FinishReason = "stop"
        for token in tokens:
            if cancel.cancelled or len(taken) >= request.params.max_tokens:
                reason = "cancelled" if cancel.cancelled else "length"
                break
            self.tokens[request.id] = self.tokens.get(request.id, 0) + 1
            _sleep(answer.token_seconds)
            logprob = math.log(answer.likely.get(token, _PROBABILITY))
            taken.append(_describe(token, logprob, stream.length, request.params.logprobs))
            piece = stream.feed(token.encode())
            if stream.stopped:
                taken.pop()
            written += piece
            yield Delta(request.id, index, piece, self._shown(request, taken[-1:]) if piece else ())
            if stream.stopped:
                break
        if rest := stream.finish():
            written += rest
            yield Delta(request.id, index, rest)
        mean = sum(token.logprob for token in taken) / len(taken) if taken else None
        shown = self._shown(request, taken)
        return Choice(index, written, reason, len(taken), mean, shown, stop_string=stream.stop_string)

    @staticmethod
    def _shown(request: GenerateRequest, tokens: Sequence[TokenLogprob]) -> tuple[TokenLogprob, ...]:
        return () if request.params.logprobs is None else tuple(tokens)


def _describe(token: str, logprob: float, start: int, alternatives: int | None) -> TokenLogprob:
    top = ((token, logprob), *_OTHERS)
    return TokenLogprob(token, logprob, top[: alternatives or 0], start)


def _sleep(seconds: float) -> None:
    """Wait as long as a model would compute; like that, it cannot be interrupted."""
    if seconds > 0:
        time.sleep(seconds)
