"""The engine that runs a model in this process: requests in, events out, text on both sides."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch

from assistant.engine.aside import aside
from assistant.engine.context_length import check_characters, fit_answer
from assistant.engine.decoding.decode import Batch, prefill
from assistant.engine.decoding.decoder import Cache, Decoder, Interrupted
from assistant.engine.decoding.prompt_lookup import Places, PromptLookup
from assistant.engine.decoding.sampling import Sampled
from assistant.engine.decoding.stream import TextStream
from assistant.engine.decoding.token_healing import ByteVocabulary, PrefixConstraint, after
from assistant.engine.device import is_out_of_memory, release_memory
from assistant.engine.local.adapter_variants import AdapterVariants, Variant
from assistant.engine.local.adapting import Adapting
from assistant.engine.protocol import AdapterChoice, CancelToken, EngineInfo, FindAdapter, Lease
from assistant.engine.templates.layout import ChatLayout
from assistant.engine.templates.renderer import Abandoned, Renderer
from assistant.engine.tokenizer import Tokenizer
from assistant.errors import GrafterError, InputError, OutOfMemory
from assistant.types import (
    Chat,
    Choice,
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

_NEW_TEXTS = 3
"""So many texts nearby are tokenised for one request, 2 ms each; others wait for the next one."""
_AT_ONCE = 16_384
"""So many characters are tokenised in some ten milliseconds; more of them in another thread."""


class LocalEngine:
    """A model on one device. Not safe for threads: one owns it."""

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Tokenizer,
        info: EngineInfo,
        end_ids: frozenset[int],
        cache_bytes: int = 256 << 20,
        adapting: Adapting | None = None,
        find_adapter: FindAdapter | None = None,
    ) -> None:
        """``end_ids`` are the tokens with which the model itself ends a text.

        ``cache_bytes`` bounds the memory in which the KV caches of recent prompts are kept. ``adapting`` makes what
        answers with an adapter, ``find_adapter`` finds those that requests name.
        """
        self._device = decoder.device
        self._variants = AdapterVariants(decoder, adapting, cache_bytes)
        self._find_adapter = find_adapter
        self._active: AdapterChoice | None = None
        self._tokenizer = tokenizer
        self._renderer = Renderer()
        self._layout = ChatLayout(tokenizer.chat_template, tokenizer.special_tokens, self._renderer)
        self._info = replace(info, token_healing=True)
        self._end_ids = end_ids
        self._nearby: dict[str, Places] = {}
        self._vocabulary: ByteVocabulary | None = None

    @property
    def info(self) -> EngineInfo:
        """Facts about the model."""
        return self._info

    def begin(self, role: Role = "complete") -> Lease:  # noqa: ARG002  (it has every role)
        """Return this model with the adapter that is active now: a change counts from the next job on."""
        active = self._active

        def generate(request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
            return self._answer(request, cancel, active)

        return Lease(self._info, self.count_tokens, generate)

    def set_adapter(self, choice: AdapterChoice | None, *, wait: bool = False) -> None:
        """Have an adapter answer where a request names none; see Adapts. ``wait``: return when it is merged."""
        self._active = self._variants.find(choice, wait=wait, now=True).choice
        self._info = replace(self._info, adapter=self._active.name if self._active else None)

    def count_tokens(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text."""
        return self._tokenizer.count(texts)

    def close(self) -> None:
        """Give the model's memory back."""
        self._renderer.close()
        self._variants.close()
        del self._variants
        release_memory(self._device)

    def forget(self) -> None:
        """Forget the prompts that were read and the texts to draft from."""
        self._variants.clear()
        self._nearby.clear()

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        """Answer one request as a job of its own."""
        return self._answer(request, cancel, self._active)

    def _answer(self, request: GenerateRequest, cancel: CancelToken, active: AdapterChoice | None) -> Iterator[Event]:
        """Yield Started, Progress and Delta, then one Finished or Failed. ``active``: where the request names none."""
        try:
            yield from self._generate(request, cancel, active)
        except GrafterError as error:
            failed = Failed(request.id, str(error), error.code)
        except Exception as error:
            self._variants.clear()  # what it holds may be half a step
            if not is_out_of_memory(error):
                raise
            failed = Failed(
                request.id,
                f"The {self._info.device} has not enough free memory for this request; close other programs that use "
                "it, ask for less context, or choose a smaller model.",
                OutOfMemory.code,
            )
        else:
            return
        # Here the error and with it the tensors that its frames held are gone.
        release_memory(self._device)
        yield failed

    def _generate(self, request: GenerateRequest, cancel: CancelToken, active: AdapterChoice | None) -> Iterator[Event]:
        begin = time.perf_counter()
        try:
            ids = yield from self._read_prompt(request, cancel)
        except Abandoned:
            yield from self._abandon(request)
            return
        request = fit_answer(request, len(ids), self._info.context_length)
        variant = self._variant(request.adapter, active)
        decoder = variant.decoder
        cache, cached = variant.store.take(decoder, ids)
        yield Started(request.id, self._info.model, len(ids), cached, variant.name)

        logits = yield from self._prefill(request.id, ids, variant, cache, cached, cancel)
        prefilled = time.perf_counter()

        drafted = accepted = 0
        writing = _Writing(request, self._tokenizer, self._end_ids)
        if logits is not None:
            lookup = self._lookup(request, ids, variant)
            batch = Batch(decoder, cache, ids, logits, request.params, lookup, self._constraints(request))
            try:
                yield from writing.run(batch, cancel)
            finally:
                batch.leave(variant.store)
                drafted, accepted = batch.drafted, batch.accepted
        end = time.perf_counter()
        choices = writing.choices()
        yield Finished(
            request_id=request.id,
            model=self._info.model,
            choices=choices,
            prompt_tokens=len(ids),
            cached_tokens=cached,
            generated_tokens=sum(choice.generated_tokens for choice in choices),
            timings=Timings(
                prefill_ms=1000 * (prefilled - begin),
                decode_ms=1000 * (end - prefilled),
                total_ms=1000 * (end - begin),
            ),
            adapter=variant.name,
            draft_tokens=drafted,
            accepted_tokens=accepted,
        )

    def _variant(self, adapter: str | None, active: AdapterChoice | None) -> Variant:
        """Return what answers: with the active adapter, without one, or with the one of a name."""
        if adapter is None or (active is not None and adapter == active.name):
            return self._variants.find(active)
        if not adapter:
            return self._variants.base
        if self._find_adapter is None:
            raise InputError(f"There is no adapter '{adapter}' here; ask without one.")
        return self._variants.find(self._find_adapter(adapter))

    def _lookup(self, request: GenerateRequest, ids: Sequence[int], variant: Variant) -> PromptLookup | None:
        decoder = variant.decoder
        if not request.params.speculate or decoder.max_draft_tokens == 0 or request.params.n > 1:
            return None
        # Texts nearby hardly change from request to request: each is tokenised once, few at a time: nobody should wait.
        known = {text: self._nearby[text] for text in request.nearby if text in self._nearby}
        new = [text for text in request.nearby if text not in known]
        self._nearby = known | {text: self._places(text) for text in new[:_NEW_TEXTS]}
        return PromptLookup(
            ids, list(self._nearby.values()), variant.acceptance, decoder.max_draft_tokens, decoder.draft_token_cost
        )

    def _constraints(self, request: GenerateRequest) -> list[PrefixConstraint]:
        if not request.begin and not request.first_words:
            return []
        if self._vocabulary is None:  # a tenth of a second, once
            self._vocabulary = ByteVocabulary(self._tokenizer.spellings())
        text, spell = request.begin.encode(), self._tokenizer.token_bytes
        words = [word.encode() for word in request.first_words]
        return [PrefixConstraint(self._vocabulary, text, spell, words) for _ in range(request.params.n)]

    def _places(self, text: str) -> Places:
        return Places(self._tokenizer.encode(Prompt((Text(text),))))

    def _prefill(
        self, request_id: str, ids: Sequence[int], variant: Variant, cache: Cache, cached: int, cancel: CancelToken
    ) -> Generator[Event, None, torch.Tensor | None]:
        """Read the prompt; return the logits after it, or None where somebody cancelled (what was read is kept)."""
        done = cached
        whole = False
        try:
            if cancel.cancelled:
                return None
            for read, logits in prefill(variant.decoder, ids, cache, cached, lambda: cancel.cancelled):
                done = read
                yield Progress(request_id, "prefill", done, len(ids))
                if cancel.cancelled:
                    return None
                if done == len(ids):
                    whole = True
                    return logits
        except Interrupted:
            return None
        finally:
            if not whole:
                variant.store.put(cache, ids[:done])
        return None

    def _read_prompt(self, request: GenerateRequest, cancel: CancelToken) -> Generator[Event, None, list[int]]:
        """Return the tokens of a prompt, which has at least one. What may take long is done in another thread.

        Raises ContextLengthError, InputError, Abandoned (cancelled meanwhile), and what a chat template's faults are.
        """
        prompt = request.prompt
        length = check_characters(request, self._info.context_length)
        if isinstance(prompt, Chat):
            messages = prompt.messages
            prompt = yield from aside(
                request.id, lambda token: self._layout.lay_out(messages, lambda: token.cancelled), cancel
            )
            length = check_characters(replace(request, prompt=prompt), self._info.context_length)
        if length <= _AT_ONCE:
            ids = self._tokenizer.encode(prompt)
        else:
            whole = prompt
            ids = yield from aside(request.id, lambda _token: self._tokenizer.encode(whole), cancel)
        if not ids and self._tokenizer.start_id is not None:
            ids = [self._tokenizer.start_id]
        if not ids:
            raise InputError("The prompt is empty, and this model needs some text to go on from.")
        return ids

    def _abandon(self, request: GenerateRequest) -> Iterator[Event]:
        """Yield the events of a request that was cancelled before its prompt was known."""
        yield Started(request.id, self._info.model, 0)
        choices = tuple(Choice(index, "", "cancelled", 0) for index in range(request.params.n))
        yield Finished(request.id, self._info.model, choices, 0, 0, 0, Timings())


@dataclass(slots=True)
class _Row:
    """One alternative as far as it has come."""

    stream: TextStream
    begin: bytes
    """What the answer has to begin with and has not yet; it is not given out."""
    text: str = ""
    reason: FinishReason = "cancelled"
    generated: int = 0
    scored: int = 0
    """Tokens that the probability is a mean of: all but those that only spell the beginning."""
    logprob_sum: float = 0.0
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    unsent: list[TokenLogprob] = field(default_factory=list[TokenLogprob])


class _Writing:
    """Follows the sequences of one request: their text, and when each ends."""

    def __init__(self, request: GenerateRequest, tokenizer: Tokenizer, end_ids: frozenset[int]) -> None:
        self._id = request.id
        self._params = request.params
        self._tokenizer = tokenizer
        asked = (tokenizer.find_control(token) for token in request.stop_tokens)
        self._end_ids = end_ids | {token for token in asked if token is not None}
        drop_space = isinstance(request.prompt, Chat) and tokenizer.strips_leading_space
        self._rows = [
            _Row(TextStream(request.params.stop, drop_leading_space=drop_space), request.begin.encode())
            for _ in range(request.params.n)
        ]

    def run(self, batch: Batch, cancel: CancelToken) -> Iterator[Delta]:
        """Write until every sequence has ended or somebody cancels."""
        if self._params.max_tokens <= 0:
            for row in self._rows:
                row.reason = "length"
            return
        while batch.active and not cancel.cancelled:
            for index, sampled in batch.step():
                if self._rows[index].reason != "cancelled":
                    continue  # drafted right, but the text had ended before
                text = self._take(index, sampled)
                if self._rows[index].reason != "cancelled":
                    batch.drop(index)
                # Without text too: whoever advances this may want to pause it, or to end it, after each token.
                yield self._delta(index, text)
        for index, row in enumerate(self._rows):
            if row.reason == "cancelled" and (rest := row.stream.finish()):
                yield self._delta(index, rest)

    def choices(self) -> tuple[Choice, ...]:
        """Return the alternatives as they stand."""
        return tuple(
            Choice(
                index=index,
                text=row.text,
                reason=row.reason,
                generated_tokens=row.generated,
                mean_logprob=row.logprob_sum / row.scored if row.scored else None,
                logprobs=tuple(token for token in row.logprobs if token.start < len(row.text)),
                stop_string=row.stream.stop_string,
            )
            for index, row in enumerate(self._rows)
        )

    def _take(self, index: int, sampled: Sampled) -> str:
        """Add a token to its row and return the text that is now certain."""
        row = self._rows[index]
        row.generated += 1
        data = self._tokenizer.token_bytes(sampled.token)
        if row.begin:
            found = after(row.begin, data)
            if found is None:  # a vocabulary that cannot spell the beginning has no answer
                row.reason = "stop"
                return ""
            row.begin, data = found
            if not data:
                row.reason = "length" if row.generated >= self._params.max_tokens else row.reason
                return ""
        row.scored += 1
        row.logprob_sum += sampled.logprob
        if sampled.token in self._end_ids:
            row.reason = "stop"
            return row.stream.finish()
        if self._params.logprobs is not None:
            token = self._describe(sampled, row.stream.length)
            row.logprobs.append(token)
            row.unsent.append(token)
        text = row.stream.feed(data)
        if row.stream.stopped:
            row.reason = "stop"
        elif row.generated >= self._params.max_tokens:
            row.reason = "length"
            text += row.stream.finish()
        return text

    def _delta(self, index: int, text: str) -> Delta:
        row = self._rows[index]
        if not text:
            return Delta(self._id, index, "")
        row.text += text
        logprobs, row.unsent = tuple(row.unsent), []
        return Delta(self._id, index, text, logprobs)

    def _describe(self, sampled: Sampled, start: int) -> TokenLogprob:
        spell = self._tokenizer.spell
        top = tuple((spell(token), logprob) for token, logprob in sampled.top)
        return TokenLogprob(spell(sampled.token), sampled.logprob, top, start)
